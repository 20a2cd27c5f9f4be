//! Every task from the command line: the numbers, strings and offsets of the reference, the form of the records, and rows
//! that cannot be answered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::*;
use serde_json::{Value, json};

/// Rows of a golden as a file for `bert eval`, by the flags that ask for their options.
fn by_flags(golden: &Value, options: &[(&str, &str)]) -> Vec<(Vec<String>, String)> {
    let mut groups: Vec<(Vec<String>, String)> = Vec::new();
    for row in golden["rows"].as_array().unwrap() {
        let mut flags = Vec::new();
        for (field, flag) in options {
            match &row[*field] {
                Value::Null => {}
                Value::Bool(on) => flags.extend(on.then(|| (*flag).to_string())),
                Value::Array(list) => {
                    flags.extend(list.iter().flat_map(|v| [(*flag).to_string(), v.as_str().unwrap().to_string()]));
                }
                Value::String(s) => flags.extend([(*flag).to_string(), s.clone()]),
                other => flags.extend([(*flag).to_string(), other.to_string()]),
            }
        }
        match groups.iter_mut().find(|(f, _)| *f == flags) {
            Some((_, text)) => text.push_str(&format!("{row}\n")),
            None => groups.push((flags, format!("{row}\n"))),
        }
    }
    groups
}

/// `bert eval` finds our outputs equal to the golden's; returns how many strings, offsets and ids were compared.
fn equal(checkpoint: &str, golden_name: &str, options: &[(&str, &str)], always: &[&str]) -> u64 {
    let dir = Scratch::new();
    let mut golden = golden(golden_name);
    // What the command line does not ask for.
    golden["rows"]
        .as_array_mut()
        .unwrap()
        .retain(|row| row["align_to_words"].is_null() && row["ignore_labels"] != json!([]));
    let mut compared = 0;
    for (flags, text) in by_flags(&golden, options) {
        let file = dir.file("expect.jsonl", text);
        let folder = format!("tiny/{checkpoint}");
        let mut args = vec!["eval", &folder, "--expect", &file, "--format", "json", "--tolerance", "2e-5"];
        args.extend(always);
        args.extend(flags.iter().map(String::as_str));
        let output = bert(&args);
        assert!(
            matches!(output.status.code(), Some(0)),
            "{args:?}\n{}{}",
            stderr(&output),
            String::from_utf8_lossy(&output.stdout)
        );
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(report["exact"], report["equal"]);
        compared += report["exact"].as_u64().unwrap();
    }
    compared
}

#[test]
fn every_task_equals_the_reference() {
    let tagging = [("aggregate", "--aggregate"), ("stride", "--stride"), ("ignore_labels", "--ignore-label")];
    assert!(equal("token", "token", &tagging, &[]) > 1000);
    let answering = [
        ("top_k", "--top-k"),
        ("max_answer_len", "--max-answer-length"),
        ("handle_impossible_answer", "--impossible"),
        ("max_seq_len", "--max-length"),
        ("doc_stride", "--stride"),
    ];
    assert!(equal("answer", "answer", &answering, &[]) > 150);
    let filling = [("top_k", "--top-k"), ("targets", "--target")];
    assert!(equal("mask", "mask", &filling, &[]) > 100);
    assert!(equal("pretraining", "pretraining-mask", &filling, &["--task", "fill-mask"]) > 100);
    assert!(equal("next", "next", &[], &[]) > 0);
    equal("pretraining", "pretraining-next", &[], &["--task", "next-sentence"]);
    assert!(equal("choice", "choice", &[], &[]) >= 6);
    let prompts = [("prompt", "--prompt")];
    for name in ["sentence-all-modes", "sentence-dense", "sentence-mean", "sentence-old-layout", "sentence-prompts"] {
        equal(name, name, &prompts, &[]);
    }
    for mode in ["cls", "mean", "max"] {
        equal("model", &format!("pooled-{mode}"), &[], &["--pooling", mode]);
    }
    for name in ["cross-default", "cross-identity", "cross-old-key"] {
        equal(name, name, &[], &[]);
    }
}

#[test]
fn classifiers_apply_functions_and_read_windows() {
    let dir = Scratch::new();
    for row in golden("functions")["rows"].as_array().unwrap() {
        let file = dir.file("expect.jsonl", row.to_string());
        let mut args = vec!["eval", "tiny/seq-three", "--expect", &file, "--tolerance", "2e-5"];
        let stride = row["stride"].to_string();
        match row["function"].as_str() {
            Some(function) => args.extend(["--function-to-apply", function]),
            None => args.extend(["--truncation", "window", "--stride", &stride]),
        }
        stdout(&bert(&args));
    }
    let long = "good ".repeat(100);
    let whole = &rows(&bert(&["predict", "tiny/seq-three", &long, "--truncation", "window"]))[0];
    assert_eq!(whole["truncated"], false);
    assert_eq!(bert(&["predict", "tiny/seq-three", &long, "--stride", "38"]).status.code(), Some(2), "no progress");
}

