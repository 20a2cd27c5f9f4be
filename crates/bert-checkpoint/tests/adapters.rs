//! LoRA adapters: what is broken is named, what is sound is the same from either side.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::PathBuf;

use bert_checkpoint::Checkpoint;
use bert_testkit::{Folder, Tensors, fixtures};
use serde_json::{Value, json};

fn base() -> PathBuf {
    fixtures().join("forms/base")
}

fn setting(f: &Folder, key: &str, value: Value) {
    f.json("adapter_config.json", |c| _ = c.insert(key.into(), value));
}

fn tensors(f: &Folder, change: impl FnOnce(&mut Tensors)) {
    f.edit("adapter_model.safetensors", |bytes| {
        let mut tensors = Tensors::parse(bytes);
        change(&mut tensors);
        *bytes = tensors.to_bytes();
    });
}

const QUERY: &str = "base_model.model.bert.encoder.layer.0.attention.self.query";

/// What is done to the adapter `lora`, the code, words of the finding.
type Case = (&'static str, fn(&Folder), &'static str, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "half a pair",
        |f| tensors(f, |t| t.drop_all("layer.0.attention.self.query.lora_B")),
        "X024",
        &["no lora_B", "query"],
    ),
    (
        "a module left out",
        |f| tensors(f, |t| t.drop_all("layer.1.attention.self.value")),
        "X024",
        &["1 module", "layer.1.attention.self.value"],
    ),
    (
        "another base's width",
        |f| tensors(f, |t| t.reshape(&format!("{QUERY}.lora_A.weight"), &[2, 9])),
        "X024",
        &["does not fit", "[2, 9]"],
    ),
    ("another rank", |f| setting(f, "r", json!(3)), "X024", &["rank 2", "says 3"]),
    (
        "a module that the base lacks",
        |f| {
            tensors(f, |t| {
                t.rename(
                    &format!("{QUERY}.lora_A.weight"),
                    "base_model.model.bert.encoder.layer.9.attention.self.query.lora_A.weight",
                );
                t.rename(
                    &format!("{QUERY}.lora_B.weight"),
                    "base_model.model.bert.encoder.layer.9.attention.self.query.lora_B.weight",
                );
            })
        },
        "X024",
        &["layer.9", "the base has no"],
    ),
    ("no trained head", |f| tensors(f, |t| t.drop_all("classifier")), "X024", &["`classifier` was trained whole"]),
    ("no tensors of an adapter", |f| tensors(f, |t| t.drop_all("lora_")), "X024", &["no LoRA tensors"]),
    ("no weight file", |f| f.remove("adapter_model.safetensors"), "X024", &["no weight file"]),
    ("a configuration cut short", |f| f.edit("adapter_config.json", |b| b.truncate(50)), "X024", &["not valid JSON"]),
    ("a list for a configuration", |f| f.write("adapter_config.json", "[]"), "X024", &["not a JSON object"]),
    ("a negative rank", |f| setting(f, "r", json!(-2)), "X024", &["positive number"]),
    ("magnitudes missing", |f| setting(f, "use_dora", json!(true)), "X024", &["DoRA", "magnitudes"]),
    ("another kind", |f| setting(f, "peft_type", json!("IA3")), "X025", &["IA3"]),
    (
        "a base that was changed too",
        |f| setting(f, "init_lora_weights", json!("pissa_niter_4")),
        "X025",
        &["pissa", "changes the base"],
    ),
    (
        "a pattern",
        |f| setting(f, "alpha_pattern", json!({"layer\\.[0-3].*query": 12})),
        "X025",
        &["regular expression"],
    ),
];

#[test]
fn broken_adapters_are_named() {
    for (what, apply, code, words) in CASES {
        let folder = Folder::copy("forms/lora");
        apply(&folder);
        let checked = Checkpoint::builder(folder.path()).base(base()).check().unwrap();
        let found = checked.report.findings();
        let hit = found.iter().any(|f| f.code.id() == *code && words.iter().all(|w| format!("{f:?}").contains(w)));
        assert!(hit, "{what}: no {code} with {words:?} in {:#?}", found.iter().map(|f| &f.message).collect::<Vec<_>>());
        assert!(checked.checkpoint.is_none(), "{what}");
    }
}

#[test]
fn an_adapter_on_a_base_and_a_base_under_an_adapter_are_the_same_model() {
    let adapter = fixtures().join("forms/lora-dora");
    let one = Checkpoint::builder(&adapter).base(base()).open().unwrap();
    let other = Checkpoint::builder(base()).adapter(&adapter).open().unwrap();
    assert_eq!(one.fingerprints().unwrap(), other.fingerprints().unwrap());
    let plain = Checkpoint::open(base()).unwrap();
    assert_ne!(one.fingerprints().unwrap().weights, plain.fingerprints().unwrap().weights);
    assert!(one.report().findings().iter().any(|f| f.code.id() == "X026" && f.message.contains("4 tensors")));
}

#[test]
fn the_old_names_are_the_same_model() {
    let open = |name: &str| Checkpoint::builder(fixtures().join("forms").join(name)).base(base()).open().unwrap();
    assert_eq!(open("lora").fingerprints().unwrap(), open("lora-old-names").fingerprints().unwrap());
}

#[test]
fn a_base_of_the_training_machine_is_not_followed() {
    let folder = Folder::copy("forms/lora");
    setting(&folder, "base_model_name_or_path", json!(base()));
    let report = Checkpoint::builder(folder.path()).check().unwrap().report;
    assert!(report.findings().iter().any(|f| f.code.id() == "X027"), "{report:#?}");
}
