//! From arguments to a checkpoint.

use std::path::Path;

use bert_checkpoint::{Checkpoint, CheckpointBuilder, Error};
use bert_config::Task;

use bert_diag::Severity;
use bert_model::Classifier;

use crate::args::{Global, Parts};
use crate::failure::Failure;
use crate::{output, render};

pub(crate) fn builder(path: &Path, parts: &Parts, global: &Global) -> Result<CheckpointBuilder, Failure> {
    let mut builder = Checkpoint::builder(path).levels(global.levels()?);
    if let Some(file) = &parts.model_config {
        builder = builder.model_config(file);
    }
    if let Some(folder) = &parts.tokenizer {
        builder = builder.tokenizer(folder);
    }
    if let Some(task) = task(parts, global)? {
        builder = builder.task(task);
    }
    Ok(builder)
}

/// The task asked for by flag, environment or `bert.toml`.
fn task(parts: &Parts, global: &Global) -> Result<Option<Task>, Failure> {
    let asked = parts.task.clone().or(global.settings()?.task);
    asked
        .map(|name| {
            Task::from_name(&name).ok_or_else(|| Failure::Usage(format!("bert.toml: there is no task `{name}`")))
        })
        .transpose()
}

pub(crate) fn failure(error: &Error) -> Failure {
    Failure::chain(error)
}

/// Verifies a checkpoint at level `weights`, refuses it with the whole report on any error, and builds its classifier.
pub(crate) fn classifier(path: &Path, parts: &Parts, global: &Global) -> Result<Classifier, Failure> {
    let checked = builder(path, parts, global)?.check().map_err(|e| failure(&e))?;
    let heard = if global.quiet { Severity::Error } else { Severity::Warning };
    for finding in checked.report.findings().iter().filter(|f| f.severity >= heard) {
        output::remark(&format!("{}\n", render::full(finding, path)));
    }
    let checkpoint = checked.checkpoint.ok_or(Failure::Refused)?;
    let task = task(parts, global)?.unwrap_or(checkpoint.architecture().task());
    if task != Task::TextClassification {
        let found = checkpoint.architecture();
        return Err(Failure::Other(format!(
            "the checkpoint is a `{found}`; text-classification is what runs so far, not {task}"
        )));
    }
    Classifier::try_from(checkpoint).map_err(|e| Failure::chain(&e))
}
