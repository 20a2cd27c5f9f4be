//! What weight files hold: names, types, shapes, and where the elements lie. No data.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bert_diag::{Source, Span};

use crate::checksum::Checksum;
use crate::place::Place;
use crate::{Convention, DType};

/// One tensor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TensorInfo {
    /// Element type.
    pub dtype: DType,
    /// Extents, outermost first.
    pub shape: Vec<usize>,
    /// The name in the file, where the container's own names were translated.
    pub stored_as: Option<String>,
    pub(crate) place: Place,
    pub(crate) at: EntryAt,
}

/// Where a tensor is described: a file of the index, and ranges of that file's text.
#[derive(Clone, Debug, Default)]
pub(crate) struct EntryAt {
    pub(crate) file: usize,
    pub(crate) entry: Range<usize>,
    pub(crate) shape: Range<usize>,
    pub(crate) name: Range<usize>,
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

    /// Bytes of its elements.
    pub fn byte_len(&self) -> usize {
        // Every type is a multiple of a byte for the counts that a reader lets through.
        (self.len() as u64).saturating_mul(self.dtype.bits()).div_ceil(8) as usize
    }

    /// The bytes of the file that hold its elements as they are, where they do.
    pub fn range(&self) -> Option<Range<u64>> {
        match &self.place {
            Place::Plain { bytes, .. } => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl TensorInfo {
    /// The file that holds its elements as they are, where one does.
    pub(crate) fn plain_file(&self) -> Option<usize> {
        match &self.place {
            Place::Plain { file, .. } => Some(*file),
            _ => None,
        }
    }
}

/// The kind of file the weights came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// safetensors, one file or several with an index.
    Safetensors,
    /// PyTorch since 1.6: a zip archive.
    TorchZip,
    /// PyTorch before 1.6: a stream of pickles and raw storages.
    TorchLegacy,
    /// TensorFlow's bundle of an index and data files.
    TensorFlow,
    /// Flax: msgpack.
    Flax,
    /// Keras: HDF5.
    Hdf5,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Container::Safetensors => "safetensors",
            Container::TorchZip => "PyTorch",
            Container::TorchLegacy => "PyTorch before 1.6",
            Container::TensorFlow => "TensorFlow checkpoint",
            Container::Flax => "Flax",
            Container::Hdf5 => "Keras HDF5",
        })
    }
}

/// A file that describes tensors, with the text that findings show.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) text: Arc<str>,
    /// Byte of the file at which the text stands; `None` when the text is a listing of what a binary file says.
    pub(crate) start: Option<u64>,
}

/// What weight files hold: names, types, shapes, and where the elements lie. No data.
#[derive(Clone, Debug)]
pub struct TensorIndex {
    pub(crate) container: Container,
    /// The name of the whole, where it is not that of its one file.
    pub(crate) title: Option<String>,
    pub(crate) files: Vec<Described>,
    pub(crate) entries: BTreeMap<String, TensorInfo>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) provenance: Provenance,
    /// Checksums that the container keeps.
    pub(crate) checksums: Vec<Checksum>,
}

/// What was done to bring the tensors into standard form, and what was passed over.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Provenance {
    /// The naming convention that was translated.
    pub convention: Option<Convention>,
    /// Matrices that are stored the other way round and are read transposed.
    pub transposed: usize,
    /// Where in a nested file the tensors were found: keys, outermost first.
    pub nested_under: Vec<String>,
    /// Entries that are no part of a model (optimizer state, counters): names, the first few, and how many.
    pub skipped: (Vec<String>, usize),
    /// Tensors that an adapter changed or brought, and which.
    pub adapter: Option<crate::AdapterSummary>,
}

impl Provenance {
    pub(crate) fn skip(&mut self, name: impl Into<String>) {
        if self.skipped.0.len() < 6 {
            self.skipped.0.push(name.into());
        }
        self.skipped.1 += 1;
    }
}

impl TensorIndex {
    /// The kind of file.
    pub fn container(&self) -> Container {
        self.container
    }

    /// The name of the file, or of the index where there are several.
    pub fn file(&self) -> &str {
        self.title.as_deref().or(self.files.first().map(|f| f.name.as_str())).unwrap_or_default()
    }

