//! Weights: an index of tensors over the bytes of files.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};

use crate::map::Bytes;
use crate::place;
use crate::source::{self, Opening};
use crate::{DType, Error, TensorIndex, TensorInfo};

/// Open weight files. Cheap to clone, `Send + Sync`.
#[derive(Clone, Debug)]
pub struct Weights {
    pub(crate) files: Vec<Arc<Bytes>>,
    pub(crate) index: Arc<TensorIndex>,
}

impl Weights {
    /// Opens weights, mapped; see the crate documentation for what that means. The file says what it is: safetensors,
    /// PyTorch (`.bin`, `.pt`, `.ckpt`), an index of several such files, TensorFlow (`.ckpt.index`), Flax (`.msgpack`)
    /// or Keras (`.h5`).
    ///
    /// # Errors
    /// When a file cannot be read, or is not sound ([`Error::Rejected`] holds every finding).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        source::open(path.as_ref(), Opening::Map)
    }

    /// Opens weights by reading them into memory: for files that others can change meanwhile.
    ///
    /// # Errors
    /// As [`Weights::open`].
    pub fn open_copied(path: impl AsRef<Path>) -> Result<Self, Error> {
        source::open(path.as_ref(), Opening::Copy)
    }

    /// Reads safetensors from memory.
    ///
    /// # Errors
    /// As [`Weights::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::from_named_bytes("model.safetensors", bytes)
    }

    /// Reads a weight file of this name from memory; files that it refers to are not there.
    ///
    /// # Errors
    /// As [`Weights::open`].
    pub fn from_named_bytes(name: &str, bytes: Vec<u8>) -> Result<Self, Error> {
        source::read(Bytes::owned(name, bytes))
    }

    pub(crate) fn new(files: Vec<Bytes>, index: TensorIndex) -> Self {
        Weights { files: files.into_iter().map(Arc::new).collect(), index: Arc::new(index) }
    }

    /// What the files hold.
    pub fn index(&self) -> &TensorIndex {
        &self.index
    }

    /// Length of the files in bytes.
    pub fn file_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.len()).sum()
    }

    /// One tensor by the name it has in the index.
    pub fn get<'a>(&'a self, name: &str) -> Option<TensorView<'a>> {
        let (name, info) = self.index.entries.get_key_value(name)?;
        Some(TensorView { name, info, files: &self.files })
    }
}

/// One tensor of open files.
#[derive(Clone, Copy, Debug)]
pub struct TensorView<'a> {
    name: &'a str,
    info: &'a TensorInfo,
    files: &'a [Arc<Bytes>],
}

impl<'a> TensorView<'a> {
    /// Its name in the index.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Type, shape and place.
    pub fn info(&self) -> &'a TensorInfo {
        self.info
    }

    fn element_bytes(&self) -> usize {
        (self.info.dtype.bits() / 8) as usize
    }

    /// The elements as little-endian bytes in row-major order; borrowed where the file has them so.
    ///
    /// # Errors
    /// When a file was cut after it was opened, or compressed bytes are damaged.
    pub fn bytes(&self) -> Result<Cow<'a, [u8]>, Error> {
        place::read(&self.info.place, self.files, &self.info.shape, self.element_bytes())
    }

    /// Whether two tensors have the same bytes in row-major order; memory of what was compared is given back on the way.
    ///
    /// # Errors
    /// As [`TensorView::bytes`].
    pub fn same_bytes(&self, other: &TensorView<'_>) -> Result<bool, Error> {
        const CHUNK: usize = 8 << 20;
        let (ours, theirs) = (self.bytes()?, other.bytes()?);
        if ours.len() != theirs.len() {
            return Ok(false);
        }
        for (i, (a, b)) in ours.chunks(CHUNK).zip(theirs.chunks(CHUNK)).enumerate() {
            if a != b {
                return Ok(false);
            }
            self.release_part((i * CHUNK) as u64, a.len() as u64);
            other.release_part((i * CHUNK) as u64, a.len() as u64);
        }
        Ok(true)
    }

    fn release_part(&self, from: u64, length: u64) {
        if let (Some(bytes), Some(file)) = (self.info.range(), self.info.plain_file().and_then(|f| self.files.get(f))) {
            file.release(bytes.start + from..bytes.start + from + length);
        }
    }

    /// The elements as little-endian bytes, each once, in whatever order they lie: enough to look at their values.
    pub(crate) fn unordered_bytes(&self) -> Result<Cow<'a, [u8]>, Error> {
        place::read_unordered(&self.info.place, self.files, &self.info.shape, self.element_bytes())
    }

    /// Gives the memory of a mapped tensor back to the system, after its values were copied elsewhere. The tensor can
    /// still be read.
    pub fn release(&self) {
        place::release(&self.info.place, self.files);
    }

    /// The elements as f32: F16 and BF16 widened exactly, F64 rounded to nearest.
    ///
    /// # Errors
    /// When the type is not a float weight, or as [`TensorView::bytes`].
    pub fn to_f32(&self) -> Result<Vec<f32>, Error> {
        let values = self.values()?;
        let mut all = vec![0.0; values.len()];
        values.read(0, &mut all);
        Ok(all)
    }

    /// The elements, to be read as f32 part by part.
    ///
    /// # Errors
    /// As [`TensorView::to_f32`].
    pub fn values(&self) -> Result<Values<'a>, Error> {
        match self.info.dtype {
            DType::F32 | DType::F16 | DType::BF16 | DType::F64 => {
                Ok(Values { bytes: self.bytes()?, dtype: self.info.dtype, size: self.element_bytes() })
            }
            dtype => Err(Error::NotAWeight { name: self.name.to_string(), dtype }),
        }
    }

    /// The elements as an f32 array of the tensor's shape.
    ///
    /// # Errors
    /// As [`TensorView::to_f32`].
    pub fn to_array(&self) -> Result<ArrayD<f32>, Error> {
        let values = self.to_f32()?;
        ArrayD::from_shape_vec(IxDyn(&self.info.shape), values)
            .map_err(|_| Error::NoTensor { name: self.name.to_string() })
    }
}

/// The elements of a float tensor in row-major order, widened when they are read.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    bytes: Cow<'a, [u8]>,
    dtype: DType,
    size: usize,
}

impl Values<'_> {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.bytes.len().checked_div(self.size).unwrap_or(0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Copies elements from `first` on as f32: F16 and BF16 widened exactly, F64 rounded to nearest. Past the last element
    /// `to` stays as it is.
    pub fn read(&self, first: usize, to: &mut [f32]) {
        let bytes = self.bytes.get(first.saturating_mul(self.size)..).unwrap_or_default();
        match self.dtype {
            DType::F16 => widen(bytes, to, |b| half::f16::from_le_bytes(b).to_f32()),
            DType::BF16 => widen(bytes, to, |b| half::bf16::from_le_bytes(b).to_f32()),
            DType::F64 => widen(bytes, to, |b| f64::from_le_bytes(b) as f32),
            _ => widen(bytes, to, f32::from_le_bytes),
        }
    }
}

fn widen<const N: usize>(bytes: &[u8], to: &mut [f32], value: impl Fn([u8; N]) -> f32) {
    for (to, bytes) in to.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *to = value(*bytes);
    }
}
