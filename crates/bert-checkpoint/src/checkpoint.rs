//! The checkpoint as one thing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bert_config::{Architecture, BertConfig, Parsed, Task};
use bert_diag::{Code, Finding, Report, Source, Span};
use bert_tok::{BertTokenizer, TokenizerFacts, TokenizerFiles};
use bert_weights::{HeadEvidence, NameMap, TensorView, Weights};

use crate::checks::{self, Facts};
use crate::locate::adapter::Adapter;
use crate::{CheckpointBuilder, Error, Level, Located, SentenceModules, WeightsPlace, head, sentence};

/// A verified checkpoint: configuration, weights and tokenizer that belong together. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    config: Arc<BertConfig>,
    architecture: Architecture,
    weights: Weights,
    names: Arc<NameMap>,
    tokenizer: Arc<BertTokenizer>,
    tokenizer_folder: Option<PathBuf>,
    sentence: Option<Arc<SentenceModules>>,
    report: Report,
}

/// What a check gave.
#[derive(Debug)]
#[non_exhaustive]
pub struct Checked {
    /// The checkpoint; `None` when the report has an error.
    pub checkpoint: Option<Checkpoint>,
    /// All findings, levels applied.
    pub report: Report,
    /// What was read of each part, even where it does not fit: for inspection only.
    pub parts: Parts,
}

/// Parts of a checkpoint as far as they could be read.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Parts {
    /// The configuration; fields that are wrong hold their default.
    pub config: Option<BertConfig>,
    /// The weights.
    pub weights: Option<Weights>,
    /// How their names map to the standard ones.
    pub names: NameMap,
    /// The head that `architectures` and the tensors agree on.
    pub architecture: Option<Architecture>,
    /// Facts about the tokenizer.
    pub tokenizer: Option<TokenizerFacts>,
    /// The folder that the tokenizer's files were read from.
    pub tokenizer_folder: Option<PathBuf>,
    /// Which files of the folder are which.
    pub located: Option<Located>,
    /// What follows the encoder in a sentence-transformers folder.
    pub sentence: Option<SentenceModules>,
}

impl Checkpoint {
    /// Opens and verifies a checkpoint folder.
    ///
    /// # Errors
    /// When a file cannot be read, or anything is wrong ([`Error::Rejected`] holds the whole report).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::builder(path).open()
    }

    /// Opens a checkpoint with parts from elsewhere, a task, or expectations.
    pub fn builder(path: impl AsRef<Path>) -> CheckpointBuilder {
        CheckpointBuilder::new(path.as_ref())
    }

    /// The configuration.
    pub fn config(&self) -> &BertConfig {
        &self.config
    }

    /// The head that the configuration names and the tensors confirm.
    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// Whether the head that was found can do a task; every checkpoint can give features.
    pub fn can(&self, task: Task) -> bool {
        task == Task::FeatureExtraction || head::able(task).contains(&self.architecture)
    }

    /// The weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// How the names of the file map to the standard ones.
    pub fn names(&self) -> &NameMap {
        &self.names
    }

    /// One tensor by its standard name, as f32 in row-major order, with its shape.
    ///
    /// # Errors
    /// When there is no such tensor, or the file was cut while it was open.
    pub fn tensor(&self, standard: &str) -> Result<(Vec<f32>, &[usize]), bert_weights::Error> {
        let view = self.tensor_view(standard)?;
        let values = view.to_f32()?;
        // What was copied need not stay mapped: loading a model then takes its weights' size once, not twice.
        view.release();
        Ok((values, &view.info().shape))
    }

    /// One tensor by its standard name, where it lies.
    ///
    /// # Errors
    /// When there is no such tensor.
    pub fn tensor_view(&self, standard: &str) -> Result<TensorView<'_>, bert_weights::Error> {
        let missing = || bert_weights::Error::NoTensor { name: standard.to_string() };
        self.names.in_file(standard).and_then(|file| self.weights.get(file)).ok_or_else(missing)
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &BertTokenizer {
        &self.tokenizer
    }

    /// The folder that the tokenizer's files were read from.
    pub fn tokenizer_folder(&self) -> Option<&Path> {
        self.tokenizer_folder.as_deref()
    }

    /// What follows the encoder, if this is a sentence-transformers folder.
    pub fn sentence(&self) -> Option<&SentenceModules> {
        self.sentence.as_deref()
    }

    /// Warnings and notes about the checkpoint.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Most tokens of an input, special ones included: the position table, or the tokenizer's smaller limit.
    pub fn max_length(&self) -> usize {
        let positions = self.config.max_position_embeddings;
        self.tokenizer.facts().model_max_length.map_or(positions, |n| n.min(positions))
    }
}

