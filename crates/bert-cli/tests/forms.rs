//! Forms of checkpoints on the command line: the local cache, single files, adapters, conversions that are killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bert_testkit::{CORRUPTIONS, Folder, copy_folder, fixtures};
use common::*;

fn form(name: &str) -> String {
    fixtures().join("forms").join(name).display().to_string()
}

/// A cache as the hub's client lays it out: links from snapshots to blobs.
#[cfg(unix)]
fn cache() -> tempfile::TempDir {
    let cache = tempfile::tempdir().unwrap();
    let repository = cache.path().join("models--org--tiny");
    let (blobs, snapshot) = (repository.join("blobs"), repository.join("snapshots/0a1b2c"));
    for folder in [&blobs, &snapshot, &repository.join("refs")] {
        std::fs::create_dir_all(folder).unwrap();
    }
    std::fs::write(repository.join("refs/main"), "0a1b2c").unwrap();
    for (i, entry) in std::fs::read_dir(form("sharded")).unwrap().enumerate() {
        let from = entry.unwrap().path();
        std::fs::copy(&from, blobs.join(format!("hash{i}"))).unwrap();
        std::os::unix::fs::symlink(format!("../../blobs/hash{i}"), snapshot.join(from.file_name().unwrap())).unwrap();
    }
    cache
}