#[test]
fn records_have_the_fields_of_the_contract_in_order() {
    let one = |args: &[&str]| rows(&bert(&[&["predict"], args].concat())).remove(0);
    let entities = one(&["tiny/token", "John Smith met my sister in Berlin"]);
    assert_eq!(keys(&entities), ["text", "entities", "tokens", "truncated"]);
    assert_eq!(keys(&entities["entities"][0]), ["entity", "score", "index", "word", "start", "end"]);
    let grouped = one(&["tiny/token", "John Smith met my sister in Berlin", "--aggregate", "simple"]);
    assert_eq!(keys(&grouped["entities"][0]), ["entity_group", "score", "word", "start", "end"]);
    let answer = one(&["tiny/answer", "It lasts two days.", "--question", "How long?"]);
    assert_eq!(keys(&answer), ["text", "pair", "answers", "tokens", "truncated"]);
    assert_eq!((&answer["text"], &answer["pair"]), (&json!("How long?"), &json!("It lasts two days.")));
    assert_eq!(keys(&answer["answers"][0]), ["answer", "score", "start", "end"]);
    let fills = one(&["tiny/mask", "a [MASK] phone", "--top-k", "2"]);
    assert_eq!(keys(&fills), ["text", "fills", "tokens", "truncated"]);
    assert_eq!(keys(&fills["fills"][0][1]), ["token", "token_str", "score", "sequence"]);
    let dir = Scratch::new();
    let pair = dir.file("pair.csv", "text,pair\nit broke,after one day\n");
    let next = one(&["tiny/next", "-i", &pair]);
    assert_eq!(keys(&next), ["text", "pair", "label", "score", "tokens", "truncated"]);
    assert!(next["label"] == "is_next" || next["label"] == "not_next");
    let choices = dir.file("choices.csv", "text,choices\nit broke,\"[\"\"today\"\", \"\"never\"\"]\"\n");
    let choice = one(&["tiny/choice", "-i", &choices, "--logits"]);
    assert_eq!(keys(&choice), ["text", "choices", "choice", "score", "scores", "logits", "tokens", "truncated"]);
    let embedded = &rows(&bert(&["embed", "tiny/sentence-mean", "good"]))[0];
    assert_eq!(keys(embedded), ["text", "embedding", "tokens", "truncated"]);
}

#[test]
fn what_was_printed_can_be_compared_again() {
    let dir = Scratch::new();
    let context = "John Smith met my sister. They live in Berlin, near a nice caf\u{e9}.";
    for (checkpoint, text, flags) in [
        ("tiny/answer", context, &["--question", "Who?", "--top-k", "3"][..]),
        ("tiny/token", context, &["--aggregate", "first"]),
        ("tiny/mask", "a [MASK] [MASK]", &["--top-k", "3"]),
    ] {
        let out = dir.path("out.jsonl");
        stdout(&bert(&[&["predict", checkpoint, text, "-o", &out, "--force"], flags].concat()));
        let again = stdout(&bert(&[&["eval", checkpoint, "--expect", &out, "--tolerance", "0"], flags].concat()));
        assert!(again.contains("1 rows, largest difference 0"), "{again}");
        let text = std::fs::read_to_string(&out).unwrap().replace("\"start\":", "\"start\":1");
        let off = dir.file("off.jsonl", text.replace("\"token\":", "\"token\":1"));
        let output = bert(&[&["eval", checkpoint, "--expect", &off], flags].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains("line 1: `") && stderr(&output).contains("expected"), "{}", stderr(&output));
    }
}

/// Rows of one file, good and bad; what is said about each bad one.
fn bad_rows(checkpoint: &str, text: &[(Value, Option<&str>)], flags: &[&str]) {
    let dir = Scratch::new();
    let lines: String = text.iter().map(|(row, _)| format!("{row}\n")).collect();
    let input = dir.file("in.jsonl", lines);
    let args = [&["predict", checkpoint, "-i", &input], flags].concat();
    let output = bert(&[&args[..], &["--on-error", "null"]].concat());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let records = common::lines(std::str::from_utf8(&output.stdout).unwrap());
    assert_eq!(records.len(), text.len());
    for (record, (row, wrong)) in records.iter().zip(text) {
        match wrong {
            Some(words) => {
                let error = record["error"].as_str().unwrap_or_else(|| panic!("{row} gave {record}"));
                assert!(error.contains(words), "{row}: {error}");
            }
            None => assert!(record.get("error").is_none(), "{row}: {record}"),
        }
    }
    assert_eq!(bert(&args).status.code(), Some(2), "by default the first row that fails stops the run");
    let skipped = bert(&[&args[..], &["--on-error", "skip"]].concat());
    let good = text.iter().filter(|(_, wrong)| wrong.is_none()).count();
    assert_eq!(String::from_utf8_lossy(&skipped.stdout).lines().count(), good);
}

