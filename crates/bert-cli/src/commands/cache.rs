//! `bert cache ls`: what the local cache of a model hub holds.

use std::io::Write;

use bert_checkpoint::{CachedModel, Checkpoint, Level, cache_folder, cached_models};
use bert_diag::Severity;
use serde_json::json;

use crate::args::{CacheCommand, TextOrJson};
use crate::failure::{Failure, Outcome};
use crate::output::remark;

pub(crate) fn run(command: &CacheCommand) -> Result<Outcome, Failure> {
    let CacheCommand::Ls { format } = command;
    let models = cached_models().map_err(|e| Failure::chain(&e))?;
    let mut out = std::io::stdout().lock();
    let rows: Vec<(&CachedModel, String)> = models.iter().map(|m| (m, verdict(m))).collect();
    if *format == TextOrJson::Json {
        let record = |(m, verdict): &(&CachedModel, String)| json!({"id": m.id, "refs": m.refs, "commit": m.commit, "folder": m.folder.display().to_string(), "bytes": m.bytes, "opens": verdict});
        let list: Vec<_> = rows.iter().map(record).collect();
        writeln!(out, "{:#}", json!({"schema": "bert.cache/1", "models": list}))?;
        return Ok(Outcome::Clean);
    }
    if rows.is_empty() {
        let place = cache_folder().map_or("no folder is known: set HF_HOME".to_string(), |f| f.display().to_string());
        remark(&format!("the local cache holds no models ({place})"));
    }
    let width = rows.iter().map(|(m, _)| m.id.len()).max().unwrap_or(0);
    for (model, verdict) in rows {
        let commit: String = model.commit.chars().take(8).collect();
        let mib = model.bytes as f64 / 1_048_576.0;
        writeln!(out, "{:width$}  {commit}  {:12}  {mib:8.1} MiB  {verdict}", model.id, model.refs.join(","))?;
    }
    Ok(Outcome::Clean)
}

/// Whether the headers say that it can be opened, and as what.
fn verdict(model: &CachedModel) -> String {
    match Checkpoint::builder(&model.folder).level(Level::Header).check() {
        Err(error) => error.to_string(),
        Ok(checked) => match (&checked.checkpoint, checked.report.count(Severity::Error)) {
            (Some(checkpoint), _) => checkpoint.architecture().name().to_string(),
            (None, 1) => "1 error".into(),
            (None, n) => format!("{n} errors"),
        },
    }
}
