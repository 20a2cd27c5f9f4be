//! `vocab.txt`: a line's number is its token's id.

use std::collections::HashMap;

use bert_diag::{Code, Finding, Report, Source, Span, counted, listed, quoted};
use serde_json::{Map, Value, json};

/// Lines of a vocabulary, as Python's text mode splits them (`\n`, `\r\n` and `\r` end a line).
pub(crate) fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.split('\n').flat_map(|l| l.strip_suffix('\r').unwrap_or(l).split('\r')).collect();
    if lines.last() == Some(&"") {
        lines.pop();
    }
    lines
}

/// Bytes of the line with this number.
pub(crate) fn line_range(text: &str, id: usize) -> Option<std::ops::Range<usize>> {
    let line = lines(text).get(id).copied()?;
    // Lines are slices of the text, so their place follows from their addresses.
    let start = (line.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    Some(start..start + line.len())
}

/// Reads a vocabulary: token -> id. Duplicates and blank lines are reported; the last of two equal lines wins, as in
/// the reference.
pub(crate) fn read(bytes: &[u8], report: &mut Report) -> Option<Map<String, Value>> {
    const FILE: &str = "vocab.txt";
    let whole = || Span::whole(&Source::name_only(FILE), counted(bytes.len(), "byte"));
    let decoded = match bert_json::decode(bytes) {
        Ok(decoded) => decoded,
        Err(e) => {
            let finding = Finding::new(Code::T002, format!("`{FILE}` cannot be read: {e}")).span(whole());
            report.push(finding.help("copy the vocabulary again from the base model"));
            return None;
        }
    };
    let source = Source::text(FILE, decoded.text.as_str());
    if decoded.byte_order_mark {
        // Not skipped: the reference reads the mark as part of the first token, which then has another name.
        let finding = Finding::new(
            Code::T002,
            format!("`{FILE}` begins with a byte order mark, which becomes part of its first token"),
        );
        report.push(
            finding
                .span(Span::primary(&source, 0..3, "not part of any token"))
                .help("save the file as UTF-8 without a byte order mark"),
        );
    }
    let mut ids: HashMap<&str, usize> = HashMap::new();
    let mut map = Map::new();
    let (mut duplicates, mut blanks) = (Vec::new(), Vec::new());
    let lines = lines(&decoded.text);
    for (id, token) in lines.iter().enumerate() {
        if token.trim().is_empty() {
            blanks.push(id);
        }
        if let Some(first) = ids.insert(token, id)
            && !token.trim().is_empty()
        {
            duplicates.push((*token, first, id));
        }
        map.insert((*token).to_string(), id.into());
    }
    let line_span =
        |id: usize, label: String| Span::primary(&source, line_range(&decoded.text, id).unwrap_or_default(), label);
    if let Some((token, first, again)) = duplicates.first() {
        let all = duplicates.iter().map(|(t, a, b)| format!("{} (ids {a} and {b})", quoted(t)));
        report.push(
            Finding::new(
                Code::T004,
                format!("`{FILE}` has {}: {}", counted(duplicates.len(), "duplicate line"), listed(all, 4)),
            )
            .span(line_span(*again, format!("id {again}, again {}", quoted(token))))
            .span(Span { primary: false, ..line_span(*first, format!("id {first}")) })
            .help("restore the original vocabulary: a line too many shifts the ids of all tokens after it"),
        );
    }
    if let Some(first) = blanks.first() {
        let numbers = listed(blanks.iter().map(ToString::to_string), 6);
        report.push(
            Finding::new(Code::T005, format!("`{FILE}` has {}: ids {numbers}", counted(blanks.len(), "blank line")))
                .span(line_span(*first, "no text can produce this id".into()))
                .help("restore the original vocabulary"),
        );
    }
    Some(map)
}

/// What `BertTokenizerFast` builds from a vocabulary, as `tokenizer.json` (`convert_slow_tokenizer.BertConverter`,
/// transformers 4.57.6).
pub(crate) struct Recipe<'a> {
    pub(crate) lowercase: bool,
    pub(crate) strip_accents: Option<bool>,
    pub(crate) chinese: bool,
    pub(crate) unk: &'a str,
    pub(crate) cls: (&'a str, u64),
    pub(crate) sep: (&'a str, u64),
}

pub(crate) fn tokenizer_json(vocab: Map<String, Value>, recipe: &Recipe<'_>) -> Value {
    let (cls, sep) = (recipe.cls.0, recipe.sep.0);
    let special = |token: &str, type_id: u32| json!({"SpecialToken": {"id": token, "type_id": type_id}});
    let sequence = |name: &str, type_id: u32| json!({"Sequence": {"id": name, "type_id": type_id}});
    let entry = |(token, id): (&str, u64)| json!({"id": token, "ids": [id], "tokens": [token]});
    let mut special_tokens = Map::new();
    special_tokens.insert(cls.to_string(), entry(recipe.cls));
    special_tokens.insert(sep.to_string(), entry(recipe.sep));
    json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": true,
            "handle_chinese_chars": recipe.chinese,
            "strip_accents": recipe.strip_accents,
            "lowercase": recipe.lowercase,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special(cls, 0), sequence("A", 0), special(sep, 0)],
            "pair": [special(cls, 0), sequence("A", 0), special(sep, 0), sequence("B", 1), special(sep, 1)],
            "special_tokens": special_tokens,
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {
            "type": "WordPiece",
            "unk_token": recipe.unk,
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocab,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_in_pythons_text_mode() {
        for text in ["a\nb\n", "a\r\nb\r\n", "a\rb", "a\nb"] {
            assert_eq!(lines(text), ["a", "b"], "{text:?}");
        }
        assert_eq!(lines("a\n\nb\n"), ["a", "", "b"]);
    }
}
