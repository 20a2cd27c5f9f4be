//! Checks across the fields of one configuration.

use bert_diag::{Code, Finding, Report, Source, listed, quoted};
use bert_json::Value;

use crate::parse::{names, nearest, witness};
use crate::read::value_span;
use crate::{Architecture, BertConfig, ProblemType};

pub(crate) fn check(config: &BertConfig, root: &Value, source: &Source, report: &mut Report) {
    check_family(config, report);
    check_heads(config, root, source, report);
    check_pad(config, report);
    check_problem_type(config, report);
    check_labels(config, report);
    check_refused(config, root, source, report);
}

fn check_family(config: &BertConfig, report: &mut Report) {
    if let Some(family) = config.model_type.as_deref().filter(|f| *f != "bert") {
        report.push(
            Finding::new(Code::C020, format!("`model_type` is {}, not a BERT encoder", quoted(family)))
                .span(config.span("model_type", "another architecture"))
                .note("supported is `bert`: the encoder with its pooler and its heads")
                .help("use a loader for that architecture, or correct the field if the weights are BERT's"),
        );
    }
    match config.architectures.first() {
        None if config.is_broken("architectures") => {}
        None => report.push(
            Finding::new(Code::C026, Code::C026.summary())
                .span(config.span("architectures", "no class named"))
                .help("add `\"architectures\": [\"BertForSequenceClassification\"]`, or the class that was trained"),
        ),
        Some(first) if Architecture::from_name(first).is_none() => {
            let mut finding = Finding::new(
                Code::C021,
                format!("`architectures` names {}, which is not a class of BERT", quoted(first)),
            )
            .span(config.span("architectures", "unknown class"))
            .note(format!("known are {}", listed(Architecture::all().map(Architecture::name), 12)));
            if let Some(near) = nearest(first, Architecture::all().map(Architecture::name)) {
                finding = finding.help(format!("did you mean `{near}`?"));
            }
            report.push(finding);
        }
        Some(_) if config.architectures.len() > 1 => report.push(
            Finding::new(
                Code::C028,
                format!("`architectures` lists {} classes; the first is used", config.architectures.len()),
            )
            .span(config.span("architectures", "first one counts")),
        ),
        Some(_) => {}
    }
}

fn check_heads(config: &BertConfig, root: &Value, source: &Source, report: &mut Report) {
    if config.is_broken("hidden_size") || config.is_broken("num_attention_heads") {
        return;
    }
    if !config.hidden_size.is_multiple_of(config.num_attention_heads) {
        let (hidden, heads) = (config.hidden_size, config.num_attention_heads);
        let divisors: Vec<_> =
            (1..=hidden.min(128)).filter(|d| hidden.is_multiple_of(*d)).map(|d| d.to_string()).collect();
        report.push(
            Finding::new(
                Code::C010,
                format!("`hidden_size` {hidden} is not a multiple of `num_attention_heads` {heads}"),
            )
            .span(config.span("num_attention_heads", format!("leaves a remainder of {}", hidden % heads)))
            .spans(witness(root, "hidden_size", source, "to be divided among the heads"))
            .note(format!("{hidden} can be divided among {} heads", listed(divisors, 16)))
            .help(
                "correct whichever is wrong; the hidden size can be read from the weights, the number of heads cannot",
            ),
        );
    }
}

fn check_pad(config: &BertConfig, report: &mut Report) {
    if let Some(pad) =
        config.pad_token_id.filter(|p| *p as usize >= config.vocab_size && !config.is_broken("vocab_size"))
    {
        report.push(
            Finding::new(Code::C009, format!("`pad_token_id` {pad} is past the vocabulary of {}", config.vocab_size))
                .span(config.span("pad_token_id", format!("ids end at {}", config.vocab_size - 1)))
                .help("write the id of [PAD], usually 0"),
        );
    }
}

fn check_problem_type(config: &BertConfig, report: &mut Report) {
    if config.problem_type == Some(ProblemType::SingleLabel)
        && config.labels().len() == 1
        && !config.is_broken("id2label")
    {
        report.push(
            Finding::new(Code::C016, "`problem_type` is single-label classification, but there is one label")
                .span(config.span("problem_type", "softmax over one label is always 1"))
                .span(config.witness("id2label", format!("only {}", names(config))))
                .help("use `regression` or `multi_label_classification`, or complete the label maps"),
        );
    }
}

fn check_labels(config: &BertConfig, report: &mut Report) {
    let uses = config.architecture().is_some_and(Architecture::uses_labels);
    if uses && config.labels().are_generic() && !config.is_broken("id2label") {
        report.push(
            Finding::new(Code::C027, format!("the {} labels have only generic names", config.labels().len()))
                .span(config.span("id2label", "LABEL_0, LABEL_1 ..."))
                .help("write the names into `id2label` and `label2id`"),
        );
    }
}

fn check_refused(config: &BertConfig, root: &Value, source: &Source, report: &mut Report) {
    if config.is_decoder || config.add_cross_attention {
        let field = if config.is_decoder { "is_decoder" } else { "add_cross_attention" };
        report.push(
            Finding::new(Code::C022, format!("`{field}` makes a decoder of the model"))
                .span(config.span(field, "not an encoder"))
                .note("only BERT encoders are run: every token sees every other")
                .help("set it to false if the model was trained as an encoder"),
        );
    }
    let filled = |key: &str| {
        root.member(key).filter(|m| match &m.value.kind {
            bert_json::ValueKind::Null => false,
            bert_json::ValueKind::Object(members) => !members.is_empty(),
            _ => true,
        })
    };
    if let Some(member) = filled("pruned_heads") {
        report.push(
            Finding::new(Code::C023, "`pruned_heads` says that attention heads were removed from single layers")
                .span(value_span(source, member, "layers with their removed heads"))
                .help("save the model with its heads restored (zero weights), then delete the field"),
        );
    }
    if let Some(member) = filled("quantization_config") {
        report.push(
            Finding::new(Code::C024, "`quantization_config` says that the weights are codes of a quantization scheme")
                .span(value_span(source, member, "needs the kernels of that scheme"))
                .help("save the dequantized model, without this field"),
        );
    }
}
