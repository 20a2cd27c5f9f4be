//! A Trainer's output: `checkpoint-N` folders, `trainer_state.json`, a tokenizer that may lie beside them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bert_json::Value;
use bert_tok::TokenizerFiles;

/// Longest `trainer_state.json` that is read: the log of a long run has some MB.
const MAX_STATE: u64 = 64 << 20;

/// Which checkpoint of a run was chosen, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chosen {
    /// Name of its folder.
    pub name: String,
    /// Why it and no other.
    pub why: String,
}

/// What a trainer wrote about a run, as far as a reader of the checkpoint wants to know it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TrainerState {
    /// Optimizer steps done.
    pub global_step: Option<u64>,
    /// Epochs done.
    pub epoch: Option<f64>,
    /// Best value of the metric that chooses.
    pub best_metric: Option<f64>,
    /// Last part of the best checkpoint's path; the rest is of the training machine.
    pub best_checkpoint: Option<String>,
}

impl TrainerState {
    /// Reads `trainer_state.json` of a folder; what is malformed in it is left out, for nothing depends on it but the choice.
    pub(super) fn read(folder: &Path) -> Option<TrainerState> {
        let path = folder.join("trainer_state.json");
        let length = std::fs::metadata(&path).ok().filter(|m| m.is_file())?.len();
        if length > MAX_STATE {
            return None;
        }
        let root = bert_json::parse(&std::fs::read_to_string(path).ok()?).ok()?;
        let number = |key: &str| root.get(key).and_then(Value::number).and_then(|n| n.parse::<f64>().ok());
        let best = root.get("best_model_checkpoint").and_then(Value::as_str);
        Some(TrainerState {
            global_step: root.get("global_step").and_then(Value::as_u64),
            epoch: number("epoch"),
            best_metric: number("best_metric"),
            best_checkpoint: best.and_then(|p| p.rsplit(['/', '\\']).find(|part| !part.is_empty())).map(str::to_string),
        })
    }
}

/// `checkpoint-N` -> N
pub(crate) fn step(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("checkpoint-")?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The best checkpoint of a run, else the last.
pub(super) fn choose(folder: &Path, listing: &BTreeSet<String>) -> Option<Chosen> {
    let mut steps: Vec<(u64, &String)> = listing
        .iter()
        .filter_map(|name| Some((step(name)?, name)))
        .filter(|(_, name)| folder.join(name).is_dir())
        .collect();
    steps.sort_unstable();
    let (_, last) = steps.last()?;
    let state = TrainerState::read(&folder.join(last)).or_else(|| TrainerState::read(folder));
    let best = state.as_ref().and_then(|s| s.best_checkpoint.clone());
    let count = steps.len();
    Some(match best {
        Some(best) if steps.iter().any(|(_, name)| **name == best) => {
            let metric = state.and_then(|s| s.best_metric).map_or(String::new(), |m| format!(" (metric {m})"));
            Chosen { why: format!("the best of {count} by `trainer_state.json`{metric}"), name: best }
        }
        Some(best) => Chosen {
            name: (*last).clone(),
            why: format!("the last of {count}; the best, `{best}`, is not in the folder"),
        },
        None => {
            Chosen { name: (*last).clone(), why: format!("the last of {count}; `trainer_state.json` names no best") }
        }
    })
}

/// Where a checkpoint of a run that has no tokenizer may find it: beside it, or in the newest checkpoint that has one.
pub(super) fn tokenizer_elsewhere(folder: &Path, listing: &BTreeSet<String>) -> Option<PathBuf> {
    let has = |name: &str| listing.contains(name);
    if has("tokenizer.json") || has("vocab.txt") {
        return None;
    }
    let folder = folder.canonicalize().ok()?;
    step(&folder.file_name()?.to_string_lossy())?;
    let parent = folder.parent()?;
    let has_tokenizer = |at: &Path| TokenizerFiles::NAMES.iter().take(2).any(|name| at.join(name).is_file());
    if has_tokenizer(parent) {
        return Some(parent.to_path_buf());
    }
    let siblings = std::fs::read_dir(parent).ok()?.filter_map(|e| Some(e.ok()?.path()));
    let numbered = siblings.filter_map(|path| Some((step(&path.file_name()?.to_string_lossy())?, path)));
    numbered.filter(|(_, path)| has_tokenizer(path)).max_by_key(|(n, _)| *n).map(|(_, path)| path)
}
