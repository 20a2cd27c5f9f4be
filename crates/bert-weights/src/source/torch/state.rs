//! The state dict within a file, and its tensors.

use bert_diag::{counted, listed, quoted};

use super::storage::{StorageRef, Tensor, tensor};
use crate::index::{Container, Draft, TensorIndex, listed as index_of};
use crate::place::{Place, Storage, View};
use crate::source::pickle::{Graph, Id, Node};
use crate::source::trouble::Trouble;

/// Keys under which trainers keep the state dict, the usual ones first.
const KEYS: [&str; 6] = ["state_dict", "model_state_dict", "model", "module", "net", "model_state"];
/// A view may repeat elements (an expanded buffer), but not into a bomb.
const MAX_REPEATED: usize = 1 << 24;
/// How deep state dicts are looked for.
const MAX_DEPTH: usize = 3;

/// Finds the state dict and makes an index of it. `locate` says where a storage lies.
pub(super) fn index(
    graph: &Graph<'_>,
    container: Container,
    file: &str,
    swap: bool,
    locate: impl Fn(&StorageRef) -> Result<Storage, String>,
) -> Result<TensorIndex, Trouble> {
    let (path, dict) = find(graph, file)?;
    let (mut drafts, mut problems, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
    for (key, value) in dict {
        let name = graph.text(*key).map_or_else(|| "an entry without a name".to_string(), str::to_string);
        match tensor(graph, *value) {
            None => skipped.push(name),
            Some(found) => match found.and_then(|tensor| draft(&name, tensor, swap, &locate)) {
                Ok(draft) => drafts.push(draft),
                Err(what) => problems.push(format!("tensor {}: {what}", quoted(&name))),
            },
        }
    }
    if !problems.is_empty() {
        return Err(Trouble::Tensors(problems));
    }
    let (mut index, twice) = index_of(container, file, drafts);
    if let Some(name) = twice.first() {
        return Err(Trouble::Broken(format!("the state dict names tensor {} twice", quoted(name))));
    }
    for name in skipped {
        index.provenance.skip(name);
    }
    index.provenance.nested_under = path;
    Ok(index)
}

fn draft(
    name: &str,
    tensor: Tensor,
    swap: bool,
    locate: &impl Fn(&StorageRef) -> Result<Storage, String>,
) -> Result<Draft, String> {
    let size = (tensor.dtype.bits() / 8) as usize;
    let count = tensor.shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
    let held = tensor.storage.elements;
    let count = count.filter(|n| *n <= held.max(MAX_REPEATED));
    let count =
        count.ok_or_else(|| format!("its shape {:?} asks for more elements than its storage has", tensor.shape))?;
    let end = View::end(tensor.offset, &tensor.shape, &tensor.strides);
    if end.is_none_or(|end| end > held) {
        return Err(format!("it reaches past the end of its storage of {}", counted(held, "element")));
    }
    let storage = locate(&tensor.storage)?;
    let offset = tensor.offset.saturating_add(tensor.storage.part);
    let view = View { offset, strides: tensor.strides, swap: swap && size > 1 };
    let plain = View::row_major(&tensor.shape);
    let contiguous = tensor.shape.iter().zip(&view.strides).zip(&plain).all(|((n, a), b)| *n == 1 || a == b);
    let place = if contiguous && !view.swap && storage.inflated.is_none() {
        let start = storage.bytes.start + (offset * size) as u64;
        Place::Plain { file: 0, bytes: start..start + (count * size) as u64 }
    } else {
        Place::View { storage, view }
    };
    Ok(Draft { name: name.to_string(), stored_as: None, dtype: tensor.dtype, shape: tensor.shape, place })
}

/// Pairs of a dict's keys and values.
type Pairs<'g> = &'g [(Id, Id)];

/// The keys that lead to the state dict, and the dict.
fn find<'g>(graph: &'g Graph<'_>, file: &str) -> Result<(Vec<String>, Pairs<'g>), Trouble> {
    let mut found = Vec::new();
    look(graph, graph.root, &mut Vec::new(), &mut found);
    // A dict of tensors at the top is the state dict, whatever else lies in it.
    if let Some(top) = found.iter().position(|(path, _)| path.is_empty()) {
        return Ok(found.swap_remove(top));
    }
    let known: Vec<usize> = (0..found.len())
        .filter(|i| found.get(*i).and_then(|(path, _)| path.last()).is_some_and(|key| KEYS.contains(&key.as_str())))
        .collect();
    match (known.as_slice(), found.len()) {
        ([one], _) => return Ok(found.swap_remove(*one)),
        ([], 1) => return Ok(found.swap_remove(0)),
        _ => {}
    }
    let paths = listed(found.iter().map(|(path, _)| quoted(&path.join("."))), 8);
    Err(match found.len() {
        0 => Trouble::NoModel {
            message: format!("`{file}` holds no state dict"),
            notes: vec![top_level(graph)],
            help: "name the file that holds the model: `pytorch_model.bin`, `model.safetensors`".into(),
        },
        n => Trouble::NoModel {
            message: format!("`{file}` holds {n} state dicts: {paths}"),
            notes: vec!["which of them is the model cannot be known".into()],
            help: "save the one that is meant by itself: `torch.save(checkpoint[\"model\"], \"pytorch_model.bin\")`"
                .into(),
        },
    })
}

fn top_level(graph: &Graph<'_>) -> String {
    match graph.node(graph.root) {
        Node::Dict(items) if items.is_empty() => "it is an empty dict".into(),
        Node::Dict(items) => {
            format!("its keys: {}", listed(items.iter().filter_map(|(key, _)| graph.text(*key)).map(quoted), 12))
        }
        Node::Object(global, _) => format!("it is a {global}"),
        Node::List(_) | Node::Tuple(_) => "it is a list".into(),
        _ => "it is a single value".into(),
    }
}

fn look<'g>(graph: &'g Graph<'_>, id: Id, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Pairs<'g>)>) {
    let Node::Dict(items) = graph.node(id) else { return };
    // Two tensors at least: a counter kept as a tensor makes no model.
    let tensors = items.iter().filter(|(key, value)| graph.text(*key).is_some() && tensor(graph, *value).is_some());
    if tensors.take(2).count() == 2 {
        found.push((path.clone(), items));
        return;
    }
    if path.len() >= MAX_DEPTH {
        return;
    }
    for (key, value) in items {
        let Some(key) = graph.text(*key).filter(|key| !is_bookkeeping(key)) else { continue };
        path.push(key.to_string());
        look(graph, *value, path, found);
        path.pop();
    }
}

/// Keys below which trainers keep what is not the model.
fn is_bookkeeping(key: &str) -> bool {
    ["optimizer", "lr_scheduler", "scheduler", "scaler", "callbacks", "loops", "hyper_parameters", "rng"]
        .iter()
        .any(|word| key.starts_with(word))
}
