//! What a check of a BERT checkpoint found, as plain data.
//!
//! A [`Finding`] names one thing that is wrong: a stable [`Code`], a [`Severity`], the places ([`Span`]) where it shows,
//! what other files say about it (notes) and how to mend it ([`Fix`]). A [`Report`] holds all findings of a checkpoint.
//! Nothing here reads files or renders: a service can log findings as JSON (feature `serde`), the binary `bert` renders
//! them as annotated source.
//!
//! ```
//! use bert_diag::{Code, Finding, Report, Source, Span};
//!
//! let config = Source::text("config.json", "{\n  \"hidden_size\": 0\n}");
//! let mut report = Report::default();
//! report.push(
//!     Finding::new(Code::C009, "`hidden_size` must be at least 1")
//!         .span(Span::primary(&config, 19..20, "is 0"))
//!         .help("write the size the weights have"),
//! );
//! assert!(!report.is_ok());
//! assert_eq!(report.findings()[0].spans[0].line_column(), Some((2, 18)));
//! println!("{:#}", report.into_result().unwrap_err());
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod code;
mod edit;
mod finding;
mod levels;
#[cfg(feature = "serde")]
mod record;
mod report;
mod span;
mod text;

pub use code::{Code, CodeInfo, Severity};
pub use edit::{EditError, apply_edits};
pub use finding::{Edit, Finding, Fix};
pub use levels::{CannotLower, Levels};
pub use report::{Rejected, Report};
pub use span::{Source, Span};
pub use text::{counted, listed, quoted};
