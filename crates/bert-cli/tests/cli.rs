//! The command line's contract: records, formats, inputs, exit codes, files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use bert_testkit::{Folder, fixtures};
use common::*;
use serde_json::{Value, json};

#[test]
fn a_text_argument_gives_one_record() {
    let rows = rows(&bert(&["predict", "demo", "an utterly charming film"]));
    assert_eq!(rows.len(), 1);
    assert_eq!(keys(&rows[0]), ["text", "label", "score", "tokens", "truncated"]);
    assert_eq!(rows[0]["label"], "positive");
    assert_eq!(rows[0]["truncated"], false);
}

#[test]
fn scores_are_printed_with_digits_that_read_back_as_the_same_f32() {
    let row = &golden("demo")["rows"][1];
    let printed = &rows(&bert(&["predict", "demo", row["text"].as_str().unwrap(), "--logits"]))[0];
    for (ours, theirs) in printed["logits"].as_array().unwrap().iter().zip(row["logits"].as_array().unwrap()) {
        let digits = ours.to_string();
        assert!(digits.len() <= 13, "{digits} is longer than an f32 needs");
        assert!((ours.as_f64().unwrap() - theirs.as_f64().unwrap()).abs() < 2e-5);
    }
}

#[test]
fn texts_are_printed_for_people_on_request() {
    let text = stdout(&bert(&["predict", "demo", "an utterly charming film", "--format", "text"]));
    assert!(text.starts_with("positive  0."), "{text}");
    let two = stdout(&bert(&["predict", "demo", "charming", "broken", "--format", "text", "--top-k", "2"]));
    assert_eq!(two.lines().count(), 2);
    assert!(two.lines().next().unwrap().ends_with("charming"), "{two}");
}

#[test]
fn json_lines_csv_and_lines_are_read_in_order() {
    let dir = Scratch::new();
    let jsonl = dir.file("in.jsonl", "{\"text\": \"good film\", \"n\": 7}\n\n{\"text\": \"bad film\", \"n\": [8]}\n");
    let csv = dir.file("in.csv", "n,text\n7,good film\n8,\"bad, \"\"bad\"\" film\"\n");
    let tsv = dir.file("in.tsv", "\u{feff}text\tn\ngood film\t7\n");
    let lines = dir.file("in.txt", "good film\r\n\nbad film");
    let texts = |args: &[&str]| -> Vec<String> {
        rows(&bert(args)).iter().map(|r| r["text"].as_str().unwrap().to_string()).collect()
    };
    assert_eq!(texts(&["predict", "demo", "-i", &jsonl]), ["good film", "bad film"]);
    assert_eq!(texts(&["predict", "demo", "-i", &csv]), ["good film", "bad, \"bad\" film"]);
    assert_eq!(texts(&["predict", "demo", "-i", &tsv]), ["good film"]);
    assert_eq!(
        texts(&["predict", "demo", "-i", &lines, "-i", &jsonl]),
        ["good film", "", "bad film", "good film", "bad film"]
    );
    let kept = rows(&bert(&["predict", "demo", "-i", &jsonl, "--id", "n", "--keep", "n"]));
    assert_eq!((&kept[1]["id"], &kept[1]["n"]), (&json!([8]), &json!([8])));
    let named = dir.file("named.csv", "body,second\ngood,bad\n");
    let row = &rows(&bert(&["predict", "demo", "-i", &named, "--text", "body", "--pair", "second"]))[0];
    assert_eq!((&row["text"], &row["pair"], &row["tokens"]), (&json!("good"), &json!("bad"), &json!(5)));
}

#[test]
fn stdin_is_lines_unless_it_is_json_lines() {
    let lines = rows(&piped(&["predict", "demo", "-"], "good film\nbad film\n".as_bytes()));
    assert_eq!(lines.len(), 2);
    let unnamed = rows(&piped(&["predict", "demo"], "good film\n".as_bytes()));
    assert_eq!(unnamed[0]["text"], "good film");
    let objects = rows(&piped(
        &["predict", "demo", "-", "--format", "jsonl"],
        "{\"text\": \"good\", \"pair\": \"bad\"}\n".as_bytes(),
    ));
    assert_eq!(objects[0]["pair"], "bad");
    let forced =
        rows(&piped(&["predict", "demo", "-", "--format", "jsonl", "--input-format", "lines"], b"{\"text\": 1}\n"));
    assert_eq!(forced[0]["text"], "{\"text\": 1}");
}

