//! The tree.

use std::collections::HashMap;
use std::ops::Range;

/// A JSON value and the bytes it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// What it is.
    pub kind: ValueKind,
    /// Bytes of the text.
    pub range: Range<usize>,
}

/// The six kinds of JSON values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string, unescaped.
    String(String),
    /// A list.
    Array(Vec<Value>),
    /// Members in order, duplicates kept.
    Object(Vec<Member>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key, unescaped.
    pub key: String,
    /// Bytes of the key with its quotes.
    pub key_range: Range<usize>,
    /// The value.
    pub value: Value,
}

impl Value {
    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&[Member]> {
        match &self.kind {
            ValueKind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match &self.kind {
            ValueKind::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            ValueKind::String(s) => Some(s),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            ValueKind::Bool(b) => Some(b),
            _ => None,
        }
    }

    /// The digits, if it is a number.
    pub fn number(&self) -> Option<&str> {
        match &self.kind {
            ValueKind::Number(digits) => Some(digits),
            _ => None,
        }
    }

    /// The number, if it is a whole one within `u64` written without fraction and exponent.
    pub fn as_u64(&self) -> Option<u64> {
        self.number()?.parse().ok()
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.kind == ValueKind::Null
    }

    /// The last member of this name, if it is an object that has one.
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.as_object()?.iter().rfind(|m| m.key == key)
    }

    /// The value of the last member of this name.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.member(key).map(|m| &m.value)
    }

    /// What kind of value it is, for messages: `a string`, `an object` ...
    pub fn describe(&self) -> &'static str {
        match self.kind {
            ValueKind::Null => "null",
            ValueKind::Bool(_) => "a boolean",
            ValueKind::Number(_) => "a number",
            ValueKind::String(_) => "a string",
            ValueKind::Array(_) => "a list",
            ValueKind::Object(_) => "an object",
        }
    }

    /// The value as compact JSON, members sorted by key: equal for values that mean the same, digits apart.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        self.write_canonical(&mut out);
        out
    }

    fn write_canonical(&self, out: &mut String) {
        match &self.kind {
            ValueKind::Null => out.push_str("null"),
            ValueKind::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            ValueKind::Number(digits) => out.push_str(digits),
            ValueKind::String(s) => write_string(s, out),
            ValueKind::Array(elements) => {
                out.push('[');
                for (i, element) in elements.iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    element.write_canonical(out);
                }
                out.push(']');
            }
            ValueKind::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_by(|a, b| a.key.cmp(&b.key));
                out.push('{');
                for (i, member) in sorted.into_iter().enumerate() {
                    if i > 0 {
                        out.push(',');
                    }
                    write_string(&member.key, out);
                    out.push(':');
                    member.value.write_canonical(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_string(s: &str, out: &mut String) {
    out.push('"');
    for c in s.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// One step down a JSON pointer (RFC 6901): `pointer` with `key` appended, `~` and `/` escaped.
pub fn pointer_to(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Every key that repeats an earlier one of the same object, anywhere in the tree: pointer, first and repeated member.
pub fn duplicate_keys(root: &Value) -> Vec<(String, &Member, &Member)> {
    let mut found = Vec::new();
    collect_duplicates(root, String::new(), &mut found);
    found
}

fn collect_duplicates<'a>(value: &'a Value, pointer: String, found: &mut Vec<(String, &'a Member, &'a Member)>) {
    match &value.kind {
        ValueKind::Object(members) => {
            let mut seen: HashMap<&str, &Member> = HashMap::with_capacity(members.len());
            for member in members {
                let here = pointer_to(&pointer, &member.key);
                match seen.get(member.key.as_str()) {
                    Some(first) => found.push((here.clone(), first, member)),
                    None => _ = seen.insert(&member.key, member),
                }
                collect_duplicates(&member.value, here, found);
            }
        }
        ValueKind::Array(elements) => {
            for (i, element) in elements.iter().enumerate() {
                collect_duplicates(element, pointer_to(&pointer, &i.to_string()), found);
            }
        }
        _ => {}
    }
}
