//! Which files of a folder are which.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bert_diag::{Code, Finding, Report, Source, Span, listed, quoted};

use crate::Error;

/// The parts of a checkpoint as they lie on disk.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Located {
    /// The folder.
    pub folder: PathBuf,
    /// Names in it, sorted.
    pub listing: Vec<String>,
    /// `config.json`, else `bert_config.json`.
    pub config: Option<PathBuf>,
    /// Where the weights are.
    pub weights: WeightsPlace,
}

/// Where the weights are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightsPlace {
    /// A safetensors file.
    Safetensors(PathBuf),
    /// A container that is not read yet.
    Unsupported(String),
    /// Optimizer or trainer state was named as weights.
    TrainingState(String),
    /// No file that could be weights.
    None,
}

/// Containers in the order the reference looks for them, after `model.safetensors`.
const CONTAINERS: &[&str] = &[
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "tf_model.h5",
    "model.ckpt.index",
    "bert_model.ckpt.index",
    "flax_model.msgpack",
];

const TRAINING_STATE: &[&str] = &["optimizer.pt", "optimizer.bin", "scheduler.pt", "scaler.pt", "training_args.bin"];

fn is_training_state(name: &str) -> bool {
    TRAINING_STATE.contains(&name) || (name.starts_with("rng_state") && name.ends_with(".pth"))
}

impl Located {
    /// Looks at a folder, or at a weight file whose folder holds the rest.
    pub(crate) fn find(path: &Path) -> Result<Located, Error> {
        let io = |path: &Path| {
            let path = path.to_path_buf();
            move |source| Error::Io { path, source }
        };
        let metadata = std::fs::metadata(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound if !path.is_symlink() => Error::NotFound { path: path.to_path_buf() },
            _ => io(path)(e),
        })?;
        let folder = if metadata.is_dir() {
            path
        } else {
            path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
        };
        let mut listing = BTreeSet::new();
        for entry in std::fs::read_dir(folder).map_err(io(folder))? {
            listing.insert(entry.map_err(io(folder))?.file_name().to_string_lossy().into_owned());
        }
        let has = |name: &str| listing.contains(name);
        let config = ["config.json", "bert_config.json"].iter().find(|n| has(n)).map(|n| folder.join(n));
        let weights = if metadata.is_dir() { Self::weights_in(folder, &listing) } else { Self::weights_at(path) };
        Ok(Located { folder: folder.to_path_buf(), listing: listing.into_iter().collect(), config, weights })
    }

    fn weights_in(folder: &Path, listing: &BTreeSet<String>) -> WeightsPlace {
        if listing.contains("model.safetensors") {
            return WeightsPlace::Safetensors(folder.join("model.safetensors"));
        }
        match CONTAINERS.iter().find(|name| listing.contains(**name)) {
            Some(name) => WeightsPlace::Unsupported((*name).to_string()),
            None => WeightsPlace::None,
        }
    }

    fn weights_at(file: &Path) -> WeightsPlace {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if is_training_state(&name) {
            WeightsPlace::TrainingState(name)
        } else {
            WeightsPlace::Safetensors(file.to_path_buf())
        }
    }

    /// What the folder holds, for messages.
    pub(crate) fn found(&self) -> String {
        if self.listing.is_empty() {
            "the folder is empty".to_string()
        } else {
            format!("found: {}", listed(&self.listing, 12))
        }
    }

    pub(crate) fn report_weights(&self, report: &mut Report) {
        let folder = || Span::whole(&Source::name_only("."), "");
        match &self.weights {
            WeightsPlace::Safetensors(path) => {
                let used = path.file_name().unwrap_or_default().to_string_lossy();
                let others: Vec<_> = CONTAINERS.iter().filter(|n| self.listing.iter().any(|l| l == *n)).collect();
                if !others.is_empty() {
                    let note = Finding::new(Code::W027, format!("{} lies beside `{used}`, which is used", listed(others, 4)));
                    report.push(note.span(folder()).help("delete the stale file"));
                }
            }
            WeightsPlace::Unsupported(name) => report.push(
                Finding::new(Code::W026, format!("the weights are in {}, which is not read yet", quoted(name)))
                    .span(Span::whole(&Source::name_only(name.as_str()), ""))
                    .help("convert once with transformers: `AutoModel...from_pretrained(DIR).save_pretrained(DIR, safe_serialization=True)`"),
            ),
            WeightsPlace::TrainingState(name) => report.push(
                Finding::new(Code::W028, format!("{} holds the state of a training run, not a model", quoted(name)))
                    .span(Span::whole(&Source::name_only(name.as_str()), ""))
                    .note(self.found())
                    .help("name the folder that holds `model.safetensors`"),
            ),
            WeightsPlace::None => report.push(self.no_weights(folder())),
        }
    }

    fn no_weights(&self, span: Span) -> Finding {
        let looked = std::iter::once("model.safetensors").chain(CONTAINERS.iter().copied());
        let mut finding = Finding::new(Code::W001, "there is no weight file")
            .span(span)
            .note(format!("looked for: {}", listed(looked, 12)))
            .note(self.found());
        if self.listing.iter().any(|n| n.starts_with("adapter_model.") || n == "adapter_config.json") {
            finding = finding.note("this is a LoRA adapter: it holds changes to another model's weights, not a model");
        }
        if let Some(other) =
            self.listing.iter().find(|n| n.ends_with(".safetensors") && !n.starts_with("adapter_model"))
        {
            finding = finding.help(format!("name the file itself: `bert check {}`", self.folder.join(other).display()));
        } else if let Some(checkpoint) =
            self.listing.iter().filter(|n| n.starts_with("checkpoint-")).max_by_key(|n| n.len())
        {
            finding = finding.help(format!("name one of the checkpoints in it, such as `{checkpoint}`"));
        } else {
            finding = finding.help("point at the folder that holds `model.safetensors`");
        }
        finding
    }

    pub(crate) fn is_empty_of_parts(&self) -> bool {
        let tokenizer = bert_tok::TokenizerFiles::NAMES.iter().any(|n| self.listing.iter().any(|l| l == n));
        self.config.is_none() && self.weights == WeightsPlace::None && !tokenizer
    }
}
