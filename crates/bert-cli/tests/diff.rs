//! `bert diff`: whole checkpoints, part by part.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::process::Output;

use bert_testkit::Folder;
use common::*;
use serde_json::Value;

const LAYER_1: &str = "bert.encoder.layer.1.output.dense.weight";

fn diff(a: &str, b: &Folder, more: &[&str]) -> Output {
    let other = b.path().to_string_lossy().into_owned();
    command(&["diff", a, &other]).args(more).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The named fixture against a changed copy of itself.
fn changed(name: &str, change: impl FnOnce(&Folder)) -> Output {
    let folder = Folder::copy(name);
    change(&folder);
    diff(name, &folder, &[])
}

#[test]
fn a_copy_is_equal() {
    let output = changed("tiny/seq-three", |_| {});
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(text(&output), @r"
    config.json  ~ 0  + 0  - 0  (26 equal)
    tokenizer    ~ 0  + 0  - 0
    weights      ~ 0 of 41 tensors
    equal
    ");
}

#[test]
fn only_the_head_differs() {
    let output = changed("tiny/seq-three", |f| f.tensors(|t| t.set("classifier.weight", &[0.25])));
    assert_eq!(output.status.code(), Some(1));
    let text = text(&output);
    assert!(text.contains("weights      ~ 1 of 41 tensors") && text.contains("only the head differs"), "{text}");
}

#[test]
fn frozen_layers_are_recognised_and_changed_ones_grouped() {
    let output = changed("demo", |f| {
        f.tensors(|t| {
            for name in [
                "bert.encoder.layer.2.output.dense.weight",
                "bert.encoder.layer.3.output.dense.weight",
                "bert.encoder.layer.3.output.dense.bias",
            ] {
                let values: Vec<f32> = t.values(name).iter().map(|v| v * 1.5).collect();
                t.set(name, &values);
            }
        });
    });
    let text = text(&output);
    assert!(text.contains("bert.encoder.layer.2 … 3 (3 tensors)  max |Δ| "), "{text}");
    assert!(text.contains("rel 5.0e-1"), "half of itself more: {text}");
    assert!(
        text.contains("encoder layers 0 … 1 and the embeddings are equal: looks like a frozen-layer fine-tune"),
        "{text}"
    );
}

#[test]
fn a_tolerance_makes_small_differences_equal() {
    let folder = Folder::copy("tiny/seq-three");
    folder.tensors(|t| {
        let values: Vec<f32> = t.values(LAYER_1).iter().map(|v| v + 1e-4).collect();
        t.set(LAYER_1, &values);
    });
    let code = |more: &[&str]| diff("tiny/seq-three", &folder, more).status.code();
    assert_eq!(code(&[]), Some(1));
    assert_eq!(code(&["--tolerance", "1e-3"]), Some(0));
    assert_eq!(code(&["--only", "config"]), Some(0));
    assert_eq!(code(&["--only", "weights"]), Some(1));
    assert!(text(&diff("tiny/seq-three", &folder, &["--all"])).contains(&format!("{LAYER_1}  max |Δ| 1.0e-4")));
}

#[test]
fn storage_is_no_difference() {
    let folder = Folder::copy("tiny/seq-three");
    folder.tensors(|t| {
        t.rename("bert.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.gamma");
        t.list.reverse();
        t.metadata = Value::Null;
    });
    let output = diff("tiny/seq-three", &folder, &["--only", "weights"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(text(&output).contains("1 tensor stored under another name"), "{}", text(&output));
}

#[test]
fn tokenizers_are_compared_by_vocabulary_settings_and_ids() {
    let output = changed("tiny/seq-three", |f| {
        f.json("tokenizer.json", |t| t["normalizer"]["lowercase"] = false.into());
        f.json("tokenizer_config.json", |t| t["do_lower_case"] = false.into());
        f.replace("tokenizer.json", "\"film\":", "\"movies\":");
    });
    // Lower-casing off over an uncased vocabulary is a warning, so the tokenizer opens and can be compared.
    let shown = text(&output);
    for line in ["~ normalizer.lowercase  true  ->  false", "+ 1 token added: `movies`", "- 1 token removed: `film`"] {
        assert!(shown.contains(line), "no {line:?} in {shown}");
    }
    assert!(shown.contains("sample texts change"), "{shown}");
}

#[test]
fn broken_parts_do_not_stop_the_others() {
    let output = changed("tiny/seq-three", |f| {
        f.remove("tokenizer.json");
        f.config("layer_norm_eps", 1e-5.into());
    });
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output);
    assert!(shown.contains("/layer_norm_eps  1e-12  ->  1e-5"), "{shown}");
    assert!(shown.contains("not compared: tokenizer (second: "), "{shown}");
}

#[test]
fn other_models_differ_in_everything_and_each_form_says_so() {
    let folder = Folder::copy("demo");
    insta::assert_snapshot!(text(&diff("tiny/seq-three", &folder, &["--only", "weights"])));
    let json: Value = serde_json::from_str(&text(&diff("tiny/seq-three", &folder, &["--format", "json"]))).unwrap();
    assert_eq!((&json["schema"], &json["different"]), (&Value::from("bert.diff/1"), &Value::from(true)));
    assert!(json["weights"]["changes"].as_array().unwrap().iter().any(|c| c["kind"] == "shape"));
    let markdown = text(&diff("tiny/seq-three", &folder, &["--format", "markdown"]));
    assert!(
        markdown.contains("| /hidden_size | `24` | `128` | inference |") && markdown.contains("| tensor | change |"),
        "{markdown}"
    );
}
