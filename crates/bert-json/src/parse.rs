//! Text to tree.

use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::{Member, Value, ValueKind};

/// How deep arrays and objects may nest. Checkpoint files need fewer than ten levels.
pub const MAX_DEPTH: usize = 128;

/// The text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What is wrong, in a few words.
    pub message: String,
    /// Bytes of the text where it shows; empty at the end of a text that was cut short.
    pub range: Range<usize>,
}

impl Problem {
    /// Whether the text ends in the middle of a value: it was cut short.
    pub fn is_unfinished(&self) -> bool {
        self.range.is_empty()
    }
}

/// Reads one JSON document (RFC 8259, nothing more).
///
/// Time and memory are linear in the length of the text.
///
/// # Errors
/// The first place where the text is not JSON, or nesting past [`MAX_DEPTH`].
pub fn parse(text: &str) -> Result<Value, Problem> {
    scan(text)?;
    let options = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options).map_err(|e| problem(&e, text))?;
    match parsed.value {
        Some(value) => Ok(convert(value)),
        None => Err(Problem { message: "there is no JSON value".into(), range: text.len()..text.len() }),
    }
}

fn problem(error: &jsonc_parser::errors::ParseError, text: &str) -> Problem {
    let message = error.kind().to_string();
    let mut message = message.trim_end_matches('.').to_string();
    if let Some(first) = message.get(..1).map(str::to_lowercase) {
        message.replace_range(..1, &first);
    }
    let range = error.range();
    let end = text.trim_end().len();
    if range.end >= end && (message.starts_with("unterminated") || range.start >= end) {
        return Problem { message, range: end..end };
    }
    let start = range.start.min(text.len());
    Problem { message, range: start..range.end.clamp(start, text.len()).max(start + 1) }
}

/// Refuses what the recursive parser lets through: deep nesting (brackets inside strings do not count), bare control
/// characters in strings, and white space that JSON does not know.
fn scan(text: &str) -> Result<(), Problem> {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for (i, byte) in text.bytes().enumerate() {
        if in_string {
            if byte < b' ' {
                let message = format!("control character {byte:#04x} in a string must be escaped");
                return Err(Problem { message, range: i..i + 1 });
            }
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'\t' | b'\n' | b'\r' | b' '..=b'~' => {}
            _ => {
                let end = (i + 1..text.len()).find(|&e| text.is_char_boundary(e)).unwrap_or(text.len());
                return Err(Problem { message: "unexpected character".into(), range: i..end });
            }
        }
        if depth > MAX_DEPTH {
            let message = format!("nesting is deeper than {MAX_DEPTH} levels");
            return Err(Problem { message, range: i..i + 1 });
        }
    }
    Ok(())
}

fn convert(value: ast::Value<'_>) -> Value {
    let range = value.range();
    let kind = match value {
        ast::Value::NullKeyword(_) => ValueKind::Null,
        ast::Value::BooleanLit(b) => ValueKind::Bool(b.value),
        ast::Value::NumberLit(n) => ValueKind::Number(n.value.to_string()),
        ast::Value::StringLit(s) => ValueKind::String(s.value.into_owned()),
        ast::Value::Array(array) => ValueKind::Array(array.elements.into_iter().map(convert).collect()),
        ast::Value::Object(object) => ValueKind::Object(object.properties.into_iter().map(convert_member).collect()),
    };
    Value { kind, range: range.start..range.end }
}

fn convert_member(property: ast::ObjectProp<'_>) -> Member {
    let key_range = property.name.range();
    Member {
        key_range: key_range.start..key_range.end,
        key: property.name.into_string(),
        value: convert(property.value),
    }
}
