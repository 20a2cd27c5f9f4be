//! What each fuzz target does with its bytes; `crates/bert-checkpoint/tests/replay.rs` does the same with stored inputs.

use bert_checkpoint::Checkpoint;
use bert_config::{BertConfig, diff};
use bert_tok::{BertTokenizer, EncodeOptions, TokenizerFiles};
use bert_weights::{AdapterConfig, HeadEvidence, NameMap, Weights, apply_adapter, infer_config};

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

/// Every tensor of an index can be read, whatever the file was.
fn read_all(weights: &Weights) {
    let names = NameMap::decide(weights.index().names());
    HeadEvidence::read(weights.index(), &names);
    infer_config(weights.index(), &names);
    for (name, _) in weights.index().iter() {
        weights.index().entry_span(name, "").map(|s| s.line_column());
        drop(weights.get(name).map(|t| t.to_f32()));
    }
    drop(bert_weights::check_values(weights, weights.index().names()));
}

/// A weight file of this name: any bytes give an index or findings.
fn weights(name: &str, bytes: &[u8]) {
    if let Ok(weights) = Weights::from_named_bytes(name, bytes.to_vec()) {
        read_all(&weights);
    }
}

/// A safetensors file.
pub fn safetensors(bytes: &[u8]) {
    weights("model.safetensors", bytes);
}

/// A PyTorch file, zip archive or stream of pickles.
pub fn zip(bytes: &[u8]) {
    weights("pytorch_model.bin", bytes);
}

/// The pickle within a sound archive that has four storages of 64 bytes.
pub fn pickle(bytes: &[u8]) {
    let storage = [1u8; 64];
    let storages = ["archive/data/0", "archive/data/1", "archive/data/2", "archive/data/3"];
    let mut entries: Vec<(&str, &[u8])> = vec![("archive/data.pkl", bytes)];
    entries.extend(storages.map(|name| (name, &storage[..])));
    weights("pytorch_model.bin", &bert_testkit::stored_archive(&entries));
}

/// A Flax file.
pub fn msgpack(bytes: &[u8]) {
    weights("flax_model.msgpack", bytes);
}

/// A Keras file.
pub fn hdf5(bytes: &[u8]) {
    weights("tf_model.h5", bytes);
}

/// A TensorFlow bundle: index and data file, parted by the bytes `\0--\0`. Checksums are not compared when fuzzing.
pub fn bundle(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = bytes.windows(PART.len()).position(|w| w == PART).unwrap_or(bytes.len());
    let data = bytes.get(at + PART.len()..).unwrap_or_default();
    std::fs::write(folder.path().join("m.ckpt.index"), &bytes[..at]).expect("a file");
    std::fs::write(folder.path().join("m.ckpt.data-00000-of-00001"), data).expect("a file");
    if let Ok(weights) = Weights::open(folder.path().join("m.ckpt.index")) {
        read_all(&weights);
    }
}

const BASE: &[u8] = include_bytes!("../../fixtures/forms/base/model.safetensors");
const ADAPTER: &[u8] = include_bytes!("../../fixtures/forms/lora/adapter_model.safetensors");

/// An index of shards beside two sound files.
pub fn shards(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let index = folder.path().join("model.safetensors.index.json");
    std::fs::write(&index, bytes).expect("a file");
    std::fs::write(folder.path().join("model-00001-of-00002.safetensors"), BASE).expect("a file");
    std::fs::write(folder.path().join("model-00002-of-00002.safetensors"), ADAPTER).expect("a file");
    if let Ok(weights) = Weights::open(&index) {
        read_all(&weights);
    }
}

/// An adapter's configuration, applied with sound tensors to a sound base.
pub fn adapter(bytes: &[u8]) {
    let (config, report) = AdapterConfig::parse("adapter_config.json", &String::from_utf8_lossy(bytes));
    report.findings().iter().flat_map(|f| &f.spans).for_each(|s| _ = s.line_column());
    let Some(config) = config else { return };
    let base = Weights::from_bytes(BASE.to_vec()).expect("sound");
    let adapter = Weights::from_bytes(ADAPTER.to_vec()).expect("sound");
    if let Ok(applied) = apply_adapter(&base, &NameMap::decide(base.index().names()), &adapter, &config) {
        read_all(&applied);
    }
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
