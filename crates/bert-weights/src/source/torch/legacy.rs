//! The form before torch 1.6: five pickles (magic number, protocol, system, object, storage keys), then the storages,
//! each with its length.

use std::collections::HashMap;

use bert_diag::counted;

use super::state;
use super::storage::StorageRef;
use crate::index::{Container, TensorIndex};
use crate::map::Bytes;
use crate::place::Storage;
use crate::source::pickle::{self, Graph, Id, Node};
use crate::source::trouble::Trouble;

/// 0x1950a86a20f9469cfc6c as a pickle of protocol 2 has it.
const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

pub(super) fn read(file: &str, bytes: &Bytes) -> Result<TensorIndex, Trouble> {
    let all = bytes.get(0..bytes.len())?;
    if !all.starts_with(MAGIC) {
        // Any other pickle: what it names tells more than that it is no torch file.
        let graph = pickle::run(all, 0)?;
        return Err(not_torch(file, &graph));
    }
    let protocol = pickle::run(all, MAGIC.len())?;
    let system = pickle::run(all, protocol.end)?;
    if little_endian(&system) == Some(false) {
        return Err(Trouble::Broken(
            "it was written by a big-endian machine, in a form that does not say which parts are turned".into(),
        ));
    }
    let object = pickle::run(all, system.end)?;
    let keys = pickle::run(all, object.end)?;
    let storages = storages(&object, &keys, all)?;
    state::index(&object, Container::TorchLegacy, file, false, |storage| {
        let (found, length) = storages.get(&storage.key).ok_or("its storage is not in the file")?;
        let size = storage.dtype.bits() / 8;
        let end = (storage.part as u64).checked_add(storage.elements as u64);
        if end.is_none_or(|end| end > *length) {
            return Err(format!("its storage has {}", counted(*length as usize, "element")));
        }
        Ok(Storage { file: 0, bytes: *found..*found + length * size, inflated: None })
    })
}

fn not_torch(file: &str, graph: &Graph<'_>) -> Trouble {
    let what = match graph.node(graph.root) {
        Node::Dict(items) => format!("it is a dict of {}", counted(items.len(), "entry")),
        Node::List(items) | Node::Tuple(items) => format!("it is a list of {}", counted(items.len(), "value")),
        _ => "it is a single value".into(),
    };
    Trouble::NoModel {
        message: format!("`{file}` is a pickle, but not one that torch wrote"),
        notes: vec![what],
        help: "save the tensors with `torch.save` or `safetensors`".into(),
    }
}

fn little_endian(system: &Graph<'_>) -> Option<bool> {
    let Node::Dict(items) = system.node(system.root) else { return None };
    let value = items.iter().find(|(key, _)| system.text(*key) == Some("little_endian"))?.1;
    match system.node(value) {
        Node::Bool(b) => Some(*b),
        _ => None,
    }
}

/// Storage key -> first byte of its data, and its length in elements.
fn storages(object: &Graph<'_>, keys: &Graph<'_>, all: &[u8]) -> Result<HashMap<String, (u64, u64)>, Trouble> {
    let sizes = sizes(object);
    let list = keys.sequence(keys.root).ok_or_else(|| Trouble::Broken("the list of storages is malformed".into()))?;
    let mut at = keys.end;
    let mut storages = HashMap::new();
    for (i, key) in list.iter().enumerate() {
        let key = key_text(keys, *key).ok_or_else(|| Trouble::Broken("the list of storages is malformed".into()))?;
        // Storages that nothing refers to are not written by torch; without a type their size cannot be known.
        let size = *sizes.get(&key).ok_or_else(|| Trouble::Broken(format!("storage `{key}` belongs to no tensor")))?;
        let length = all.get(at..at.saturating_add(8)).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
        let length = length.ok_or_else(|| cut(i, list.len()))?;
        let start = at + 8;
        let end = length.checked_mul(size).and_then(|n| usize::try_from(n).ok()).and_then(|n| start.checked_add(n));
        let end = end.filter(|end| *end <= all.len()).ok_or_else(|| cut(i, list.len()))?;
        storages.insert(key, (start as u64, length));
        at = end;
    }
    Ok(storages)
}

fn cut(at: usize, of: usize) -> Trouble {
    Trouble::Broken(format!("the file ends within storage {} of {of}: it was cut short", at + 1))
}

fn key_text(graph: &Graph<'_>, id: Id) -> Option<String> {
    graph.text(id).map(str::to_string).or_else(|| graph.int(id).map(|n| n.to_string()))
}

/// Storage key -> bytes of an element, of all storages that the object refers to.
fn sizes(object: &Graph<'_>) -> HashMap<String, u64> {
    let persistent = object.nodes.iter().filter_map(|node| match node {
        Node::Persistent(id) => super::storage::storage_ref(object, *id).ok(),
        _ => None,
    });
    persistent.map(|StorageRef { key, dtype, .. }| (key, dtype.bits() / 8)).collect()
}
