//! Opening with parts from elsewhere, a task, expectations.

use std::path::{Path, PathBuf};

use bert_config::Task;
use bert_diag::Levels;

use crate::{Checked, Checkpoint, Error, Expectations};

/// How much is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// JSON and tensor headers only: milliseconds for any size.
    Header,
    /// Every value as well: NaN, all zero, untrained-looking.
    #[default]
    Weights,
}

/// Opens a checkpoint with parts from elsewhere.
#[derive(Clone, Debug)]
pub struct CheckpointBuilder {
    pub(crate) path: PathBuf,
    pub(crate) model_config: Option<PathBuf>,
    pub(crate) config_text: Option<String>,
    pub(crate) tokenizer: Option<PathBuf>,
    pub(crate) base: Option<PathBuf>,
    pub(crate) adapter: Option<PathBuf>,
    pub(crate) task: Option<Task>,
    pub(crate) expect: Expectations,
    pub(crate) level: Level,
    pub(crate) levels: Levels,
    pub(crate) copied: bool,
}

impl CheckpointBuilder {
    pub(crate) fn new(path: &Path) -> Self {
        CheckpointBuilder {
            path: path.to_path_buf(),
            model_config: None,
            config_text: None,
            tokenizer: None,
            base: None,
            adapter: None,
            task: None,
            expect: Expectations::default(),
            level: Level::default(),
            levels: Levels::default(),
            copied: false,
        }
    }

    /// Takes the configuration from this file.
    pub fn model_config(mut self, file: impl Into<PathBuf>) -> Self {
        self.model_config = Some(file.into());
        self
    }

    /// Takes this text for the configuration, as if it stood in `config.json`.
    pub fn config_text(mut self, json: impl Into<String>) -> Self {
        self.config_text = Some(json.into());
        self
    }

    /// Takes the tokenizer from this folder; it is verified against this checkpoint like its own.
    pub fn tokenizer(mut self, folder: impl Into<PathBuf>) -> Self {
        self.tokenizer = Some(folder.into());
        self
    }

    /// The base of the LoRA adapter at the path; without it, it is looked for in the local cache by the name that the
    /// adapter gives.
    pub fn base(mut self, checkpoint: impl Into<PathBuf>) -> Self {
        self.base = Some(checkpoint.into());
        self
    }

    /// Puts the LoRA adapter of this folder on top of the checkpoint.
    pub fn adapter(mut self, folder: impl Into<PathBuf>) -> Self {
        self.adapter = Some(folder.into());
        self
    }

    /// Asks for a task; without it, it follows from `architectures`.
    pub fn task(mut self, task: Task) -> Self {
        self.task = Some(task);
        self
    }

    /// States what is expected.
    pub fn expect(mut self, expect: Expectations) -> Self {
        self.expect = expect;
        self
    }

    /// How much is read; [`Level::Weights`] unless said otherwise.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Changes the severity of single codes.
    pub fn levels(mut self, levels: Levels) -> Self {
        self.levels = levels;
        self
    }

    /// Reads the weights into memory instead of mapping them: for files that others can change meanwhile.
    pub fn copied(mut self, yes: bool) -> Self {
        self.copied = yes;
        self
    }

    /// Opens and checks.
    ///
    /// # Errors
    /// When a file cannot be read, or anything is wrong ([`Error::Rejected`] holds the whole report).
    pub fn open(self) -> Result<Checkpoint, Error> {
        let checked = self.check()?;
        checked.report.into_result()?;
        checked.checkpoint.ok_or_else(|| Error::Rejected(bert_diag::Rejected::new([])))
    }

    /// Checks, and gives the report whatever it says.
    ///
    /// # Errors
    /// When there is nothing at the path, or a file that is there cannot be read.
    pub fn check(&self) -> Result<Checked, Error> {
        crate::checkpoint::check(self)
    }
}
