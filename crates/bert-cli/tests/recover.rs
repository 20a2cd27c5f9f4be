//! `bert recover-config`: what the files show, what is assumed, and what outputs of the original decide.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::process::Output;

use bert_config::{BertConfig, diff};
use bert_testkit::{Folder, fixtures};
use common::*;
use serde_json::{Value, json};

fn recovered(output: &Output) -> BertConfig {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    BertConfig::parse(std::str::from_utf8(&output.stdout).unwrap()).into_result().unwrap().0
}

/// A checkpoint without its configuration, and the configuration.
fn lost(name: &str) -> (Folder, BertConfig) {
    let folder = Folder::copy(name);
    let config = BertConfig::from_path(folder.path()).unwrap().value.unwrap();
    folder.remove("config.json");
    (folder, config)
}

#[test]
fn sizes_head_and_padding_are_read_off_the_files() {
    for name in [
        "tiny/seq-three",
        "tiny/seq-odd-sizes",
        "tiny/seq-four-types",
        "tiny/seq-gamma-beta",
        "tiny/seq-no-prefix",
        "demo",
    ] {
        let (folder, original) = lost(name);
        let ours = recovered(&bert_in(&folder, &["recover-config", "."]));
        for field in [
            "hidden_size",
            "num_hidden_layers",
            "intermediate_size",
            "vocab_size",
            "max_position_embeddings",
            "type_vocab_size",
            "pad_token_id",
            "num_labels",
            "architectures",
        ] {
            assert_eq!(ours.field_json(field), original.field_json(field), "{name}: {field}");
        }
    }
}

#[test]
fn what_nothing_shows_is_listed_and_never_passed_off_as_known() {
    let (folder, _) = lost("tiny/seq-three");
    let output = bert_in(&folder, &["recover-config", ".", "--task", "text-classification"]);
    insta::assert_snapshot!(String::from_utf8(output.stderr).unwrap());
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[test]
fn labels_likeness_and_statements_settle_what_is_open() {
    let (folder, original) = lost("tiny/seq-three");
    folder.write("labels.txt", "angry\ncalm\n\nhappy\n");
    let like = fixtures().join("tiny/seq-three");
    let args = [
        "recover-config",
        ".",
        "--task",
        "text-classification",
        "--labels",
        "labels.txt",
        "--like",
        like.to_str().unwrap(),
    ];
    let output = bert_in(&folder, &args);
    let changes = diff(&original, &recovered(&output)).changes;
    assert!(changes.iter().all(|c| c.effect == bert_config::Effect::None), "{changes:?}");
    assert!(
        !String::from_utf8_lossy(&output.stderr).contains("assumed"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let stated = recovered(&bert_in(
        &folder,
        &["recover-config", ".", "--set", "num_attention_heads=4", "--set", "hidden_act=relu"],
    ));
    assert_eq!((stated.num_attention_heads, stated.field_json("hidden_act").unwrap().as_str()), (4, "\"relu\""));
    folder.write("two.txt", "a\nb\n");
    for (args, word) in [
        (["--labels", "two.txt"], "X001"),
        (["--set", "num_attention_heads=7"], "not a multiple"),
        (["--set", "nonsense"], "KEY=VALUE"),
    ] {
        let output = bert_in(&folder, &[&["recover-config", "."], args.as_slice()].concat());
        let said = format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
        if word == "X001" {
            // Names of the wrong count make a configuration that the check refuses.
            folder.write("config.json", &output.stdout);
            assert!(String::from_utf8_lossy(&bert_in(&folder, &["check", "."]).stdout).contains("X001"));
            folder.remove("config.json");
        } else {
            assert_ne!(output.status.code(), Some(0), "{args:?}");
            assert!(said.contains(word), "{said}");
        }
    }
}

/// Outputs of transformers for a fixture, as a golden file.
fn golden(folder: &Folder, name: &str) {
    let golden: Value =
        serde_json::from_slice(&std::fs::read(fixtures().join(format!("golden/{name}.json"))).unwrap()).unwrap();
    let rows = golden["rows"].as_array().unwrap().iter();
    let lines: Vec<String> =
        rows.map(|r| json!({"text": r["text"], "pair": r["pair"], "logits": r["logits"]}).to_string()).collect();
    folder.write("golden.jsonl", lines.join("\n"));
}

#[test]
fn outputs_of_the_original_decide_heads_activation_and_epsilon() {
    for (name, heads, act, eps) in [
        ("seq-three", "3", "\"gelu\"", None),
        ("act-quick-gelu", "3", "\"quick_gelu\"", None),
        ("act-relu", "3", "\"relu\"", None),
        ("seq-eps-1e-5", "3", "\"gelu\"", Some("1e-5")),
        ("seq-odd-sizes", "5", "\"gelu\"", None),
    ] {
        let (folder, _) = lost(&format!("tiny/{name}"));
        golden(&folder, name);
        let output = bert_in(&folder, &["recover-config", ".", "--golden", "golden.jsonl"]);
        let ours = recovered(&output);
        assert_eq!(ours.num_attention_heads.to_string(), heads, "{name}");
        assert_eq!(ours.field_json("hidden_act").unwrap(), act, "{name}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("decided by"), "{said}");
        if let Some(eps) = eps {
            assert_eq!(ours.field_json("layer_norm_eps").unwrap(), eps, "{said}");
        }
    }
}

#[test]
fn outputs_of_another_model_decide_nothing() {
    let (folder, _) = lost("tiny/seq-three");
    golden(&folder, "seq-single-label");
    let output = bert_in(&folder, &["recover-config", ".", "--golden", "golden.jsonl"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("none of"), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
}

#[test]
fn files_are_written_only_on_request_and_never_over_another() {
    let (folder, _) = lost("tiny/seq-three");
    assert!(!folder.path().join("config.json").exists());
    let output = bert_in(&folder, &["recover-config", ".", "--write"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(bert_in(&folder, &["check", "."]).status.code(), Some(0));
    assert_eq!(bert_in(&folder, &["recover-config", ".", "--write"]).status.code(), Some(2));
    assert_eq!(bert_in(&folder, &["recover-config", ".", "--write", "--force"]).status.code(), Some(0));
    folder.remove("model.safetensors");
    assert_eq!(bert_in(&folder, &["recover-config", "."]).status.code(), Some(1));
}
