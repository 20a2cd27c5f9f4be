//! What differs between two checkpoints: configuration, tokenizer, weights.

use std::fmt;
use std::path::Path;

use bert_config::{BertConfig, ConfigDiff};
use bert_diag::{counted, listed, quoted};
use bert_tok::{BertTokenizer, TokenizerDiff};
use bert_weights::{NameMap, TensorChange, TensorDiff, Weights, WeightsDiff, layer_of};

use crate::{Error, Located, WeightsPlace};

/// What to compare.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct DiffOptions {
    /// Compare the configurations.
    pub config: bool,
    /// Compare the tokenizers.
    pub tokenizer: bool,
    /// Compare the weights.
    pub weights: bool,
    /// Elements that differ by at most this count as equal; 0 means bit-identical.
    pub tolerance: f64,
}

impl Default for DiffOptions {
    fn default() -> Self {
        DiffOptions { config: true, tokenizer: true, weights: true, tolerance: 0.0 }
    }
}

/// The differences of two checkpoints. `Display` is stable, line by line, made for snapshot tests.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CheckpointDiff {
    /// Of the configurations.
    pub config: Option<ConfigDiff>,
    /// Of the tokenizers.
    pub tokenizer: Option<TokenizerDiff>,
    /// Of the weights.
    pub weights: Option<WeightsDiff>,
    /// Parts that could not be compared, and why.
    pub not_compared: Vec<String>,
}

/// Compares two checkpoint folders (or configuration files) part by part. Broken parts do not stop the others.
///
/// # Errors
/// When there is nothing at one of the paths, or a file was cut while it was open.
pub fn diff(a: &Path, b: &Path, options: &DiffOptions) -> Result<CheckpointDiff, Error> {
    let mut diff = CheckpointDiff::default();
    for path in [a, b] {
        if !path.exists() {
            return Err(Error::NotFound { path: path.to_path_buf(), tried: Vec::new() });
        }
    }
    if options.config {
        diff.config = diff.both("config.json", config(a), config(b)).map(|(a, b)| bert_config::diff(&a, &b));
    }
    if options.tokenizer {
        let open = |path: &Path| BertTokenizer::open(path).map_err(|e| e.to_string());
        diff.tokenizer = diff.both("tokenizer", open(a), open(b)).map(|(a, b)| bert_tok::diff(&a, &b));
    }
    if options.weights {
        let pair = diff.both("weights", weights(a), weights(b));
        diff.weights =
            pair.map(|(a, b)| bert_weights::diff((&a.0, &a.1), (&b.0, &b.1), options.tolerance)).transpose()?;
    }
    Ok(diff)
}

fn config(path: &Path) -> Result<BertConfig, String> {
    let parsed = BertConfig::from_path(path).map_err(|e| e.to_string())?;
    let why = parsed.report.findings().first().map_or("not a configuration".to_string(), |f| f.message.clone());
    parsed.value.ok_or(why)
}

fn weights(path: &Path) -> Result<(Weights, NameMap), String> {
    let located = Located::find(path).map_err(|e| e.to_string())?;
    let WeightsPlace::File { path: file, .. } = &located.weights else { return Err("no weight file".into()) };
    let weights = Weights::open(file).map_err(|e| e.to_string())?;
    let names = NameMap::decide(weights.index().names());
    Ok((weights, names))
}

impl CheckpointDiff {
    fn both<T>(&mut self, part: &str, a: Result<T, String>, b: Result<T, String>) -> Option<(T, T)> {
        match (a, b) {
            (Ok(a), Ok(b)) => Some((a, b)),
            (a, b) => {
                let why = |side: &str, r: Result<T, String>| r.err().map(|e| format!("{side}: {e}"));
                let reasons: Vec<String> = [why("first", a), why("second", b)].into_iter().flatten().collect();
                self.not_compared.push(format!("{part} ({})", reasons.join("; ")));
                None
            }
        }
    }

    /// Whether everything that was compared is equal, and everything could be compared.
    pub fn is_empty(&self) -> bool {
        self.not_compared.is_empty()
            && self.config.as_ref().is_none_or(ConfigDiff::is_empty)
            && self.tokenizer.as_ref().is_none_or(TokenizerDiff::is_empty)
            && self.weights.as_ref().is_none_or(WeightsDiff::is_empty)
    }

    /// What the pattern of equal and changed tensors suggests, in a sentence.
    pub fn verdict(&self) -> Option<String> {
        let weights = self.weights.as_ref().filter(|w| !w.is_empty())?;
        let changed = |pick: &dyn Fn(&str) -> bool| weights.changes.iter().any(|c| pick(&c.name));
        let head = |name: &str| !name.starts_with("bert.");
        if !changed(&|n| !head(n)) {
            return Some("only the head differs: the same encoder under another head".into());
        }
        let frozen: Vec<usize> = {
            let mut layers: Vec<usize> = weights
                .equal
                .iter()
                .filter_map(|n| layer_of(n))
                .filter(|l| !changed(&|n| layer_of(n) == Some(*l)))
                .collect();
            layers.dedup();
            layers.sort_unstable();
            layers.dedup();
            layers
        };
        let embeddings = !changed(&|n| n.starts_with("bert.embeddings."));
        match frozen.as_slice() {
            [] if embeddings => Some("the embeddings are equal, every layer differs".into()),
            [] => None,
            layers => {
                let also = if embeddings { " and the embeddings" } else { "" };
                Some(format!(
                    "encoder {} {}{also} are equal: looks like a frozen-layer fine-tune of the same base",
                    if layers.len() == 1 { "layer" } else { "layers" },
                    ranges(layers)
                ))
            }
        }
    }
}

