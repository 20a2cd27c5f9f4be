//! Our outputs against those of transformers 4.57.6 (fixtures/golden, made by `cargo xtask reference`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use bert_checkpoint::{Checkpoint, Level};
use bert_model::{CandleEncoder, Classifier, Encoder, Input, PackedBatch};
use serde::Deserialize;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

#[derive(Deserialize)]
struct Golden<R> {
    #[serde(default)]
    labels: Vec<String>,
    rows: Vec<R>,
}

#[derive(Deserialize)]
struct Row {
    text: String,
    pair: Option<String>,
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    logits: Vec<f32>,
    scores: Vec<f32>,
}

#[derive(Deserialize)]
struct Hidden {
    text: String,
    ids: Vec<u32>,
    hidden: Vec<f32>,
}

fn golden<R: for<'de> Deserialize<'de>>(name: &str) -> Golden<R> {
    let path = fixtures().join("golden").join(format!("{name}.json"));
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
}

/// Names of fixtures whose golden is a sequence classification.
fn classifiers() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(fixtures().join("tiny"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n.starts_with("seq-") || n.starts_with("act-"))
        .collect();
    names.sort();
    names
}

fn largest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f32::max)
}

/// The project's goal for f32 engines; the fixtures' weights are fifteen times larger than trained ones and still meet it.
const TOLERANCE: f32 = 2e-5;

fn compare(folder: &Path, name: &str) -> f32 {
    let classifier = Classifier::open(folder).unwrap_or_else(|e| panic!("{name}: {e:#}"));
    let golden: Golden<Row> = golden(name);
    assert_eq!(classifier.labels().names(), golden.labels, "{name}");
    let inputs: Vec<Input<'_>> = golden.rows.iter().map(|r| Input { text: &r.text, pair: r.pair.as_deref() }).collect();
    let predictions = classifier.classify_batch(inputs).unwrap();
    let mut worst = 0.0f32;
    for (p, row) in predictions.iter().zip(&golden.rows) {
        assert_eq!(p.tokens, row.ids.len(), "{name}: {:?}", row.text);
        let difference = largest(&p.logits, &row.logits);
        assert!(difference <= TOLERANCE, "{name}: {:?}: logits {:?}, reference {:?}", row.text, p.logits, row.logits);
        assert!(
            largest(&p.scores, &row.scores) <= TOLERANCE,
            "{name}: {:?}: scores {:?}, reference {:?}",
            row.text,
            p.scores,
            row.scores
        );
        let best = row.scores.iter().enumerate().rev().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        assert_eq!(p.label, golden.labels[best], "{name}: {:?}", row.text);
        worst = worst.max(difference);
    }
    worst
}

#[test]
fn classifiers_equal_the_reference() {
    let names = classifiers();
    assert!(names.len() >= 45, "fixtures are missing: {names:?}");
    for name in names {
        let worst = compare(&fixtures().join("tiny").join(&name), &name);
        println!("{name:24} {worst:.1e}");
    }
}

#[test]
fn the_demo_equals_the_reference() {
    println!("demo {:.1e}", compare(&fixtures().join("demo"), "demo"));
}

#[test]
fn token_ids_and_types_equal_the_reference() {
    for name in classifiers() {
        let checkpoint = Checkpoint::builder(fixtures().join("tiny").join(&name)).level(Level::Header).open().unwrap();
        let options = bert_tok::EncodeOptions { max_length: Some(checkpoint.max_length()), ..Default::default() };
        for row in golden::<Row>(&name).rows {
            let encoded = match &row.pair {
                Some(pair) => checkpoint.tokenizer().encode_pair(&row.text, pair, &options),
                None => checkpoint.tokenizer().encode(&row.text, &options),
            }
            .unwrap();
            assert_eq!((encoded.ids, encoded.type_ids), (row.ids, row.type_ids), "{name}: {:?}", row.text);
        }
    }
}

#[test]
fn hidden_states_equal_the_reference() {
    for name in ["model", "model-no-prefix", "model-no-pooler"] {
        let checkpoint =
            Checkpoint::open(fixtures().join("tiny").join(name)).unwrap_or_else(|e| panic!("{name}: {e:#}"));
        let encoder = CandleEncoder::load(&checkpoint).unwrap();
        let golden: Golden<Hidden> = golden(name);
        let mut batch = PackedBatch::default();
        golden.rows.iter().for_each(|row| batch.push(&row.ids, &[]));
        let hidden = encoder.encode(&batch).unwrap();
        for (range, row) in batch.ranges().zip(&golden.rows) {
            let ours: Vec<f32> = hidden.slice(ndarray::s![range, ..]).iter().copied().collect();
            assert!(largest(&ours, &row.hidden) <= TOLERANCE, "{name}: {:?}", row.text);
        }
    }
}
