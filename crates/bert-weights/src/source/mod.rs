//! Containers of tensors: one module each, all yielding a `TensorIndex`.

mod bundle;
mod flax;
mod hdf5;
mod pickle;
mod safetensors;
mod shards;
mod torch;
mod translated;
pub(crate) mod trouble;
mod zip;

use std::path::Path;

use crate::map::Bytes;
use crate::{Error, ForeignFile, TensorIndex, Weights, sniff};

/// How files are opened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Opening {
    Map,
    Copy,
}

impl Opening {
    fn bytes(self, path: &Path) -> Result<Bytes, Error> {
        match self {
            Opening::Map => Bytes::map(path),
            Opening::Copy => Bytes::copy(path),
        }
    }
}

/// Opens a weight file and those it refers to.
pub(crate) fn open(path: &Path, how: Opening) -> Result<Weights, Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(".index.json") {
        return shards::open(path, how);
    }
    if name.ends_with(".index") {
        return bundle::open(path, how);
    }
    read(how.bytes(path)?)
}

/// Reads one file.
pub(crate) fn read(bytes: Bytes) -> Result<Weights, Error> {
    let index = index_of(&bytes)?;
    Ok(Weights::new(vec![bytes], index))
}

/// The index of one file by what its name says it is; a name that says nothing leaves it to the first bytes.
fn index_of(bytes: &Bytes) -> Result<TensorIndex, Error> {
    let name = bytes.name();
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e).to_ascii_lowercase();
    match extension.as_str() {
        "bin" | "pt" | "pth" | "ckpt" => torch::read_index(bytes),
        "msgpack" => flax::read_index(bytes),
        "h5" | "hdf5" => hdf5::read_index(bytes),
        "safetensors" => safetensors::read_index(&name, bytes),
        _ => match sniff(bytes.get(0..bytes.len().min(512))?) {
            Some(ForeignFile::Zip | ForeignFile::Pickle) => torch::read_index(bytes),
            Some(ForeignFile::Hdf5) => hdf5::read_index(bytes),
            _ => safetensors::read_index(&name, bytes),
        },
    }
}

/// Whether the bytes begin like safetensors: a length that fits, and `{`.
fn is_safetensors(bytes: &Bytes) -> Result<bool, Error> {
    let head = bytes.get(0..bytes.len().min(9))?;
    let length = head.first_chunk::<8>().map(|b| u64::from_le_bytes(*b));
    Ok(length.is_some_and(|n| n < bytes.len()) && head.get(8) == Some(&b'{'))
}
