//! Tensors of a pickle's graph: which storage, which part of it.

use crate::DType;
use crate::source::pickle::{Global, Graph, Id, Node};

/// A tensor as the pickle describes it.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub(super) dtype: DType,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
    /// First element within the storage.
    pub(super) offset: usize,
    pub(super) storage: StorageRef,
}

/// A storage as the pickle names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StorageRef {
    pub(super) key: String,
    /// Elements.
    pub(super) elements: usize,
    pub(super) dtype: DType,
    /// First element of a storage that is a part of another (before 1.6 only).
    pub(super) part: usize,
}

/// The tensor that a node is; `None` when it is something else, `Err` when it is a tensor that is not sound.
pub(super) fn tensor(graph: &Graph<'_>, id: Id) -> Option<Result<Tensor, String>> {
    let Node::Object(global, args) = graph.node(id) else { return None };
    let args = graph.sequence(*args)?;
    match (global.module.as_str(), global.name.as_str()) {
        ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3") => {
            Some(rebuild(graph, global, args))
        }
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state")
        | ("torch.nn.parameter", "Parameter") => tensor(graph, *args.first()?),
        // function, type, arguments, state: a tensor with attributes of its own
        ("torch._tensor", "_rebuild_from_type_v2") => {
            match (graph.node(*args.first()?), graph.sequence(*args.get(2)?)?) {
                (Node::Global(function), args) if function.module == "torch._utils" => {
                    Some(rebuild(graph, function, args))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn rebuild(graph: &Graph<'_>, function: &Global, args: &[Id]) -> Result<Tensor, String> {
    let malformed = || "its description in the pickle is malformed".to_string();
    let [storage, offset, shape, strides, rest @ ..] = args else { return Err(malformed()) };
    let sizes = |id: Id| -> Option<Vec<usize>> {
        graph.sequence(id)?.iter().map(|n| usize::try_from(graph.int(*n)?).ok()).collect()
    };
    let Node::Persistent(persistent) = graph.node(*storage) else { return Err(malformed()) };
    let mut storage = storage_ref(graph, *persistent)?;
    let offset = graph.int(*offset).and_then(|n| usize::try_from(n).ok()).ok_or_else(malformed)?;
    let (shape, strides) = (sizes(*shape).ok_or_else(malformed)?, sizes(*strides).ok_or_else(malformed)?);
    if shape.len() != strides.len() {
        return Err(malformed());
    }
    if function.name == "_rebuild_tensor_v3" {
        // Storages without a type: the tensor has it, and the storage counts bytes.
        let dtype = rest.get(2).and_then(|id| match graph.node(*id) {
            Node::Global(g) => DType::from_torch(&g.name),
            _ => None,
        });
        let dtype = dtype.ok_or("its element type is not known")?;
        storage.elements /= (dtype.bits() / 8).max(1) as usize;
        storage.dtype = dtype;
    }
    Ok(Tensor { dtype: storage.dtype, shape, strides, offset, storage })
}

/// `('storage', type, key, location, elements[, (root key, offset, elements)])`
pub(super) fn storage_ref(graph: &Graph<'_>, id: Id) -> Result<StorageRef, String> {
    let malformed = || "its storage is described in a form that torch does not write".to_string();
    let items = graph.sequence(id).ok_or_else(malformed)?;
    let [tag, kind, key, _location, elements, rest @ ..] = items else { return Err(malformed()) };
    if graph.text(*tag) != Some("storage") {
        return Err(malformed());
    }
    let Node::Global(kind) = graph.node(*kind) else { return Err(malformed()) };
    let dtype = DType::from_torch(&kind.name);
    let dtype = dtype.ok_or_else(|| format!("its storage is a {kind}, whose elements are not known here"))?;
    let key = graph.text(*key).map(str::to_string).or_else(|| graph.int(*key).map(|n| n.to_string()));
    let elements = graph.int(*elements).and_then(|n| usize::try_from(n).ok()).ok_or_else(malformed)?;
    let mut storage = StorageRef { key: key.ok_or_else(malformed)?, elements, dtype, part: 0 };
    if let Some(view) = rest.first().and_then(|id| graph.sequence(*id)) {
        let [_, offset, _] = view else { return Err(malformed()) };
        storage.part = graph.int(*offset).and_then(|n| usize::try_from(n).ok()).ok_or_else(malformed)?;
    }
    Ok(storage)
}

impl DType {
    /// The type of a storage class or of a `torch.dtype`.
    fn from_torch(name: &str) -> Option<DType> {
        Some(match name {
            "DoubleStorage" | "float64" | "double" => DType::F64,
            "FloatStorage" | "float32" | "float" => DType::F32,
            "HalfStorage" | "float16" | "half" => DType::F16,
            "BFloat16Storage" | "bfloat16" => DType::BF16,
            "LongStorage" | "int64" => DType::I64,
            "IntStorage" | "int32" => DType::I32,
            "ShortStorage" | "int16" => DType::I16,
            "CharStorage" | "int8" => DType::I8,
            "ByteStorage" | "UntypedStorage" | "uint8" => DType::U8,
            "BoolStorage" | "bool" => DType::BOOL,
            "ComplexFloatStorage" | "complex64" => DType::C64,
            "uint16" => DType::U16,
            "uint32" => DType::U32,
            "uint64" => DType::U64,
            "float8_e4m3fn" => DType::F8_E4M3,
            "float8_e5m2" => DType::F8_E5M2,
            _ => return None,
        })
    }
}
