//! Weights: an index of tensors over the bytes of a file.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bert_diag::{Source, Span};
use ndarray::{ArrayD, IxDyn};

use crate::map::Bytes;
use crate::{DType, Error, source};

/// One tensor of the header.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TensorInfo {
    /// Element type.
    pub dtype: DType,
    /// Extents, outermost first.
    pub shape: Vec<usize>,
    /// Where its data lies in the file.
    pub bytes: Range<u64>,
    pub(crate) entry: Range<usize>,
    pub(crate) shape_at: Range<usize>,
    pub(crate) name_at: Range<usize>,
}

impl TensorInfo {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a weight file holds: names, types, shapes, and where the bytes lie. No data.
#[derive(Clone, Debug)]
pub struct TensorIndex {
    file: String,
    header: Arc<str>,
    header_start: u64,
    entries: BTreeMap<String, TensorInfo>,
    metadata: BTreeMap<String, String>,
}

impl TensorIndex {
    pub(crate) fn new(
        file: String,
        header: Arc<str>,
        header_start: u64,
        entries: BTreeMap<String, TensorInfo>,
        metadata: BTreeMap<String, String>,
    ) -> Self {
        TensorIndex { file, header, header_start, entries, metadata }
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// All tensors, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TensorInfo)> {
        self.entries.iter().map(|(name, info)| (name.as_str(), info))
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// One tensor.
    pub fn get(&self, name: &str) -> Option<&TensorInfo> {
        self.entries.get(name)
    }

    /// How many tensors.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The file's `__metadata__`.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Elements of all tensors.
    pub fn parameters(&self) -> u64 {
        self.entries.values().map(|info| info.len() as u64).sum()
    }

    /// A span on the whole entry of a tensor in the header.
    pub fn entry_span(&self, name: &str, label: impl Into<String>) -> Option<Span> {
        let info = self.get(name)?;
        Some(self.span(info, info.entry.clone(), label))
    }

    /// A span on the shape of a tensor in the header.
    pub fn shape_span(&self, name: &str, label: impl Into<String>) -> Option<Span> {
        let info = self.get(name)?;
        Some(self.span(info, info.shape_at.clone(), label))
    }

    /// A span on a part of a tensor's name in the header: the last occurrence of `part`, else the whole name.
    pub fn name_span(&self, name: &str, part: &str, label: impl Into<String>) -> Option<Span> {
        let info = self.get(name)?;
        let quoted = self.header.get(info.name_at.clone())?;
        let range = match quoted.rfind(part) {
            Some(at) => info.name_at.start + at..info.name_at.start + at + part.len(),
            None => info.name_at.clone(),
        };
        Some(self.span(info, range, label))
    }

    /// A span on the file as a whole.
    pub fn file_span(&self, label: impl Into<String>) -> Span {
        Span::whole(&Source::name_only(self.file.as_str()), label)
    }

    fn span(&self, info: &TensorInfo, range: Range<usize>, label: impl Into<String>) -> Span {
        let text = self.header.get(info.entry.clone()).unwrap_or_default();
        let source = Source::excerpt(self.file.as_str(), "header", self.header_start + info.entry.start as u64, text);
        Span::primary(
            &source,
            range.start.saturating_sub(info.entry.start)..range.end.saturating_sub(info.entry.start),
            label,
        )
    }
}

/// An open weight file. Cheap to clone, `Send + Sync`.
#[derive(Clone, Debug)]
pub struct Weights {
    bytes: Arc<Bytes>,
    index: Arc<TensorIndex>,
}

impl Weights {
    /// Opens a safetensors file, mapped; see the crate documentation for what that means.
    ///
    /// # Errors
    /// When the file cannot be read, or is not sound ([`Error::Rejected`] holds every finding).
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_parts(Bytes::map(path.as_ref())?)
    }

    /// Opens a safetensors file by reading it into memory: for files that others can change meanwhile.
    ///
    /// # Errors
    /// As [`Weights::open`].
    pub fn open_copied(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_parts(Bytes::copy(path.as_ref())?)
    }

    /// Reads safetensors from memory.
    ///
    /// # Errors
    /// As [`Weights::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        Self::from_parts(Bytes::owned(bytes))
    }

    fn from_parts(bytes: Bytes) -> Result<Self, Error> {
        let file =
            bytes.path().file_name().map_or_else(|| "model.safetensors".into(), |n| n.to_string_lossy().into_owned());
        let index = source::safetensors::read_index(&file, &bytes)?;
        Ok(Weights { bytes: Arc::new(bytes), index: Arc::new(index) })
    }

    /// What the file holds.
    pub fn index(&self) -> &TensorIndex {
        &self.index
    }

    /// Length of the file in bytes.
    pub fn file_bytes(&self) -> u64 {
        self.bytes.len()
    }

    /// One tensor by the name it has in the file.
    pub fn get<'a>(&'a self, name: &str) -> Option<TensorView<'a>> {
        let (name, info) = self.index.entries.get_key_value(name)?;
        Some(TensorView { name, info, bytes: &self.bytes })
    }
}

/// One tensor of an open file.
#[derive(Clone, Copy, Debug)]
pub struct TensorView<'a> {
    name: &'a str,
    info: &'a TensorInfo,
    bytes: &'a Bytes,
}

impl<'a> TensorView<'a> {
    /// Its name in the file.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Type, shape and place.
    pub fn info(&self) -> &'a TensorInfo {
        self.info
    }

    /// The raw little-endian bytes.
    ///
    /// # Errors
    /// When the file was cut after it was opened.
    pub fn bytes(&self) -> Result<&'a [u8], Error> {
        self.bytes.get(self.info.bytes.clone())
    }

    /// Gives the memory of a mapped tensor back to the system, after its values were copied elsewhere. The tensor can
    /// still be read.
    pub fn release(&self) {
        self.bytes.release(self.info.bytes.clone());
    }

    /// The elements as f32: F16 and BF16 widened exactly, F64 rounded to nearest.
    ///
    /// # Errors
    /// When the type is not a float weight, or the file was cut.
    pub fn to_f32(&self) -> Result<Vec<f32>, Error> {
        let bytes = self.bytes()?;
        Ok(match self.info.dtype {
            DType::F32 => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            DType::F16 => bytes.as_chunks().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect(),
            DType::BF16 => bytes.as_chunks().0.iter().map(|b| half::bf16::from_le_bytes(*b).to_f32()).collect(),
            DType::F64 => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
            dtype => return Err(Error::NotAWeight { name: self.name.to_string(), dtype }),
        })
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