#[test]
fn top_k_threshold_and_logits_add_their_fields() {
    let all = &rows(&bert(&["predict", "tiny/seq-three", "good film", "--top-k", "all", "--logits"]))[0];
    let scores: Vec<f64> = all["scores"].as_array().unwrap().iter().map(|s| s["score"].as_f64().unwrap()).collect();
    assert!(scores.len() == 3 && scores.is_sorted_by(|a, b| a >= b));
    assert_eq!(all["scores"][0]["label"], all["label"]);
    assert_eq!(all["logits"].as_array().unwrap().len(), 3);
    let multi = &rows(&bert(&["predict", "tiny/seq-multi-label", "good film", "--threshold", "0"]))[0];
    assert_eq!(multi["labels"].as_array().unwrap().len(), 3);
    let none = &rows(&bert(&["predict", "tiny/seq-multi-label", "good film", "--threshold", "1.1"]))[0];
    assert_eq!(none["labels"], json!([]));
    let refused = bert(&["predict", "tiny/seq-three", "x", "--threshold", "0.5"]);
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn cut_texts_say_so_and_are_counted() {
    let long = "good ".repeat(100);
    let output = bert(&["predict", "tiny/seq-three", &long]);
    assert_eq!(rows(&output)[0]["truncated"], true);
    assert!(stderr(&output).contains("1 of 1 texts truncated at 40 tokens"), "{}", stderr(&output));
    let refused = bert(&["predict", "tiny/seq-three", &long, "--truncation", "error"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("102 tokens"), "{}", stderr(&refused));
}

/// Good and bad rows of one file: unpaired surrogate, broken JSON, no such field, not UTF-8.
fn mixed(dir: &Scratch) -> String {
    let mut bytes =
        b"{\"text\": \"good\"}\n{\"text\": \"\\ud800\"}\n{\"text\": \n{\"body\": \"x\"}\n{\"text\": \"".to_vec();
    bytes.extend(b"\xff\xfe\"}\n{\"text\": \"bad\"}\n");
    dir.file("mixed.jsonl", bytes)
}

#[test]
fn a_row_that_fails_stops_the_run_with_its_place() {
    let dir = Scratch::new();
    let output = bert(&["predict", "demo", "-i", &mixed(&dir)]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 1, "what was computed is printed");
    assert!(stderr(&output).contains("mixed.jsonl:2"), "{}", stderr(&output));
}

#[test]
fn rows_that_fail_are_nulls_or_left_out_and_the_others_are_not_lost() {
    let dir = Scratch::new();
    let input = mixed(&dir);
    let output = bert(&["predict", "demo", "-i", &input, "--on-error", "null"]);
    assert_eq!(output.status.code(), Some(1));
    let rows = lines(std::str::from_utf8(&output.stdout).unwrap());
    assert_eq!(rows.len(), 6);
    assert!(rows[0]["label"].is_string() && rows[5]["label"].is_string());
    for (i, word) in [
        (1, "escape"),
        (2, "not a JSON object"),
        (3, "there is no `text`; there are `body`"),
        (4, "not UTF-8 from byte 10"),
    ] {
        assert_eq!(rows[i]["label"], Value::Null);
        assert!(rows[i]["error"].as_str().unwrap().contains(word), "{}", rows[i]);
    }
    let output = bert(&["predict", "demo", "-i", &input, "--on-error", "skip"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
    assert!(stderr(&output).contains("4 of 6 rows failed"), "{}", stderr(&output));
}

#[test]
fn files_appear_whole_and_are_never_overwritten_unasked() {
    let dir = Scratch::new();
    let out = dir.path("out.jsonl");
    assert_eq!(stdout(&bert(&["predict", "demo", "good", "-o", &out])), "");
    let before = std::fs::read_to_string(&out).unwrap();
    assert_eq!(before.lines().count(), 1);
    let again = bert(&["predict", "demo", "bad", "-o", &out]);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("--force"));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), before);
    assert_eq!(bert(&["predict", "demo", "bad", "-o", &out, "--force"]).status.code(), Some(0));
    // A run that fails half-way leaves the old file and no other.
    let failing = bert(&["predict", "demo", "-i", &mixed(&dir), "-o", &out, "--force"]);
    assert_eq!(failing.status.code(), Some(2));
    assert!(std::fs::read_to_string(&out).unwrap().contains("bad"));
    assert_eq!(dir.names().len(), 2, "{:?}", dir.names());
    let same = dir.file("same.txt", "good\n");
    let refused = bert(&["predict", "demo", "-i", &same, "-o", &same, "--force", "--format", "jsonl"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&same).unwrap(), "good\n");
    let nowhere = bert(&["predict", "demo", "good", "-o", &dir.path("no/such/folder.jsonl")]);
    assert_eq!(nowhere.status.code(), Some(2));
}

#[test]
fn csv_output_quotes_and_has_a_header() {
    let dir = Scratch::new();
    let out = dir.path("out.csv");
    let input = dir.file("in.csv", "id,text\na,\"one, \"\"two\"\"\"\n");
    assert_eq!(bert(&["predict", "demo", "-i", &input, "--id", "id", "-o", &out]).status.code(), Some(0));
    let text = std::fs::read_to_string(&out).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "id,text,pair,label,score,tokens,truncated,error");
    assert!(lines[1].starts_with("a,\"one, \"\"two\"\"\",,"), "{}", lines[1]);
}

