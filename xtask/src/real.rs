//! A published model, fine-tuned for real, run by transformers and by us.

use std::path::Path;
use std::process::Command;

use crate::python::{interpreter, run, script};
use crate::{Result, root};

pub(crate) fn compare_with_reference() -> Result {
    let work = root().join("target/real");
    script("fixtures/reference/real.py", &[Path::new("train"), &work, &root().join("target/reference")])?;
    run(Command::new("cargo").args(["build", "--release", "--package", "bert-cli"]))?;
    let bert = root().join("target/release/bert");
    run(Command::new(interpreter()?).arg("fixtures/reference/real.py").arg("compare").arg(&work).arg(bert))
}

/// `bert check` on a checkpoint of BERT-base's size, beside safetensors and numpy.
pub(crate) fn bench_check() -> Result {
    run(Command::new("cargo").args(["build", "--release", "--package", "bert-cli"]))?;
    run(Command::new("cargo").args(["build", "--release", "--package", "bert-weights", "--example", "bandwidth"]))?;
    let release = root().join("target/release");
    script(
        "fixtures/reference/bench_check.py",
        &[&root().join("target/bench-base"), &release.join("bert"), &release.join("examples/bandwidth")],
    )
}
