//! Field by field: who shows it, and what is left to assume.

use bert_config::BertConfig;
use bert_weights::Recovered;

use super::{Certainty, RecoveredValue, Sources};

/// A string as JSON.
pub(super) fn string(text: &str) -> String {
    bert_json::Value { kind: bert_json::ValueKind::String(text.to_string()), range: 0..0 }.canonical()
}

fn value(name: &str, json: String, certainty: Certainty, evidence: impl Into<String>) -> RecoveredValue {
    RecoveredValue { name: name.into(), json, certainty, evidence: evidence.into(), candidates: Vec::new() }
}

pub(super) fn gather(sources: &Sources<'_>) -> Vec<RecoveredValue> {
    let shown = sources.shown();
    let architecture = sources.architecture();
    let mut values = vec![
        value(
            "architectures",
            format!("[{}]", string(architecture.name())),
            class_certainty(sources, &shown),
            format!("the file holds {}", shown.head.summary),
        ),
        value("model_type", string("bert"), Certainty::Shown, "the names of the tensors are BERT's"),
    ];
    let sizes = shown.fields.iter().filter(|f| f.name != "num_labels");
    values.extend(sizes.map(|f| value(f.name, f.value.to_string(), Certainty::Shown, f.evidence.clone())));
    if shown.get("num_attention_heads").is_none() {
        values.push(heads(sources, &shown));
    }
    values.push(word(
        sources,
        "hidden_act",
        string("gelu"),
        &["\"gelu\"", "\"gelu_new\"", "\"relu\"", "\"silu\"", "\"quick_gelu\"", "\"tanh\""],
    ));
    values.push(word(sources, "layer_norm_eps", "1e-12".into(), &["1e-12", "1e-5", "1e-6", "1e-7"]));
    values.push(pad(sources));
    if sources.names.standard_names().any(|n| n.ends_with("distance_embedding.weight")) {
        let mut kind = value(
            "position_embedding_type",
            string("relative_key"),
            Certainty::Assumed,
            "there are `distance_embedding` tensors; both kinds have them",
        );
        kind.candidates = vec![string("relative_key"), string("relative_key_query")];
        values.push(kind);
    }
    if architecture.uses_labels() {
        values.extend(labels(sources, &shown));
    }
    values
}

/// Several classes may share their tensors: then the class is a guess unless the caller named the task.
fn class_certainty(sources: &Sources<'_>, shown: &Recovered) -> Certainty {
    match (sources.options.task, shown.head.certain()) {
        (Some(task), _) if task.architecture() == sources.architecture() => Certainty::Stated,
        (_, Some(_)) => Certainty::Shown,
        _ => Certainty::Assumed,
    }
}

/// From a checkpoint the caller called alike, else assumed.
fn word(sources: &Sources<'_>, name: &str, usual: String, candidates: &[&str]) -> RecoveredValue {
    if let Some(json) = sources.like.and_then(|c| c.field_json(name)) {
        return value(name, json, Certainty::Alike, "as in the checkpoint called alike");
    }
    let mut assumed = value(name, usual, Certainty::Assumed, "BERT's default; no tensor shows it");
    assumed.candidates = candidates.iter().map(ToString::to_string).collect();
    assumed
}

/// The number of heads: every divisor of the hidden size is possible, heads of 64 or 32 columns are usual.
fn heads(sources: &Sources<'_>, shown: &Recovered) -> RecoveredValue {
    const NAME: &str = "num_attention_heads";
    let hidden = shown.get("hidden_size").unwrap_or(768);
    let divides = |c: &&BertConfig| hidden.is_multiple_of(c.num_attention_heads.max(1));
    if let Some(alike) = sources.like.filter(divides) {
        return value(
            NAME,
            alike.num_attention_heads.to_string(),
            Certainty::Alike,
            "as in the checkpoint called alike",
        );
    }
    let mut divisors: Vec<usize> = (1..=hidden).filter(|d| hidden.is_multiple_of(*d)).collect();
    // The usual head sizes first, then the sizes nearest to them.
    divisors.sort_by_key(|heads| match hidden / heads {
        64 => 0,
        32 => 1,
        size => size.abs_diff(48) + 2,
    });
    let first = divisors.first().copied().unwrap_or(1);
    let size = hidden / first.max(1);
    let mut assumed =
        value(NAME, first.to_string(), Certainty::Assumed, format!("hidden {hidden} / {size}; no shape shows it"));
    assumed.candidates = divisors.iter().map(ToString::to_string).collect();
    assumed
}

fn pad(sources: &Sources<'_>) -> RecoveredValue {
    match sources.tokenizer.and_then(|t| t.special.pad.id) {
        Some(id) => value("pad_token_id", id.to_string(), Certainty::Shown, "the tokenizer's id of the padding token"),
        None => value("pad_token_id", "0".into(), Certainty::Assumed, "BERT's default; there is no tokenizer to ask"),
    }
}

fn labels(sources: &Sources<'_>, shown: &Recovered) -> Vec<RecoveredValue> {
    let Some(count) = shown.get("num_labels") else { return Vec::new() };
    let evidence = format!("classifier.weight has {count} rows");
    let alike = sources.like.filter(|c| c.labels().len() == count && !c.labels().are_generic());
    let (names, certainty, evidence) = match (&sources.options.labels, alike) {
        (Some(names), _) => (names.clone(), Certainty::Stated, "stated by the caller".to_string()),
        (None, Some(c)) => {
            (c.labels().names().to_vec(), Certainty::Alike, "as in the checkpoint called alike".to_string())
        }
        _ => (
            (0..count).map(|i| format!("LABEL_{i}")).collect(),
            Certainty::Assumed,
            format!("{evidence}; no file shows their names"),
        ),
    };
    let map = |entries: Vec<String>| format!("{{{}}}", entries.join(", "));
    let ids = names.iter().enumerate().map(|(i, n)| format!("\"{i}\": {}", string(n))).collect();
    let back = names.iter().enumerate().map(|(i, n)| format!("{}: {i}", string(n))).collect();
    vec![value("id2label", map(ids), certainty, evidence.clone()), value("label2id", map(back), certainty, evidence)]
}
