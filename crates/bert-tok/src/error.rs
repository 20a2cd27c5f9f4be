//! What can go wrong.

use std::path::PathBuf;

use bert_diag::Rejected;

/// A tokenizer could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is there but could not be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The files are no sound BERT tokenizer; the report says why.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// A text could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// A text could not be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Too many tokens, and truncation was not wanted.
    #[error("the text has {tokens} tokens, the limit is {limit}; shorten it or allow truncation")]
    TooLong {
        /// Tokens with the special ones.
        tokens: usize,
        /// The limit.
        limit: usize,
    },
    /// The part that may be cut is too short to make room.
    #[error("the text cannot be cut to {limit} tokens: the part that may be cut is too short")]
    CannotTruncate {
        /// The limit.
        limit: usize,
    },
    /// The overlap of windows leaves no room to go on.
    #[error(
        "windows have room for {room} tokens of the text, which must be more than the stride of {stride}; shorten the stride or the question"
    )]
    StrideTooLong {
        /// Tokens that neighbouring windows share.
        stride: usize,
        /// Tokens of the text in one window.
        room: usize,
    },
    /// The tokenizer itself failed.
    #[error("the tokenizer failed on this text: {0}")]
    Tokenizer(String),
}
