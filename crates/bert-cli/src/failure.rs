//! How a command ends.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The command ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Exit 0.
    Clean,
    /// Exit 1: errors were found, differences exist, rows failed.
    NotClean,
}

impl Outcome {
    pub(crate) fn clean_if(yes: bool) -> Self {
        if yes { Outcome::Clean } else { Outcome::NotClean }
    }
}

/// The command could not do it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The reader of our output went away: nothing to say.
    ClosedPipe,
    /// The checkpoint was refused; its report is printed already.
    Refused,
    /// Arguments that do not go together.
    Usage(String),
    /// A file could not be read or written.
    File { path: PathBuf, source: io::Error },
    /// Anything else, said in full.
    Other(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Refused => 1,
            _ => 2,
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Failure {
        let path = path.into();
        move |source| Failure::File { path, source }
    }

    /// An error with all its causes.
    pub(crate) fn chain(error: &dyn std::error::Error) -> Failure {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let said = error.to_string();
            if !text.contains(&said) {
                text.push_str(": ");
                text.push_str(&said);
            }
            cause = error.source();
        }
        Failure::Other(text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::ClosedPipe => f.write_str("the output was closed"),
            Failure::Refused => f.write_str("the checkpoint is refused; nothing was predicted"),
            Failure::Usage(text) | Failure::Other(text) => f.write_str(text),
            Failure::File { path, source } => write!(f, "{}: {source}", path.display()),
        }
    }
}

impl From<io::Error> for Failure {
    /// Errors without a path come from writing to stdout.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::Other(format!("cannot write the output: {error}")),
        }
    }
}