#[cfg(unix)]
#[test]
fn names_are_found_in_the_local_cache() {
    let cache = cache();
    let run = |args: &[&str]| {
        command(args).env("HF_HUB_CACHE", cache.path()).env_remove("TRANSFORMERS_CACHE").output().unwrap()
    };
    for name in ["org/tiny", "org/tiny@main", "org/tiny@0a1b2c"] {
        let output = run(&["check", name, "--format", "concise"]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stdout(&output));
    }
    let missing = run(&["check", "org/other"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        stderr(&missing).contains("models--org--other/refs/main") && stderr(&missing).contains("nothing is fetched")
    );
    let list = stdout(&run(&["cache", "ls"]));
    assert!(list.contains("org/tiny") && list.contains("BertForSequenceClassification"), "{list}");
    let json: serde_json::Value = serde_json::from_str(&stdout(&run(&["cache", "ls", "--format", "json"]))).unwrap();
    assert_eq!((&json["schema"], &json["models"][0]["refs"][0]), (&"bert.cache/1".into(), &"main".into()));
    // A base is found by the adapter's name for it.
    let adapter = Folder::copy("forms/lora");
    adapter.json("adapter_config.json", |c| _ = c.insert("base_model_name_or_path".into(), "org/tiny".into()));
    let output =
        command_in(adapter.path(), &["predict", ".", "good film"]).env("HF_HUB_CACHE", cache.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn one_model_predicts_the_same_from_every_form() {
    let texts = ["a great film", "it broke after one day !"];
    let predict = |path: &str, more: &[&str]| {
        let output = bert(&[&["predict", path, texts[0], texts[1], "--logits", "--format", "jsonl"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{path}: {}", stderr(&output));
        stdout(&output)
    };
    let wanted = predict(&form("base"), &[]);
    for name in [
        "sharded",
        "bin",
        "bin-legacy",
        "bin-views",
        "bin-deflated",
        "bin-big-endian",
        "wrapped",
        "keras",
        "flax",
        "run",
    ] {
        assert_eq!(predict(&form(name), &[]), wanted, "{name}");
    }
    let (config, tokenizer) = (format!("{}/config.json", form("base")), form("base"));
    let work = Scratch::new();
    let alone = work.path("epoch=3.ckpt");
    std::fs::copy(form("lightning/epoch=3.ckpt"), &alone).unwrap();
    assert_eq!(predict(&alone, &["--model-config", &config, "--tokenizer", &tokenizer]), wanted);
    let (base, adapter) = (form("base"), form("lora"));
    assert_eq!(predict(&adapter, &["--base", &base]), predict(&base, &["--adapter", &adapter]));
}

#[test]
fn a_pickle_that_would_run_code_leaves_no_trace() {
    for corruption in CORRUPTIONS.iter().filter(|c| c.code == "W040") {
        let folder = Folder::copy(corruption.fixture);
        (corruption.apply)(&folder);
        let before = names(folder.path());
        for args in [&["check", "."][..], &["predict", ".", "good"], &["inspect", "."], &["convert", ".", "-o", "out"]]
        {
            assert_ne!(bert_in(&folder, args).status.code(), Some(101), "{}", corruption.name);
        }
        assert_eq!(names(folder.path()), before, "{}", corruption.name);
    }
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    names
}

fn fingerprint(folder: &Path) -> Option<String> {
    let output = command(&["check", folder.to_str().unwrap(), "--hashes", "--format", "json"]).output().unwrap();
    let record: serde_json::Value = serde_json::from_str(&stdout(&output)).ok()?;
    Some(record["fingerprints"]["weights"].as_str()?.to_string())
}

#[test]
fn a_conversion_that_is_killed_leaves_the_old_folder_or_the_new_one() {
    let work = tempfile::tempdir().unwrap();
    let demo = fixtures().join("demo");
    let demo = demo.to_str().unwrap();
    let (out, old, new) = (work.path().join("out"), work.path().join("old"), work.path().join("new"));
    for (folder, dtype) in [(&old, "f32"), (&new, "f16")] {
        let output = bert(&["convert", demo, "-o", folder.to_str().unwrap(), "--dtype", dtype]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let (old_print, new_print) = (fingerprint(&old).unwrap(), fingerprint(&new).unwrap());
    let (mut seen_old, mut seen_new) = (0, 0);
    for i in 0..20u64 {
        if out.exists() {
            std::fs::remove_dir_all(&out).unwrap();
        }
        copy_folder(&old, &out).unwrap();
        let mut child = command(&["convert", demo, "-o", out.to_str().unwrap(), "--dtype", "f16", "--force"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Moments spread over the whole run, in no order.
        std::thread::sleep(Duration::from_micros(i * 7919 % 20 * 4000));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = fingerprint(&out).unwrap_or_else(|| panic!("killed at moment {i}: no whole checkpoint"));
        assert!(found == old_print || found == new_print, "killed at moment {i}");
        seen_old += usize::from(found == old_print);
        seen_new += usize::from(found == new_print);
    }
    assert!(seen_old > 0, "every conversion was over before it was killed ({seen_new} new)");
}

#[test]
fn convert_says_what_it_did_and_refuses_what_check_refuses() {
    let work = Scratch::new();
    let out = work.path("out");
    let output = bert(&["convert", &form("base"), "-o", &out, "--merge-adapter", &form("lora"), "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let record: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(record["schema"], "bert.convert/1");
    assert_eq!((record["tensors"].as_u64(), record["merged"].as_array().unwrap().len()), (Some(41), 4));
    assert!(stderr(&output).contains("merge  adapter_model.safetensors  r=2 alpha=6 targets query, value"));
    assert_eq!(bert(&["convert", &form("base"), "-o", &out]).status.code(), Some(2));
    assert_eq!(
        bert(&["convert", &form("base"), "-o", &work.path("x"), "--max-shard-size", "lots"]).status.code(),
        Some(2)
    );
    let broken = Folder::copy("forms/bin");
    broken.edit("pytorch_model.bin", |b| b.truncate(3000));
    let refused = bert_in(&broken, &["convert", ".", "-o", "out"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!broken.path().join("out").exists());
    let fingerprint = record["fingerprint"].as_str().unwrap();
    assert_eq!(
        bert(&["check", &out, "--expect", &format!("fingerprint={}", &fingerprint[..12])]).status.code(),
        Some(0)
    );
    assert_eq!(bert(&["check", &out, "--expect", "fingerprint=00000000"]).status.code(), Some(1));
}
