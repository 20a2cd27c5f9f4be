//! Findings for people: annotated excerpts, or a line each.

mod concise;
mod full;
mod github;
mod junit;
mod sarif;

use std::path::Path;

use bert_diag::{Report, Severity, Source, counted};

pub(crate) use concise::concise;
pub(crate) use full::full;
pub(crate) use github::github;
pub(crate) use junit::junit;
pub(crate) use sarif::sarif;

/// A file of the checkpoint as the user can open it.
fn place(checkpoint: &Path, source: &Source) -> String {
    let title = source.title();
    if checkpoint == Path::new(".") {
        return title;
    }
    let folder = if checkpoint.is_file() { checkpoint.parent().unwrap_or(Path::new("")) } else { checkpoint };
    match title.as_str() {
        "." => format!("{}/", folder.display().to_string().trim_end_matches('/')),
        _ => folder.join(title).display().to_string(),
    }
}

/// `1 error, 2 warnings in 1 checkpoint`
pub(crate) fn summary(reports: &[&Report]) -> String {
    let count = |severity| reports.iter().map(|r| r.count(severity)).sum();
    format!(
        "{}, {}, {} in {}",
        counted(count(Severity::Error), "error"),
        counted(count(Severity::Warning), "warning"),
        counted(count(Severity::Note), "note"),
        counted(reports.len(), "checkpoint"),
    )
}

/// The fingerprints as JSON.
pub(crate) fn fingerprints(hashes: &bert_checkpoint::Fingerprints) -> serde_json::Value {
    serde_json::json!({
        "config": hashes.config.to_string(), "weights": hashes.weights.to_string(), "tokenizer": hashes.tokenizer.to_string(),
    })
}