/// The folders that a check reads: the checkpoint's, and an adapter's on top of it.
fn folders(builder: &CheckpointBuilder, report: &mut Report) -> Result<(Located, Option<Adapter>), Error> {
    let located = Located::find(&builder.path)?;
    if located.is_adapter() {
        let adapter = Adapter::read(&located.folder, builder.copied, report)?;
        let base = match &builder.base {
            Some(base) => Ok(base.clone()),
            None => adapter.base(),
        };
        return match base {
            Ok(base) => Ok((Located::find(&base)?, Some(adapter))),
            Err(rejected) => {
                report.extend(rejected.into_report());
                Ok((located, None))
            }
        };
    }
    let adapter = builder.adapter.as_ref().map(|folder| Adapter::read(folder, builder.copied, report)).transpose()?;
    Ok((located, adapter))
}

pub(crate) fn check(builder: &CheckpointBuilder) -> Result<Checked, Error> {
    let mut report = Report::default();
    let mut parts = Parts::default();
    let (mut located, adapter) = folders(builder, &mut report)?;
    if let Some(adapter) = &adapter {
        // What the training run saved beside the adapter is what it used.
        let own = adapter.located()?;
        let vocabulary = ["tokenizer.json", "vocab.txt"].iter().any(|n| own.has(n));
        located.tokenizer = vocabulary.then(|| own.folder.clone()).or(located.tokenizer);
        located.config = own.config.or(located.config);
    }
    let task = builder.task.or(adapter.as_ref().and_then(Adapter::task));
    if located.is_empty_of_parts() && builder.model_config.is_none() {
        report.push(
            Finding::new(Code::X020, format!("`{}` holds no checkpoint", builder.path.display()))
                .span(Span::whole(&Source::name_only("."), ""))
                .note(located.found())
                .note("looked for: config.json, model.safetensors, pytorch_model.bin, tokenizer.json, vocab.txt")
                .help("point at the folder that holds `config.json` and `model.safetensors`"),
        );
    }
    checks::places(&located, &mut report);
    // The tokenizer takes as long to read as all the rest.
    let (parsed, weights, tokenizer) = std::thread::scope(|scope| {
        let tokenizer = scope.spawn(|| read_tokenizer(builder, &located));
        let parsed = read_config(builder, &located);
        // An adapter without its base was reported; that there are no weights would only repeat it.
        if !located.is_adapter() {
            located.report_weights(&mut report);
        }
        let weights = read_weights(builder, &located, &mut report);
        (parsed, weights, tokenizer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let (parsed, base, (files, opened)) = (parsed?, weights?, tokenizer?);
    let weights = match &adapter {
        Some(adapter) => base.as_ref().and_then(|base| adapter.apply(base, &mut report)),
        None => base,
    };
    let names = weights.as_ref().map(|w| NameMap::decide(w.index().names())).unwrap_or_default();

    let mut all = Report::default();
    match parsed {
        Some(parsed) => {
            all.extend(parsed.report);
            parts.config = parsed.value;
        }
        None if located.is_adapter() => {}
        None => all.push(checks::config_missing(&located, weights.as_ref(), &names)),
    }
    all.extend(report);
    let mut cross = Report::default();
    if let Some(weights) = &weights {
        checks::names(weights.index(), &names, &mut all);
        if let Some(config) = &parts.config {
            checks::label_votes(config, weights.index(), &names, &mut all);
            let evidence = HeadEvidence::read(weights.index(), &names);
            let witnesses = head::Witnesses { config, index: weights.index(), names: &names, evidence: &evidence };
            parts.architecture = head::decide(&witnesses, task, &mut cross);
            let architecture = parts.architecture.or(config.architecture()).unwrap_or(Architecture::Model);
            let facts = Facts {
                config,
                architecture,
                weights,
                names: &names,
                tokenizer_size: opened.facts.as_ref().map(|f| f.size),
                head_is_sound: parts.architecture.is_some(),
            };
            checks::shapes(&facts, &mut all, &mut cross);
            checks::dtypes(&facts, &mut all);
            checks::stated_dtype(&facts, &mut all);
            if builder.level >= Level::Weights {
                let read = checks::values(&facts, &mut all).and_then(|()| checks::checksums(&facts, &mut all));
                found(read, &mut all)?;
            }
            found(checks::other_files(&facts, &located, builder.level, &mut all), &mut all)?;
        }
    }
    if !located.is_adapter() {
        all.extend(opened.report);
    }
    if let Some(root) = &located.sentence {
        let read = sentence::read(root, parts.config.as_ref(), builder.level, &mut cross);
        parts.sentence = found(read, &mut cross)?;
    }
    if let (Some(config), Some(facts)) = (&parts.config, &opened.facts) {
        checks::tokenizer(
            config,
            weights.as_ref().map(|w| (w.index(), &names)),
            facts,
            opened.tokenizer.as_ref(),
            &files,
            &mut cross,
        );
    }
    if let Some(config) = &parts.config {
        let task = task.or(parts.architecture.map(Architecture::task)).map(|t| t.name());
        builder.expect.check(config, task, opened.facts.as_ref().map(|f| f.size), &mut cross);
    }
    all.extend(cross);
    builder.levels.apply(&mut all);

    parts.tokenizer = opened.facts;
    parts.weights = weights;
    parts.names = names;
    parts.tokenizer_folder = Some(tokenizer_folder(builder, &located).to_path_buf());
    parts.located = Some(located);
    let mut checkpoint = assemble(&parts, opened.tokenizer, &all);
    if let Some(sound) = &checkpoint {
        builder.expect.check_fingerprint(sound, &mut all)?;
        checkpoint = checkpoint.filter(|_| all.is_ok());
    }
    Ok(Checked { checkpoint, report: all, parts })
}

/// What a check that reads values gave; that a file turned out unsound on the way is a finding like any other.
fn found<T: Default>(result: Result<T, Error>, report: &mut Report) -> Result<T, Error> {
    match result {
        Err(Error::Rejected(rejected)) => {
            report.extend(rejected.into_report());
            Ok(T::default())
        }
        other => other,
    }
}

/// The checkpoint, if every part is there and nothing is wrong.
fn assemble(parts: &Parts, tokenizer: Option<BertTokenizer>, report: &Report) -> Option<Checkpoint> {
    if !report.is_ok() {
        return None;
    }
    Some(Checkpoint {
        config: Arc::new(parts.config.clone()?),
        architecture: parts.architecture?,
        weights: parts.weights.clone()?,
        names: Arc::new(parts.names.clone()),
        tokenizer: Arc::new(tokenizer?),
        tokenizer_folder: parts.tokenizer_folder.clone(),
        sentence: parts.sentence.clone().map(Arc::new),
        report: report.clone(),
    })
}

fn read_config(builder: &CheckpointBuilder, located: &Located) -> Result<Option<Parsed<BertConfig>>, Error> {
    if let Some(text) = &builder.config_text {
        return Ok(Some(BertConfig::parse(text)));
    }
    let Some(path) = builder.model_config.as_ref().or(located.config.as_ref()) else { return Ok(None) };
    BertConfig::from_path(path).map(Some).map_err(|e| match e {
        bert_config::Error::Io { path, source } => Error::Io { path, source },
        _ => Error::NotFound { path: path.clone(), tried: Vec::new() },
    })
}

fn read_weights(builder: &CheckpointBuilder, located: &Located, report: &mut Report) -> Result<Option<Weights>, Error> {
    let WeightsPlace::File { path, .. } = &located.weights else { return Ok(None) };
    match if builder.copied { Weights::open_copied(path) } else { Weights::open(path) } {
        Ok(weights) => Ok(Some(weights)),
        Err(bert_weights::Error::Rejected(rejected)) => {
            report.extend(rejected.into_report());
            Ok(None)
        }
        Err(bert_weights::Error::Io { path, source }) => Err(Error::Io { path, source }),
        Err(other) => Err(Error::Io { path: path.clone(), source: std::io::Error::other(other) }),
    }
}

fn tokenizer_folder<'a>(builder: &'a CheckpointBuilder, located: &'a Located) -> &'a Path {
    builder.tokenizer.as_deref().unwrap_or(located.tokenizer_folder())
}

fn read_tokenizer(builder: &CheckpointBuilder, located: &Located) -> Result<(TokenizerFiles, bert_tok::Opened), Error> {
    let folder = tokenizer_folder(builder, located);
    let files = TokenizerFiles::read(folder).map_err(|e| match e {
        bert_tok::Error::Io { path, source } => Error::Io { path, source },
        other => Error::Io { path: folder.to_path_buf(), source: std::io::Error::other(other) },
    })?;
    let opened = BertTokenizer::read(&files);
    Ok((files, opened))
}

impl From<bert_weights::Error> for Error {
    fn from(error: bert_weights::Error) -> Self {
        match error {
            bert_weights::Error::Io { path, source } => Error::Io { path, source },
            bert_weights::Error::Rejected(rejected) => Error::Rejected(rejected),
            bert_weights::Error::Changed { ref path, .. } => {
                Error::Io { path: path.clone(), source: std::io::Error::other(error) }
            }
            other => Error::Io { path: Default::default(), source: std::io::Error::other(other) },
        }
    }
}
