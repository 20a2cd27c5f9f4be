//! The zip form, since torch 1.6: `NAME/data.pkl`, `NAME/data/KEY`, `NAME/byteorder`.

use std::collections::{HashMap, HashSet};

use bert_diag::{counted, quoted};

use super::state;
use crate::checksum::{Checksum, Sum};
use crate::index::{Container, TensorIndex};
use crate::map::Bytes;
use crate::place::{Place, Storage, inflate};
use crate::source::pickle;
use crate::source::trouble::Trouble;
use crate::source::zip::{self, Entry};

/// Longest pickle that is read: a BERT's has 50 kB.
const MAX_PICKLE: u64 = 32 << 20;

pub(super) fn read(file: &str, bytes: &Bytes) -> Result<TensorIndex, Trouble> {
    let entries = zip::entries(bytes).map_err(Trouble::Broken)?;
    let pickle_of = |name: &str| entries.iter().find(|e| e.name == name || e.name.ends_with(&format!("/{name}")));
    let Some(description) = pickle_of("data.pkl") else {
        return Err(no_pickle(file, &entries));
    };
    if pickle_of("constants.pkl").is_some() {
        return Err(Trouble::NoModel {
            message: format!("`{file}` is a TorchScript archive: compiled code, not a state dict"),
            notes: Vec::new(),
            help: "save the state dict of the model it was made from".into(),
        });
    }
    let root = description.name.strip_suffix("data.pkl").unwrap_or_default();
    let swap = match pickle_of("byteorder") {
        Some(entry) => match content(bytes, entry, 16)?.as_slice() {
            b"little" => false,
            b"big" => true,
            other => return Err(Trouble::Broken(format!("the byte order is {:?}", String::from_utf8_lossy(other)))),
        },
        None => false,
    };
    let pickled = content(bytes, description, MAX_PICKLE)?;
    let graph = pickle::run(&pickled, 0)?;
    let by_name: HashMap<&str, &Entry> = entries.iter().map(|e| (e.name.as_str(), e)).collect();
    let mut index = state::index(&graph, Container::TorchZip, file, swap, |storage| {
        let name = format!("{root}data/{}", storage.key);
        let entry =
            by_name.get(name.as_str()).ok_or_else(|| format!("its storage {} is not in the archive", quoted(&name)))?;
        let wanted = (storage.elements as u64).saturating_mul(storage.dtype.bits() / 8);
        if entry.len() != wanted {
            return Err(format!(
                "its storage {} has {}, {} of {} need {wanted}",
                quoted(&name),
                counted(entry.len() as usize, "byte"),
                counted(storage.elements, "element"),
                storage.dtype
            ));
        }
        Ok(Storage { file: 0, bytes: entry.bytes.clone(), inflated: entry.inflated })
    })?;
    index.checksums = checksums(&index, &entries);
    Ok(index)
}

/// The checksums of the storages, each under the name of one of its tensors.
fn checksums(index: &TensorIndex, entries: &[Entry]) -> Vec<Checksum> {
    let by_start: HashMap<u64, &Entry> = entries.iter().map(|e| (e.bytes.start, e)).collect();
    let mut seen = HashSet::new();
    let storages = index.iter().filter_map(|(name, info)| {
        // A plain place begins within its storage, perhaps not at its beginning: only whole storages are compared.
        let start = match &info.place {
            Place::Plain { bytes, .. } => bytes.start,
            Place::View { storage, .. } => storage.bytes.start,
            _ => return None,
        };
        let entry = by_start.get(&start)?;
        seen.insert(start).then(|| Checksum {
            tensor: name.to_string(),
            storage: Storage { file: 0, bytes: entry.bytes.clone(), inflated: entry.inflated },
            sum: Sum::Zip(entry.crc32),
        })
    });
    storages.collect()
}

fn no_pickle(file: &str, entries: &[Entry]) -> Trouble {
    let names: Vec<_> = entries.iter().map(|e| quoted(&e.name)).collect();
    Trouble::NoModel {
        message: format!("`{file}` is a zip archive without `data.pkl`, so not written by torch"),
        notes: vec![format!("it holds {}", bert_diag::listed(names, 8))],
        help: "if it is an archive of the checkpoint, unpack it: `unzip`".into(),
    }
}

/// The content of a small entry.
fn content(bytes: &Bytes, entry: &Entry, most: u64) -> Result<Vec<u8>, Trouble> {
    if entry.len() > most {
        return Err(Trouble::Broken(format!("`{}` claims {} bytes, at most {most} are read", entry.name, entry.len())));
    }
    let stored = bytes.get(entry.bytes.clone())?;
    match entry.inflated {
        None => Ok(stored.to_vec()),
        Some(length) => inflate(stored, length)
            .ok_or_else(|| Trouble::Broken(format!("the compressed bytes of `{}` are damaged", entry.name))),
    }
}
