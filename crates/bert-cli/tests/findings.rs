//! How every named corruption is rendered, and that `predict` refuses what `check` calls an error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use bert_testkit::{CORRUPTIONS, Folder, fixtures};
use common::*;

/// What was printed, with this machine's path to the fixtures (a link's target) made the same everywhere.
fn portable(printed: &[u8]) -> String {
    let here = fixtures().canonicalize().unwrap();
    String::from_utf8(printed.to_vec()).unwrap().replace(here.to_str().unwrap(), "/fixtures")
}

/// All corruptions whose code begins with a letter, rendered one after the other.
fn rendered(family: char) -> String {
    let mut text = String::new();
    for corruption in CORRUPTIONS.iter().filter(|c| c.code.starts_with(family)) {
        let folder = Folder::copy(corruption.fixture);
        (corruption.apply)(&folder);
        let output = bert_in(&folder, &["check", ".", "--quiet"]);
        let shown = portable(&output.stdout);
        let code = output.status.code().unwrap();
        assert_eq!(code == 1, shown.contains("error["), "{}: exit {code}", corruption.name);
        assert!(shown.len() < 20_000, "{}: {} bytes of report", corruption.name, shown.len());
        text.push_str(&format!("==== {} (exit {code})\n{}\n", corruption.name, shown.trim_end()));
    }
    text
}

#[test]
fn configuration_findings() {
    insta::assert_snapshot!(rendered('C'));
}

#[test]
fn weight_findings() {
    insta::assert_snapshot!(rendered('W'));
}

#[test]
fn tokenizer_findings() {
    insta::assert_snapshot!(rendered('T'));
}

#[test]
fn cross_findings() {
    insta::assert_snapshot!(rendered('X'));
}

#[test]
fn predict_refuses_every_error_without_a_prediction() {
    for corruption in CORRUPTIONS.iter() {
        let folder = Folder::copy(corruption.fixture);
        (corruption.apply)(&folder);
        let refused = bert_in(&folder, &["check", ".", "--quiet"]).status.code() == Some(1);
        let command = if corruption.fixture.starts_with("tiny/sentence") { "embed" } else { "predict" };
        let output = bert_in(&folder, &[command, ".", "good film", "--format", "jsonl"]);
        assert_eq!(
            output.status.code(),
            Some(i32::from(refused)),
            "{}: {}",
            corruption.name,
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(output.stdout.is_empty(), refused, "{}", corruption.name);
    }
}

#[test]
fn the_json_form_of_a_report() {
    let folder = Folder::copy("tiny/seq-three");
    folder.config("label2id", serde_json::json!({"angry": 0, "calm": 1}));
    folder.tensors(|t| t.drop_all("classifier.bias"));
    let output = bert_in(&folder, &["check", ".", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

/// One record a code, from its first corruption.
#[test]
fn every_code_has_its_json_form() {
    let mut text = String::new();
    for code in bert_diag::Code::all() {
        let Some(corruption) = CORRUPTIONS.iter().find(|c| c.code == code.id()) else { continue };
        let folder = Folder::copy(corruption.fixture);
        (corruption.apply)(&folder);
        let lines = portable(&bert_in(&folder, &["check", ".", "--format", "jsonl"]).stdout);
        let record = lines.lines().find(|l| l.contains(&format!("\"code\":\"{code}\""))).unwrap();
        let value: serde_json::Value = serde_json::from_str(record).unwrap();
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["schema", "code", "name", "severity", "checkpoint", "message", "spans", "notes", "fixes"]);
        text.push_str(record);
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

#[test]
fn concise_and_json_lines_have_a_line_a_finding() {
    let folder = Folder::copy("tiny/seq-three");
    folder.config("label2id", serde_json::json!({"angry": 0, "calm": 1}));
    folder.config("my_notes", serde_json::json!(1));
    let concise = String::from_utf8(bert_in(&folder, &["check", ".", "--format", "concise", "-q"]).stdout).unwrap();
    insta::assert_snapshot!(concise, @r"
    config.json:29:3: note[C019] `my_notes` is not a field that the reference knows
    config.json:16:3: error[C012] `label2id` and `id2label` name different label sets
    ");
    let lines = String::from_utf8(bert_in(&folder, &["check", ".", "--format", "jsonl"]).stdout).unwrap();
    let records: Vec<serde_json::Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|r| r["schema"] == "bert.finding/1" && r["checkpoint"] == "."));
}
