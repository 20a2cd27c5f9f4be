//! What differs between two configurations, and whether it matters.

use std::collections::BTreeSet;
use std::fmt;

use crate::fields::FIELDS;
use crate::value::json_string;
use crate::{BertConfig, Effect, known};

/// How a field differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeKind {
    /// Both have it, with other values.
    Changed,
    /// Only the second has it.
    Added,
    /// Only the first has it.
    Removed,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// JSON pointer of the field.
    pub pointer: String,
    /// How it differs.
    pub kind: ChangeKind,
    /// The value in the first, as JSON.
    pub before: Option<String>,
    /// The value in the second, as JSON.
    pub after: Option<String>,
    /// What the field changes.
    pub effect: Effect,
}

/// The differences of two configurations, ordered by pointer.
///
/// `Display` is stable: a line of counts, then a line a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigDiff {
    /// The differences.
    pub changes: Vec<Change>,
    /// How many fields are equal.
    pub equal: usize,
}

/// Compares what two configurations mean: a field that is absent equals its default, and other names of the same
/// activation are equal.
pub fn diff(a: &BertConfig, b: &BertConfig) -> ConfigDiff {
    let mut diff = ConfigDiff::default();
    for field in FIELDS {
        let given = |c: &BertConfig| c.given.contains_key(field.name);
        let (before, after) = ((field.json)(a), (field.json)(b));
        // A field that is null by default is only there when it is given.
        let absent = |value: &str, c: &BertConfig| (value == "null" || value == "[]") && !given(c);
        diff.compare(
            format!("/{}", field.name),
            Some(before.clone()).filter(|v| !absent(v, a) || before == after),
            Some(after.clone()).filter(|v| !absent(v, b) || before == after),
            field.effect,
        );
    }
    for id in 0..a.labels().len().max(b.labels().len()) {
        let name = |c: &BertConfig| c.labels().name(id).map(json_string);
        diff.compare(format!("/id2label/{id}"), name(a), name(b), Effect::Inference);
    }
    let others: BTreeSet<_> = a.others.keys().chain(b.others.keys()).collect();
    for key in others {
        let pointer = bert_json::pointer_to("", key);
        diff.compare(pointer, a.others.get(key).cloned(), b.others.get(key).cloned(), known::effect(key));
    }
    diff.changes.sort_by(|x, y| x.pointer.cmp(&y.pointer));
    diff
}

impl ConfigDiff {
    fn compare(&mut self, pointer: String, before: Option<String>, after: Option<String>, effect: Effect) {
        let kind = match (&before, &after) {
            (a, b) if a == b => {
                self.equal += 1;
                return;
            }
            (Some(_), Some(_)) => ChangeKind::Changed,
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
        };
        self.changes.push(Change { pointer, kind, before, after, effect });
    }

    /// Whether the two mean the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether any difference changes what the model computes or how outputs are named.
    pub fn affects_inference(&self) -> bool {
        self.changes.iter().any(|c| c.effect == Effect::Inference)
    }

    /// How many differences are of this kind.
    pub fn count(&self, kind: ChangeKind) -> usize {
        self.changes.iter().filter(|c| c.kind == kind).count()
    }
}

impl Effect {
    /// What to say beside a change.
    pub fn remark(self) -> &'static str {
        match self {
            Effect::Inference => "",
            Effect::TrainingOnly => "(training only)",
            Effect::None => "(no effect at inference)",
        }
    }
}

/// Strings are shown bare, everything else as JSON.
fn bare(json: &str) -> String {
    let inner = json.strip_prefix('"').and_then(|s| s.strip_suffix('"'));
    match inner {
        Some(s) if !s.contains('\\') && !s.is_empty() && s.trim() == s => s.to_string(),
        _ => json.to_string(),
    }
}

impl fmt::Display for ConfigDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ChangeKind::{Added, Changed, Removed};
        let (changed, added, removed) = (self.count(Changed), self.count(Added), self.count(Removed));
        writeln!(f, "~ {changed}  + {added}  - {removed}  ({} equal)", self.equal)?;
        let show = |value: &Option<String>| value.as_deref().map(bare).unwrap_or_default();
        let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
        let pointers = width(&mut self.changes.iter().map(|c| c.pointer.chars().count()));
        let arrows = || self.changes.iter().filter(|c| c.kind == Changed);
        let befores = width(&mut arrows().map(|c| show(&c.before).chars().count()));
        let afters = width(&mut arrows().map(|c| show(&c.after).chars().count()));
        for change in &self.changes {
            let (before, after) = (show(&change.before), show(&change.after));
            let line = match change.kind {
                Changed => format!("~ {:pointers$}  {before:befores$}  ->  {after:afters$}", change.pointer),
                Added => format!("+ {:pointers$}  {after}", change.pointer),
                Removed => format!("- {:pointers$}  {before}", change.pointer),
            };
            writeln!(f, "  {}", format!("{line}  {}", change.effect.remark()).trim_end())?;
        }
        Ok(())
    }
}

#[cfg(feature = "serde")]
#[cfg_attr(docsrs, doc(cfg(feature = "serde")))]
mod serde_form {
    use serde::ser::{Serialize, SerializeStruct, Serializer};

    use super::{Change, ChangeKind, ConfigDiff, Effect};

    impl Serialize for ConfigDiff {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut s = serializer.serialize_struct("ConfigDiff", 2)?;
            s.serialize_field("equal", &self.equal)?;
            s.serialize_field("changes", &self.changes)?;
            s.end()
        }
    }

    impl Serialize for Change {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let kind = match self.kind {
                ChangeKind::Changed => "changed",
                ChangeKind::Added => "added",
                ChangeKind::Removed => "removed",
            };
            let effect = match self.effect {
                Effect::Inference => "inference",
                Effect::TrainingOnly => "training",
                Effect::None => "none",
            };
            let mut s = serializer.serialize_struct("Change", 5)?;
            s.serialize_field("pointer", &self.pointer)?;
            s.serialize_field("kind", kind)?;
            s.serialize_field("before", &self.before)?;
            s.serialize_field("after", &self.after)?;
            s.serialize_field("effect", effect)?;
            s.end()
        }
    }
}
