//! Where the elements of a tensor lie, and what brings them into row-major, little-endian order.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::map::Bytes;
use crate::source::trouble::Trouble;
use crate::{Error, lora};

/// Where a tensor's elements lie. Nothing is read before it is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// As they are needed: row-major, little-endian, at these bytes of a file.
    Plain { file: usize, bytes: Range<u64> },
    /// One after the other in several ranges of a file.
    Pieces { file: usize, ranges: Vec<Range<u64>>, view: Option<View> },
    /// Picked from a storage.
    View { storage: Storage, view: View },
    /// Computed of a base tensor and an adapter's.
    Adapted(Arc<lora::Adapted>),
}

/// Bytes of a file that one or several tensors look into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Storage {
    pub(crate) file: usize,
    pub(crate) bytes: Range<u64>,
    /// Length after inflating, where the bytes are deflated.
    pub(crate) inflated: Option<u64>,
}

/// Which elements of a storage a tensor has, in elements; checked against the storage when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) offset: usize,
    pub(crate) strides: Vec<usize>,
    /// The bytes of each element stand the other way round.
    pub(crate) swap: bool,
}

impl View {
    /// The transpose of a row-major matrix; `shape` is the transpose's.
    pub(crate) fn transposed(shape: &[usize]) -> View {
        View { offset: 0, strides: vec![1, shape.first().copied().unwrap_or(1)], swap: false }
    }

    /// Strides of a row-major tensor.
    pub(crate) fn row_major(shape: &[usize]) -> Vec<usize> {
        let mut strides = vec![1usize; shape.len()];
        for i in (1..shape.len()).rev() {
            let next = strides.get(i).copied().unwrap_or(1).saturating_mul(shape.get(i).copied().unwrap_or(1));
            if let Some(stride) = strides.get_mut(i - 1) {
                *stride = next;
            }
        }
        strides
    }

    /// One past the last element that is touched; `None` when it cannot be counted.
    pub(crate) fn end(offset: usize, shape: &[usize], strides: &[usize]) -> Option<usize> {
        if shape.contains(&0) {
            return Some(offset);
        }
        let mut last = offset;
        for (extent, stride) in shape.iter().zip(strides) {
            last = last.checked_add((extent - 1).checked_mul(*stride)?)?;
        }
        last.checked_add(1)
    }

    fn is_row_major(&self, shape: &[usize]) -> bool {
        let plain = Self::row_major(shape);
        // The stride of an extent of 1 is never used.
        !self.swap && shape.iter().zip(&self.strides).zip(&plain).all(|((n, a), b)| *n == 1 || a == b)
    }
}

/// The elements of a place, in row-major, little-endian order.
pub(crate) fn read<'a>(
    place: &Place,
    files: &'a [Arc<Bytes>],
    shape: &[usize],
    size: usize,
) -> Result<Cow<'a, [u8]>, Error> {
    match place {
        Place::Plain { file, bytes } => Ok(Cow::Borrowed(part(files, *file, bytes)?)),
        Place::Pieces { file, ranges, view } => {
            let pieces = ranges.iter().map(|r| part(files, *file, r)).collect::<Result<Vec<_>, _>>()?;
            let whole = Cow::Owned(pieces.concat());
            Ok(match view {
                Some(view) => pick(whole, view, shape, size),
                None => whole,
            })
        }
        Place::View { storage, view } => Ok(pick(storage.read(files)?, view, shape, size)),
        Place::Adapted(adapted) => adapted.read().map(Cow::Owned),
    }
}

/// The elements in any order, each once, where that is cheaper: enough to look at their values.
pub(crate) fn read_unordered<'a>(
    place: &Place,
    files: &'a [Arc<Bytes>],
    shape: &[usize],
    size: usize,
) -> Result<Cow<'a, [u8]>, Error> {
    if let Place::View { storage, view } = place {
        let bytes = storage.read(files)?;
        let count: usize = shape.iter().product();
        let mut sorted: Vec<(usize, usize)> =
            shape.iter().copied().zip(view.strides.iter().copied()).filter(|(n, _)| *n > 1).collect();
        sorted.sort_by_key(|(_, stride)| *stride);
        let mut next = 1;
        let dense = sorted.iter().all(|(n, stride)| std::mem::replace(&mut next, stride * n) == *stride);
        if dense && !view.swap && bytes.len() == count * size {
            return Ok(bytes);
        }
        return Ok(pick(bytes, view, shape, size));
    }
    read(place, files, shape, size)
}

/// Gives the memory of a place back, where it is mapped.
pub(crate) fn release(place: &Place, files: &[Arc<Bytes>]) {
    match place {
        Place::Plain { file, bytes } => _ = files.get(*file).map(|f| f.release(bytes.clone())),
        Place::View { storage, .. } => storage.release(files),
        Place::Pieces { file, ranges, .. } => {
            ranges.iter().for_each(|r| _ = files.get(*file).map(|f| f.release(r.clone())));
        }
        Place::Adapted(adapted) => adapted.release(),
    }
}

fn part<'a>(files: &'a [Arc<Bytes>], file: usize, range: &Range<u64>) -> Result<&'a [u8], Error> {
    files.get(file).map_or(Ok(Default::default()), |f| f.get(range.clone()))
}

impl Storage {
    /// Gives its memory back, where it is mapped.
    pub(crate) fn release(&self, files: &[Arc<Bytes>]) {
        if let Some(file) = files.get(self.file) {
            file.release(self.bytes.clone());
        }
    }

