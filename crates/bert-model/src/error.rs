//! What can go wrong.

use bert_checkpoint::Checkpoint;
use bert_config::Task;
use bert_diag::Rejected;
use bert_tok::EncodeError;

/// A model could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The checkpoint is not sound; the report names everything that is wrong.
    #[error(transparent)]
    Rejected(Rejected),
    /// The checkpoint could not be read.
    #[error(transparent)]
    Checkpoint(bert_checkpoint::Error),
    /// The weights could not be read.
    #[error(transparent)]
    Weights(#[from] bert_weights::Error),
    /// The checkpoint is sound, but it is no model for this.
    #[error("the checkpoint is a `{found}` for {}, not a model for {wanted}", found.task())]
    OtherTask {
        /// What it is.
        found: bert_config::Architecture,
        /// What was asked for.
        wanted: Task,
    },
    /// The arithmetic library refused.
    #[error("the encoder could not be built: {0}")]
    Engine(String),
}

impl From<bert_checkpoint::Error> for Error {
    fn from(error: bert_checkpoint::Error) -> Self {
        match error {
            bert_checkpoint::Error::Rejected(rejected) => Error::Rejected(rejected),
            other => Error::Checkpoint(other),
        }
    }
}

impl Error {
    pub(crate) fn other_task(checkpoint: &Checkpoint, wanted: Task) -> Self {
        Error::OtherTask { found: checkpoint.architecture(), wanted }
    }
}

/// An input could not be predicted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// It could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A pair was given to a model with one token type.
    #[error("pairs need token type {needed}, the model has {} only; give single texts", if *held == 1 { "type 0".to_string() } else { format!("types 0..={}", held - 1) })]
    NoSecondTokenType {
        /// The type that was needed.
        needed: u32,
        /// Rows of the token type table.
        held: usize,
    },
    /// The arithmetic failed.
    #[error("the encoder failed: {0}")]
    Engine(String),
    /// The result is not a number.
    #[error("the logits are not finite: {0:?}")]
    NotFinite(Vec<String>),
}

/// One input of many could not be predicted; the others are not lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("input {row}: {error}")]
pub struct RowError {
    /// Number of the input, from 0.
    pub row: usize,
    /// Why.
    #[source]
    pub error: PredictError,
}
