//! Tensors against the configuration.

use std::collections::BTreeMap;

use bert_diag::{Code, Finding, Report, Severity, Span, counted, listed, quoted};
use bert_weights::{Mismatch, Missing, Part, ShapeReport, layer_of, validate};

use super::Facts;
use super::votes::vocabulary_vote;

pub(crate) fn shapes(facts: &Facts<'_>, report: &mut Report, cross: &mut Report) {
    if facts.sizes_are_broken() {
        return;
    }
    let shapes = validate(facts.config, facts.architecture, facts.weights.index(), facts.names);
    layers(facts, &shapes, report);
    missing(facts, &shapes, report);
    mismatched(facts, &shapes.mismatched, report, cross);
    extra(facts, &shapes, report);
}

fn dims(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ")
}

/// Layers the configuration wants and the file lacks, or the reverse.
fn layers(facts: &Facts<'_>, shapes: &ShapeReport, report: &mut Report) {
    let in_file = facts.names.standard_names().filter_map(layer_of).max().map_or(0, |last| last + 1);
    let wanted = facts.config.num_hidden_layers;
    let help = format!("if the weights are right, write \"num_hidden_layers\": {in_file}");
    if let (Some(first), Some(last)) = (shapes.extra_layers.first(), shapes.extra_layers.last()) {
        report.push(
            Finding::new(Code::W012, format!("the file has {in_file} layers, the configuration {wanted}"))
                .span(facts.config.span("num_hidden_layers", format!("layers {first}..={last} would be dropped")))
                .note("other loaders run the first layers only and log a line: hidden states the head was never trained on")
                .help(help)
                .help("if the configuration is right, the weights are another run's"),
        );
    } else if in_file < wanted && shapes.missing.iter().any(|m| layer_of(&m.spec.name).is_some_and(|l| l >= in_file)) {
        let count = shapes.missing.iter().filter(|m| layer_of(&m.spec.name).is_some_and(|l| l >= in_file)).count();
        report.push(
            Finding::new(Code::W010, format!("the configuration has {wanted} layers, the file {in_file}"))
                .span(
                    facts
                        .config
                        .span("num_hidden_layers", format!("layers {in_file}..={} are not in the file", wanted - 1)),
                )
                .note(format!("{} missing; transformers would fill them with random numbers", counted(count, "tensor")))
                .help(help)
                .help("if the configuration is right, the file is incomplete or another run's"),
        );
    }
}

fn missing(facts: &Facts<'_>, shapes: &ShapeReport, report: &mut Report) {
    let in_file = facts.names.standard_names().filter_map(layer_of).max().map_or(0, |last| last + 1);
    let head = |m: &Missing| !matches!(m.spec.part, Part::Embeddings | Part::Layer | Part::Distances);
    let told = |m: &Missing| layer_of(&m.spec.name).is_some_and(|l| l >= in_file) || (head(m) && !facts.head_is_sound);
    let missing: Vec<&Missing> = shapes.missing.iter().filter(|m| !told(m)).collect();
    let Some(first) = missing.first() else { return };
    let mut finding = Finding::new(
        Code::W010,
        match missing.len() {
            1 => format!("tensor {} is missing", quoted(&first.spec.name)),
            n => format!("{n} tensors are missing, among them {}", quoted(&first.spec.name)),
        },
    )
    .span(facts.weights.index().file_span(format!("{} in it", counted(facts.weights.index().len(), "tensor"))));
    for m in missing.iter().take(24) {
        let near = m
            .did_you_mean
            .as_ref()
            .map_or(String::new(), |n| format!("; did you mean {}, which is in the file?", quoted(n)));
        finding = finding.note(format!("missing: {} [{}]{near}", m.spec.name, dims(&m.spec.shape)));
    }
    if missing.len() > 24 {
        finding = finding.note(format!("and {} more", missing.len() - 24));
    }
    if missing.iter().any(|m| m.spec.part == Part::Pooler) {
        finding = finding
            .note(format!("`{}` reads the pooler's output: without it the head has no input", facts.architecture));
    }
    report.push(
        finding
            .note("transformers would fill them with random numbers and log a line")
            .help("take weights and configuration from the same training step"),
    );
}

fn mismatched(facts: &Facts<'_>, mismatched: &[Mismatch], report: &mut Report, cross: &mut Report) {
    /// Transposed or not, and the field to blame with the value it would need.
    type Cause<'a> = (bool, Option<(&'a str, usize)>);
    let mut groups: BTreeMap<Cause<'_>, Vec<&Mismatch>> = BTreeMap::new();
    for m in mismatched {
        groups.entry((m.transpose_fits, m.field)).or_default().push(m);
    }
    for ((transposed, field), group) in groups {
        match field {
            // Labels that could not be read have no count to compare.
            Some(("num_labels", _)) if facts.config.is_broken("id2label") => {}
            Some(("num_labels", outputs)) => cross.push(label_count(facts, outputs, &group)),
            _ => report.push(group_finding(facts, transposed, field, &group)),
        }
    }
}

fn shape_spans<'a>(facts: &'a Facts<'_>, group: &'a [&Mismatch], most: usize) -> impl Iterator<Item = Span> + 'a {
    group.iter().take(most).filter_map(|m| {
        facts.weights.index().shape_span(&m.in_file, format!("{}, expected {}", dims(&m.found), dims(&m.spec.shape)))
    })
}

