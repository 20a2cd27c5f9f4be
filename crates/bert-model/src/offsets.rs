//! From bytes to characters: results hold byte ranges of the `&str`, the reference counts Unicode characters.

use std::ops::Range;

/// Bytes between two marks.
const STEP: usize = 256;

/// Converts byte offsets of one text to character offsets, in constant time each after one pass over the text.
///
/// ```
/// use bert_model::CharOffsets;
///
/// let text = "Zoë in 北京";
/// let offsets = CharOffsets::new(text);
/// assert_eq!(offsets.range(8..14), 7..9);
/// assert_eq!(&text[8..14], "北京");
/// ```
#[derive(Clone, Debug)]
pub struct CharOffsets<'a> {
    text: &'a str,
    /// Characters that begin before each multiple of [`STEP`] bytes; empty where every character is one byte.
    marks: Vec<usize>,
}

impl<'a> CharOffsets<'a> {
    /// Looks at a text.
    pub fn new(text: &'a str) -> Self {
        let mut marks = Vec::new();
        if !text.is_ascii() {
            let mut characters = 0;
            for block in text.as_bytes().chunks(STEP) {
                marks.push(characters);
                characters += begun(block);
            }
        }
        CharOffsets { text, marks }
    }

    /// Characters before this byte; a byte past the end counts as the end.
    pub fn character(&self, byte: usize) -> usize {
        let byte = byte.min(self.text.len());
        let block = byte / STEP;
        match self.marks.get(block) {
            Some(before) => before + self.text.as_bytes().get(block * STEP..byte).map_or(0, begun),
            None if self.marks.is_empty() => byte,
            None => self.text.chars().count(),
        }
    }

    /// A range of characters for a range of bytes.
    pub fn range(&self, bytes: Range<usize>) -> Range<usize> {
        self.character(bytes.start)..self.character(bytes.end)
    }
}

/// Characters that begin in these bytes.
fn begun(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| (**b & 0xc0) != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_counting_characters_at_every_boundary() {
        for text in ["", "plain", &"aé北🙂".repeat(200), &"é".repeat(128), &"x".repeat(512)] {
            let offsets = CharOffsets::new(text);
            for byte in (0..=text.len()).filter(|b| text.is_char_boundary(*b)) {
                assert_eq!(offsets.character(byte), text[..byte].chars().count(), "byte {byte}");
            }
            assert_eq!(offsets.character(text.len() + 7), text.chars().count());
        }
    }
}
