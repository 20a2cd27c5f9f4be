//! Every form a checkpoint comes in: made by the libraries that write it, converted, and loaded by transformers.

use std::path::Path;
use std::process::Command;

use bert_testkit::fixtures;

use crate::python::{FORMS, V5, run};
use crate::{Result, root};

/// Makes `fixtures/forms` and `fixtures/golden/forms.json`, then converts each form and holds the result to transformers.
pub(crate) fn make_and_convert() -> Result {
    FORMS.script("fixtures/reference/forms.py", &[Path::new("fixtures")])?;
    run(Command::new("cargo").args(["build", "--release", "--package", "bert-cli"]))?;
    let work = root().join("target/forms");
    if work.exists() {
        std::fs::remove_dir_all(&work)?;
    }
    convert_all(&work)?;
    for environment in [FORMS, V5] {
        environment.script("fixtures/reference/forms_check.py", &[Path::new("fixtures"), &work])?;
    }
    Ok(())
}

fn convert_all(work: &Path) -> Result {
    let forms = fixtures().join("forms");
    let mut names: Vec<String> =
        std::fs::read_dir(&forms)?.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    for name in names.iter().filter(|n| !n.ends_with(".loaded")) {
        let source = match name.as_str() {
            "lightning" => forms.join("lightning/epoch=3.ckpt"),
            "loop" => forms.join("loop/best.pt"),
            _ => forms.join(name),
        };
        let mut command = Command::new(root().join("target/release/bert"));
        command.arg("convert").arg(source).arg("-o").arg(work.join(name)).arg("--quiet");
        if name.starts_with("lora") {
            command.arg("--base").arg(forms.join("base"));
        }
        if name == "google" {
            command.args(["--task", "text-classification"]);
        }
        run(command.stdout(std::process::Stdio::null()))?;
    }
    Ok(())
}

/// BERT-base in every container, opened by us and by transformers.
pub(crate) fn bench() -> Result {
    run(Command::new("cargo").args(["build", "--release", "--package", "bert-cli"]))?;
    let (work, bert) = (root().join("target/bench-forms"), root().join("target/release/bert"));
    FORMS.script("fixtures/reference/bench_forms.py", &[&work, &bert])
}
