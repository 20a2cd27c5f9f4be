//! Which tensors are written, under which names, in which types.

use std::collections::HashSet;

use bert_config::Architecture;
use bert_weights::{DType, Part, TensorView, WriteTensor, expected_tensors};

use super::{ConvertError, ConvertOptions};
use crate::Checkpoint;

/// A tensor on its way: its new name, the name it had in the source.
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) source: String,
    pub(super) dtype: DType,
}

/// The tensors of the new file.
pub(super) struct Plan<'a> {
    checkpoint: &'a Checkpoint,
    pub(super) tensors: Vec<Planned>,
    pub(super) left_out: Vec<String>,
    pub(super) max_shard_bytes: u64,
    /// Type of most of the new elements.
    pub(super) dtype: DType,
}

/// As `save_pretrained` of transformers 4.57.6.
const MAX_SHARD_BYTES: u64 = 5_000_000_000;

impl<'a> Plan<'a> {
    pub(super) fn new(checkpoint: &'a Checkpoint, options: &ConvertOptions) -> Result<Plan<'a>, ConvertError> {
        let (names, index) = (checkpoint.names(), checkpoint.weights().index());
        let architecture = checkpoint.architecture();
        let mut tensors = Vec::new();
        let mut used = HashSet::new();
        for spec in expected_tensors(checkpoint.config(), architecture) {
            // Tensors that the class may do without are its own only in the bare encoder, whose pooler it saves.
            let own = spec.required || (architecture == Architecture::Model && spec.part == Part::Pooler);
            let file = names.in_file(&spec.name).or_else(|| names.in_file(spec.alias?));
            let (true, Some(file)) = (own, file) else { continue };
            let Some(info) = index.get(file) else { continue };
            used.insert(file);
            let name = match architecture {
                Architecture::Model => spec.name.strip_prefix("bert.").unwrap_or(&spec.name).to_string(),
                _ => spec.name,
            };
            let dtype = options.dtype.filter(|_| info.dtype.is_weight()).unwrap_or(info.dtype);
            tensors.push(Planned { name, source: file.to_string(), dtype });
        }
        let left_out = index.names().filter(|n| !used.contains(n)).map(str::to_string).collect();
        let dtype = options.dtype.or(tensors.first().map(|t| t.dtype)).unwrap_or(DType::F32);
        let max_shard_bytes = options.max_shard_bytes.unwrap_or(MAX_SHARD_BYTES).max(1);
        Ok(Plan { checkpoint, tensors, left_out, max_shard_bytes, dtype })
    }

    pub(super) fn view(&self, source: &str) -> Result<TensorView<'a>, bert_weights::Error> {
        let view = self.checkpoint.weights().get(source);
        view.ok_or_else(|| bert_weights::Error::NoTensor { name: source.to_string() })
    }

    /// The tensors, cut into files of at most the size that was asked for; a larger tensor has a file of its own.
    pub(super) fn shards(&self) -> Result<Vec<Vec<WriteTensor<'a>>>, bert_weights::Error> {
        let mut shards: Vec<Vec<WriteTensor<'_>>> = vec![Vec::new()];
        let mut held = 0;
        for planned in &self.tensors {
            let tensor = WriteTensor::new(&planned.name, self.view(&planned.source)?).dtype(planned.dtype);
            let bytes = tensor.byte_len();
            if held > 0 && held + bytes > self.max_shard_bytes {
                shards.push(Vec::new());
                held = 0;
            }
            held += bytes;
            if let Some(shard) = shards.last_mut() {
                shard.push(tensor);
            }
        }
        Ok(shards)
    }

    /// New names of tensors that an adapter changed.
    pub(super) fn merged(&self, checkpoint: &Checkpoint) -> Vec<String> {
        let Some(adapter) = &checkpoint.weights().index().provenance().adapter else { return Vec::new() };
        let changed = self.tensors.iter().filter(|t| adapter.changed.contains(&t.source));
        changed.map(|t| t.name.clone()).collect()
    }

    /// How many tensors have another name now.
    pub(super) fn renamed(&self) -> usize {
        let index = self.checkpoint.weights().index();
        let before =
            |t: &Planned| index.get(&t.source).and_then(|info| info.stored_as.clone()).unwrap_or(t.source.clone());
        self.tensors.iter().filter(|t| before(t) != t.name).count()
    }
}