#[test]
fn rows_that_cannot_be_answered_say_why_and_the_others_are_not_lost() {
    let long = "good ".repeat(600);
    bad_rows(
        "tiny/token",
        &[
            (json!({"text": "in Berlin"}), None),
            (json!({"text": ""}), None),
            (json!({"text": " \t"}), None),
            (json!({"text": long}), Some("602 tokens")),
            (json!({"texts": "x"}), Some("there is no `text`")),
            (json!({"text": "my sister"}), None),
        ],
        &["--truncation", "error"],
    );
    bad_rows(
        "tiny/answer",
        &[
            (json!({"question": "Who?", "context": "my sister"}), None),
            (json!({"question": "Who?", "context": " \n"}), Some("the context is empty")),
            (json!({"question": "", "context": "my sister"}), Some("the question is empty")),
            (json!({"question": long, "context": "my sister"}), Some("the question leaves no room")),
            (json!({"question": "good ".repeat(26), "context": "my sister met John in Berlin and in Bonn"}), None),
            (json!({"question": "Who?"}), Some("there is no `context`")),
            (json!({"question": "Who?", "context": long}), None),
        ],
        &[],
    );
    bad_rows(
        "tiny/mask",
        &[
            (json!({"text": "a [MASK] phone"}), None),
            (json!({"text": "a mask phone"}), Some("[MASK]")),
            (json!({"text": ""}), Some("[MASK]")),
            (json!({"text": format!("{long} [MASK]")}), Some("[MASK]")),
        ],
        &[],
    );
    bad_rows(
        "tiny/next",
        &[
            (json!({"text": "it broke", "pair": "today"}), None),
            (json!({"text": "it broke"}), Some("there is no `pair`")),
            (json!({"text": "it broke", "pair": null}), Some("there is no `pair`")),
            (json!({"text": long, "pair": long}), None),
        ],
        &[],
    );
    bad_rows(
        "tiny/choice",
        &[
            (json!({"text": "it broke", "choices": ["today", "never"]}), None),
            (json!({"text": "it broke", "choices": ["today"]}), Some("two candidates")),
            (json!({"text": "it broke", "choices": []}), Some("two candidates")),
            (json!({"text": "it broke", "choices": "today"}), Some("not a list of texts")),
            (json!({"text": "it broke", "choices": ["today", 7]}), Some("not a list of texts")),
            (json!({"text": "it broke"}), Some("there is no `choices`")),
            (json!({"text": long, "choices": ["", "never"]}), None),
        ],
        &[],
    );
    bad_rows(
        "tiny/seq-three",
        &[
            (json!({"text": ""}), None),
            (json!({"text": long}), None),
            (json!({"text": 7.5}), None),
            (json!([]), Some("not a JSON object")),
        ],
        &[],
    );
}

