//! Why a binary container was not read.

use bert_diag::{Code, Finding, Rejected, Source, Span};

use crate::Error;
use crate::map::Bytes;
use crate::sniff::sniff;

/// What stands in the way.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The file names what no weight file needs.
    Refused { what: String, notes: Vec<String> },
    /// The file contradicts itself or is cut short.
    Broken(String),
    /// Single tensors are unsound.
    Tensors(Vec<String>),
    /// It is sound but holds no model, or several.
    NoModel { message: String, notes: Vec<String>, help: String },
    /// A form that is not read.
    Unsupported { message: String, help: String },
    /// Reading failed.
    Error(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Error(error)
    }
}

const AGAIN: &str = "download or copy the file again and compare its size with the original";

impl Trouble {
    /// The error that a caller sees.
    pub(crate) fn into_error(self, file: &str) -> Error {
        let span = || Span::whole(&Source::name_only(file), "");
        let findings = match self {
            Trouble::Error(error) => return error,
            Trouble::Refused { what, notes } => vec![
                Finding::new(Code::W040, format!("`{file}` is refused: {what}, which is no part of a model's weights"))
                    .note("nothing was executed: there is nothing here that could execute it")
                    .notes(notes)
                    .help(
                        "if you trust where it comes from, save its state dict: `torch.save(model.state_dict(), ...)`",
                    ),
            ],
            Trouble::Broken(what) => {
                vec![Finding::new(Code::W041, format!("`{file}` cannot be read: {what}")).help(AGAIN)]
            }
            Trouble::Tensors(problems) => {
                problems.into_iter().map(|what| Finding::new(Code::W041, what).help(AGAIN)).collect()
            }
            Trouble::NoModel { message, notes, help } => {
                vec![Finding::new(Code::W045, message).notes(notes).help(help)]
            }
            Trouble::Unsupported { message, help } => vec![Finding::new(Code::W026, message).help(help)],
        };
        Error::Rejected(Rejected::new(findings.into_iter().map(|f| f.span(span()))))
    }
}

/// What the file is, if it is plainly of another kind than its name says: a pointer, a page, an empty file.
pub(crate) fn foreign(bytes: &Bytes, expected: &[crate::ForeignFile]) -> Result<(), Error> {
    let file = bytes.name();
    let whole = |finding: Finding| {
        let label = format!("{} bytes", bytes.len());
        Err(Error::Rejected(Rejected::new([finding.span(Span::whole(&Source::name_only(file.as_str()), label))])))
    };
    if bytes.len() == 0 {
        return whole(
            Finding::new(Code::W002, format!("`{file}` is empty (0 bytes)"))
                .help("the save or download was interrupted; fetch the file again"),
        );
    }
    match sniff(bytes.get(0..bytes.len().min(512))?) {
        Some(found) if !expected.contains(&found) => {
            let (what, mend) = found.describe();
            whole(Finding::new(Code::W002, format!("`{file}` is {what}")).help(mend))
        }
        _ => Ok(()),
    }
}