#[test]
fn output_that_cannot_be_written_is_an_error_and_a_closed_pipe_is_not() {
    if Path::new("/dev/full").exists() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command(&["predict", "demo", "good"]).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("cannot write the output"), "{}", stderr(&output));
    }
    let dir = Scratch::new();
    let input = dir.file("many.txt", "good film\n".repeat(3000));
    let mut child =
        command(&["predict", "demo", "-i", &input]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn exit_codes_tell_refused_from_impossible() {
    let code = |args: &[&str]| bert(args).status.code().unwrap();
    assert_eq!(code(&["check", "demo"]), 0);
    assert_eq!(code(&["check", "no/such/folder"]), 2);
    assert_eq!(code(&["check"]), 2);
    assert_eq!(code(&["nonsense"]), 2);
    assert_eq!(code(&["predict", "no/such/folder", "x"]), 2);
    assert_eq!(code(&["predict", "demo", "-i", "no-such-file.jsonl"]), 2);
    assert_eq!(code(&["predict", "tiny/model", "x"]), 2);
    assert_eq!(code(&["check", "tiny/seq-gamma-beta"]), 0);
    assert_eq!(code(&["check", "tiny/seq-gamma-beta", "--error-on-warning"]), 1);
    assert_eq!(code(&["check", "tiny/seq-gamma-beta", "-D", "W020"]), 1);
    assert_eq!(code(&["check", "tiny/seq-gamma-beta", "-D", "W020", "--exit-zero"]), 0);
    assert_eq!(code(&["check", "tiny/seq-gamma-beta", "--error-on-warning", "-A", "legacy-layer-norm-names"]), 0);
    assert_eq!(code(&["check", "demo", "-A", "X003"]), 2);
    assert_eq!(code(&["check", "demo", "-A", "Z999"]), 2);
    assert_eq!(code(&["check", "demo", "--expect", "num_labels=3", "--expect", "id2label.2=positive"]), 0);
    assert_eq!(code(&["check", "demo", "--expect", "num_labels=5"]), 1);
    assert_eq!(code(&["check", "demo", "--expect", "nonsense"]), 2);
    assert_eq!(code(&["check", "demo", "--expect-config", "tiny/seq-three/config.json"]), 1);
    assert_eq!(code(&["explain", "x003"]), 0);
    assert_eq!(code(&["explain", "Q000"]), 2);
}

#[test]
fn several_checkpoints_are_one_list() {
    let output = bert(&["check", "demo", "tiny/token", "--format", "json"]);
    let list: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(
        (&list[0]["schema"], &list[0]["ok"], &list[1]["checkpoint"]),
        (&json!("bert.check/1"), &json!(true), &json!("tiny/token"))
    );
}

#[test]
fn parts_may_come_from_elsewhere() {
    let folder = Folder::copy("tiny/seq-three");
    folder.remove("config.json");
    folder.remove("tokenizer.json");
    let here = folder.path().to_string_lossy().into_owned();
    let args = |config: &str| {
        bert(&["predict", &here, "good film", "--model-config", config, "--tokenizer", "tiny/seq-vocab-only"])
    };
    assert_eq!(rows(&args("tiny/seq-three/config.json")).len(), 1);
    assert_eq!(args("tiny/seq-default/config.json").status.code(), Some(1));
}

#[test]
fn inspect_shows_what_a_checkpoint_is() {
    insta::assert_snapshot!(stdout(&bert(&["inspect", "demo"])), @r"
    demo  BertForSequenceClassification  (text-classification, 3 labels)
      encoder    4 layers, hidden 128, heads 4, intermediate 512, gelu, eps 1e-12
      limits     128 positions, 2 token types, vocabulary 6000
      labels     0 negative, 1 neutral, 2 positive
      weights    model.safetensors  73 tensors  1.59 M parameters  F32  6.1 MiB
      tokenizer  tokenizer.json (WordPiece, lowercase, 6000 tokens, 5 special)
      written by transformers 4.57.6
      fingerprint  config cb1b2e2a2c98a358  weights 10a75cd7e471ad56  tokenizer e2667ff7103dcd9a
    check: 0 errors, 0 warnings (`bert check demo`)
    ");
    let record: Value =
        serde_json::from_str(&stdout(&bert(&["inspect", "demo", "--format", "json", "--stats"]))).unwrap();
    assert_eq!((&record["schema"], &record["weights"]["tensors"]), (&json!("bert.inspect/1"), &json!(73)));
    assert_eq!(record["weights"]["index"].as_array().unwrap().len(), 73);
    let tensors = stdout(&bert(&["inspect", "tiny/seq-three", "--tensors"]));
    assert!(tensors.contains("classifier.weight") && tensors.contains("[3, 24]"), "{tensors}");
}

#[test]
fn diff_says_what_changed_and_whether_it_matters() {
    let output = bert(&["diff", "tiny/seq-three", "tiny/seq-multi-label", "--only", "config"]);
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap(), @r#"
    config.json  ~ 0  + 1  - 0  (25 equal)
      + /problem_type  multi_label_classification
    different
    "#);
    assert_eq!(bert(&["diff", "demo", "demo/config.json", "--only", "config"]).status.code(), Some(0));
    assert_eq!(bert(&["diff", "demo", "demo"]).status.code(), Some(0));
    assert_eq!(bert(&["diff", "demo", "nowhere", "--only", "config"]).status.code(), Some(2));
    let json: Value = serde_json::from_slice(
        &bert(&["diff", "tiny/seq-three", "demo", "--only", "config", "--format", "json"]).stdout,
    )
    .unwrap();
    assert_eq!((&json["schema"], &json["affects_inference"]), (&json!("bert.diff/1"), &json!(true)));
    let markdown =
        String::from_utf8(bert(&["diff", "tiny/seq-three", "demo", "--only", "config", "--format", "markdown"]).stdout)
            .unwrap();
    assert!(markdown.contains("| /hidden_size | `24` | `128` | inference |"), "{markdown}");
}

#[test]
fn tokenize_shows_ids_types_and_offsets() {
    let row = &rows(&bert(&["tokenize", "tiny/seq-three", "Café's", "--format", "jsonl", "--pair", "x"]))[0];
    insta::assert_snapshot!(row.to_string(), @r#"{"text":"Café's","pair":"x","tokens":["[CLS]","cafe","'","s","[SEP]","x","[SEP]"],"ids":[2,170,11,61,3,66,3],"type_ids":[0,0,0,0,0,1,1],"offsets":[[0,0],[0,4],[4,5],[5,6],[0,0],[0,1],[0,0]]}"#);
    let text = stdout(&bert(&["tokenize", "tiny/seq-three", "good", "--format", "text"]));
    assert_eq!(text.lines().count(), 3);
    let lines = rows(&piped(&["tokenize", "tiny/seq-three"], b"good\nbad\n"));
    assert_eq!(lines.len(), 2);
}

#[test]
fn explanations_and_completions_are_there() {
    let all = stdout(&bert(&["explain"]));
    assert_eq!(all.lines().count(), bert_diag::Code::all().len());
    assert!(stdout(&bert(&["explain", "no-trained-head"])).contains("To mend it"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&bert(&["completions", shell])).contains("predict"));
    }
}

#[test]
fn the_level_run_compares_two_implementations() {
    let output = bert(&["check", "demo", "tiny/token", "tiny/model", "--level", "run", "--format", "concise", "-q"]);
    let text = stdout(&output);
    assert_eq!(text.matches("note[X018] the engine and the f64 reference agree").count(), 3, "{text}");
    let broken = Folder::copy("tiny/seq-three");
    broken.tensors(|t| t.drop_all("classifier"));
    let output = bert(&["check", &broken.path().to_string_lossy(), "--level", "run", "--format", "concise"]);
    assert_eq!(output.status.code(), Some(1), "a refused checkpoint is not run");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("X018"));
}

/// The goldens of the reference as a file for `bert eval`.
fn golden_lines(name: &str, change: impl Fn(&mut Value)) -> String {
    let golden = golden(name);
    let labels = golden["labels"].as_array().unwrap();
    let line = |row: &Value| {
        let mut row = row.clone();
        let scores: Vec<f64> = row["scores"].as_array().unwrap().iter().map(|s| s.as_f64().unwrap()).collect();
        let best = (0..scores.len()).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
        row["label"] = labels[best].clone();
        row["score"] = json!(scores[best]);
        change(&mut row);
        row.to_string()
    };
    golden["rows"].as_array().unwrap().iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn eval_compares_with_outputs_made_elsewhere() {
    let dir = Scratch::new();
    let eval = |name: &str, file: &str, more: &[&str]| bert(&[&["eval", name, "--expect", file], more].concat());
    let good = dir.file("good.jsonl", golden_lines("demo", |_| {}));
    let text = stdout(&eval("demo", &good, &["--tolerance", "2e-5"]));
    assert!(text.contains("0 past the tolerance") && text.contains("48 of 48 strings"), "{text}");
    let json: Value = serde_json::from_str(&stdout(&eval("demo", &good, &["--format", "json"]))).unwrap();
    assert_eq!((&json["schema"], &json["rows"]), (&json!("bert.eval/1"), &json!(16)));
    let off = dir.file(
        "off.jsonl",
        golden_lines("demo", |row| row["logits"][0] = json!(row["logits"][0].as_f64().unwrap() + 0.01)),
    );
    assert_eq!(eval("demo", &off, &[]).status.code(), Some(1));
    assert_eq!(eval("demo", &off, &["--tolerance", "0.1"]).status.code(), Some(0));
    let label = dir.file("label.jsonl", "{\"text\": \"an utterly charming film\", \"label\": \"negative\"}\n");
    assert_eq!(eval("demo", &label, &[]).status.code(), Some(1));
    let score =
        dir.file("score.jsonl", "{\"text\": \"an utterly charming film\", \"label\": \"positive\", \"score\": 0.5}\n");
    assert_eq!(eval("demo", &score, &[]).status.code(), Some(1));
    for (text, word) in [("", "no rows"), ("{\"text\": \"x\"}", "nothing to compare"), ("nonsense", "JSON")] {
        let output = eval("demo", &dir.file("bad.jsonl", text), &[]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
    let few = eval("demo", &dir.file("few.jsonl", "{\"text\": \"x\", \"logits\": [1]}"), &[]);
    assert_eq!(few.status.code(), Some(1));
    assert!(stderr(&few).contains("`length of logits` is 3, expected 1"), "{}", stderr(&few));
    assert_eq!(eval("tiny/seq-three", &good, &[]).status.code(), Some(1), "another checkpoint's outputs differ");
}

#[test]
fn a_long_run_says_how_far_it_is_only_when_asked() {
    let dir = Scratch::new();
    let input = dir.file("many.txt", "good film\n".repeat(1000));
    let output = bert(&["predict", "demo", "-i", &input, "--threads", "2", "--batch-tokens", "500"]);
    assert_eq!(rows(&output).len(), 1000);
    assert_eq!(stderr(&output), "", "a run of less than ten seconds is silent when stderr is no terminal");
}

#[test]
fn help_names_the_exit_codes() {
    let help = stdout(&bert(&["--help"]));
    assert!(help.contains("Exit codes") && help.contains("predict"), "{help}");
}

#[test]
fn safe_fixes_are_applied_to_a_copy_or_in_place_and_no_key_is_lost() {
    let folder = Folder::copy("tiny/seq-three");
    folder.config("label2id", json!({"angry": 0, "calm": 1}));
    folder.config("hidden_size", json!(24.0));
    folder.config("pad_token_id", json!(5));
    folder.config("my_notes", json!({"keep": ["me"]}));
    folder.edit("config.json", |b| drop(b.splice(0..0, *b"\xef\xbb\xbf")));
    let original = folder.read("config.json");
    let here = folder.path().to_string_lossy().into_owned();
    let dir = Scratch::new();
    let copy = dir.path("mended");
    let code = |args: &[&str]| bert(args).status.code();
    assert_eq!(code(&["check", &here]), Some(1));
    assert_eq!(code(&["check", &here, "--fix"]), Some(2), "nothing is changed unasked");
    let output = bert(&["check", &here, "--fix", "-o", &copy]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(String::from_utf8_lossy(&output.stdout).matches("fixed[").count(), 4);
    assert_eq!(folder.read("config.json"), original, "the original is untouched");
    assert_eq!(code(&["check", &here, "--fix", "-o", &copy]), Some(2), "never over an existing folder");
    assert_eq!(code(&["check", &here, "--fix", "--write"]), Some(0));
    for path in [format!("{copy}/config.json"), format!("{here}/config.json")] {
        let mended: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(mended["label2id"], json!({"angry": 0, "calm": 1, "happy": 2}));
        assert_eq!((&mended["hidden_size"], &mended["pad_token_id"]), (&json!(24), &json!(0)));
        assert_eq!(mended["my_notes"], json!({"keep": ["me"]}));
        let keys = serde_json::from_slice::<Value>(&original[3..]).unwrap().as_object().unwrap().len();
        assert_eq!(mended.as_object().unwrap().len(), keys);
    }
    assert_eq!(code(&["check", &here, "--error-on-warning"]), Some(0));
}

#[test]
fn bert_toml_is_found_upwards_and_flags_and_environment_go_above_it() {
    let dir = Scratch::new();
    std::fs::create_dir_all(dir.0.path().join("a/b")).unwrap();
    let demo = fixtures().join("demo").canonicalize().unwrap();
    let legacy = fixtures().join("tiny/seq-gamma-beta").canonicalize().unwrap();
    let run = |folder: &str, env: &[(&str, &str)], args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bert"));
        command.args(args).current_dir(dir.0.path().join(folder)).envs(env.iter().copied()).output().unwrap()
    };
    let (demo, legacy) = (demo.to_str().unwrap(), legacy.to_str().unwrap());
    let code = |env: &[(&str, &str)], args: &[&str]| run("a/b", env, args).status.code().unwrap();
    assert_eq!(code(&[], &["check", legacy]), 0);
    dir.file("bert.toml", "deny = [\"W020\"]\n");
    assert_eq!(code(&[], &["check", legacy]), 1, "found two folders up");
    assert_eq!(code(&[], &["check", legacy, "--no-config"]), 0);
    assert_eq!(code(&[("BERT_ALLOW", "W020")], &["check", legacy, "--no-config", "--error-on-warning"]), 0);
    assert_eq!(code(&[("BERT_ERROR_ON_WARNING", "1")], &["check", legacy, "--no-config"]), 1);
    dir.file(
        "bert.toml",
        "max-length = 4\n[expect]\nnum_labels = 3\nid2label.2 = \"positive\"\ntask = \"text-classification\"\n",
    );
    assert_eq!(code(&[], &["check", demo]), 0);
    assert_eq!(code(&[], &["check", legacy]), 1, "another label");
    assert_eq!(rows(&run("a", &[], &["predict", demo, "a long and charming film"]))[0]["tokens"], 4);
    assert_eq!(
        rows(&run("a", &[], &["predict", demo, "a long and charming film", "--max-length", "5"]))[0]["tokens"],
        5
    );
    let other = dir.file("other.toml", "task = \"question-answering\"\n");
    assert_eq!(code(&[], &["check", demo, "--config", &other]), 1);
    assert_eq!(code(&[("BERT_TASK", "text-classification")], &["check", demo, "--config", &other]), 0);
    for (text, word) in
        [("denny = []", "denny"), ("deny = 1", "deny"), ("task = \"x\"", "no task"), ("deny = [\"Q1\"]", "Q1")]
    {
        let file = dir.file("broken.toml", text);
        let output = run("a", &[], &["check", demo, "--config", &file]);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(stderr(&output).contains(word), "{}", stderr(&output));
    }
}
