//! All findings of one checkpoint.

use std::fmt;

use crate::{Finding, Severity, counted};

/// Everything that was found, in the order of the checks: configuration, weights, tokenizer, across files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// Adds a finding.
    pub fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Adds all findings of another report.
    pub fn extend(&mut self, other: Report) {
        self.findings.extend(other.findings);
    }

    /// Whether nothing of severity [`Severity::Error`] was found.
    pub fn is_ok(&self) -> bool {
        self.count(Severity::Error) == 0
    }

    /// The findings, in order.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The findings, to change them.
    pub fn findings_mut(&mut self) -> &mut Vec<Finding> {
        &mut self.findings
    }

    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.severity == severity).count()
    }

    /// `Ok` when [`Report::is_ok`], else the report as an error.
    ///
    /// # Errors
    /// When at least one finding is an error.
    pub fn into_result(self) -> Result<Report, Rejected> {
        if self.is_ok() { Ok(self) } else { Err(Rejected(Box::new(self))) }
    }
}

impl FromIterator<Finding> for Report {
    fn from_iter<I: IntoIterator<Item = Finding>>(findings: I) -> Self {
        Report { findings: findings.into_iter().collect() }
    }
}

/// A checkpoint was refused; holds the whole report.
///
/// Displays the first error and the number of the others; with `{:#}` all findings as plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected(Box<Report>);

impl Rejected {
    /// A refusal for these reasons.
    pub fn new(reasons: impl IntoIterator<Item = Finding>) -> Self {
        Rejected(Box::new(reasons.into_iter().collect()))
    }

    /// Why.
    pub fn report(&self) -> &Report {
        &self.0
    }

    /// Why, by value.
    pub fn into_report(self) -> Report {
        *self.0
    }
}

impl std::error::Error for Rejected {}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            for (i, finding) in self.0.findings().iter().enumerate() {
                if i > 0 {
                    writeln!(f)?;
                }
                write_finding(f, finding)?;
            }
            return Ok(());
        }
        let errors = self.0.count(Severity::Error);
        match self.0.findings().iter().find(|x| x.severity == Severity::Error) {
            Some(first) => write!(f, "checkpoint refused: [{}] {}", first.code, first.message)?,
            None => write!(f, "checkpoint refused")?,
        }
        if errors > 1 {
            write!(f, " (and {})", counted(errors - 1, "more error"))?;
        }
        Ok(())
    }
}

fn write_finding(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    write!(f, "{}[{}]: {}", finding.severity, finding.code, finding.message)?;
    for span in &finding.spans {
        write!(f, "\n  at {}", span.source.title())?;
        if let Some((line, column)) = span.line_column() {
            write!(f, ":{line}:{column}")?;
        }
        if !span.label.is_empty() {
            write!(f, ": {}", span.label)?;
        }
    }
    for note in &finding.notes {
        write!(f, "\n  note: {note}")?;
    }
    for fix in &finding.fixes {
        write!(f, "\n  help: {}", fix.title)?;
    }
    Ok(())
}
