//! Small readers of JSON members shared by the checks.

use bert_diag::{Source, Span};
use bert_json::{Member, Value};

/// A span on a member's value, with its pointer.
pub(crate) fn value_span(source: &Source, member: &Member, label: impl Into<String>) -> Span {
    Span::primary(source, member.value.range.clone(), label).at_pointer(bert_json::pointer_to("", &member.key))
}

/// A span on a member's key, with its pointer.
pub(crate) fn key_span(source: &Source, member: &Member, label: impl Into<String>) -> Span {
    Span::primary(source, member.key_range.clone(), label).at_pointer(bert_json::pointer_to("", &member.key))
}

/// The same span as a witness.
pub(crate) fn as_witness(span: Span) -> Span {
    Span { primary: false, ..span }
}

/// A label name: a string, or a number written for one.
pub(crate) fn label_name(value: &Value) -> Option<String> {
    value.as_str().or(value.number()).map(str::to_string)
}
