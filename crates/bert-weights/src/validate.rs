//! Do the tensors fit the configuration? All answers at once.

use std::collections::{BTreeMap, HashMap, HashSet};

use bert_config::{Architecture, BertConfig};

use crate::{NameMap, TensorIndex, TensorSpec, expected_tensors, layer_of};

/// A tensor that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missing {
    /// What was expected.
    pub spec: TensorSpec,
    /// An unexpected tensor of the file that may be it under another name.
    pub did_you_mean: Option<String>,
}

/// A tensor of another shape.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// What was expected.
    pub spec: TensorSpec,
    /// Its name in the file.
    pub in_file: String,
    /// The shape in the file.
    pub found: Vec<usize>,
    /// The field of the configuration that would have to change, and to what, when one field explains it.
    pub field: Option<(&'static str, usize)>,
    /// Whether the transposed tensor would fit.
    pub transpose_fits: bool,
}

/// What differs between the tensors of a file and those a configuration calls for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShapeReport {
    /// Needed and absent.
    pub missing: Vec<Missing>,
    /// There under the right name with another shape.
    pub mismatched: Vec<Mismatch>,
    /// Standard names of tensors that no part of this model has.
    pub unexpected: Vec<String>,
    /// Standard names of buffers that older versions saved; constants.
    pub harmless: Vec<String>,
    /// Standard names of tensors of other heads.
    pub other_heads: Vec<String>,
    /// Numbers of encoder layers in the file that the configuration does not count.
    pub extra_layers: Vec<usize>,
}

impl ShapeReport {
    /// Whether the model can run: nothing missing, nothing of another shape, no layer dropped.
    pub fn is_ok(&self) -> bool {
        self.missing.is_empty() && self.mismatched.is_empty() && self.extra_layers.is_empty()
    }
}

/// Buffers that carry no training.
const BUFFERS: [&str; 2] = ["bert.embeddings.position_ids", "bert.embeddings.token_type_ids"];

/// Compares the tensors of a file with those a configuration and an architecture call for.
///
/// Linear in the number of tensors, except that names are compared pairwise where tensors are both missing and left over.
pub fn validate(config: &BertConfig, architecture: Architecture, index: &TensorIndex, names: &NameMap) -> ShapeReport {
    let mut report = ShapeReport::default();
    let mut known = HashSet::new();
    let mut missing = Vec::new();
    for spec in expected_tensors(config, architecture) {
        known.insert(spec.name.clone());
        let in_file = names.in_file(&spec.name).or_else(|| names.in_file(spec.alias?));
        match in_file.and_then(|file| index.get(file).map(|info| (file, info))) {
            Some((file, info)) if info.shape != spec.shape => report.mismatched.push(mismatch(spec, file, &info.shape)),
            None if spec.required => missing.push(spec),
            _ => {}
        }
    }
    for name in names.standard_names().filter(|n| !known.contains(*n)) {
        report.place_extra(name, config.num_hidden_layers);
    }
    report.extra_layers.sort_unstable();
    report.extra_layers.dedup();
    let mut left: Vec<&String> = report.unexpected.iter().collect();
    for spec in missing {
        let did_you_mean = suggest(&spec, &mut left, index, names);
        report.missing.push(Missing { spec, did_you_mean });
    }
    blame(config, &mut report.mismatched);
    report
}

impl ShapeReport {
    fn place_extra(&mut self, name: &str, num_hidden_layers: usize) {
        if BUFFERS.contains(&name) {
            self.harmless.push(name.to_string());
        } else if let Some(layer) = layer_of(name).filter(|layer| *layer >= num_hidden_layers) {
            self.extra_layers.push(layer);
        } else if ["cls.", "classifier.", "qa_outputs.", "bert.pooler."].iter().any(|p| name.starts_with(p)) {
            self.other_heads.push(name.to_string());
        } else {
            self.unexpected.push(name.to_string());
        }
    }
}

fn mismatch(spec: TensorSpec, file: &str, found: &[usize]) -> Mismatch {
    let reversed: Vec<usize> = found.iter().rev().copied().collect();
    let transpose_fits = found.len() == 2 && reversed == spec.shape;
    Mismatch { in_file: file.to_string(), found: found.to_vec(), field: None, transpose_fits, spec }
}

/// Names the field that explains each mismatch: the one whose value most tensors contradict in the same way.
fn blame(config: &BertConfig, mismatched: &mut [Mismatch]) {
    let mut votes: BTreeMap<(&'static str, usize), usize> = BTreeMap::new();
    let contradictions = |m: &Mismatch| -> Vec<(&'static str, usize)> {
        if m.transpose_fits || m.found.len() != m.spec.dims.len() {
            return Vec::new();
        }
        let dims = m.spec.dims.iter().zip(&m.found);
        dims.filter(|(d, found)| d.size(config) != **found)
            .filter_map(|(d, found)| d.explained_by(*found, config))
            .collect()
    };
    for m in mismatched.iter() {
        for vote in contradictions(m) {
            *votes.entry(vote).or_default() += 1;
        }
    }
    for m in mismatched {
        m.field = contradictions(m).into_iter().max_by_key(|vote| votes.get(vote).copied().unwrap_or_default());
    }
}

/// The left-over tensor that is most likely the missing one: same shape, similar name.
fn suggest(spec: &TensorSpec, left: &mut Vec<&String>, index: &TensorIndex, names: &NameMap) -> Option<String> {
    let mut scores = HashMap::new();
    for name in left.iter() {
        let same_shape = names.in_file(name).and_then(|f| index.get(f)).is_some_and(|info| info.shape == spec.shape);
        if same_shape {
            scores.insert(*name, strsim::jaro_winkler(name, &spec.name));
        }
    }
    // 0.85: one word of a long name replaced still passes, another layer of the same kind wins over it.
    let (best, _) =
        scores.into_iter().filter(|(_, s)| *s >= 0.85).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(a.0)))?;
    left.retain(|n| *n != best);
    Some(best.clone())
}
