//! TensorFlow's checkpoint bundle: `NAME.index`, a table from variable to place, and `NAME.data-0000N-of-0000M`
//! (`tensorflow/core/util/tensor_bundle`, TensorFlow 2.20).

mod proto;
mod table;

use std::path::Path;

use bert_diag::quoted;

use self::proto::{Entry, Header};
use super::Opening;
use super::translated::{self, Raw};
use super::trouble::{Trouble, foreign};
use crate::checksum::Sum;
use crate::map::Bytes;
use crate::{Container, Convention, Error, TensorIndex, Weights};

/// Most data files of a bundle.
const MAX_FILES: u64 = 10_000;

pub(crate) fn open(path: &Path, how: Opening) -> Result<Weights, Error> {
    let bytes = how.bytes(path)?;
    let file = bytes.name();
    let (index, mut data) = read(path, &file, &bytes, how).map_err(|trouble| trouble.into_error(&file))?;
    data.push(bytes);
    Ok(Weights::new(data, index))
}

fn read(path: &Path, file: &str, bytes: &Bytes, how: Opening) -> Result<(TensorIndex, Vec<Bytes>), Trouble> {
    foreign(bytes, &[])?;
    let pairs = table::pairs(bytes.get(0..bytes.len())?).map_err(Trouble::Broken)?;
    let mut pairs = pairs.into_iter();
    let header = pairs.next().filter(|(key, _)| key.is_empty());
    let header = header.ok_or_else(|| Trouble::Broken("the bundle's header is missing".into()))?;
    let header = Header::parse(&header.1).map_err(Trouble::Broken)?;
    if !(1..=MAX_FILES).contains(&header.num_shards) {
        return Err(Trouble::Broken(format!("the bundle claims {} data files", header.num_shards)));
    }
    let data = data_files(path, header.num_shards, how)?;
    let (mut raw, mut skipped, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for (key, value) in pairs {
        let name = String::from_utf8_lossy(&key).into_owned();
        if name.contains("/.ATTRIBUTES/") || name == "_CHECKPOINTABLE_OBJECT_GRAPH" {
            return Err(object_graph(file));
        }
        match Entry::parse(&value).and_then(|entry| tensor(name.clone(), &entry, &data, header.big_endian)) {
            Ok(Some(tensor)) => raw.push(tensor),
            Ok(None) => skipped.push(name),
            Err(what) => problems.push(format!("tensor {}: {what}", quoted(&name))),
        }
    }
    if !problems.is_empty() {
        return Err(Trouble::Tensors(problems));
    }
    let index = translated::index(Container::TensorFlow, Convention::Google, file, raw, skipped)?;
    Ok((index, data))
}

fn object_graph(file: &str) -> Trouble {
    Trouble::Unsupported {
        message: format!("`{file}` is an object-based checkpoint of TensorFlow 2, which names objects, not variables"),
        help: "export the model with transformers: `TFBert...from_pretrained(DIR).save_pretrained(DIR)`".into(),
    }
}

/// Opens `NAME.data-0000N-of-0000M`, which lie beside the index and nowhere else.
fn data_files(path: &Path, count: u64, how: Opening) -> Result<Vec<Bytes>, Trouble> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(".index").unwrap_or(&name);
    (0..count)
        .map(|i| {
            let name = format!("{stem}.data-{i:05}-of-{count:05}");
            let file = path.with_file_name(&name);
            match how.bytes(&file) {
                Ok(bytes) => Ok(bytes),
                Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                    Err(Trouble::Broken(format!("its data file `{name}` is missing")))
                }
                Err(error) => Err(Trouble::Error(error)),
            }
        })
        .collect()
}

fn tensor(name: String, entry: &Entry, data: &[Bytes], swap: bool) -> Result<Option<Raw>, String> {
    let Some(dtype) = entry.dtype else { return Ok(None) }; // texts, and types that no weight has
    if entry.sliced {
        return Err("it is stored in slices of a partitioned variable, which are not read".into());
    }
    let file = usize::try_from(entry.shard).unwrap_or(usize::MAX);
    let held = data.get(file).ok_or_else(|| format!("it lies in data file {}, of {}", entry.shard, data.len()))?.len();
    let wanted = entry.shape.iter().try_fold(dtype.bits() / 8, |n, d| n.checked_mul(*d as u64));
    if wanted != Some(entry.size) {
        return Err(format!("its shape {:?} does not fit its {} bytes", entry.shape, entry.size));
    }
    let end = entry.offset.checked_add(entry.size).filter(|end| *end <= held);
    let end = end.ok_or_else(|| {
        format!(
            "bytes {} to {} lie past the end of its data file of {held}",
            entry.offset,
            entry.offset.saturating_add(entry.size)
        )
    })?;
    let ranges = std::iter::once(entry.offset..end).collect();
    Ok(Some(Raw {
        name,
        dtype,
        shape: entry.shape.clone(),
        file,
        ranges,
        swap,
        sum: entry.crc32c.map(Sum::TensorFlow),
    }))
}