    /// Names of all files that describe tensors.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|f| f.name.as_str())
    }

    /// What was done to bring the tensors into standard form.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
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

    /// safetensors' `__metadata__`.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Elements of all tensors.
    pub fn parameters(&self) -> u64 {
        self.entries.values().map(|info| info.len() as u64).sum()
    }

    /// A span on the whole entry of a tensor.
    pub fn entry_span(&self, name: &str, label: impl Into<String>) -> Option<Span> {
        let info = self.get(name)?;
        self.span(info, info.at.entry.clone(), label)
    }

    /// A span on the shape of a tensor.
    pub fn shape_span(&self, name: &str, label: impl Into<String>) -> Option<Span> {
        let info = self.get(name)?;
        self.span(info, info.at.shape.clone(), label)
    }

    /// A span on a part of a tensor's name: the last occurrence of `part`, else the whole name.
    pub fn name_span(&self, name: &str, part: &str, label: impl Into<String>) -> Option<Span> {
        let info = self.get(name)?;
        let quoted = self.files.get(info.at.file)?.text.get(info.at.name.clone())?;
        let range = match quoted.rfind(part) {
            Some(at) => info.at.name.start + at..info.at.name.start + at + part.len(),
            None => info.at.name.clone(),
        };
        self.span(info, range, label)
    }

    /// A span on the file as a whole.
    pub fn file_span(&self, label: impl Into<String>) -> Span {
        Span::whole(&Source::name_only(self.file()), label)
    }

    fn span(&self, info: &TensorInfo, range: Range<usize>, label: impl Into<String>) -> Option<Span> {
        let file = self.files.get(info.at.file)?;
        let entry = &info.at.entry;
        let text = file.text.get(entry.clone()).unwrap_or_default();
        let source = match file.start {
            Some(start) => Source::excerpt(file.name.as_str(), "header", start + entry.start as u64, text),
            None => Source::listing(file.name.as_str(), "tensors", text),
        };
        let local = range.start.saturating_sub(entry.start)..range.end.saturating_sub(entry.start);
        Some(Span::primary(&source, local, label))
    }

    /// Takes over the tensors of another index, whose data files stand `shift` places later than they did there; gives
    /// back the names both have.
    pub(crate) fn absorb(&mut self, other: TensorIndex, shift: usize) -> Vec<String> {
        let described = self.files.len();
        self.files.extend(other.files);
        let mut twice = Vec::new();
        for (name, mut info) in other.entries {
            info.at.file += described;
            info.place.shift_file(shift);
            match self.entries.entry(name) {
                Entry::Occupied(entry) => twice.push(entry.key().clone()),
                Entry::Vacant(entry) => _ = entry.insert(info),
            }
        }
        for mut check in other.checksums {
            check.storage.file += shift;
            self.checksums.push(check);
        }
        for (key, value) in other.metadata {
            self.metadata.entry(key).or_insert(value);
        }
        twice
    }
}

/// A tensor of a binary container, to be listed.
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) stored_as: Option<String>,
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<usize>,
    pub(crate) place: Place,
}

/// An index of a binary container; the names of tensors that are there twice come with it.
pub(crate) fn listed(container: Container, file: &str, drafts: Vec<Draft>) -> (TensorIndex, Vec<String>) {
    let mut text = String::new();
    let mut entries = BTreeMap::new();
    let mut twice = Vec::new();
    for draft in drafts {
        let start = text.len();
        text.push_str(&quoted_name(draft.stored_as.as_deref().unwrap_or(&draft.name)));
        let name = start..text.len();
        text.push_str(&format!(": {} ", draft.dtype));
        let shape_start = text.len();
        text.push_str(&shape_text(&draft.shape));
        let at = EntryAt { file: 0, entry: start..text.len(), shape: shape_start..text.len(), name };
        text.push('\n');
        let info =
            TensorInfo { dtype: draft.dtype, shape: draft.shape, stored_as: draft.stored_as, place: draft.place, at };
        match entries.entry(draft.name) {
            Entry::Occupied(entry) => twice.push(entry.key().clone()),
            Entry::Vacant(entry) => _ = entry.insert(info),
        }
    }
    let index = TensorIndex {
        container,
        title: None,
        files: vec![Described { name: file.to_string(), text: text.into(), start: None }],
        entries,
        metadata: BTreeMap::new(),
        provenance: Provenance::default(),
        checksums: Vec::new(),
    };
    (index, twice)
}

/// A name between quotes, control characters escaped.
fn quoted_name(name: &str) -> String {
    format!("\"{}\"", name.escape_default())
}

pub(crate) fn shape_text<N: ToString>(shape: &[N]) -> String {
    let dims: Vec<_> = shape.iter().map(ToString::to_string).collect();
    format!("[{}]", dims.join(", "))
}

impl Place {
    fn shift_file(&mut self, by: usize) {
        match self {
            Place::Plain { file, .. } | Place::Pieces { file, .. } => *file += by,
            Place::View { storage, .. } => storage.file += by,
            Place::Adapted(_) => {}
        }
    }
}
