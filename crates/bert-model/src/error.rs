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
    /// Nothing says how the tokens become one vector, and there is no default that would be right.
    #[error("the folder names no pooling (it has no `modules.json`): say cls, mean or max")]
    NoPooling,
    /// A cross-encoder has one output.
    #[error("a cross-encoder has one label, the checkpoint has {labels}")]
    NotCrossEncoder {
        /// What it has.
        labels: usize,
    },
    /// A prompt that the folder does not define.
    #[error("there is no prompt `{name}`; there are: {}", if known.is_empty() { "none".to_string() } else { known.join(", ") })]
    NoPrompt {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
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
    /// A text that must say something is empty, or only white space.
    #[error("the {what} is empty")]
    Empty {
        /// Which text.
        what: &'static str,
    },
    /// The task judges two texts, and one was given.
    #[error("the task needs a second text")]
    NoPair,
    /// A question that fills the window by itself.
    #[error("the question leaves no room for the context in a window of {limit} tokens; shorten it")]
    QuestionTooLong {
        /// Tokens of a window.
        limit: usize,
    },
    /// There is nothing to fill in.
    #[error("the text has no {mask} among its {tokens} tokens{}", if *truncated { "; what was cut off is not looked at" } else { "" })]
    NoMask {
        /// The mask token.
        mask: String,
        /// Tokens that were looked at.
        tokens: usize,
        /// Whether the text was cut.
        truncated: bool,
    },
    /// There is nothing to choose between.
    #[error("a choice needs at least two candidates, not {found}")]
    TooFewChoices {
        /// Candidates given.
        found: usize,
    },
    /// A target word that no token stands for.
    #[error("the target {target:?} has no token")]
    NoTarget {
        /// The word.
        target: String,
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
