//! Every named corruption is reported under its code, and nothing broken is handed out; the good ones are not accused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bert_checkpoint::{Checked, Checkpoint, Error, Expectations, Level};
use bert_config::Task;
use bert_diag::{Code, Finding, Levels, Severity};
use bert_testkit::{CORRUPTIONS, Folder, copy_folder, fixtures};

fn check(folder: &Folder) -> Checked {
    Checkpoint::builder(folder.path()).check().unwrap()
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|f| f.code.id()).collect()
}

#[test]
fn each_corruption_is_reported_under_its_code() {
    let mut failed = Vec::new();
    for corruption in CORRUPTIONS.iter() {
        let folder = Folder::copy(corruption.fixture);
        (corruption.apply)(&folder);
        let checked = check(&folder);
        let found = checked.report.findings();
        let hit = found
            .iter()
            .any(|f| f.code.id() == corruption.code && corruption.words.iter().all(|w| format!("{f:?}").contains(w)));
        if !hit {
            let texts: Vec<_> = found.iter().map(|f| format!("{:?} {} {:?}", f.code, f.message, f.notes)).collect();
            failed
                .push(format!("{}: no {} with {:?} in {texts:#?}", corruption.name, corruption.code, corruption.words));
        }
        assert_eq!(
            checked.checkpoint.is_some(),
            checked.report.is_ok(),
            "{}: a checkpoint beside errors",
            corruption.name
        );
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

/// A corruption must not set off unrelated errors; what else is reported is listed here with its reason.
#[test]
fn corruptions_do_not_cascade() {
    let allowed: &[(&str, &[&str])] = &[
        // The real field then has its default of 12 layers, and the file two.
        ("config-misspelt-field", &["W010"]),
        // An empty folder lacks everything, and each thing is said by itself.
        ("folder-empty", &["C001", "T001", "W001"]),
    ];
    let mut failed = Vec::new();
    for corruption in CORRUPTIONS.iter() {
        let folder = Folder::copy(corruption.fixture);
        (corruption.apply)(&folder);
        let report = check(&folder).report;
        let expected = allowed.iter().find(|(name, _)| *name == corruption.name).map_or(&[][..], |(_, codes)| *codes);
        let surprising = |f: &&Finding| {
            f.severity == Severity::Error && f.code.id() != corruption.code && !expected.contains(&f.code.id())
        };
        for finding in report.findings().iter().filter(surprising) {
            failed.push(format!("{}: {:?} {}", corruption.name, finding.code, finding.message));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_code_is_covered_by_a_corruption() {
    // Codes about what the caller asks for, about names of files, or about running, have tests of their own.
    const ELSEWHERE: &[&str] = &["C025", "W028", "X005", "X016", "X017", "X018", "X024", "X025", "X026"];
    let covered = |id: &str| ELSEWHERE.contains(&id) || CORRUPTIONS.iter().any(|c| c.code == id);
    let missing: Vec<_> = Code::all().iter().map(|c| c.id()).filter(|id| !covered(id)).collect();
    assert!(missing.is_empty(), "no corruption for {missing:?}");
}

/// Fixtures that are made to be noticed, with what is noticed.
const REMARKABLE: &[(&str, &[&str])] = &[
    ("seq-baked-truncation", &["T009"]),
    ("seq-gamma-beta", &["W020"]),
    ("seq-google", &["X006"]),
    ("google", &["X006"]),
    ("seq-one-type", &["X015"]),
];

#[test]
fn good_checkpoints_are_not_accused() {
    let mut folders: Vec<_> = std::fs::read_dir(fixtures().join("tiny")).unwrap().map(|e| e.unwrap().path()).collect();
    folders.push(fixtures().join("demo"));
    // Adapters, single files and what transformers loaded have tests of their own (`bert-model/tests/forms.rs`).
    let forms = std::fs::read_dir(fixtures().join("forms")).unwrap().map(|e| e.unwrap().path());
    folders.extend(
        forms.filter(|f| ["lora", "lightning", "loop", ".loaded"].iter().all(|n| !f.to_string_lossy().contains(n))),
    );
    assert!(folders.len() > 95);
    for folder in folders {
        let checked = Checkpoint::builder(&folder).check().unwrap();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let loud: Vec<_> =
            checked.report.findings().iter().filter(|f| f.severity > Severity::Note).map(|f| f.code.id()).collect();
        let expected = REMARKABLE.iter().find(|(n, _)| *n == name).map_or(&[][..], |(_, codes)| *codes);
        assert_eq!(loud, expected, "{name}: {:#?}", checked.report);
        assert!(checked.checkpoint.is_some(), "{name}");
    }
}

#[test]
fn all_problems_of_all_files_are_in_one_report() {
    let folder = Folder::copy("tiny/seq-three");
    folder.config("hidden_act", serde_json::json!("nope"));
    folder.tensors(|t| {
        t.drop_all("pooler.dense.bias");
        t.add("my.extra", &[2], 1.0);
        t.reshape("bert.encoder.layer.1.output.LayerNorm.bias", &[23, 1]);
    });
    folder.json("tokenizer.json", |t| t["post_processor"] = serde_json::Value::Null);
    let report = check(&folder).report;
    let found = codes(report.findings());
    for code in ["C011", "W010", "W011", "W013", "T008"] {
        assert!(found.contains(&code), "no {code} in {found:?}");
    }
}

#[test]
fn the_level_header_does_not_read_values() {
    let folder = Folder::copy("tiny/seq-three");
    folder.tensors(|t| t.set("classifier.weight", &[f32::NAN]));
    let at = |level| Checkpoint::builder(folder.path()).level(level).check().unwrap();
    assert!(at(Level::Header).report.is_ok());
    assert_eq!(codes(at(Level::Weights).report.findings()), ["W017"]);
}

#[test]
fn parts_from_elsewhere_are_verified_like_the_checkpoints_own() {
    let folder = Folder::copy("tiny/seq-three");
    folder.remove("config.json");
    folder.remove("tokenizer.json");
    let tiny = fixtures().join("tiny");
    let with = |config: &str, tokenizer: &str| {
        Checkpoint::builder(folder.path())
            .model_config(tiny.join(config).join("config.json"))
            .tokenizer(tiny.join(tokenizer))
            .open()
    };
    assert!(with("seq-three", "seq-vocab-only").is_ok());
    let Err(Error::Rejected(rejected)) = with("seq-three", "seq-cased") else {
        panic!("a larger vocabulary must be refused")
    };
    assert_eq!(codes(rejected.report().findings()), ["X010"]);
    let Err(Error::Rejected(rejected)) = with("seq-default", "seq-three") else {
        panic!("another label count must be refused")
    };
    assert!(codes(rejected.report().findings()).contains(&"X001"));
}

#[test]
fn a_task_that_the_tensors_cannot_do_is_refused() {
    let open = |name: &str, task| Checkpoint::builder(fixtures().join("tiny").join(name)).task(task).check().unwrap();
    let refused = open("seq-three", Task::QuestionAnswering);
    assert!(codes(refused.report.findings()).contains(&"X005"));
    let contradicted = open("token", Task::TextClassification);
    assert!(codes(contradicted.report.findings()).contains(&"X005"));
    for (name, task) in
        [("pretraining", Task::FillMask), ("pretraining", Task::NextSentence), ("seq-three", Task::FeatureExtraction)]
    {
        assert!(open(name, task).report.is_ok(), "{name} can do {task}");
    }
}

#[test]
fn what_the_caller_expects_is_compared_with_both_sides_shown() {
    let folder = fixtures().join("tiny/seq-three");
    let with = |expect| Checkpoint::builder(&folder).expect(expect).check().unwrap().report;
    let met = Expectations::new()
        .labels(["angry", "calm", "happy"])
        .value("hidden_size", "24")
        .value("hidden_act", "gelu_python")
        .value("layer_norm_eps", "0.000000000001")
        .value("task", "text-classification")
        .value("label2id.calm", "1");
    assert!(with(met).is_ok());
    for (key, value, found) in [
        ("num_labels", "2", "is 3"),
        ("id2label.1", "neutral", "is calm"),
        ("id2label.7", "x", "is absent"),
        ("hidden_act", "relu", "is gelu"),
        ("task", "fill-mask", "is text-classification"),
        ("tokenizer.size", "30522", "expected 30522"),
        ("no_such_field", "1", "is absent"),
    ] {
        let report = with(Expectations::new().value(key, value));
        assert_eq!(codes(report.findings()), ["X016"], "{key}");
        let message = &report.findings()[0].message;
        assert!(message.contains(found) && message.contains(value), "{message}");
    }
    let intended =
        r#"{"hidden_size": 24, "id2label": {"0": "angry", "1": "calm", "2": "sad"}, "num_hidden_layers": 12}"#;
    let intended = bert_config::BertConfig::parse(intended).value.unwrap();
    let report = with(Expectations::new().config(intended));
    assert_eq!(codes(report.findings()), ["X016", "X016"], "{report:#?}");
}

#[test]
fn levels_silence_and_raise_but_never_let_errors_through() {
    let folder = fixtures().join("tiny/seq-gamma-beta");
    let with = |levels| Checkpoint::builder(&folder).levels(levels).check().unwrap();
    assert!(with(Levels::default().allow(Code::W020).unwrap()).report.findings().is_empty());
    assert!(with(Levels::default().deny(Code::W020)).checkpoint.is_none());
    assert!(with(Levels::default().deny_warnings(true)).checkpoint.is_none());
    assert!(Levels::default().allow(Code::X003).is_err());
    assert!(Levels::default().warn(Code::W017).is_err());
}

#[test]
fn paths_that_are_no_checkpoint_are_told_apart() {
    let folder = Folder::copy("tiny/seq-three");
    assert!(matches!(Checkpoint::open(folder.path().join("nope")), Err(Error::NotFound { .. })));
    assert!(Checkpoint::open(folder.path().join("model.safetensors")).is_ok(), "a weight file stands for its folder");
    folder.write("optimizer.pt", "state");
    let checked = Checkpoint::builder(folder.path().join("optimizer.pt")).check().unwrap();
    assert_eq!(codes(checked.report.findings()), ["W028"]);
    #[cfg(unix)]
    {
        folder.remove("model.safetensors");
        std::os::unix::fs::symlink("/nowhere/at/all", folder.path().join("model.safetensors")).unwrap();
        let error = Checkpoint::open(folder.path()).unwrap_err();
        assert!(matches!(&error, Error::Io { path, .. } if path.ends_with("model.safetensors")), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_module_behind_a_link_out_of_the_folder_is_not_followed() {
    let (folder, elsewhere) = (Folder::copy("tiny/sentence-mean"), Folder::copy("tiny/sentence-mean"));
    folder.remove("1_Pooling/config.json");
    std::fs::remove_dir(folder.path().join("1_Pooling")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path().join("1_Pooling"), folder.path().join("1_Pooling")).unwrap();
    let report = check(&folder).report;
    assert_eq!(codes(report.findings()), ["X021"]);
    assert!(report.findings()[0].message.contains("leads out of the folder"));
    std::fs::remove_file(folder.path().join("1_Pooling")).unwrap();
    copy_folder(&elsewhere.path().join("1_Pooling"), &folder.path().join("pooling")).unwrap();
    std::os::unix::fs::symlink("pooling", folder.path().join("1_Pooling")).unwrap();
    assert!(check(&folder).report.is_ok(), "a link within the folder is fine");
}

#[test]
fn google_names_are_read_with_a_note() {
    let checked = Checkpoint::builder(fixtures().join("tiny/seq-google")).check().unwrap();
    assert!(codes(checked.report.findings()).contains(&"C025"));
}

#[test]
fn a_file_cut_after_opening_is_an_error() {
    let folder = Folder::copy("tiny/seq-three");
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    folder.edit("model.safetensors", |b| b.truncate(b.len() / 2));
    let error = checkpoint.tensor("classifier.weight").unwrap_err();
    assert!(error.to_string().contains("changed while it was open"), "{error}");
    let folder = Folder::copy("tiny/seq-three");
    let copied = Checkpoint::builder(folder.path()).copied(true).open().unwrap();
    folder.edit("model.safetensors", |b| b.truncate(b.len() / 2));
    assert!(copied.tensor("classifier.weight").is_ok(), "a copy does not change");
}
