//! The f64 reference: equal to transformers by itself, and a judge of the engine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bert_checkpoint::Checkpoint;
use bert_model::{Classifier, Input, ReferenceEncoder, compare_engines};
use bert_testkit::fixtures;
use std::sync::Arc;

#[test]
fn the_reference_equals_transformers() {
    for entry in std::fs::read_dir(fixtures().join("tiny")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if !(name.starts_with("seq-") || name.starts_with("act-")) {
            continue;
        }
        let checkpoint = Checkpoint::open(&folder).unwrap();
        let encoder = Arc::new(ReferenceEncoder::load(&checkpoint).unwrap());
        let classifier = Classifier::with_encoder(checkpoint, encoder).unwrap();
        let golden = std::fs::read(fixtures().join(format!("golden/{name}.json"))).unwrap();
        let golden: serde_json::Value = serde_json::from_slice(&golden).unwrap();
        for row in golden["rows"].as_array().unwrap() {
            let input = Input { text: row["text"].as_str().unwrap(), pair: row["pair"].as_str() };
            let ours = classifier.classify(input).unwrap().logits;
            for (a, b) in ours.iter().zip(row["logits"].as_array().unwrap()) {
                // transformers computes in f32; the project's goal for f32 engines.
                assert!((f64::from(*a) - b.as_f64().unwrap()).abs() < 2e-5, "{name}: {ours:?}, {}", row["logits"]);
            }
        }
    }
}

#[test]
fn the_engine_agrees_with_the_reference() {
    for name in ["demo", "tiny/seq-three", "tiny/token", "tiny/model-no-pooler", "tiny/act-relu2", "tiny/seq-odd-sizes"]
    {
        let proof = compare_engines(&Checkpoint::open(fixtures().join(name)).unwrap()).unwrap();
        assert!(proof.holds() && proof.largest_difference < 1e-4 && proof.inputs == 4, "{name}: {proof:?}");
    }
}
