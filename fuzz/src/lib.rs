//! What each fuzz target does with its bytes; `crates/bert-checkpoint/tests/replay.rs` does the same with stored inputs.

use bert_checkpoint::Checkpoint;
use bert_config::{BertConfig, diff};
use bert_tok::{BertTokenizer, EncodeOptions, TokenizerFiles};
use bert_weights::{HeadEvidence, NameMap, Weights, infer_config};

/// `config.json`: any bytes give findings; what is clean is written back to the same meaning.
pub fn config(bytes: &[u8]) {
    let parsed = BertConfig::parse_bytes("config.json", bytes);
    for finding in parsed.report.findings() {
        finding.spans.iter().for_each(|s| _ = s.line_column());
    }
    if let Ok((config, _)) = parsed.into_result() {
        let again = BertConfig::parse(&config.to_json()).into_result().expect("what we write is clean").0;
        assert!(diff(&config, &again).is_empty(), "written and read again it means something else");
    }
}

/// A weight file: any bytes give an index or findings; every tensor of an index can be read.
pub fn safetensors(bytes: &[u8]) {
    let Ok(weights) = Weights::from_bytes(bytes.to_vec()) else { return };
    let names = NameMap::decide(weights.index().names());
    HeadEvidence::read(weights.index(), &names);
    infer_config(weights.index(), &names);
    for (name, _) in weights.index().iter() {
        weights.index().entry_span(name, "").map(|s| s.line_column());
        drop(weights.get(name).map(|t| t.to_f32()));
    }
    drop(bert_weights::check_values(&weights, weights.index().names()));
}

fn encode(files: &TokenizerFiles) {
    let opened = BertTokenizer::read(files);
    if let Some(facts) = &opened.facts {
        drop(files.span_of("[CLS]", facts.max_id, ""));
    }
    if let Some(tokenizer) = opened.tokenizer {
        for text in ["Great phones, wasn't it?", "北京 [MASK] \u{301}\0", ""] {
            drop(tokenizer.encode(text, &EncodeOptions::default()));
            drop(tokenizer.encode_pair(text, "x", &EncodeOptions { max_length: Some(6), ..Default::default() }));
        }
    }
}

/// `tokenizer.json`: any bytes give a tokenizer or findings; a tokenizer encodes without a panic.
pub fn tokenizer(bytes: &[u8]) {
    let mut files = TokenizerFiles::default();
    files.tokenizer_json = Some(bytes.to_vec());
    encode(&files);
}

/// `vocab.txt` and `tokenizer_config.json`, parted at the first NUL byte.
pub fn vocab(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |b| *b == 0);
    let mut files = TokenizerFiles::default();
    files.vocab_txt = parts.next().map(<[u8]>::to_vec);
    files.tokenizer_config = parts.next().map(<[u8]>::to_vec);
    encode(&files);
}

const FILES: [&str; 5] = ["config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "model.safetensors"];
const PART: &[u8] = b"\0--\0";

/// A whole folder: its files in order, parted by the bytes `\0--\0`; an empty part is an absent file.
pub fn folder(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut rest = bytes;
    for (i, name) in FILES.iter().enumerate() {
        let end = rest.windows(PART.len()).position(|w| w == PART).filter(|_| i + 1 < FILES.len());
        let (part, after) = end.map_or((rest, &[][..]), |at| (&rest[..at], &rest[at + PART.len()..]));
        rest = after;
        if !part.is_empty() {
            std::fs::write(folder.path().join(name), part).expect("a file");
        }
    }
    let checked = Checkpoint::builder(folder.path()).check().expect("the folder can be read");
    assert_eq!(checked.checkpoint.is_some(), checked.report.is_ok());
}
