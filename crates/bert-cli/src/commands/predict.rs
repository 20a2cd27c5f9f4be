//! `bert predict`: one row a text, in input order.

mod answer;
mod choose;
mod classify;
mod fill;
mod next;
mod tag;

use bert_checkpoint::Checkpoint;
use bert_config::Task;
use bert_model::BatchOptions;
use bert_tok::Truncation;

use crate::args::{Global, Predict, RowArgs, TaskOptions, Truncate};
use crate::failure::{Failure, Outcome};
use crate::open;
use crate::work::{self, Work};

pub(crate) fn run(args: &Predict, global: &Global) -> Result<Outcome, Failure> {
    let rows = &args.rows;
    let (checkpoint, task) = open::checkpoint(&rows.checkpoint, &rows.parts, global)?;
    let options = Options::new(&args.options, rows, global)?;
    let work = task_of(checkpoint, task, &options)?;
    work::run(work.as_ref(), rows, global)
}

/// What was asked for, with the project's settings.
pub(crate) struct Options<'a> {
    pub(crate) task: &'a TaskOptions,
    pub(crate) max_length: Option<usize>,
    pub(crate) batch: BatchOptions,
}

impl<'a> Options<'a> {
    pub(crate) fn new(task: &'a TaskOptions, rows: &RowArgs, global: &Global) -> Result<Self, Failure> {
        Ok(Options { task, max_length: max_length(rows, global)?, batch: batch(rows) })
    }

    /// The library's way to treat texts past the limit, where they are not read in windows.
    fn truncation(&self) -> Truncation {
        match self.task.truncation {
            Some(Truncate::Error) => Truncation::Refuse,
            _ => Truncation::LongestFirst,
        }
    }

    /// Tokens that windows share where they are not said: as the question-answering pipeline has it.
    fn stride(&self, limit: usize) -> usize {
        self.task.stride.unwrap_or(128.min(limit / 2))
    }
}

pub(crate) fn max_length(rows: &RowArgs, global: &Global) -> Result<Option<usize>, Failure> {
    if rows.max_length.is_some_and(|n| n < 2) {
        return Err(Failure::Usage("--max-length must leave room for [CLS] and [SEP]".into()));
    }
    Ok(rows.max_length.or(global.settings()?.max_length))
}

pub(crate) fn batch(rows: &RowArgs) -> BatchOptions {
    let mut batch = BatchOptions::default();
    batch.batch_tokens = rows.batch_tokens.unwrap_or(batch.batch_tokens).max(1);
    batch
}

/// The work of a task.
pub(crate) fn task_of(checkpoint: Checkpoint, task: Task, options: &Options<'_>) -> Result<Box<dyn Work>, Failure> {
    options.task.check(task)?;
    Ok(match task {
        Task::TextClassification => Box::new(classify::Classify::new(checkpoint, options)?),
        Task::TokenClassification => Box::new(tag::Tag::new(checkpoint, options)?),
        Task::QuestionAnswering => Box::new(answer::Find::new(checkpoint, options)?),
        Task::FillMask => Box::new(fill::Fill::new(checkpoint, options)?),
        Task::NextSentence => Box::new(next::Next::new(checkpoint, options)?),
        Task::MultipleChoice => Box::new(choose::Choose::new(checkpoint, options)?),
        _ => {
            let found = checkpoint.architecture();
            return Err(Failure::Other(format!(
                "the checkpoint is a `{found}`, which predicts nothing by itself; `bert embed` gives its embeddings"
            )));
        }
    })
}

/// An error of the library on the way to a model.
fn chain(error: bert_model::Error) -> Failure {
    Failure::chain(&error)
}
