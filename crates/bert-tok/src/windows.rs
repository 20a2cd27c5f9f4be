//! Long texts as overlapping windows (`return_overflowing_tokens` of transformers 4.57.6).

use tokenizers::{Encoding, TruncationDirection};

use crate::encode::library;
use crate::{BertTokenizer, EncodeError, Encoded};

/// How a text is cut into windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowOptions {
    /// Most tokens of a window, special ones included.
    pub max_length: usize,
    /// Tokens that neighbouring windows share.
    pub stride: usize,
}

/// Part of a long text, with its own special tokens (and, of a pair, with the whole first text).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Window {
    /// The window as an input of its own; offsets are those of the whole text.
    pub encoded: Encoded,
    /// Number of the window's first token among all tokens of the text that was cut.
    pub first_token: usize,
}

/// Which of two texts is cut into windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Windowed {
    /// The first, or the only one.
    First,
    /// The second; the first stands whole in each window.
    Second,
}

impl BertTokenizer {
    /// Encodes a text, or a pair of which one text may be long, as windows. What fits is one window. An empty second text
    /// counts as none.
    ///
    /// # Errors
    /// When the other text and the special tokens leave no room, or no more room than the stride.
    pub fn encode_windows(
        &self,
        first: &str,
        second: Option<&str>,
        windowed: Windowed,
        options: &WindowOptions,
    ) -> Result<Vec<Window>, EncodeError> {
        let mut a = self.pieces(first)?;
        let mut b = second.filter(|s| !s.is_empty()).map(|s| self.pieces(s)).transpose()?;
        let added = self.special_tokens_around(b.is_some());
        let full_length = a.len() + b.as_ref().map_or(0, Encoding::len) + added;
        let limit = options.max_length;
        let cut = match (windowed, &mut b) {
            (Windowed::Second, Some(b)) => b,
            _ => &mut a,
        };
        let tokens = cut.len();
        // Tokens of the long text that fit into one window.
        let room = (limit + tokens).checked_sub(full_length).filter(|room| *room > 0);
        let room = room.ok_or(EncodeError::CannotTruncate { limit })?;
        if tokens > room {
            if options.stride >= room {
                return Err(EncodeError::StrideTooLong { stride: options.stride, room });
            }
            cut.truncate(room, options.stride, self.direction());
        }
        // Each window goes through the template by itself: the library gives token types to the first one only.
        let further = cut.take_overflowing();
        let first = std::mem::take(cut);
        let step = room.saturating_sub(options.stride);
        let first_token = |number: usize| match self.direction() {
            TruncationDirection::Right => number * step,
            TruncationDirection::Left => tokens.saturating_sub(number * step + room),
        };
        let windows = std::iter::once(first).chain(further).enumerate();
        windows
            .map(|(number, window)| {
                let (a, b) = match (windowed, &b) {
                    (Windowed::Second, Some(_)) => (a.clone(), Some(window)),
                    _ => (window, b.clone()),
                };
                let encoding = self.inner().post_process(a, b, true).map_err(library)?;
                Ok(Window { encoded: Encoded::of(&encoding, false, full_length), first_token: first_token(number) })
            })
            .collect()
    }
}
