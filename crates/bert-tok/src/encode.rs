//! Text to ids.

use std::ops::Range;

use rayon::prelude::*;
use tokenizers::utils::truncation::{TruncationDirection, TruncationParams, TruncationStrategy, truncate_encodings};
use tokenizers::{Encoding, PostProcessor};

use crate::{BertTokenizer, EncodeError};

/// What to do with an input that is longer than the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Truncation {
    /// Cut the longer of the two texts until they fit (transformers' default).
    #[default]
    LongestFirst,
    /// Cut the first text.
    OnlyFirst,
    /// Cut the second text.
    OnlySecond,
    /// Refuse it.
    Refuse,
}

/// How to encode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Most tokens, special ones included; `None` for no limit.
    pub max_length: Option<usize>,
    /// What to do with longer inputs.
    pub truncation: Truncation,
}

/// An encoded input: one entry a token in every list, special tokens included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// `input_ids`
    pub ids: Vec<u32>,
    /// `token_type_ids`
    pub type_ids: Vec<u32>,
    /// Bytes of the text (of the first or the second, as `sequences` says); empty for special tokens.
    pub offsets: Vec<Range<usize>>,
    /// Number of the word within its text; `None` for special tokens.
    pub words: Vec<Option<u32>>,
    /// 0 for the first text, 1 for the second; `None` for special tokens.
    pub sequences: Vec<Option<usize>>,
    /// Whether tokens were cut off.
    pub truncated: bool,
    /// Tokens the input would have had uncut.
    pub full_length: usize,
}

impl BertTokenizer {
    /// Encodes one text, with its special tokens.
    ///
    /// # Errors
    /// When it is too long and must not be cut.
    pub fn encode(&self, text: &str, options: &EncodeOptions) -> Result<Encoded, EncodeError> {
        self.encode_input(text, None, options)
    }

    /// Encodes a pair of texts as one input. An empty second text counts as none, as in
    /// `PreTrainedTokenizerFast._encode_plus`.
    ///
    /// # Errors
    /// As [`BertTokenizer::encode`].
    pub fn encode_pair(&self, first: &str, second: &str, options: &EncodeOptions) -> Result<Encoded, EncodeError> {
        self.encode_input(first, Some(second), options)
    }

    /// Encodes many inputs in parallel (on rayon's current pool), in order.
    pub fn encode_batch(
        &self,
        inputs: &[(&str, Option<&str>)],
        options: &EncodeOptions,
    ) -> Vec<Result<Encoded, EncodeError>> {
        inputs.par_iter().map(|(first, second)| self.encode_input(first, *second, options)).collect()
    }

    fn encode_input(&self, first: &str, second: Option<&str>, options: &EncodeOptions) -> Result<Encoded, EncodeError> {
        let a = self.pieces(first)?;
        let b = second.filter(|s| !s.is_empty()).map(|s| self.pieces(s)).transpose()?;
        let added = self.special_tokens_around(b.is_some());
        let full_length = a.len() + b.as_ref().map_or(0, Encoding::len) + added;
        let truncated = options.max_length.is_some_and(|limit| full_length > limit);
        let (a, b) = match options.max_length {
            Some(limit) if truncated => self.cut(a, b, limit, added, full_length, options.truncation)?,
            _ => (a, b),
        };
        let encoding = self.inner().post_process(a, b, true).map_err(library)?;
        Ok(Encoded::of(&encoding, truncated, full_length))
    }

    /// Tokens of a text without special ones around it.
    pub(crate) fn pieces(&self, text: &str) -> Result<Encoding, EncodeError> {
        self.inner().encode(text, false).map_err(library)
    }

    fn cut(
        &self,
        a: Encoding,
        b: Option<Encoding>,
        limit: usize,
        added: usize,
        tokens: usize,
        truncation: Truncation,
    ) -> Result<(Encoding, Option<Encoding>), EncodeError> {
        let strategy = match truncation {
            Truncation::Refuse => return Err(EncodeError::TooLong { tokens, limit }),
            Truncation::LongestFirst => TruncationStrategy::LongestFirst,
            Truncation::OnlyFirst => TruncationStrategy::OnlyFirst,
            Truncation::OnlySecond => TruncationStrategy::OnlySecond,
        };
        let cannot = EncodeError::CannotTruncate { limit };
        let max_length = limit.checked_sub(added).ok_or_else(|| cannot.clone())?;
        let params = TruncationParams { direction: self.direction(), max_length, strategy, stride: 0 };
        let (mut a, mut b) = truncate_encodings(a, b, &params).map_err(|_| cannot)?;
        // What was cut off is not needed; the template would be put around it too.
        a.take_overflowing();
        b.as_mut().map(Encoding::take_overflowing);
        Ok((a, b))
    }

    pub(crate) fn direction(&self) -> TruncationDirection {
        if self.truncate_left { TruncationDirection::Left } else { TruncationDirection::Right }
    }

    /// How many special tokens the template puts around one text or a pair.
    pub(crate) fn special_tokens_around(&self, pair: bool) -> usize {
        self.inner().get_post_processor().map_or(0, |p| p.added_tokens(pair))
    }
}

impl Encoded {
    pub(crate) fn of(encoding: &Encoding, truncated: bool, full_length: usize) -> Encoded {
        Encoded {
            ids: encoding.get_ids().to_vec(),
            type_ids: encoding.get_type_ids().to_vec(),
            offsets: encoding.get_offsets().iter().map(|(start, end)| *start..*end).collect(),
            words: encoding.get_word_ids().to_vec(),
            sequences: encoding.get_sequence_ids(),
            truncated,
            full_length,
        }
    }
}

pub(crate) fn library(error: tokenizers::Error) -> EncodeError {
    EncodeError::Tokenizer(error.to_string())
}
