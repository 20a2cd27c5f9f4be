//! Which parts a tokenizer file may be made of: those of BERT, well-formed. `tokenizers` trusts its files (a template that
//! names an undefined token makes it panic), and a regular expression can take unbounded time; so both are refused here.

use serde_json::Value;

const NORMALIZERS: &[&str] =
    &["BertNormalizer", "Sequence", "Lowercase", "StripAccents", "NFC", "NFD", "NFKC", "NFKD", "Strip", "Replace"];
const PRE_TOKENIZERS: &[&str] =
    &["BertPreTokenizer", "Sequence", "Whitespace", "WhitespaceSplit", "Punctuation", "Digits"];
const POST_PROCESSORS: &[&str] = &["TemplateProcessing", "BertProcessing"];

/// What is wrong with the parts of the file, in words.
pub(crate) fn problem(root: &Value) -> Option<String> {
    if let Some(at) = find_regex(root, "") {
        return Some(format!("splits or replaces by a regular expression at {at}, which can take unbounded time"));
    }
    part(root, "normalizer", NORMALIZERS, "normalizers")
        .or_else(|| part(root, "pre_tokenizer", PRE_TOKENIZERS, "pretokenizers"))
        .or_else(|| part(root, "post_processor", POST_PROCESSORS, "processors"))
        .or_else(|| template(root.get("post_processor")?))
}

/// A part, or the parts of a sequence, must be of a known type.
fn part(root: &Value, name: &str, known: &[&str], members: &str) -> Option<String> {
    let value = root.get(name).filter(|v| !v.is_null())?;
    let kind = value.get("type").and_then(Value::as_str);
    match kind {
        Some("Sequence") if known.contains(&"Sequence") => {
            let list = value.get(members).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            let nested = |v: &Value| {
                v.get("type").and_then(Value::as_str).is_none_or(|t| t == "Sequence" || !known.contains(&t))
            };
            list.iter().any(nested).then(|| format!("has a {name} with a part that BERT's tokenizers do not have"))
        }
        Some(kind) if known.contains(&kind) => None,
        kind => {
            Some(format!("has the {name} `{}`, which BERT's tokenizers do not have", kind.unwrap_or("without a type")))
        }
    }
}

/// A template may use only the tokens it defines, and the second text only where there is one.
fn template(processor: &Value) -> Option<String> {
    if processor.get("type").and_then(Value::as_str) != Some("TemplateProcessing") {
        return None;
    }
    let defined = processor.get("special_tokens").and_then(Value::as_object);
    for token in defined.into_iter().flat_map(serde_json::Map::values) {
        let count = |key: &str| token.get(key).and_then(Value::as_array).map(Vec::len);
        if count("ids").is_none() || count("ids") != count("tokens") {
            return Some("has a post-processor with as many ids as tokens missing or different".into());
        }
    }
    for (name, texts) in [("single", &["A"][..]), ("pair", &["A", "B"])] {
        for piece in processor.get(name).and_then(Value::as_array).into_iter().flatten() {
            let id = |kind: &str| piece.get(kind).and_then(|p| p.get("id")).and_then(Value::as_str);
            if let Some(token) = id("SpecialToken").filter(|t| !defined.is_some_and(|d| d.contains_key(*t))) {
                return Some(format!("has a post-processor that uses the token `{token}` without defining it"));
            }
            if id("Sequence").is_some_and(|text| !texts.contains(&text)) {
                return Some("has a post-processor that puts a second text where there is one".into());
            }
        }
    }
    None
}

/// Pointer of the first regular expression in the pipeline (not in the vocabulary).
fn find_regex(value: &Value, pointer: &str) -> Option<String> {
    match value {
        Value::Object(map) => map.iter().filter(|(k, _)| *k != "vocab" && *k != "added_tokens").find_map(|(k, v)| {
            let here = format!("{pointer}/{k}");
            if k == "Regex" { Some(here) } else { find_regex(v, &here) }
        }),
        Value::Array(list) => list.iter().enumerate().find_map(|(i, v)| find_regex(v, &format!("{pointer}/{i}"))),
        _ => None,
    }
}
