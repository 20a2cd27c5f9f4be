//! Rebuilding a lost configuration from what the other files show.

mod evidence;

use std::path::{Path, PathBuf};

use bert_config::{Architecture, BertConfig, Task};
use bert_diag::Rejected;
use bert_tok::{BertTokenizer, TokenizerFacts, TokenizerFiles};
use bert_weights::{NameMap, Weights, infer_config};

use crate::{Error, Located, WeightsPlace};

/// How sure a recovered field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Certainty {
    /// Read off the tensors or the tokenizer.
    Shown,
    /// Stated by the caller.
    Stated,
    /// Taken from a checkpoint that the caller named as alike.
    Alike,
    /// Decided by running the candidates against outputs of the original.
    Decided,
    /// Not to be seen anywhere: the most common value, to be confirmed.
    Assumed,
}

/// One field of the recovered configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveredValue {
    /// Name in `config.json`.
    pub name: String,
    /// Its value, as JSON.
    pub json: String,
    /// How sure it is.
    pub certainty: Certainty,
    /// What shows it.
    pub evidence: String,
    /// Other values it could have, as JSON, the likelier first; only for assumed fields.
    pub candidates: Vec<String>,
}

/// A configuration rebuilt from evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    values: Vec<RecoveredValue>,
}

/// What the caller knows.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RecoverOptions {
    /// The task, where the tensors leave it open.
    pub task: Option<Task>,
    /// Label names, in order of their ids.
    pub labels: Option<Vec<String>>,
    /// A checkpoint of the same base.
    pub like: Option<PathBuf>,
    /// Fields the caller states: name and value, strings with or without quotes.
    pub set: Vec<(String, String)>,
}

/// Rebuilds `config.json` for the weights and the tokenizer at `path`; nothing is written.
///
/// # Errors
/// When there are no readable weights, or the caller's values contradict them.
pub fn recover(path: impl AsRef<Path>, options: &RecoverOptions) -> Result<Recovery, Error> {
    let located = Located::find(path.as_ref())?;
    let weights = match &located.weights {
        WeightsPlace::File { path: file, .. } => Weights::open(file)?,
        _ => {
            let mut report = bert_diag::Report::default();
            located.report_weights(&mut report);
            report.into_result()?;
            return Err(Error::Rejected(Rejected::new([])));
        }
    };
    let names = NameMap::decide(weights.index().names());
    let like = options.like.as_ref().map(alike).transpose()?;
    let tokenizer =
        TokenizerFiles::read(located.tokenizer_folder()).ok().and_then(|files| BertTokenizer::read(&files).facts);
    let sources =
        Sources { weights: &weights, names: &names, tokenizer: tokenizer.as_ref(), like: like.as_ref(), options };
    let mut recovery = Recovery { values: evidence::gather(&sources) };
    for (name, value) in &options.set {
        recovery.set(name, value, Certainty::Stated, "stated by the caller");
    }
    recovery.verify()?;
    Ok(recovery)
}

fn alike(path: &PathBuf) -> Result<BertConfig, Error> {
    let parsed = BertConfig::from_path(path).map_err(|e| match e {
        bert_config::Error::Io { path, source } => Error::Io { path, source },
        _ => Error::NotFound { path: path.clone(), tried: Vec::new() },
    })?;
    Ok(parsed.into_result()?.0)
}

/// Everything that can testify.
pub(crate) struct Sources<'a> {
    weights: &'a Weights,
    names: &'a NameMap,
    tokenizer: Option<&'a TokenizerFacts>,
    like: Option<&'a BertConfig>,
    options: &'a RecoverOptions,
}

impl Sources<'_> {
    fn shown(&self) -> bert_weights::Recovered {
        infer_config(self.weights.index(), self.names)
    }

    /// The class: the task's if one was named, else what the tensors are.
    fn architecture(&self) -> Architecture {
        let held = &self.shown().head.candidates;
        let asked = self.options.task.map(Task::architecture);
        let fits = |a: &Architecture| held.contains(a) || *a == Architecture::Model;
        asked.filter(fits).or(held.first().copied()).unwrap_or(Architecture::Model)
    }
}

impl Recovery {
    /// The fields, in the order of the table.
    pub fn values(&self) -> &[RecoveredValue] {
        &self.values
    }

    /// Fields that nothing shows.
    pub fn assumed(&self) -> impl Iterator<Item = &RecoveredValue> {
        self.values.iter().filter(|v| v.certainty == Certainty::Assumed)
    }

    /// Sets a field; strings may come without quotes.
    pub fn set(&mut self, name: &str, value: &str, certainty: Certainty, evidence: &str) {
        let quoted = || evidence::string(value);
        let json = if bert_json::parse(value).is_ok() { value.to_string() } else { quoted() };
        let new =
            RecoveredValue { name: name.into(), json, certainty, evidence: evidence.into(), candidates: Vec::new() };
        match self.values.iter_mut().find(|v| v.name == name) {
            Some(old) => *old = new,
            None => self.values.push(new),
        }
    }

    /// Takes another candidate for an assumed field; it stays assumed.
    pub fn assume(&mut self, name: &str, json: &str) {
        if let Some(value) = self.values.iter_mut().find(|v| v.name == name) {
            value.json = json.to_string();
        }
    }

    /// `config.json`, in the order of the fields.
    pub fn to_json(&self) -> String {
        let lines: Vec<String> =
            self.values.iter().map(|v| format!("  {}: {}", evidence::string(&v.name), v.json)).collect();
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }

    /// The configuration, judged like any other.
    ///
    /// # Errors
    /// When the caller's values make no legal configuration.
    pub fn config(&self) -> Result<BertConfig, Rejected> {
        Ok(BertConfig::parse(&self.to_json()).into_result()?.0)
    }

    fn verify(&self) -> Result<(), Error> {
        self.config()?;
        Ok(())
    }
}