    pub(crate) fn read<'a>(&self, files: &'a [Arc<Bytes>]) -> Result<Cow<'a, [u8]>, Error> {
        let bytes = part(files, self.file, &self.bytes)?;
        let Some(length) = self.inflated else { return Ok(Cow::Borrowed(bytes)) };
        inflate(bytes, length).map(Cow::Owned).ok_or_else(|| {
            let file = files.get(self.file).map(|f| f.name()).unwrap_or_default();
            let start = self.bytes.start;
            Trouble::Broken(format!("the compressed bytes at {start} do not give the {length} bytes stated"))
                .into_error(&file)
        })
    }
}

/// Inflates to exactly this length; never allocates more, whatever the bytes claim.
pub(crate) fn inflate(bytes: &[u8], length: u64) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut out = Vec::new();
    out.try_reserve_exact(usize::try_from(length).ok()?).ok()?;
    flate2::read::DeflateDecoder::new(bytes).take(length.checked_add(1)?).read_to_end(&mut out).ok()?;
    (out.len() as u64 == length).then_some(out)
}

fn pick<'a>(storage: Cow<'a, [u8]>, view: &View, shape: &[usize], size: usize) -> Cow<'a, [u8]> {
    let count: usize = shape.iter().product();
    let start = view.offset * size;
    let range = start..start + count * size;
    if view.is_row_major(shape) {
        return match storage {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(range).unwrap_or_default()),
            Cow::Owned(bytes) if range == (0..bytes.len()) => Cow::Owned(bytes),
            Cow::Owned(bytes) => Cow::Owned(bytes.get(range).unwrap_or_default().to_vec()),
        };
    }
    let mut out = match (shape, view.strides.as_slice(), size) {
        (&[rows, columns], &[1, step], 4) if step == rows && view.offset == 0 => transpose(&storage, rows, columns),
        _ => gather(&storage, view, shape, size),
    };
    if view.swap {
        out.chunks_exact_mut(size).for_each(<[u8]>::reverse);
    }
    Cow::Owned(out)
}

/// A row-major `[columns, rows]` matrix of four-byte elements as `[rows, columns]`, in tiles that stay in the cache.
fn transpose(bytes: &[u8], rows: usize, columns: usize) -> Vec<u8> {
    const TILE: usize = 32;
    let source = bytes.as_chunks::<4>().0;
    let mut out = vec![[0u8; 4]; rows * columns];
    for top in (0..rows).step_by(TILE) {
        for left in (0..columns).step_by(TILE) {
            for row in top..rows.min(top + TILE) {
                for column in left..columns.min(left + TILE) {
                    if let (Some(to), Some(from)) =
                        (out.get_mut(row * columns + column), source.get(column * rows + row))
                    {
                        *to = *from;
                    }
                }
            }
        }
    }
    out.into_flattened()
}

fn gather(bytes: &[u8], view: &View, shape: &[usize], size: usize) -> Vec<u8> {
    let count: usize = shape.iter().product();
    let mut out = Vec::with_capacity(count * size);
    let mut index = vec![0usize; shape.len()];
    for _ in 0..count {
        let at = view.offset + index.iter().zip(&view.strides).map(|(i, s)| i * s).sum::<usize>();
        out.extend_from_slice(bytes.get(at * size..(at + 1) * size).unwrap_or_default());
        for (i, extent) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *extent {
                break;
            }
            *i = 0;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    #[test]
    fn views_pick_by_their_strides() {
        let storage: Vec<f32> = (0..24).map(|i| i as f32).collect();
        let view = |offset, strides: &[usize]| View { offset, strides: strides.to_vec(), swap: false };
        let cases: [(View, &[usize], &[f32]); 5] = [
            (view(2, &[3, 1]), &[2, 3], &[2., 3., 4., 5., 6., 7.]),
            (view(1, &[1, 4]), &[2, 3], &[1., 5., 9., 2., 6., 10.]),
            (view(3, &[0]), &[3], &[3., 3., 3.]),
            (view(0, &[12, 4, 2]), &[2, 1, 2], &[0., 2., 12., 14.]),
            (view(7, &[]), &[], &[7.]),
        ];
        for (view, shape, wanted) in cases {
            assert_eq!(pick(Cow::Owned(bytes(&storage)), &view, shape, 4), bytes(wanted), "{view:?}");
        }
    }

    #[test]
    fn a_transposed_view_is_the_transpose_for_every_size() {
        for (rows, columns) in [(1, 1), (1, 7), (33, 2), (64, 65), (100, 31)] {
            let values: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
            let view = View::transposed(&[rows, columns]);
            let out = pick(Cow::Owned(bytes(&values)), &view, &[rows, columns], 4);
            let wanted: Vec<f32> = (0..rows * columns).map(|i| values[(i % columns) * rows + i / columns]).collect();
            assert_eq!(out, bytes(&wanted), "{rows} x {columns}");
        }
    }

    #[test]
    fn swapped_elements_are_turned() {
        let view = View { offset: 1, strides: vec![1], swap: true };
        assert_eq!(pick(Cow::Owned(vec![0, 1, 2, 3]), &view, &[1], 2), vec![3, 2]);
    }

    #[test]
    fn ends_that_cannot_be_counted_are_none() {
        assert_eq!(View::end(0, &[usize::MAX, 2], &[2, 1]), None);
        assert_eq!(View::end(3, &[2, 3], &[3, 1]), Some(9));
        assert_eq!(View::end(3, &[0, 3], &[3, 1]), Some(3));
    }

    #[test]
    fn inflating_stops_at_the_length_stated() {
        use std::io::Write;
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&[0; 100_000]).unwrap();
        let small = encoder.finish().unwrap();
        assert_eq!(inflate(&small, 100_000).unwrap().len(), 100_000);
        assert!(inflate(&small, 99_999).is_none() && inflate(&small, 100_001).is_none());
    }
}
