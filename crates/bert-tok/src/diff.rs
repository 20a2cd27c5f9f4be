//! What differs between two tokenizers.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{BertTokenizer, EncodeOptions};

/// Texts of many kinds, to see whose ids change: cases, accents, scripts, marks, numbers, special tokens.
const SAMPLE: [&str; 24] = [
    "The quick brown fox jumps over the lazy dog.",
    "It was great, wasn't it?",
    "NASA and the EU signed it in Geneva.",
    "I went to the market because my sister wanted fresh bread.",
    "an utterly charming film",
    "don't e-mail me @ 3.14%",
    "https://example.org/a?b=c#d",
    "Café déjà-vu naïve",
    "ÅNGSTRÖM Straße",
    "北京 is nice, 東京 too",
    "안녕하세요 세계",
    "Привет, мир",
    "שלום עולם",
    "مرحبا بالعالم",
    "ok 🙂👍🏽 :-)",
    "[MASK] is a [SEP] token",
    "<user> wrote to <url>",
    "   leading and\ttabs\nand newline  ",
    "unbelievably antidisestablishmentarian",
    "1,234,567.89 dollars",
    "ﬁne print, Ωmega, ½ cup",
    "e\u{301}galite\u{301}",
    "UPPER CASE SHOUTING",
    "",
];

/// The differences of two tokenizers.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TokenizerDiff {
    /// Tokens only the second has, with their ids.
    pub added: Vec<(String, u32)>,
    /// Tokens only the first has.
    pub removed: Vec<(String, u32)>,
    /// Tokens with another id in each.
    pub moved: Vec<(String, u32, u32)>,
    /// Parts and settings that differ: name, before, after.
    pub settings: Vec<(String, String, String)>,
    /// Texts of a built-in sample whose ids change, of how many.
    pub sample_changed: (usize, usize),
}

impl TokenizerDiff {
    /// Whether every text gets the same ids as far as can be told.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.moved.is_empty()
            && self.settings.is_empty()
            && self.sample_changed.0 == 0
    }
}

/// Compares vocabularies, parts (normalizer, pre-tokenizer, post-processor), limits, and the ids of a sample of texts.
pub fn diff(a: &BertTokenizer, b: &BertTokenizer) -> TokenizerDiff {
    let mut diff = TokenizerDiff::default();
    let vocabulary = |t: &BertTokenizer| t.inner().get_vocab(true).into_iter().collect::<BTreeMap<String, u32>>();
    let (before, after) = (vocabulary(a), vocabulary(b));
    for (token, id) in &before {
        match after.get(token) {
            None => diff.removed.push((token.clone(), *id)),
            Some(other) if other != id => diff.moved.push((token.clone(), *id, *other)),
            Some(_) => {}
        }
    }
    diff.added.extend(after.iter().filter(|(t, _)| !before.contains_key(*t)).map(|(t, id)| (t.clone(), *id)));
    for list in [&mut diff.added, &mut diff.removed] {
        list.sort_by_key(|(_, id)| *id);
    }
    diff.moved.sort_by_key(|(_, id, _)| *id);
    parts(a, b, &mut diff.settings);
    let ids = |t: &BertTokenizer, text: &str| t.encode(text, &EncodeOptions::default()).map(|e| e.ids);
    let changed = SAMPLE.iter().filter(|text| ids(a, text) != ids(b, text)).count();
    diff.sample_changed = (changed, SAMPLE.len());
    diff
}

fn parts(a: &BertTokenizer, b: &BertTokenizer, settings: &mut Vec<(String, String, String)>) {
    let tree = |t: &BertTokenizer| -> Value {
        t.inner().to_string(false).ok().and_then(|s| serde_json::from_str(&s).ok()).unwrap_or(Value::Null)
    };
    let (before, after) = (tree(a), tree(b));
    for part in ["normalizer", "pre_tokenizer", "post_processor", "model"] {
        let get = |tree: &Value| tree.get(part).cloned().unwrap_or(Value::Null);
        compare(part, &get(&before), &get(&after), settings);
    }
    let limit = |t: &BertTokenizer| t.facts().model_max_length.map_or("none".to_string(), |n| n.to_string());
    if limit(a) != limit(b) {
        settings.push(("model_max_length".into(), limit(a), limit(b)));
    }
    for (x, y) in a.facts().special.iter().zip(b.facts().special.iter()) {
        if x.text != y.text {
            settings.push((x.role.into(), x.text.clone(), y.text.clone()));
        }
    }
}

/// Leaves of two JSON trees that differ; the vocabulary is compared by itself.
fn compare(path: &str, a: &Value, b: &Value, settings: &mut Vec<(String, String, String)>) {
    if a == b || path == "model.vocab" {
        return;
    }
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let keys = x.keys().chain(y.keys().filter(|k| !x.contains_key(*k)));
            for key in keys {
                let get = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
                compare(&format!("{path}.{key}"), &get(x), &get(y), settings);
            }
        }
        _ => settings.push((path.to_string(), a.to_string(), b.to_string())),
    }
}