#[test]
fn a_text_alone_is_refused_where_two_are_needed() {
    for (checkpoint, words) in [("answer", "--question"), ("next", "`pair`"), ("choice", "`choices`")] {
        let output = bert(&["predict", &format!("tiny/{checkpoint}"), "some text"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
}

#[test]
fn options_of_other_tasks_are_refused_by_name() {
    for (checkpoint, flags, words) in [
        ("seq-three", &["--aggregate", "simple"][..], "--aggregate and --ignore-label is for token-classification"),
        ("seq-three", &["--question", "Who?"], "--question is for question-answering"),
        ("seq-three", &["--target", "good"], "--target is for fill-mask"),
        ("token", &["--top-k", "2"], "--top-k is for text-classification, question-answering, fill-mask"),
        ("token", &["--logits"], "--logits is for"),
        ("mask", &["--stride", "4"], "--stride is for"),
        ("mask", &["--truncation", "window"], "--truncation window is for"),
        ("answer", &["--truncation", "right", "--question", "x"], "reads long texts in windows"),
        ("next", &["--threshold", "0.5"], "--threshold is for text-classification"),
        ("choice", &["--impossible"], "--max-answer-length and --impossible is for question-answering"),
    ] {
        let output = bert(&[&["predict", &format!("tiny/{checkpoint}"), "some text"], flags].concat());
        assert_eq!(output.status.code(), Some(2), "{checkpoint} {flags:?}");
        assert!(stderr(&output).contains(words), "{flags:?}: {}", stderr(&output));
    }
}

#[test]
fn a_task_that_the_tensors_do_not_hold_is_refused_with_what_they_are() {
    for (checkpoint, task) in [("token", "question-answering"), ("seq-three", "fill-mask"), ("mask", "next-sentence")] {
        let output = bert(&["predict", &format!("tiny/{checkpoint}"), "x", "--task", task]);
        assert_eq!(output.status.code(), Some(1), "{checkpoint}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
        assert!(stderr(&output).contains("error[X00"), "{}", stderr(&output));
    }
    let bare = bert(&["predict", "tiny/model", "x"]);
    assert!(stderr(&bare).contains("bert embed"), "{}", stderr(&bare));
}

#[test]
fn nothing_is_pooled_by_a_silent_default() {
    let silent = bert(&["embed", "tiny/model", "good film"]);
    assert_eq!(silent.status.code(), Some(2));
    assert!(stderr(&silent).contains("--pooling cls, mean or max"), "{}", stderr(&silent));
    let embedding = |args: &[&str]| -> Vec<f64> {
        let record = rows(&bert(&[&["embed"], args].concat())).remove(0);
        record["embedding"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
    };
    let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let mean = embedding(&["tiny/model", "good film", "--pooling", "mean"]);
    assert!((norm(&mean) - 1.0).abs() > 0.1);
    let unit = embedding(&["tiny/model", "good film", "--pooling", "mean", "--normalize"]);
    assert!((norm(&unit) - 1.0).abs() < 1e-6);
    let over = bert(&["embed", "tiny/sentence-mean", "good film", "--pooling", "cls"]);
    assert!(stderr(&over).contains("in place of the modules"), "{}", stderr(&over));
    let task = bert(&["embed", "tiny/token", "good film", "--pooling", "mean"]);
    assert_eq!(task.status.code(), Some(0), "the encoder of another task: {}", stderr(&task));
}

#[test]
fn prompts_are_those_of_the_folder() {
    let output = bert(&["embed", "tiny/sentence-prompts", "x", "--prompt", "nonsense"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("query") && stderr(&output).contains("passage"), "{}", stderr(&output));
}

#[test]
fn similarities_are_those_of_the_reference() {
    let dir = Scratch::new();
    for (checkpoint, golden_name, flags) in [
        ("sentence-prompts", "sentence-prompts", &[][..]),
        ("sentence-dense", "sentence-dense", &[]),
        ("model", "pooled-mean", &["--pooling", "mean"]),
    ] {
        let golden = golden(golden_name);
        let texts: Vec<&Value> =
            golden["rows"].as_array().unwrap().iter().filter(|r| r["prompt"].is_null()).map(|r| &r["text"]).collect();
        let lines = |of: &[&Value]| of.iter().map(|t| format!("{}\n", json!({"text": t}))).collect::<String>();
        let (here, there) = (dir.file("a.jsonl", lines(&texts[..3])), dir.file("b.jsonl", lines(&texts[3..6])));
        let folder = format!("tiny/{checkpoint}");
        let records = rows(&bert(&[&["embed", &folder, "-i", &here, "--similarity", &there], flags].concat()));
        for (record, theirs) in records.iter().zip(golden["similarity"].as_array().unwrap()) {
            assert_eq!(keys(record), ["text", "similarities", "tokens", "truncated"]);
            for (a, b) in record["similarities"].as_array().unwrap().iter().zip(theirs.as_array().unwrap()) {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                // Distances add up as many differences as an embedding has numbers.
                assert!((a - b).abs() < 2e-5 * b.abs().max(1.0), "{checkpoint}: {a} and {b}");
            }
        }
    }
    let empty = dir.file("empty.txt", "");
    let output = bert(&["embed", "tiny/sentence-mean", "x", "--similarity", &empty]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no texts"), "{}", stderr(&output));
}

#[test]
fn people_get_one_line_a_row() {
    for (args, words) in [
        (&["predict", "tiny/token", "in Berlin", "--ignore-label", "none"][..], "[Berlin]"),
        (&["predict", "tiny/mask", "a [MASK] phone"], "  "),
        (&["predict", "tiny/answer", "It lasts two days.", "--question", "How long?"], "0."),
        (&["embed", "tiny/sentence-mean", "good"], "numbers)"),
    ] {
        let text = stdout(&bert(&[args, &["--format", "text"]].concat()));
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn csv_holds_nested_values_as_json() {
    let text = stdout(&bert(&["predict", "tiny/token", "in Berlin", "--format", "csv", "--aggregate", "simple"]));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap(), ["text", "pair", "entities", "tokens", "truncated", "error"].as_slice());
    let record = reader.records().next().unwrap().unwrap();
    let entities: Value = serde_json::from_str(&record[2]).unwrap();
    assert!(entities.is_array());
}
