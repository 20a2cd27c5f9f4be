//! A published model, fine-tuned for real, run by transformers and by us.

use std::path::Path;
use std::process::Command;

use crate::python::{run, script};
use crate::{Result, root};

pub(crate) fn compare_with_reference() -> Result {
    let work = root().join("target/real");
    script("fixtures/reference/real.py", &[Path::new("train"), &work, &root().join("target/reference")])?;
    run(Command::new("cargo").args(["build", "--release", "--package", "bert-cli"]))?;
    let bert = root().join("target/release/bert");
    script("fixtures/reference/real.py", &[Path::new("compare"), &work, &bert])?;
    script("fixtures/reference/real.py", &[Path::new("embed"), &work, &root().join("target/reference")])?;
    script("fixtures/reference/real.py", &[Path::new("similar"), &work, &bert])
}

/// Every task beside the pipelines of transformers and beside sentence-transformers.
pub(crate) fn bench_tasks() -> Result {
    run(Command::new("cargo").args(["build", "--release", "--package", "bert-cli"]))?;
    let (work, cache) = (root().join("target/bench-tasks"), root().join("target/reference"));
    script("fixtures/reference/bench_tasks.py", &[&work, &root().join("target/release/bert"), &cache])
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
