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
