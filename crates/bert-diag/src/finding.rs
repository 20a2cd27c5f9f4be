//! One thing that was found.

use std::ops::Range;

use crate::{Code, Severity, Span};

/// A change of one file that is part of a [`Fix`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// File to change, relative to the checkpoint folder.
    pub file: String,
    /// Bytes to replace.
    pub range: Range<u64>,
    /// What to put there.
    pub text: String,
}

/// A way to mend what was found: advice, or edits that can be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What to do, for people.
    pub title: String,
    /// Whether the edits keep the meaning of the checkpoint, so that a tool may apply them unasked.
    pub safe: bool,
    /// The edits; empty when only a person can decide.
    pub edits: Vec<Edit>,
}

/// One thing that is wrong or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Which kind of finding.
    pub code: Code,
    /// How grave; the code's own severity unless [`crate::Levels`] changed it.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// Where it shows, the place to edit first.
    pub spans: Vec<Span>,
    /// What the other witnesses say.
    pub notes: Vec<String>,
    /// How to mend it, most likely way first.
    pub fixes: Vec<Fix>,
}

impl Fix {
    /// One replacement that keeps the meaning of the checkpoint; the range counts bytes of a text file.
    pub fn replace(title: impl Into<String>, file: &str, range: Range<usize>, text: impl Into<String>) -> Self {
        let range = range.start as u64..range.end as u64;
        Fix { title: title.into(), safe: true, edits: vec![Edit { file: file.to_string(), range, text: text.into() }] }
    }
}

impl Finding {
    /// A finding with the severity of its code and nothing else yet.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Finding {
            code,
            severity: code.severity(),
            message: message.into(),
            spans: Vec::new(),
            notes: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Adds a place.
    pub fn span(mut self, span: Span) -> Self {
        self.spans.push(span);
        self
    }

    /// Adds places.
    pub fn spans(mut self, spans: impl IntoIterator<Item = Span>) -> Self {
        self.spans.extend(spans);
        self
    }

    /// Adds what another witness says.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds what other witnesses say.
    pub fn notes(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        self.notes.extend(notes);
        self
    }

    /// Adds advice.
    pub fn help(mut self, title: impl Into<String>) -> Self {
        self.fixes.push(Fix { title: title.into(), safe: false, edits: Vec::new() });
        self
    }

    /// Adds a way to mend it that a tool can apply.
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }

    /// The first place to edit, else the first place.
    pub fn primary_span(&self) -> Option<&Span> {
        self.spans.iter().find(|s| s.primary).or(self.spans.first())
    }
}
