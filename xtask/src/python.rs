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

/// An environment: its folder under `target/reference`, its requirements, and the variable that names an interpreter
/// that is already set up.
pub(crate) struct Environment(&'static str, &'static str, &'static str);

/// transformers 4.57.6, the oracle.
pub(crate) const REFERENCE: Environment = Environment("venv", "requirements.txt", "BERT_REFERENCE_PYTHON");
/// The same with TensorFlow, Flax and PEFT.
pub(crate) const FORMS: Environment = Environment("venv-forms", "requirements-forms.txt", "BERT_FORMS_PYTHON");
/// The peers of the benchmarks.
pub(crate) const BENCH: Environment = Environment("venv-bench", "requirements-bench.txt", "BERT_BENCH_PYTHON");
/// transformers 5.
pub(crate) const V5: Environment = Environment("venv-v5", "requirements-v5.txt", "BERT_V5_PYTHON");

impl Environment {
    /// The interpreter; the environment is made on demand.
    fn interpreter(&self) -> Result<PathBuf> {
        let Environment(name, requirements, variable) = self;
        if let Ok(python) = std::env::var(variable) {
            return Ok(python.into());
        }
        let (venv, stamp) = (cache().join(name), cache().join(format!("{name}.txt")));
        let python = venv.join("bin/python");
        let requirements = root().join("fixtures/reference").join(requirements);
        let wanted = std::fs::read_to_string(&requirements)?;
        if std::fs::read_to_string(&stamp).ok().as_deref() != Some(wanted.as_str()) {
            std::fs::create_dir_all(cache())?;
            run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&requirements))?;
            std::fs::write(stamp, wanted)?;
        }
        Ok(python)
    }

    /// Runs a script of the repository in the environment.
    pub(crate) fn script(&self, path: &str, args: &[&Path]) -> Result {
        run(Command::new(self.interpreter()?)
            .arg(path)
            .args(args)
            .env("HF_HUB_OFFLINE", "1")
            .env("TOKENIZERS_PARALLELISM", "false"))
    }
}

/// Runs a script of the repository in the reference's environment; its cache folder is the last argument.
pub(crate) fn script(path: &str, args: &[&Path]) -> Result {
    REFERENCE.script(path, args)
}

/// Makes all goldens.
pub(crate) fn reference() -> Result {
    script("fixtures/reference/golden.py", &[Path::new("fixtures")])?;
    let stress = cache().join("stress");
    if stress.exists() {
        std::fs::remove_dir_all(&stress)?;
    }
    bert_testkit::stress::write(&stress)?;
    script("fixtures/reference/stress.py", &[&stress, Path::new("fixtures/golden/stress.json")])
}

/// Trains the demo checkpoint anew.
pub(crate) fn demo() -> Result {
    script("fixtures/demo/train.py", &[Path::new("--out"), Path::new("fixtures/demo"), Path::new("--cache"), &cache()])
}
