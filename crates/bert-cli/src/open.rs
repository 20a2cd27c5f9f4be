//! From arguments to a checkpoint.

use std::path::Path;

use bert_checkpoint::{Checked, Checkpoint, CheckpointBuilder, Error};
use bert_config::Task;

use bert_diag::Severity;

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
    if let Some(base) = &parts.base {
        builder = builder.base(base);
    }
    if let Some(adapter) = &parts.adapter {
        builder = builder.adapter(adapter);
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

/// Verifies a checkpoint at level `weights`, refuses it with the whole report on any error; with the task it is for.
pub(crate) fn checkpoint(path: &Path, parts: &Parts, global: &Global) -> Result<(Checkpoint, Task), Failure> {
    let asked = task(parts, global)?;
    let checkpoint = sound(&builder(path, parts, global)?, path, global)?;
    let task = asked.unwrap_or(checkpoint.architecture().task());
    Ok((checkpoint, task))
}

/// The same for a task that is given.
pub(crate) fn checkpoint_for(path: &Path, parts: &Parts, global: &Global, task: Task) -> Result<Checkpoint, Failure> {
    sound(&builder(path, parts, global)?.task(task), path, global)
}

fn sound(builder: &CheckpointBuilder, path: &Path, global: &Global) -> Result<Checkpoint, Failure> {
    let checked = heard(builder, path, global)?;
    checked.checkpoint.ok_or(Failure::Refused)
}

/// Checks and says aloud what was found.
pub(crate) fn heard(builder: &CheckpointBuilder, path: &Path, global: &Global) -> Result<Checked, Failure> {
    let checked = builder.check().map_err(|e| failure(&e))?;
    if let Some(chosen) = checked.parts.located.as_ref().and_then(|l| l.chosen.as_ref()).filter(|_| !global.quiet) {
        output::remark(&format!("{}: {} is used, {}", path.display(), chosen.name, chosen.why));
    }
    let heard = if global.quiet { Severity::Error } else { Severity::Warning };
    for finding in checked.report.findings().iter().filter(|f| f.severity >= heard) {
        output::remark(&format!("{}\n", render::full(finding, path)));
    }
    Ok(checked)
}
