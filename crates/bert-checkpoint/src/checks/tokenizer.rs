//! The tokenizer against configuration and weights.

use bert_config::{BertConfig, Origin};
use bert_diag::{Code, Finding, Fix, Report, Source, Span, counted, listed, quoted};
use bert_tok::{BertTokenizer, TokenizerFacts, TokenizerFiles};
use bert_weights::{NameMap, TensorIndex};

pub(crate) fn tokenizer(
    config: &BertConfig,
    weights: Option<(&TensorIndex, &NameMap)>,
    facts: &TokenizerFacts,
    tokenizer: Option<&BertTokenizer>,
    files: &TokenizerFiles,
    report: &mut Report,
) {
    const TABLE: &str = "bert.embeddings.word_embeddings.weight";
    let table = weights
        .and_then(|(index, names)| Some((names.in_file(TABLE)?, index.get(names.in_file(TABLE)?)?.shape.as_slice())));
    let rows = table.and_then(|(_, shape)| shape.first().copied()).unwrap_or(config.vocab_size);
    if !config.is_broken("vocab_size") || table.is_some() {
        if facts.max_id as usize >= rows {
            report.push(too_large(config, table, rows, facts, tokenizer, files));
        } else if facts.size < rows {
            report.push(
                Finding::new(
                    Code::X012,
                    format!("the tokenizer has {} tokens, the embedding table {rows} rows", facts.size),
                )
                .span(
                    config
                        .span("vocab_size", format!("{} of them cannot be reached", counted(rows - facts.size, "row"))),
                ),
            );
        }
    }
    limits(config, facts, report);
    pad(config, facts, report);
    special_ids(config, facts, report);
    pairs(config, facts, report);
}

/// Padding is masked, so the id may be corrected without changing an output.
fn pad_fix(config: &BertConfig, id: u32) -> Fix {
    let title = format!("write \"pad_token_id\": {id}");
    match config.origin("pad_token_id") {
        Origin::Given(range) => Fix::replace(title, config.source().file(), range, id.to_string()),
        _ => Fix { title, safe: false, edits: Vec::new() },
    }
}

/// Ids of special tokens that the configuration writes down.
fn special_ids(config: &BertConfig, facts: &TokenizerFacts, report: &mut Report) {
    for token in facts.special.iter().filter(|t| t.role != "pad_token") {
        let field = format!("{}_id", token.role);
        let stated = config.field_json(&field).and_then(|json| json.parse::<u32>().ok());
        let (Some(stated), Some(id)) = (stated, token.id) else { continue };
        if stated != id {
            report.push(
                Finding::new(
                    Code::X019,
                    format!("`{field}` is {stated}, the tokenizer has {} at {id}", quoted(&token.text)),
                )
                .span(config.span(&field, format!("{id} in the tokenizer")))
                .help(format!("write \"{field}\": {id}")),
            );
        }
    }
}

fn too_large(
    config: &BertConfig,
    table: Option<(&str, &[usize])>,
    rows: usize,
    facts: &TokenizerFacts,
    tokenizer: Option<&BertTokenizer>,
    files: &TokenizerFiles,
) -> Finding {
    let past = tokenizer.map(|t| t.tokens_from(u32::try_from(rows).unwrap_or(u32::MAX))).unwrap_or_default();
    let mut finding = Finding::new(
        Code::X010,
        format!(
            "the tokenizer can produce ids up to {}, the embedding table has {rows} rows (ids up to {})",
            facts.max_id,
            rows.saturating_sub(1)
        ),
    );
    if let (Some((first, token)), Some((last, last_token))) = (past.first(), past.last()) {
        finding = finding.spans(files.span_of(token, *first, "first id past the table"));
        if last != first {
            finding =
                finding.spans(files.span_of(last_token, *last, "largest id").map(|s| Span { primary: false, ..s }));
        }
    }
    finding = finding.span(config.witness("vocab_size", format!("ids 0..={}", config.vocab_size.saturating_sub(1))));
    if let Some((name, shape)) = table {
        let vote = if shape.first() == Some(&config.vocab_size) {
            "in agreement with the configuration"
        } else {
            "which disagrees with the configuration too"
        };
        finding = finding.note(format!("{} is {shape:?}, {vote}", quoted(name)));
    }
    let tokens = listed(past.iter().map(|(_, t)| quoted(t)), 6);
    finding
        .note(format!(
            "the tokenizer has {} tokens ({}); {} past the table: {tokens}",
            facts.size,
            facts.file,
            counted(past.len(), "token")
        ))
        .note("PyTorch fails with `index out of range in self` on the first text that has one")
        .help("take tokenizer and weights from one training step; the model was saved before `resize_token_embeddings`")
}

fn limits(config: &BertConfig, facts: &TokenizerFacts, report: &mut Report) {
    if let Some(limit) = facts
        .model_max_length
        .filter(|n| *n > config.max_position_embeddings && !config.is_broken("max_position_embeddings"))
    {
        let positions = config.max_position_embeddings;
        report.push(
            Finding::new(Code::X013, format!("`model_max_length` is {limit}, the model has {positions} positions"))
                .span(Span::whole(&Source::name_only("tokenizer_config.json"), format!("{limit} tokens")))
                .span(config.witness("max_position_embeddings", format!("{positions} positions")))
                .note(format!("texts are cut at {positions} here; other programs crash on longer ones"))
                .help(format!("write \"model_max_length\": {positions} into `tokenizer_config.json`")),
        );
    }
}

fn pad(config: &BertConfig, facts: &TokenizerFacts, report: &mut Report) {
    let (Some(stated), Some(id)) = (config.pad_token_id, facts.special.pad.id) else { return };
    if stated != id && !config.is_broken("pad_token_id") {
        report.push(
            Finding::new(
                Code::X014,
                format!(
                    "`pad_token_id` is {stated}, the tokenizer pads with {} (id {id})",
                    quoted(&facts.special.pad.text)
                ),
            )
            .span(config.span("pad_token_id", format!("{id} in the tokenizer")))
            .note("predictions here do not depend on it; programs that mask by this id would mask real tokens")
            .fix(pad_fix(config, id)),
        );
    }
}

fn pairs(config: &BertConfig, facts: &TokenizerFacts, report: &mut Report) {
    if facts.pair_max_type as usize >= config.type_vocab_size && !config.is_broken("type_vocab_size") {
        report.push(
            Finding::new(
                Code::X015,
                format!(
                    "pairs of texts use token type {}, the table has {}",
                    facts.pair_max_type,
                    counted(config.type_vocab_size, "row")
                ),
            )
            .span(config.span("type_vocab_size", "single texts work, pairs cannot be run"))
            .help("use single texts; pairs are refused row by row"),
        );
    }
}
