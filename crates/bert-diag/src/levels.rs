//! What the caller wants to hear about, and how loud.

use crate::{Code, Report, Severity};

/// Levels the caller sets for single codes, as `-D`, `-W` and `-A` do on the command line.
///
/// Errors stay errors: a checkpoint whose predictions cannot be trusted is never let through by a level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    set: Vec<(Code, Option<Severity>)>,
    deny_warnings: bool,
}

/// A level was asked for that would let an error through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is an error: what the checkpoint predicts cannot be trusted, so it cannot be allowed or lowered to a warning"
)]
pub struct CannotLower(pub Code);

impl Levels {
    /// Findings of this code become errors.
    pub fn deny(mut self, code: Code) -> Self {
        self.set.push((code, Some(Severity::Error)));
        self
    }

    /// Findings of this code become warnings.
    ///
    /// # Errors
    /// When the code is an error by itself.
    pub fn warn(self, code: Code) -> Result<Self, CannotLower> {
        self.lower(code, Some(Severity::Warning))
    }

    /// Findings of this code are dropped.
    ///
    /// # Errors
    /// When the code is an error by itself.
    pub fn allow(self, code: Code) -> Result<Self, CannotLower> {
        self.lower(code, None)
    }

    /// All warnings become errors.
    pub fn deny_warnings(mut self, yes: bool) -> Self {
        self.deny_warnings = yes;
        self
    }

    fn lower(mut self, code: Code, to: Option<Severity>) -> Result<Self, CannotLower> {
        if code.severity() == Severity::Error {
            return Err(CannotLower(code));
        }
        self.set.push((code, to));
        Ok(self)
    }

    /// Applies the levels to a report; the last level set for a code wins.
    pub fn apply(&self, report: &mut Report) {
        report.findings_mut().retain_mut(|finding| {
            if let Some((_, level)) = self.set.iter().rev().find(|(code, _)| *code == finding.code) {
                match level {
                    Some(severity) => finding.severity = *severity,
                    None => return false,
                }
            }
            if self.deny_warnings && finding.severity == Severity::Warning {
                finding.severity = Severity::Error;
            }
            true
        });
    }
}
