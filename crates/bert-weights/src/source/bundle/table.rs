//! The sorted table of LevelDB in which a bundle keeps its index: blocks of keys that share prefixes, an index block, a
//! footer (`tensorflow/core/lib/io/table_format.txt`). TensorFlow writes these blocks uncompressed, with CRC-32C.

use super::proto::varint;
use crate::checksum::masked;

const FOOTER: usize = 48;
const MAGIC: u64 = 0xdb47_7524_8b80_fb57;
/// Most variables; a BERT with its optimizer has 600.
const MAX_PAIRS: usize = 1 << 20;
/// Longest key.
const MAX_KEY: usize = 4096;

/// A key and its value.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// All pairs, in order. `Err` says what is wrong.
pub(super) fn pairs(bytes: &[u8]) -> Result<Vec<Pair>, String> {
    let footer = bytes.len().checked_sub(FOOTER).and_then(|start| bytes.get(start..));
    let footer = footer.ok_or_else(|| format!("{} bytes are too few for a table", bytes.len()))?;
    let magic = footer.last_chunk::<8>().map(|b| u64::from_le_bytes(*b));
    if magic != Some(MAGIC) {
        return Err("it does not end like a table of TensorFlow: cut short, or another file".into());
    }
    let (_, next) = handle(footer, 0).ok_or("the footer is malformed")?;
    let (index, _) = handle(footer, next).ok_or("the footer is malformed")?;
    let mut all = Vec::new();
    // Each block is read once at the most: its entries take as much room as the file has.
    let mut room = bytes.len();
    for (_, value) in block(bytes, index)? {
        let (place, _) = handle(&value, 0).ok_or("the index block is malformed")?;
        room = room.checked_sub(place.1).ok_or("the blocks overlap")?;
        all.extend(block(bytes, place)?);
        if all.len() > MAX_PAIRS {
            return Err("more variables than any model has".into());
        }
    }
    Ok(all)
}

/// Offset and size of a block.
type Handle = (usize, usize);

fn handle(bytes: &[u8], at: usize) -> Option<(Handle, usize)> {
    let (offset, next) = varint(bytes, at)?;
    let (size, next) = varint(bytes, next)?;
    Some(((usize::try_from(offset).ok()?, usize::try_from(size).ok()?), next))
}

fn block(bytes: &[u8], (offset, size): Handle) -> Result<Vec<Pair>, String> {
    let outside = || format!("a block of {size} bytes at {offset} lies outside the file");
    let end = offset.checked_add(size).ok_or_else(outside)?;
    let content = bytes.get(offset..end).ok_or_else(outside)?;
    let trailer = bytes.get(end..end.saturating_add(5)).ok_or_else(outside)?;
    let with_kind = bytes.get(offset..=end).ok_or_else(outside)?;
    let stored = trailer.last_chunk::<4>().map(|b| u32::from_le_bytes(*b));
    // A fuzzer would never get past it.
    if !cfg!(fuzzing) && stored != Some(masked(crc32c::crc32c(with_kind))) {
        return Err(format!("the checksum of the block at {offset} does not fit: the file is damaged"));
    }
    if trailer.first() != Some(&0) {
        return Err(format!("the block at {offset} is compressed, which TensorFlow does not write"));
    }
    let malformed = || format!("the block at {offset} is malformed");
    let restarts = content.last_chunk::<4>().map(|b| u32::from_le_bytes(*b) as usize).ok_or_else(malformed)?;
    let end = restarts.checked_mul(4).and_then(|n| content.len().checked_sub(n + 4)).ok_or_else(malformed)?;
    let content = content.get(..end).ok_or_else(malformed)?;
    let (mut pairs, mut at, mut key): (Vec<Pair>, usize, Vec<u8>) = (Vec::new(), 0, Vec::new());
    while at < content.len() {
        let (shared, next) = varint(content, at).ok_or_else(malformed)?;
        let (own, next) = varint(content, next).ok_or_else(malformed)?;
        let (length, next) = varint(content, next).ok_or_else(malformed)?;
        let part = |from: usize, count: u64| {
            let end = usize::try_from(count).ok().and_then(|n| from.checked_add(n))?;
            Some((content.get(from..end)?, end))
        };
        let (suffix, next) = part(next, own).ok_or_else(malformed)?;
        let (value, next) = part(next, length).ok_or_else(malformed)?;
        let shared = usize::try_from(shared).ok().filter(|n| *n <= key.len()).ok_or_else(malformed)?;
        key.truncate(shared);
        key.extend_from_slice(suffix);
        if key.len() > MAX_KEY {
            return Err("a name is too long".into());
        }
        pairs.push((key.clone(), value.to_vec()));
        at = next;
    }
    Ok(pairs)
}
