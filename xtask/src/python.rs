//! The reference environment: a virtual environment with pinned versions under `target/reference`, made on demand.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Result, root};

/// Runs a command and fails with its name.
pub(crate) fn run(command: &mut Command) -> Result {
    let status = command.current_dir(root()).status().map_err(|e| format!("cannot start {command:?}: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}

fn cache() -> PathBuf {
    root().join("target/reference")
}

/// The interpreter of the environment; `BERT_REFERENCE_PYTHON` names one that is already set up.
pub(crate) fn interpreter() -> Result<PathBuf> {
    if let Ok(python) = std::env::var("BERT_REFERENCE_PYTHON") {
        return Ok(python.into());
    }
    let (venv, stamp) = (cache().join("venv"), cache().join("installed.txt"));
    let python = venv.join("bin/python");
    let requirements = root().join("fixtures/reference/requirements.txt");
    let wanted = std::fs::read_to_string(&requirements)?;
    if std::fs::read_to_string(&stamp).ok().as_deref() != Some(wanted.as_str()) {
        std::fs::create_dir_all(cache())?;
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&requirements))?;
        std::fs::write(stamp, wanted)?;
    }
    Ok(python)
}

/// Runs a script of the repository in the environment; its cache folder is the last argument.
pub(crate) fn script(path: &str, args: &[&Path]) -> Result {
    run(Command::new(interpreter()?)
        .arg(path)
        .args(args)
        .env("HF_HUB_OFFLINE", "1")
        .env("TOKENIZERS_PARALLELISM", "false"))
}

/// Makes all goldens.
pub(crate) fn reference() -> Result {
    script("fixtures/reference/golden.py", &[Path::new("fixtures")])
}

/// Trains the demo checkpoint anew.
pub(crate) fn demo() -> Result {
    script("fixtures/demo/train.py", &[Path::new("--out"), Path::new("fixtures/demo"), Path::new("--cache"), &cache()])
}
