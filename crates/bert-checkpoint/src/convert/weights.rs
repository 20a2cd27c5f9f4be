//! The weight files of a conversion.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use bert_weights::{Rounding, WriteTensor, write_safetensors};

use super::ConvertError;
use super::plan::Plan;

/// Writes one file, or several and their index.
pub(super) fn write(plan: &Plan<'_>, folder: &Path) -> Result<Vec<Rounding>, ConvertError> {
    let shards = plan.shards()?;
    let count = shards.len();
    if let [only] = shards.as_slice() {
        return file(only, &folder.join("model.safetensors"));
    }
    let mut roundings = Vec::new();
    let mut map = serde_json::Map::new();
    let mut total = 0;
    for (i, shard) in shards.iter().enumerate() {
        let name = format!("model-{:05}-of-{count:05}.safetensors", i + 1);
        roundings.extend(file(shard, &folder.join(&name))?);
        for tensor in shard {
            map.insert(tensor.name.clone(), name.clone().into());
            total += tensor.byte_len();
        }
    }
    let index = serde_json::json!({"metadata": {"total_size": total}, "weight_map": map});
    text(&folder.join("model.safetensors.index.json"), &format!("{index:#}\n"))?;
    Ok(roundings)
}

fn file(tensors: &[WriteTensor<'_>], path: &Path) -> Result<Vec<Rounding>, ConvertError> {
    let io = ConvertError::io(path);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).map_err(io)?);
    let roundings = write_safetensors(tensors, &mut out).map_err(|e| match e {
        bert_weights::WriteError::Io(source) => ConvertError::Io { path: path.to_path_buf(), source },
        other => other.into(),
    })?;
    out.flush().map_err(ConvertError::io(path))?;
    out.get_ref().sync_all().map_err(ConvertError::io(path))?;
    Ok(roundings)
}

/// Writes a small file and brings it to the disk.
pub(super) fn text(path: &Path, content: &str) -> Result<(), ConvertError> {
    bytes(path, content.as_bytes())
}

pub(super) fn bytes(path: &Path, content: &[u8]) -> Result<(), ConvertError> {
    let written = File::create(path).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(ConvertError::io(path))
}
