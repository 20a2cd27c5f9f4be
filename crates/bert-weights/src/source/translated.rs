//! From a container of another framework to an index under PyTorch's names.

use crate::checksum::{Checksum, Sum};
use crate::convention::{Meaning, translate};
use crate::index::{Container, Draft, TensorIndex, listed};
use crate::place::{Place, Storage, View};
use crate::source::trouble::Trouble;
use crate::{Convention, DType};
use std::ops::Range;

/// A tensor under its own name, row-major in one or several ranges of a file.
pub(crate) struct Raw {
    pub(crate) name: String,
    pub(crate) dtype: DType,
    /// The shape in the file.
    pub(crate) shape: Vec<usize>,
    pub(crate) file: usize,
    pub(crate) ranges: Vec<Range<u64>>,
    /// Big-endian.
    pub(crate) swap: bool,
    /// The checksum that the container keeps of it.
    pub(crate) sum: Option<Sum>,
}

/// Makes an index of tensors whose ranges fit their shapes.
pub(crate) fn index(
    container: Container,
    convention: Convention,
    file: &str,
    raw: Vec<Raw>,
    skipped: Vec<String>,
) -> Result<TensorIndex, Trouble> {
    let (mut drafts, mut transposed, mut training, mut checksums) = (Vec::new(), 0, Vec::new(), Vec::new());
    for tensor in raw {
        match translate(convention, &tensor.name, tensor.shape.len()) {
            Meaning::Skip => training.push(tensor.name),
            Meaning::Tensor { name, transposed: turned } => {
                transposed += usize::from(turned);
                checksums.extend(checksum(&tensor, &name));
                drafts.push(draft(tensor, name, turned));
            }
        }
    }
    if drafts.is_empty() {
        return Err(Trouble::Broken("it holds no tensors".into()));
    }
    let (mut index, twice) = listed(container, file, drafts);
    if let Some(name) = twice.first() {
        return Err(Trouble::Broken(format!("two of its tensors mean `{name}`")));
    }
    training.into_iter().chain(skipped).for_each(|name| index.provenance.skip(name));
    index.checksums = checksums;
    index.provenance.convention = Some(convention);
    index.provenance.transposed = transposed;
    Ok(index)
}

fn checksum(raw: &Raw, name: &str) -> Option<Checksum> {
    let [bytes] = raw.ranges.as_slice() else { return None };
    let storage = Storage { file: raw.file, bytes: bytes.clone(), inflated: None };
    Some(Checksum { tensor: name.to_string(), storage, sum: raw.sum? })
}

fn draft(raw: Raw, name: String, turned: bool) -> Draft {
    let shape: Vec<usize> = if turned { raw.shape.iter().rev().copied().collect() } else { raw.shape.clone() };
    let swap = raw.swap && raw.dtype.bits() > 8;
    let view = if turned {
        Some(View { swap, ..View::transposed(&shape) })
    } else {
        swap.then(|| View { offset: 0, strides: View::row_major(&shape), swap })
    };
    let place = match (raw.ranges.as_slice(), view) {
        ([bytes], None) => Place::Plain { file: raw.file, bytes: bytes.clone() },
        ([bytes], Some(view)) => {
            Place::View { storage: Storage { file: raw.file, bytes: bytes.clone(), inflated: None }, view }
        }
        (_, view) => Place::Pieces { file: raw.file, ranges: raw.ranges.clone(), view },
    };
    Draft { name, stored_as: Some(raw.name), dtype: raw.dtype, shape, place }
}
