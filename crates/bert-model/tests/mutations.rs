//! Every golden can fail: one thing of its checkpoint is changed, of a kind that shape checks cannot see, and the
//! comparison with the reference's outputs must go red.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod common;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bert_model::NativeEncoder;
use bert_testkit::Folder;
use common::*;
use serde_json::{Value, json};

/// A change; false where the checkpoint has nothing of the kind.
type Mutation = fn(&Target<'_>) -> bool;

struct Target<'c> {
    case: &'c Case,
    folder: Folder,
    /// Folder of the encoder within it.
    inside: &'static str,
}

impl Target<'_> {
    fn file(&self, name: &str) -> String {
        format!("{}{name}", self.inside)
    }

    fn config(&self) -> Value {
        let name = if self.case.fixture == "tiny/seq-google" { "bert_config.json" } else { "config.json" };
        serde_json::from_str(&self.folder.text(&self.file(name))).unwrap()
    }

    fn set(&self, key: &str, value: Value) -> bool {
        let name = if self.case.fixture == "tiny/seq-google" { "bert_config.json" } else { "config.json" };
        self.folder.json(&self.file(name), |c| _ = c.insert(key.into(), value));
        true
    }

    /// Changes the elements of the first tensor with this end of its name; whether there is one.
    fn tensor(&self, ending: &str, change: impl FnOnce(&mut [Vec<u8>], &[usize])) -> bool {
        let mut done = false;
        self.folder.edit(&self.file("model.safetensors"), |bytes| {
            let mut tensors = bert_testkit::Tensors::parse(bytes);
            done = tensors.elements(ending, change);
            *bytes = tensors.to_bytes();
        });
        done
    }

    fn transpose(&self, ending: &str) -> bool {
        self.tensor(ending, |elements, shape| {
            let n = shape[0];
            assert_eq!(shape, [n, n], "{ending}");
            let old = elements.to_vec();
            (0..n * n).for_each(|i| elements[i].clone_from(&old[i % n * n + i / n]));
        })
    }
}

/// Rows of a matrix turned by one.
fn turn(elements: &mut [Vec<u8>], shape: &[usize]) {
    elements.rotate_left(shape[1]);
}

fn zero(elements: &mut [Vec<u8>], _: &[usize]) {
    elements.iter_mut().for_each(|e| e.fill(0));
}

/// One value for all.
fn level(elements: &mut [Vec<u8>], _: &[usize]) {
    let first = elements[0].clone();
    elements.fill(first);
}

fn epsilon(t: &Target<'_>) -> bool {
    let old = t.config()["layer_norm_eps"].as_f64().unwrap_or(1e-12);
    t.set("layer_norm_eps", json!(if old < 1e-6 { 1e-5 } else { 1e-12 }))
}

fn activation(t: &Target<'_>) -> bool {
    let config = t.config();
    let old = config["hidden_act"].as_str().unwrap_or("gelu");
    let exact = matches!(old, "gelu" | "gelu_python");
    t.set("hidden_act", json!(if exact { "gelu_new" } else { "gelu" }))
}

fn positions(t: &Target<'_>) -> bool {
    // With relative positions the table is not read.
    t.config()["position_embedding_type"].as_str().is_none_or(|p| p == "absolute")
        && t.tensor("position_embeddings.weight", turn)
}

fn distances(t: &Target<'_>) -> bool {
    t.tensor("distance_embedding.weight", turn)
}

fn types(t: &Target<'_>) -> bool {
    t.config()["type_vocab_size"].as_u64().is_none_or(|n| n > 1) && t.tensor("token_type_embeddings.weight", turn)
}

fn scale(t: &Target<'_>) -> bool {
    let heads = t.config()["num_attention_heads"].as_u64().unwrap();
    // The same tensors, read as one head, where the size of a head is not in a tensor.
    heads > 1
        && t.config()["position_embedding_type"].as_str().is_none_or(|p| p == "absolute")
        && t.set("num_attention_heads", json!(1))
}

const MUTATIONS: &[(&str, Mutation)] = &[
    ("epsilon 1e-5 for 1e-12, or the other way", epsilon),
    ("tanh form of GELU for the exact one, or GELU for another activation", activation),
    ("positions off by one", positions),
    ("distances off by one", distances),
    ("token types exchanged", types),
    ("all heads read as one", scale),
    ("query transposed", |t| t.transpose("layer.0.attention.self.query.weight")),
    ("key transposed", |t| t.transpose("layer.0.attention.self.key.weight")),
    ("value transposed", |t| t.transpose("layer.0.attention.self.value.weight")),
    ("attention output transposed", |t| t.transpose("layer.0.attention.output.dense.weight")),
    ("value bias left out", |t| t.tensor("layer.0.attention.self.value.bias", zero)),
    ("intermediate bias left out", |t| t.tensor("layer.0.intermediate.dense.bias", zero)),
    ("LayerNorm with one weight for all", |t| {
        t.tensor("layer.0.output.LayerNorm.weight", level) || t.tensor("layer.0.output.LayerNorm.gamma", level)
    }),
];

/// Where a change cannot show, and why.
const INVISIBLE: &[(&str, &str)] = &[
    // The clip at 10 is never reached by GELU's inputs here; `activation.rs` holds every function to its formula.
    ("act-gelu-10", "tanh form"),
];

#[test]
fn every_golden_goes_red_when_its_checkpoint_is_changed() {
    std::panic::set_hook(Box::new(|_| {}));
    let mut unseen = Vec::new();
    let (mut goldens, mut changes) = (0, vec![0; MUTATIONS.len()]);
    for case in cases().into_iter().filter(|case| case.golden != "demo") {
        goldens += 1;
        let inside = if case.golden == "sentence-old-layout" { "0_Transformer/" } else { "" };
        for (i, (what, mutation)) in MUTATIONS.iter().enumerate() {
            let target = Target { case: &case, folder: Folder::copy(&case.fixture), inside };
            if INVISIBLE.iter().any(|(golden, start)| *golden == case.golden && what.starts_with(start))
                || !mutation(&target)
            {
                continue;
            }
            let checkpoint = case.open(target.folder.path());
            let encoder = Arc::new(NativeEncoder::load(&checkpoint).unwrap());
            changes[i] += 1;
            let compared = std::panic::catch_unwind(AssertUnwindSafe(|| case.agree("engine", checkpoint, encoder)));
            if compared.is_ok() {
                unseen.push(format!("{}: {what}", case.golden));
            }
        }
    }
    _ = std::panic::take_hook();
    for ((what, _), count) in MUTATIONS.iter().zip(&changes) {
        println!("| {what} | {count} of {goldens} |");
    }
    assert!(unseen.is_empty(), "{} changes went unseen:\n{}", unseen.len(), unseen.join("\n"));
    assert!(changes.iter().all(|n| *n >= 5), "{changes:?}");
}
