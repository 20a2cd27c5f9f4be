//! Ids, types, offsets and truncation against `BertTokenizerFast` of transformers 4.57.6.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use bert_tok::{BertTokenizer, EncodeOptions, Truncation};
use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn goldens() -> impl Iterator<Item = (String, BertTokenizer, Value)> {
    ["three", "vocab-only", "cased", "tokenizer-options", "added-tokens", "baked-truncation"].into_iter().map(|name| {
        let tokenizer = BertTokenizer::open(fixtures().join(format!("tiny/seq-{name}")))
            .unwrap_or_else(|e| panic!("{name}: {e:#}"));
        let golden = std::fs::read(fixtures().join(format!("golden/tokenizer-{name}.json"))).unwrap();
        (name.to_string(), tokenizer, serde_json::from_slice(&golden).unwrap())
    })
}

fn numbers(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as u32).collect()
}

/// The reference counts characters, we count bytes.
fn characters(text: &str, byte: usize) -> u64 {
    text[..byte].chars().count() as u64
}

#[test]
fn ids_types_and_offsets_equal_the_reference() {
    for (name, tokenizer, golden) in goldens() {
        assert_eq!(tokenizer.vocab_size() as u64, golden["size"].as_u64().unwrap(), "{name}");
        let rows = golden["rows"].as_array().unwrap();
        assert!(rows.len() > 30);
        for row in rows {
            let (text, pair) = (row["text"].as_str().unwrap(), row["pair"].as_str());
            let encoded = match pair {
                Some(pair) => tokenizer.encode_pair(text, pair, &EncodeOptions::default()),
                None => tokenizer.encode(text, &EncodeOptions::default()),
            }
            .unwrap();
            assert_eq!(encoded.ids, numbers(&row["ids"]), "{name}: {text:?}");
            assert_eq!(encoded.type_ids, numbers(&row["type_ids"]), "{name}: {text:?}");
            for (i, offset) in row["offsets"].as_array().unwrap().iter().enumerate() {
                let of = if encoded.sequences[i] == Some(1) { pair.unwrap() } else { text };
                let ours = [characters(of, encoded.offsets[i].start), characters(of, encoded.offsets[i].end)];
                let theirs: Vec<u64> = offset.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
                assert_eq!(ours.as_slice(), theirs, "{name}: {text:?} token {i}");
            }
        }
    }
}

#[test]
fn truncation_equals_the_reference() {
    for (name, tokenizer, golden) in goldens() {
        for cut in golden["cuts"].as_array().unwrap() {
            let truncation = match cut["strategy"].as_str().unwrap() {
                "only_first" => Truncation::OnlyFirst,
                "only_second" => Truncation::OnlySecond,
                _ => Truncation::LongestFirst,
            };
            let options = EncodeOptions { max_length: cut["max_length"].as_u64().map(|n| n as usize), truncation };
            let text = cut["text"].as_str().unwrap();
            let encoded = match cut["pair"].as_str() {
                Some(pair) => tokenizer.encode_pair(text, pair, &options),
                None => tokenizer.encode(text, &options),
            }
            .unwrap();
            assert_eq!(
                (encoded.ids, encoded.type_ids),
                (numbers(&cut["ids"]), numbers(&cut["type_ids"])),
                "{name}: {cut}"
            );
            assert!(encoded.truncated);
        }
    }
}

#[test]
fn settings_baked_into_the_file_never_act() {
    let (_, tokenizer, _) = goldens().last().unwrap();
    assert_eq!(tokenizer.facts().baked_truncation, Some(16));
    assert!(tokenizer.facts().baked_padding);
    assert_eq!(tokenizer.encode("x", &EncodeOptions::default()).unwrap().ids.len(), 3, "not padded to 16");
    assert!(tokenizer.encode(&"good ".repeat(30), &EncodeOptions::default()).unwrap().ids.len() > 30, "not cut to 16");
}

#[test]
fn a_refused_truncation_is_an_error_with_both_numbers() {
    let (_, tokenizer, _) = goldens().next().unwrap();
    let options = EncodeOptions { max_length: Some(4), truncation: Truncation::Refuse };
    assert_eq!(
        tokenizer.encode("good bad great", &options),
        Err(bert_tok::EncodeError::TooLong { tokens: 5, limit: 4 })
    );
    let options = EncodeOptions { max_length: Some(1), truncation: Truncation::LongestFirst };
    assert_eq!(tokenizer.encode("good", &options), Err(bert_tok::EncodeError::CannotTruncate { limit: 1 }));
}

#[test]
fn a_batch_keeps_the_order() {
    let (_, tokenizer, _) = goldens().next().unwrap();
    let texts: Vec<String> = (0..200).map(|i| "good ".repeat(i % 7) + "film").collect();
    let inputs: Vec<_> = texts.iter().map(|t| (t.as_str(), None)).collect();
    for (encoded, text) in tokenizer.encode_batch(&inputs, &EncodeOptions::default()).into_iter().zip(&texts) {
        assert_eq!(encoded.unwrap(), tokenizer.encode(text, &EncodeOptions::default()).unwrap());
    }
}
