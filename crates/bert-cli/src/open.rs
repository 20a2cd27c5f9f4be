//! From arguments to a checkpoint.

use std::path::Path;

use bert_checkpoint::{Checkpoint, CheckpointBuilder, Error};
use bert_config::Task;

use crate::args::{Global, Parts};
use crate::failure::Failure;

pub(crate) fn builder(path: &Path, parts: &Parts, global: &Global) -> Result<CheckpointBuilder, Failure> {
    let mut builder = Checkpoint::builder(path).levels(global.levels()?);
    if let Some(file) = &parts.model_config {
        builder = builder.model_config(file);
    }
    if let Some(folder) = &parts.tokenizer {
        builder = builder.tokenizer(folder);
    }
    if let Some(task) = task(parts) {
        builder = builder.task(task);
    }
    Ok(builder)
}

pub(crate) fn task(parts: &Parts) -> Option<Task> {
    parts.task.as_deref().and_then(Task::from_name)
}

pub(crate) fn failure(error: &Error) -> Failure {
    Failure::chain(error)
}