fn group_finding(
    facts: &Facts<'_>,
    transposed: bool,
    field: Option<(&'static str, usize)>,
    group: &[&Mismatch],
) -> Finding {
    let names = listed(group.iter().map(|m| quoted(&m.in_file)), 4);
    let count = counted(group.len(), "tensor");
    let lines = group
        .iter()
        .take(24)
        .map(|m| format!("{}: {} in the file, {} expected", m.in_file, dims(&m.found), dims(&m.spec.shape)));
    let mut finding = match field {
        Some((field, value)) => {
            let stated = facts.config.field_json(field).unwrap_or_default();
            Finding::new(Code::W013, format!("`{field}` is {stated} in the configuration, {value} in {count}"))
                .span(facts.config.span(field, format!("{value} in the weights")))
                .spans(shape_spans(facts, group, 1).map(|s| Span { primary: false, ..s }))
                .help(format!("if the weights are right, write \"{field}\": {value}"))
                .help("if the configuration is right, the weights are another run's or another model's")
        }
        None if transposed => Finding::new(Code::W013, format!("{count} would fit transposed: {names}"))
            .spans(shape_spans(facts, group, 2))
            .note("linear weights are stored [out, in]; TensorFlow and Flax store [in, out]")
            .help("convert the checkpoint with transformers, which transposes them"),
        None => Finding::new(Code::W013, format!("{count} of another shape than expected: {names}"))
            .spans(shape_spans(facts, group, 2))
            .help("take weights and configuration from the same training step"),
    };
    if let (Some(("vocab_size", rows)), Some(tokens)) = (field, facts.tokenizer_size) {
        finding = finding.note(vocabulary_vote(tokens, facts.config.vocab_size, rows));
    }
    finding = finding.notes(lines);
    if group.len() > 24 {
        finding = finding.note(format!("and {} more", group.len() - 24));
    }
    finding
}

fn label_count(facts: &Facts<'_>, outputs: usize, group: &[&Mismatch]) -> Finding {
    let labels = facts.config.labels();
    let field = ["id2label", "label2id", "num_labels"]
        .into_iter()
        .find(|f| matches!(facts.config.origin(f), bert_config::Origin::Given(_)));
    let label = match field {
        Some("num_labels") => {
            format!("so {} was expected", dims(&group.first().map(|m| m.spec.shape.clone()).unwrap_or_default()))
        }
        Some(_) => format!("{} entries: {}", labels.len(), listed(labels.names(), 6)),
        None => "no label map: two labels by default".to_string(),
    };
    let consequence = match outputs > labels.len() {
        true => format!("predictions for ids {}..={} would have no name", labels.len(), outputs - 1),
        false => format!("labels {} could never be predicted", listed(labels.names().iter().skip(outputs), 6)),
    };
    Finding::new(
        Code::X001,
        format!(
            "the classifier has {} but the configuration declares {}",
            counted(outputs, "output"),
            counted(labels.len(), "label")
        ),
    )
    .spans(shape_spans(facts, group, 1))
    .span(facts.config.witness(field.unwrap_or("id2label"), label))
    .note(consequence)
    .note("loading with `ignore_mismatched_sizes=True` would give a random head")
    .help(format!("if the weights are right, give the {outputs} names: `bert recover-config . --labels labels.txt`"))
    .help("if the configuration is right, this is another run's checkpoint")
}

fn extra(facts: &Facts<'_>, shapes: &ShapeReport, report: &mut Report) {
    let index = facts.weights.index();
    let file_name = |standard: &String| facts.names.in_file(standard).unwrap_or(standard).to_string();
    let (relative, plain): (Vec<_>, Vec<_>) =
        shapes.unexpected.iter().partition(|n| n.ends_with("distance_embedding.weight"));
    if let Some(first) = relative.first() {
        report.push(
            Finding::new(Code::X007, Code::X007.summary())
                .spans(index.entry_span(&file_name(first), "only relative positions use it"))
                .span(facts.config.witness("position_embedding_type", "says absolute"))
                .note(format!("{} of this kind", counted(relative.len(), "tensor")))
                .help("write \"position_embedding_type\": \"relative_key\" or \"relative_key_query\", as in training"),
        );
    }
    let taken: Vec<_> = shapes.missing.iter().filter_map(|m| m.did_you_mean.as_deref()).collect();
    let plain: Vec<_> = plain.into_iter().filter(|n| !taken.contains(&n.as_str())).collect();
    if let Some(first) = plain.first() {
        let mut finding = Finding::new(
            Code::W011,
            format!(
                "{} the model does not use: {}",
                counted(plain.len(), "tensor"),
                listed(plain.iter().map(|n| quoted(n)), 6)
            ),
        )
        .spans(index.entry_span(&file_name(first), "no part of this model"));
        if plain.len() > 6 {
            finding = finding.notes(plain.iter().skip(6).take(24).map(|n| format!("unused: {n}")));
        }
        report.push(
            finding.help(
                "nothing, if you know why they are there; else compare the configuration with the training run's",
            ),
        );
    }
    note(report, Code::W025, &shapes.other_heads, "of another head, not used here", facts);
    note(report, Code::W023, &shapes.harmless, "without trained values", facts);
}

fn note(report: &mut Report, code: Code, names: &[String], what: &str, facts: &Facts<'_>) {
    let Some(first) = names.first() else { return };
    let in_file = facts.names.in_file(first).unwrap_or(first);
    let finding = Finding::new(
        code,
        format!("{} {what}: {}", counted(names.len(), "tensor"), listed(names.iter().map(|n| quoted(n)), 6)),
    )
    .spans(facts.weights.index().entry_span(in_file, "unused"));
    debug_assert_eq!(finding.severity, Severity::Note);
    report.push(finding);
}
