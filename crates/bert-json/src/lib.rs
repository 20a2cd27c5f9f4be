//! Strict JSON in which every value knows its bytes.
//!
//! Checkpoint files are judged, not only read: a finding has to point at the very characters. [`parse`] gives a tree
//! whose values and keys carry byte ranges, which keeps duplicate keys (so that they can be reported) and the digits of
//! numbers as written, and which refuses what RFC 8259 refuses: comments, trailing commas, NaN, a second document.
//! Nesting is bounded, so that hostile input cannot exhaust the stack.
//!
//! ```
//! let text = r#"{"hidden_size": 768, "hidden_size": 1024}"#;
//! let tree = bert_json::parse(text).unwrap();
//! let object = tree.as_object().unwrap();
//! assert_eq!(object.len(), 2);
//! assert_eq!(&text[object[1].key_range.clone()], "\"hidden_size\"");
//! assert_eq!(object[1].value.number(), Some("1024"));
//!
//! let problem = bert_json::parse("{\"a\": 1,}").unwrap_err();
//! assert_eq!(problem.range, 7..8);
//! ```
#![forbid(unsafe_code)]

mod decode;
mod parse;
mod value;

pub use decode::{Decoded, NotText, decode};
pub use parse::{MAX_DEPTH, Problem, parse};
pub use value::{Member, Value, ValueKind, duplicate_keys, pointer_to};
