//! Bytes to text.

/// Text decoded from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text, a byte order mark included so that byte places stay true.
    pub text: String,
    /// Whether the text begins with the byte order mark U+FEFF (three bytes).
    pub byte_order_mark: bool,
}

impl Decoded {
    /// The text with the byte order mark blanked out: same length, fit for [`crate::parse`].
    pub fn for_parsing(&self) -> std::borrow::Cow<'_, str> {
        match self.text.strip_prefix('\u{feff}') {
            Some(rest) => format!("   {rest}").into(),
            None => self.text.as_str().into(),
        }
    }
}

/// The bytes are not UTF-8 text with something in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotText {
    /// No bytes, or only white space.
    #[error("the file is empty")]
    Empty,
    /// A UTF-16 byte order mark, or text in which every other byte is zero.
    #[error("the file is UTF-16, not UTF-8")]
    Utf16,
    /// The first byte that is not part of UTF-8.
    #[error("the file is not UTF-8 from byte {0} on")]
    Utf8(usize),
}

/// Decodes UTF-8, telling apart the ways in which a file fails to be text.
///
/// # Errors
/// See [`NotText`].
pub fn decode(bytes: &[u8]) -> Result<Decoded, NotText> {
    if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..]) {
        return Err(NotText::Utf16);
    }
    let text = std::str::from_utf8(bytes).map_err(|e| NotText::Utf8(e.valid_up_to()))?;
    let byte_order_mark = text.starts_with('\u{feff}');
    if text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').is_empty() {
        return Err(NotText::Empty);
    }
    Ok(Decoded { text: text.to_string(), byte_order_mark })
}