/// `0 … 9`, `0, 2 … 4`
fn ranges(numbers: &[usize]) -> String {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for n in numbers {
        match parts.last_mut() {
            Some((_, end)) if *end + 1 == *n => *end = *n,
            _ => parts.push((*n, *n)),
        }
    }
    let show = |(a, b): &(usize, usize)| if a == b { a.to_string() } else { format!("{a} … {b}") };
    parts.iter().map(show).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for CheckpointDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(config) = &self.config {
            write!(f, "config.json  {config}")?;
        }
        if let Some(tokenizer) = &self.tokenizer {
            show_tokenizer(f, tokenizer)?;
        }
        if let Some(weights) = &self.weights {
            show_weights(f, weights)?;
        }
        if let Some(verdict) = self.verdict() {
            writeln!(f, "  {verdict}")?;
        }
        for part in &self.not_compared {
            writeln!(f, "not compared: {part}")?;
        }
        Ok(())
    }
}

fn show_tokenizer(f: &mut fmt::Formatter<'_>, diff: &TokenizerDiff) -> fmt::Result {
    let (changed, of) = diff.sample_changed;
    writeln!(
        f,
        "tokenizer    ~ {}  + {}  - {}",
        diff.moved.len() + diff.settings.len(),
        diff.added.len(),
        diff.removed.len()
    )?;
    for (name, before, after) in &diff.settings {
        writeln!(f, "  ~ {name}  {before}  ->  {after}")?;
    }
    for (sign, what, list) in [("+", "added", &diff.added), ("-", "removed", &diff.removed)] {
        if !list.is_empty() {
            let tokens = list.iter().map(|(t, id)| format!("{} ({id})", quoted(t)));
            writeln!(f, "  {sign} {} {what}: {}", counted(list.len(), "token"), listed(tokens, 6))?;
        }
    }
    if !diff.moved.is_empty() {
        let tokens = diff.moved.iter().map(|(t, a, b)| format!("{} ({a} -> {b})", quoted(t)));
        writeln!(f, "  ~ {} moved: {}", counted(diff.moved.len(), "token"), listed(tokens, 6))?;
    }
    if changed > 0 {
        writeln!(f, "  the ids of {changed} of {of} sample texts change")?;
    }
    Ok(())
}

fn show_weights(f: &mut fmt::Formatter<'_>, diff: &WeightsDiff) -> fmt::Result {
    let total = diff.changes.len() + diff.equal.len();
    writeln!(f, "weights      ~ {} of {}", diff.changes.len(), counted(total, "tensor"))?;
    for (label, changes) in groups(&diff.changes) {
        writeln!(f, "  {label}  {}", describe(&changes))?;
    }
    if let Some((a, b)) = diff.renamed.first() {
        writeln!(f, "  {} stored under another name, such as {a} and {b}", counted(diff.renamed.len(), "tensor"))?;
    }
    if let Some((_, a, b)) = diff.recast.first() {
        writeln!(f, "  {} stored in another type: {a} and {b}", counted(diff.recast.len(), "tensor"))?;
    }
    Ok(())
}

/// Tensors outside the layers by themselves; those of layers together, by the kind of change.
fn groups(changes: &[TensorDiff]) -> Vec<(String, Vec<&TensorDiff>)> {
    let (inside, outside): (Vec<&TensorDiff>, Vec<&TensorDiff>) =
        changes.iter().partition(|c| layer_of(&c.name).is_some());
    let mut groups = Vec::new();
    for kind in 0..4 {
        let members: Vec<&TensorDiff> = inside.iter().copied().filter(|c| kind_of(&c.change) == kind).collect();
        let mut layers: Vec<usize> = members.iter().filter_map(|c| layer_of(&c.name)).collect();
        layers.sort_unstable();
        layers.dedup();
        if !members.is_empty() {
            groups.push((
                format!("bert.encoder.layer.{} ({})", ranges(&layers), counted(members.len(), "tensor")),
                members,
            ));
        }
    }
    groups.extend(outside.into_iter().map(|c| (c.name.clone(), vec![c])));
    groups.sort_by(|a, b| a.0.cmp(&b.0));
    groups
}

fn kind_of(change: &TensorChange) -> usize {
    match change {
        TensorChange::Added => 1,
        TensorChange::Removed => 2,
        TensorChange::Shape { .. } => 3,
        _ => 0,
    }
}

fn describe(changes: &[&TensorDiff]) -> String {
    let shape = |s: &[usize]| s.iter().map(ToString::to_string).collect::<Vec<_>>().join(" x ");
    match changes.first().map(|c| &c.change) {
        Some(TensorChange::Added) => "only in the second".into(),
        Some(TensorChange::Removed) => "only in the first".into(),
        Some(TensorChange::Shape { before, after }) => {
            let more = if changes.len() > 1 { ", and so on" } else { "" };
            format!("{}  ->  {}{more}", shape(before), shape(after))
        }
        _ => {
            let values = changes.iter().filter_map(|c| match c.change {
                TensorChange::Values { max_abs, relative } => Some((max_abs, relative)),
                _ => None,
            });
            let largest = values.fold((0.0f64, 0.0f64), |m, v| (m.0.max(v.0), m.1.max(v.1)));
            format!("max |Δ| {:.1e}  rel {:.1e}", largest.0, largest.1)
        }
    }
}
