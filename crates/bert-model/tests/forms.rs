//! Every form a checkpoint comes in: what transformers (and PEFT) computes from the same files, on both engines, and one
//! fingerprint for one model.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::path::PathBuf;

use bert_checkpoint::{Checkpoint, CheckpointBuilder};
use bert_diag::Severity;
use bert_model::Classifier;
use bert_weights::{NameMap, Weights, diff};
use common::*;

fn form(name: &str) -> PathBuf {
    fixtures().join("forms").join(name)
}

/// The weight file where a folder's own names do not lead to it.
fn builder(name: &str) -> CheckpointBuilder {
    let path = match name {
        "lightning" => form("lightning/epoch=3.ckpt"),
        "loop" => form("loop/best.pt"),
        _ => form(name),
    };
    match name {
        _ if name.starts_with("lora") => Checkpoint::builder(path).base(form("base")),
        // Google's configuration names no class, and a classifier of labels may be one of tokens.
        "google" => Checkpoint::builder(path).task(bert_config::Task::TextClassification),
        _ => Checkpoint::builder(path),
    }
}

/// Forms whose tensors are compared one by one with what transformers holds after loading them.
const AS_LOADED: [&str; 6] =
    ["google-pretraining", "google-squad", "keras-mask", "keras-answer", "flax-mask", "flax-answer"];

fn open(name: &str) -> Checkpoint {
    builder(name).open().unwrap_or_else(|e| panic!("{name}: {e:#}"))
}

#[test]
fn every_form_gives_the_logits_of_the_reference() {
    let golden = golden("forms");
    let texts = strings(&golden["texts"]);
    let forms = golden["forms"].as_object().unwrap();
    assert!(forms.len() >= 35, "{} forms", forms.len());
    for (name, wanted) in forms.iter().filter(|(name, _)| !AS_LOADED.contains(&name.as_str())) {
        let checkpoint = open(name);
        for (engine, encoder) in engines(&checkpoint) {
            let classifier = Classifier::with_encoder(checkpoint.clone(), encoder).unwrap();
            let logits = classifier.logits(texts.iter().map(String::as_str)).unwrap();
            let mut tally = Tally::new(format!("{name} | {engine}"));
            for (i, row) in wanted["logits"].as_array().unwrap().iter().enumerate() {
                tally.all(&logits.row(i).to_vec(), row, &texts[i].clone().into());
            }
            tally.done();
        }
    }
}

#[test]
fn tensors_of_other_frameworks_are_those_that_transformers_loads() {
    for name in AS_LOADED {
        let ours = open(name);
        let theirs = Weights::open(form(&format!("{name}.loaded")).join("model.safetensors")).unwrap();
        let names = NameMap::decide(theirs.index().names());
        let differences = diff((ours.weights(), ours.names()), (&theirs, &names), 0.0).unwrap();
        assert!(differences.is_empty() && differences.equal.len() > 30, "{name}: {differences:#?}");
    }
}

#[test]
fn good_forms_are_not_accused() {
    for name in golden("forms")["forms"].as_object().unwrap().keys() {
        let report = builder(name).check().unwrap().report;
        let loud: Vec<_> = report.findings().iter().filter(|f| f.severity >= Severity::Warning).collect();
        assert!(loud.is_empty(), "{name}: {loud:#?}");
    }
}
