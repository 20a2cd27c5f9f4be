//! Which file of a folder holds the weights.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bert_diag::{Code, Finding, Report, Source, Span, listed, quoted};

use super::Located;

/// Where the weights are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightsPlace {
    /// A weight file, or the index of several; with the other containers that lie beside it.
    File {
        /// The one that is used.
        path: PathBuf,
        /// Names of the others, in the order the reference looks for them.
        others: Vec<String>,
    },
    /// Optimizer or trainer state was named as weights.
    TrainingState(String),
    /// No file that could be weights.
    None,
}

/// Containers in the order the reference looks for them (`from_pretrained` of transformers 4.57.6), then Google's names.
const CONTAINERS: &[&str] = &[
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "tf_model.h5",
    "model.ckpt.index",
    "bert_model.ckpt.index",
    "flax_model.msgpack",
];

const TRAINING_STATE: &[&str] = &["optimizer.pt", "optimizer.bin", "scheduler.pt", "scaler.pt", "training_args.bin"];

pub(super) fn is_training_state(name: &str) -> bool {
    TRAINING_STATE.contains(&name) || (name.starts_with("rng_state") && name.ends_with(".pth"))
}

/// The first container that a folder has.
pub(super) fn in_folder(folder: &Path, listing: &BTreeSet<String>) -> WeightsPlace {
    let mut found: Vec<String> =
        CONTAINERS.iter().filter(|name| listing.contains(**name)).map(ToString::to_string).collect();
    found.extend(numbered_bundle(folder, listing));
    if found.is_empty() {
        let mut variants = listing.iter().filter(|name| is_variant(name));
        found.extend(variants.next().filter(|_| variants.next().is_none()).cloned());
    }
    if found.is_empty() {
        return WeightsPlace::None;
    }
    let first = found.remove(0);
    WeightsPlace::File { path: folder.join(first), others: found }
}

/// A weight file that was named itself.
pub(super) fn at(file: &Path) -> WeightsPlace {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if is_training_state(&name) {
        return WeightsPlace::TrainingState(name);
    }
    // A data file of a TensorFlow bundle: the index beside it says what is in it.
    let path = match name.split_once(".data-") {
        Some((stem, _)) => file.with_file_name(format!("{stem}.index")),
        None => file.to_path_buf(),
    };
    WeightsPlace::File { path, others: Vec::new() }
}

/// `model.ckpt-1000.index`: the one that the file `checkpoint` names, else the last.
fn numbered_bundle(folder: &Path, listing: &BTreeSet<String>) -> Option<String> {
    let step = |name: &str| name.strip_prefix("model.ckpt-")?.strip_suffix(".index")?.parse::<u64>().ok();
    let steps = listing.iter().filter_map(|name| step(name).map(|n| (n, name)));
    let last = steps.max_by_key(|(n, _)| *n).map(|(_, name)| name.clone())?;
    let named = std::fs::read_to_string(folder.join("checkpoint")).ok().and_then(|text| {
        let line = text.lines().find_map(|l| l.strip_prefix("model_checkpoint_path:"))?;
        let stem = line.trim().trim_matches('"').rsplit('/').next()?;
        Some(format!("{stem}.index")).filter(|name| listing.contains(name))
    });
    Some(named.unwrap_or(last))
}

/// `model.fp16.safetensors`, `pytorch_model.fp16.bin` and their indices.
fn is_variant(name: &str) -> bool {
    let between = |start: &str, end: &str| {
        let variant = name.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
        variant.is_some_and(|v| !v.is_empty() && !v.contains(['.', '-']))
    };
    between("model.", ".safetensors")
        || between("pytorch_model.", ".bin")
        || between("model.safetensors.index.", ".json")
        || between("pytorch_model.bin.index.", ".json")
}

impl Located {
    pub(crate) fn report_weights(&self, report: &mut Report) {
        match &self.weights {
            WeightsPlace::TrainingState(name) => report.push(
                Finding::new(Code::W028, format!("{} holds the state of a training run, not a model", quoted(name)))
                    .span(Span::whole(&Source::name_only(name.as_str()), ""))
                    .note(self.found())
                    .help("name the folder that holds `model.safetensors`"),
            ),
            WeightsPlace::None => report.push(self.no_weights()),
            WeightsPlace::File { .. } => {}
        }
    }

    fn no_weights(&self) -> Finding {
        let mut finding = Finding::new(Code::W001, "there is no weight file")
            .span(Span::whole(&Source::name_only("."), ""))
            .note(format!("looked for: {}", listed(CONTAINERS, 12)))
            .note(self.found());
        if let Some(state) = self.listing.iter().find(|n| is_training_state(n)) {
            finding = finding.note(format!("{} holds the state of a training run, not a model", quoted(state)));
        }
        let named = |n: &&String| {
            let weights = [".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack"];
            weights.iter().any(|end| n.ends_with(end)) && !n.starts_with("adapter_model") && !is_training_state(n)
        };
        match self.listing.iter().find(named) {
            Some(other) => {
                finding.help(format!("name the file itself: `bert check {}`", self.folder.join(other).display()))
            }
            None => finding.help("point at the folder that holds `model.safetensors`"),
        }
    }
}
