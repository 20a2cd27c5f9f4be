//! Functions and classes that may stand in a state dict or in the bookkeeping around it. They are never called; the list
//! is there so that anything else is refused loudly.

use super::Global;

/// Module, names; `*` stands for any name of the module.
const ALLOWED: &[(&str, &[&str])] = &[
    // what makes tensors
    ("collections", &["OrderedDict", "defaultdict", "Counter", "deque"]),
    (
        "torch._utils",
        &[
            "_rebuild_tensor",
            "_rebuild_tensor_v2",
            "_rebuild_tensor_v3",
            "_rebuild_parameter",
            "_rebuild_parameter_with_state",
        ],
    ),
    ("torch._tensor", &["_rebuild_from_type_v2"]),
    ("torch.nn.parameter", &["Parameter"]),
    ("torch.storage", &["UntypedStorage", "TypedStorage"]),
    (
        "torch",
        &[
            "Tensor",
            "Size",
            "device",
            "DoubleStorage",
            "FloatStorage",
            "HalfStorage",
            "BFloat16Storage",
            "LongStorage",
            "IntStorage",
            "ShortStorage",
            "CharStorage",
            "ByteStorage",
            "BoolStorage",
            "ComplexFloatStorage",
            "float",
            "float16",
            "float32",
            "float64",
            "half",
            "double",
            "bfloat16",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "bool",
            "complex64",
            "float8_e4m3fn",
            "float8_e5m2",
            "strided",
        ],
    ),
    // bookkeeping of trainers, passed over
    ("argparse", &["Namespace"]),
    ("builtins", &BUILTINS),
    ("__builtin__", &BUILTINS),
    ("_codecs", &["encode"]),
    ("datetime", &["datetime", "date", "time", "timedelta", "timezone"]),
    ("pathlib", &["Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"]),
    ("numpy", &["dtype", "ndarray", "float64", "float32", "int64", "int32", "bool_"]),
    ("numpy.dtypes", &["*"]),
    ("numpy.core.multiarray", &["scalar", "_reconstruct"]),
    ("numpy._core.multiarray", &["scalar", "_reconstruct"]),
    ("pytorch_lightning.utilities.parsing", &["AttributeDict"]),
    ("lightning_fabric.utilities.data", &["AttributeDict"]),
    ("lightning.fabric.utilities.data", &["AttributeDict"]),
    ("pytorch_lightning.callbacks.model_checkpoint", &["ModelCheckpoint"]),
    ("pytorch_lightning.callbacks.early_stopping", &["EarlyStopping"]),
];

const BUILTINS: [&str; 13] = [
    "set",
    "frozenset",
    "list",
    "dict",
    "tuple",
    "int",
    "float",
    "bool",
    "str",
    "bytes",
    "bytearray",
    "complex",
    "slice",
];

pub(super) fn is_allowed(global: &Global) -> bool {
    ALLOWED
        .iter()
        .filter(|(module, _)| *module == global.module)
        .any(|(_, names)| names.iter().any(|name| *name == "*" || *name == global.name))
}
