//! Containers of tensors: one module each, all yielding a `TensorIndex`.

pub(crate) mod safetensors;
