//! Writing safetensors, a tensor at a time (format description of safetensors 0.8).

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::{DType, Error, TensorView};

/// A tensor to be written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WriteTensor<'a> {
    /// Its name in the new file.
    pub name: String,
    /// Where its elements come from.
    pub view: TensorView<'a>,
    /// Its element type in the new file; floats are rounded to nearest, other types must stay as they are.
    pub dtype: DType,
}

impl<'a> WriteTensor<'a> {
    /// A tensor as it is, under this name.
    pub fn new(name: impl Into<String>, view: TensorView<'a>) -> Self {
        WriteTensor { name: name.into(), dtype: view.info().dtype, view }
    }

    /// In another type of float.
    pub fn dtype(mut self, dtype: DType) -> Self {
        self.dtype = dtype;
        self
    }

    /// Bytes it will take.
    pub fn byte_len(&self) -> u64 {
        (self.view.info().len() as u64 * self.dtype.bits()).div_ceil(8)
    }
}

/// What rounding cost a tensor.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rounding {
    /// Its name in the new file.
    pub name: String,
    /// Largest difference of an element.
    pub max_abs: f64,
    /// Norm of the differences over the norm of the tensor.
    pub relative: f64,
}

/// Writes tensors one after the other; holds one of them at a time. Gives back what rounding cost, for those that were
/// rounded.
///
/// # Errors
/// When a tensor cannot be read, an element is too large for its new type, or writing fails.
pub fn write_safetensors(tensors: &[WriteTensor<'_>], out: &mut impl Write) -> Result<Vec<Rounding>, WriteError> {
    let mut order: Vec<&WriteTensor<'_>> = tensors.iter().collect();
    // Wide types first, so that every tensor is aligned.
    order.sort_by(|a, b| (b.dtype.bits(), &a.name).cmp(&(a.dtype.bits(), &b.name)));
    let mut header = Map::new();
    header.insert("__metadata__".into(), json!({"format": "pt"}));
    let mut at = 0u64;
    for tensor in &order {
        let end = at + tensor.byte_len();
        let entry = json!({"dtype": tensor.dtype.name(), "shape": tensor.view.info().shape, "data_offsets": [at, end]});
        header.insert(tensor.name.clone(), entry);
        at = end;
    }
    let mut text = Value::Object(header).to_string();
    while !text.len().is_multiple_of(8) {
        text.push(' ');
    }
    out.write_all(&(text.len() as u64).to_le_bytes())?;
    out.write_all(text.as_bytes())?;
    let mut roundings = Vec::new();
    for tensor in order {
        roundings.extend(tensor.write(out)?);
        tensor.view.release();
    }
    Ok(roundings)
}

/// Writing weights failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The output could not be written.
    #[error("cannot write the weights")]
    Io(#[from] io::Error),
    /// A tensor could not be read.
    #[error(transparent)]
    Read(#[from] Error),
    /// An element does not fit its new type.
    #[error("tensor `{name}` holds {value:e}, which {dtype} cannot hold; write it as BF16 or F32")]
    TooLarge {
        /// The tensor.
        name: String,
        /// The element.
        value: f32,
        /// The type it should have had.
        dtype: DType,
    },
    /// The type asked for is not one that floats are written in.
    #[error("weights are written as F32, F16 or BF16, not as {0}")]
    NotAFloat(DType),
}

/// Elements converted at once.
const BLOCK: usize = 1 << 16;

impl WriteTensor<'_> {
    fn write(&self, out: &mut impl Write) -> Result<Option<Rounding>, WriteError> {
        let bytes = self.view.bytes()?;
        let from = self.view.info().dtype;
        if from == self.dtype {
            out.write_all(&bytes)?;
            return Ok(None);
        }
        if !from.is_weight() || !matches!(self.dtype, DType::F32 | DType::F16 | DType::BF16) {
            return Err(WriteError::NotAFloat(self.dtype));
        }
        let size = (from.bits() / 8) as usize;
        let (mut max_abs, mut squares, mut norm) = (0f64, 0f64, 0f64);
        let mut block = Vec::with_capacity(BLOCK * 4);
        for chunk in bytes.chunks(BLOCK * size) {
            block.clear();
            for element in chunk.chunks_exact(size) {
                let value = float(from, element);
                let written = self.rounded(value, &mut block)?;
                let difference = (value - written).abs();
                max_abs = max_abs.max(difference);
                squares += difference * difference;
                norm += value * value;
            }
            out.write_all(&block)?;
        }
        Ok(Some(Rounding {
            name: self.name.clone(),
            max_abs,
            relative: (squares / norm.max(f64::MIN_POSITIVE)).sqrt(),
        }))
    }

    /// Writes a value in the new type; gives back what it became.
    fn rounded(&self, value: f64, out: &mut Vec<u8>) -> Result<f64, WriteError> {
        let written = match self.dtype {
            DType::F16 => {
                let half = half::f16::from_f64(value);
                out.extend(half.to_le_bytes());
                f64::from(half)
            }
            DType::BF16 => {
                let half = half::bf16::from_f64(value);
                out.extend(half.to_le_bytes());
                f64::from(half)
            }
            _ => {
                out.extend((value as f32).to_le_bytes());
                f64::from(value as f32)
            }
        };
        match written.is_finite() || !value.is_finite() {
            true => Ok(written),
            false => Err(WriteError::TooLarge { name: self.name.clone(), value: value as f32, dtype: self.dtype }),
        }
    }
}

/// A float of a weight type.
fn float(dtype: DType, bytes: &[u8]) -> f64 {
    let wide = |n: u64| match dtype {
        DType::F64 => f64::from_bits(n),
        DType::F16 => f64::from(half::f16::from_bits(n as u16)),
        DType::BF16 => f64::from(half::bf16::from_bits(n as u16)),
        _ => f64::from(f32::from_bits(n as u32)),
    };
    wide(bytes.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
}
