//! The stress corpus: ids, types, offsets and truncation of more than 10,000 texts, for every form and option of the
//! tokenizer files, equal to `BertTokenizerFast` of transformers 4.57.6 (`fixtures/reference/stress.py`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bert_testkit::{fixtures, stress};
use bert_tok::{BertTokenizer, EncodeOptions, Encoded, TokenizerFiles, Truncation};
use rayon::prelude::*;
use serde_json::Value;

/// Tokenizer and, of each way to call it, hashes and a sample.
struct Case {
    name: &'static str,
    tokenizer: BertTokenizer,
    golden: Value,
}

fn case(stress: stress::StressTokenizer, golden: &Value) -> Case {
    let mut files = TokenizerFiles::default();
    for (name, bytes) in stress.files {
        match name {
            "tokenizer.json" => files.tokenizer_json = Some(bytes),
            "vocab.txt" => files.vocab_txt = Some(bytes),
            _ => files.tokenizer_config = Some(bytes),
        }
    }
    let opened = BertTokenizer::read(&files);
    let tokenizer = opened.tokenizer.unwrap_or_else(|| panic!("{}: {:#?}", stress.name, opened.report));
    Case { name: stress.name, tokenizer, golden: golden["tokenizers"][stress.name].clone() }
}

/// Number of the character at each byte of a text.
fn characters(text: &str) -> Vec<usize> {
    let mut numbers = vec![0; text.len() + 1];
    let mut count = 0;
    for (byte, number) in numbers.iter_mut().enumerate() {
        count += usize::from(byte > 0 && text.is_char_boundary(byte));
        *number = count;
    }
    numbers
}

/// As the reference's script writes an encoding.
fn line(encoded: &Encoded, text: &str, pair: &str) -> String {
    let numbers = |list: &[u32]| list.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let (first, second) = (characters(text), characters(pair));
    let offset = |(range, sequence): (&std::ops::Range<usize>, &Option<usize>)| {
        let of = if *sequence == Some(1) { &second } else { &first };
        format!("{}-{}", of[range.start], of[range.end])
    };
    let offsets: Vec<String> = encoded.offsets.iter().zip(&encoded.sequences).map(offset).collect();
    format!("{} {} {}", numbers(&encoded.ids), numbers(&encoded.type_ids), offsets.join(","))
}

fn rows(case: &Case, texts: &[String], way: &str) -> Vec<String> {
    let options = |max_length| EncodeOptions { max_length, truncation: Truncation::LongestFirst };
    let encode = |i: usize| {
        let (text, pair) = (&texts[i], &texts[(i + 1) % texts.len()]);
        let (encoded, pair) = match way {
            "whole" => (case.tokenizer.encode(text, &options(None)), ""),
            "cut" => (case.tokenizer.encode(text, &options(Some(12))), ""),
            _ => (case.tokenizer.encode_pair(text, pair, &options(Some(40))), pair.as_str()),
        };
        line(&encoded.unwrap(), text, pair)
    };
    (0..texts.len()).into_par_iter().map(encode).collect()
}

/// The first text of a chunk that has another encoding than in the sample, else the chunk.
fn differences(case: &Case, texts: &[String], golden: &Value) -> Vec<String> {
    let mut failed = Vec::new();
    for way in ["whole", "cut", "pairs"] {
        let rows = rows(case, texts, way);
        let hashes = case.golden[way]["hashes"].as_array().unwrap();
        let sample = case.golden[way]["sample"].as_array().unwrap();
        assert_eq!(hashes.len(), rows.len().div_ceil(stress::CHUNK));
        let every = golden["sample"].as_u64().unwrap() as usize;
        let ours: Vec<&String> = rows.iter().step_by(every).filter(|r| r.len() < 400).collect();
        assert_eq!(ours.len(), sample.len(), "{} {way}", case.name);
        for (ours, theirs) in ours.iter().zip(sample).filter(|(a, b)| a.as_str() != b.as_str().unwrap()) {
            failed.push(format!("{} {way}\n ours   {ours}\n theirs {theirs}", case.name));
        }
        for (i, (chunk, hash)) in rows.chunks(stress::CHUNK).zip(hashes).enumerate() {
            let ours = format!("{:08x}", crc32fast::hash(chunk.join("\n").as_bytes()));
            if ours != hash.as_str().unwrap() {
                failed.push(format!("{} {way}: texts {}..", case.name, i * stress::CHUNK));
            }
        }
    }
    failed
}

#[test]
fn the_stress_corpus_is_encoded_as_by_the_reference() {
    let golden: Value = serde_json::from_slice(&std::fs::read(fixtures().join("golden/stress.json")).unwrap()).unwrap();
    let texts = stress::texts();
    assert!(texts.len() > 10_000 && golden["texts"] == texts.len());
    let mut failed = Vec::new();
    let tokenizers = stress::tokenizers();
    assert_eq!(golden["tokenizers"].as_object().unwrap().len(), tokenizers.len());
    for tokenizer in tokenizers {
        failed.extend(differences(&case(tokenizer, &golden), &texts, &golden));
    }
    assert!(failed.is_empty(), "{} differences:\n{}", failed.len(), failed[..failed.len().min(20)].join("\n"));
}
