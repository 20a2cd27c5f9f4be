//! Places in files.

use std::ops::Range;
use std::sync::Arc;

/// A file that findings point into: its name relative to the checkpoint, and the text (or the excerpt) to show.
///
/// Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    file: Arc<str>,
    text: Option<Arc<str>>,
    offset: u64,
    excerpt: Option<&'static str>,
    listing: bool,
}

impl Source {
    /// A text file whose whole content is at hand.
    pub fn text(file: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Source { file: file.into(), text: Some(text.into()), offset: 0, excerpt: None, listing: false }
    }

    /// One part of a larger, perhaps binary file: `text` stands at byte `offset` of `file`, in the part called `part`
    /// (for instance `header`).
    pub fn excerpt(file: impl Into<Arc<str>>, part: &'static str, offset: u64, text: impl Into<Arc<str>>) -> Self {
        Source { file: file.into(), text: Some(text.into()), offset, excerpt: Some(part), listing: false }
    }

    /// What a binary file says, put into words: the text shows it, but its positions are not the file's.
    pub fn listing(file: impl Into<Arc<str>>, part: &'static str, text: impl Into<Arc<str>>) -> Self {
        Source { file: file.into(), text: Some(text.into()), offset: 0, excerpt: Some(part), listing: true }
    }

    /// A file or folder of which only the name matters.
    pub fn name_only(file: impl Into<Arc<str>>) -> Self {
        Source { file: file.into(), text: None, offset: 0, excerpt: None, listing: false }
    }

    /// The file's name, relative to the checkpoint folder.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The name under which the text is shown: `config.json`, or `model.safetensors[header]` for an excerpt.
    pub fn title(&self) -> String {
        match self.excerpt {
            Some(part) => format!("{}[{part}]", self.file),
            None => self.file.to_string(),
        }
    }

    /// The text at hand, if any.
    pub fn shown(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Whether the text is one excerpt of a larger file.
    pub fn is_excerpt(&self) -> bool {
        self.excerpt.is_some()
    }

    /// Whether the text is a listing, whose positions are not those of the file.
    pub fn is_listing(&self) -> bool {
        self.listing
    }

    /// Byte of the file at which the shown text starts.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

/// A range of bytes in a [`Source`], with what to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The file.
    pub source: Source,
    /// Bytes of the file; `None` when the file as a whole is meant.
    pub range: Option<Range<u64>>,
    /// JSON pointer (RFC 6901) of the value, where the file is JSON.
    pub pointer: Option<String>,
    /// What is to be seen here.
    pub label: String,
    /// The place to edit; the other spans are witnesses.
    pub primary: bool,
}

impl Span {
    /// The place to edit: `range` counts bytes of the shown text.
    pub fn primary(source: &Source, range: Range<usize>, label: impl Into<String>) -> Self {
        let at = |b: usize| source.offset.saturating_add(b as u64);
        Span {
            source: source.clone(),
            range: Some(at(range.start)..at(range.end)),
            pointer: None,
            label: label.into(),
            primary: true,
        }
    }

    /// A witness: a place that explains or contradicts the primary one.
    pub fn witness(source: &Source, range: Range<usize>, label: impl Into<String>) -> Self {
        Span { primary: false, ..Self::primary(source, range, label) }
    }

    /// The file as a whole.
    pub fn whole(source: &Source, label: impl Into<String>) -> Self {
        Span { source: source.clone(), range: None, pointer: None, label: label.into(), primary: true }
    }

    /// Adds the JSON pointer of the value.
    pub fn at_pointer(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// The range within the shown text, clamped to it and widened to character boundaries.
    pub fn shown_range(&self) -> Option<Range<usize>> {
        let (text, range) = (self.source.shown()?, self.range.as_ref()?);
        let local = |at: u64| usize::try_from(at.saturating_sub(self.source.offset)).unwrap_or(usize::MAX);
        let mut start = local(range.start).min(text.len());
        let mut end = local(range.end).clamp(start, text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        while !text.is_char_boundary(end) {
            end += 1;
        }
        Some(start..end)
    }

    /// Line and column (both from 1, the column in characters) of the start within the shown text.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        let before = self.source.shown()?.get(..self.shown_range()?.start)?;
        let line_start = before.rfind('\n').map_or(0, |p| p + 1);
        let column = before.get(line_start..)?.chars().count() + 1;
        Some((before.matches('\n').count() + 1, column))
    }
}
