//! Every form becomes a clean folder that is the same model, and nothing else is touched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use bert_checkpoint::{Checked, Checkpoint, ConvertError, ConvertOptions, convert};
use bert_config::{Architecture, Task};
use bert_diag::Severity;
use bert_testkit::{Folder, fixtures};
use bert_weights::DType;

fn form(name: &str) -> PathBuf {
    fixtures().join(name)
}

fn check(path: &Path) -> Checked {
    let name = path.to_string_lossy().into_owned();
    let builder = Checkpoint::builder(path);
    let builder = if name.contains("forms/lora") { builder.base(form("forms/base")) } else { builder };
    let builder = if name.ends_with("google") { builder.task(Task::TextClassification) } else { builder };
    builder.check().unwrap()
}

fn written(
    checked: &Checked,
    out: &Path,
    options: &ConvertOptions,
) -> Result<bert_checkpoint::Conversion, ConvertError> {
    convert(checked.checkpoint.as_ref().unwrap(), checked.parts.located.as_ref().unwrap(), out, options)
}

#[test]
fn every_form_becomes_the_same_model_without_a_remark() {
    let work = tempfile::tempdir().unwrap();
    let mut forms: Vec<PathBuf> = std::fs::read_dir(form("forms")).unwrap().map(|e| e.unwrap().path()).collect();
    forms.retain(|p| ["lightning", "loop", ".loaded"].iter().all(|n| !p.to_string_lossy().contains(n)));
    forms.extend(["forms/lightning/epoch=3.ckpt", "forms/loop/best.pt"].map(form));
    let tiny = [
        "seq-gamma-beta",
        "seq-module-prefix",
        "seq-google",
        "seq-f64",
        "model-no-prefix",
        "mask-untied",
        "mask-both-biases",
    ];
    forms.extend(tiny.iter().map(|n| form("tiny").join(n)));
    forms.extend(
        ["token", "pretraining", "choice", "sentence-dense", "sentence-old-layout", "seq-vocab-only"]
            .map(|n| form("tiny").join(n)),
    );
    assert!(forms.len() > 45);
    for (i, path) in forms.iter().enumerate() {
        let checked = check(path);
        let out = work.path().join(i.to_string());
        let done =
            written(&checked, &out, &ConvertOptions::default()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let again = Checkpoint::builder(&out).check().unwrap();
        let remarks: Vec<_> =
            again.report.findings().iter().filter(|f| f.severity > Severity::Note).map(|f| &f.message).collect();
        assert!(remarks.is_empty(), "{}: {remarks:?}", path.display());
        let (before, after) = (checked.checkpoint.unwrap(), again.checkpoint.unwrap());
        assert_eq!(before.fingerprints().unwrap(), after.fingerprints().unwrap(), "{}", path.display());
        assert_eq!(before.architecture(), after.architecture());
        assert_eq!((done.identical, done.weights), (done.tensors, after.fingerprints().unwrap().weights));
        // The class of the bare encoder saves its names without `bert.`.
        let codes = ["W021", "W022", "W043", "W044", "W046"];
        let named = again.report.findings().iter().filter(|f| codes.contains(&f.code.id())).count();
        assert!(named == 0 || after.architecture() == Architecture::Model, "{}", path.display());
        assert!(out.join("tokenizer.json").exists() || path.ends_with("sentence-old-layout"));
    }
}

#[test]
fn shorter_types_say_what_they_cost_and_too_large_numbers_are_refused() {
    let work = tempfile::tempdir().unwrap();
    let mut options = ConvertOptions::default();
    options.dtype = Some(DType::F16);
    let done = written(&check(&form("forms/base")), &work.path().join("half"), &options).unwrap();
    assert_eq!((done.roundings.len(), done.identical), (done.tensors, 0));
    // Half precision has 11 bits: no element can lose more than 2^-11 of itself.
    assert!(done.roundings.iter().all(|r| r.relative > 0.0 && r.relative < 4.9e-4), "{:?}", done.roundings);
    let folder = Folder::copy("forms/base");
    folder.tensors(|t| t.set("classifier.bias", &[1e6, 0.5, 0.1]));
    let refused = written(&check(folder.path()), &work.path().join("large"), &options).unwrap_err();
    assert!(refused.to_string().contains("classifier.bias") && refused.to_string().contains("F16"), "{refused}");
    assert_eq!(std::fs::read_dir(work.path()).unwrap().count(), 1, "nothing is left of a conversion that failed");
}

#[test]
fn folders_of_others_are_never_replaced() {
    let work = tempfile::tempdir().unwrap();
    let checked = check(&form("forms/base"));
    let out = work.path().join("out");
    let mut options = ConvertOptions::default();
    written(&checked, &out, &options).unwrap();
    assert!(matches!(written(&checked, &out, &options), Err(ConvertError::Exists { .. })));
    options.force = true;
    written(&checked, &out, &options).unwrap();
    std::fs::write(out.join("thesis.tex"), "years of work").unwrap();
    assert!(matches!(written(&checked, &out, &options), Err(ConvertError::NotOurs { .. })));
    assert_eq!(std::fs::read_to_string(out.join("thesis.tex")).unwrap(), "years of work");
    std::fs::write(work.path().join("file"), "x").unwrap();
    assert!(matches!(written(&checked, &work.path().join("file"), &options), Err(ConvertError::Exists { .. })));
    let own = Folder::copy("forms/base");
    for target in [own.path().to_path_buf(), own.path().parent().unwrap().to_path_buf()] {
        let refused = written(&check(own.path()), &target, &options);
        assert!(matches!(refused, Err(ConvertError::IsInput { .. })), "{target:?}");
    }
}

#[test]
fn shards_hold_what_the_index_says() {
    let work = tempfile::tempdir().unwrap();
    let mut options = ConvertOptions::default();
    options.max_shard_bytes = Some(2000);
    let checked = check(&form("forms/bin"));
    let done = written(&checked, work.path().join("out").as_path(), &options).unwrap();
    let shards = done.files.iter().filter(|(name, _)| name.starts_with("model-")).count();
    assert!(shards > 2 && done.files.iter().any(|(name, _)| name == "model.safetensors.index.json"));
    assert!(done.files.iter().filter(|(n, _)| n.starts_with("model-")).all(|(_, bytes)| *bytes < 2000 + 2000));
}
