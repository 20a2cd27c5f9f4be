//! Finding codes: their names, severities and explanations.

use std::fmt;

#[path = "catalogue.rs"]
mod catalogue;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Information.
    Note,
    /// The checkpoint is loaded, but look.
    Warning,
    /// What the checkpoint predicts cannot be trusted; it is refused.
    Error,
}

impl Severity {
    /// `note`, `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One row of the catalogue of findings.
#[derive(Debug)]
pub struct CodeInfo {
    id: &'static str,
    name: &'static str,
    severity: Severity,
    summary: &'static str,
    explanation: &'static str,
    fix: &'static str,
}

/// A stable name for one kind of finding: C for the configuration, W weights, T tokenizer, X across files.
#[derive(Clone, Copy)]
pub struct Code(&'static CodeInfo);

impl Code {
    /// The code, such as `X003`.
    pub fn id(self) -> &'static str {
        self.0.id
    }

    /// The code in words, such as `no-trained-head`.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The severity of findings of this code unless [`crate::Levels`] changes it.
    pub fn severity(self) -> Severity {
        self.0.severity
    }

    /// What is wrong, in one line.
    pub fn summary(self) -> &'static str {
        self.0.summary
    }

    /// Why it matters and what other loaders do.
    pub fn explain(self) -> &'static str {
        self.0.explanation
    }

    /// How to mend it.
    pub fn how_to_fix(self) -> &'static str {
        self.0.fix
    }

    /// The whole catalogue, in order.
    pub fn all() -> &'static [Code] {
        catalogue::ALL
    }

    /// Finds a code by its id or its name, ignoring case.
    pub fn find(text: &str) -> Option<Code> {
        Self::all().iter().copied().find(|c| c.id().eq_ignore_ascii_case(text) || c.name().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.0.id, self.0.name)
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Code {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_are_unique_and_texts_are_there() {
        for (i, a) in Code::all().iter().enumerate() {
            assert!(!a.summary().is_empty() && a.explain().len() > 40 && a.how_to_fix().len() > 10, "{a:?} lacks text");
            assert!(a.summary().len() < 100 && !a.summary().ends_with('.'), "{a:?}: the summary is one line");
            for b in &Code::all()[..i] {
                assert!(a.id() != b.id() && a.name() != b.name(), "{a:?} and {b:?}");
            }
            assert_eq!(Code::find(&a.id().to_lowercase()), Some(*a));
            assert_eq!(Code::find(a.name()), Some(*a));
        }
    }
}
