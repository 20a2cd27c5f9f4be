//! The directory of a zip archive, as far as PyTorch writes it: stored and deflated entries, zip64 (PKWARE APPNOTE 6.3).

use std::ops::Range;

use crate::map::Bytes;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Its bytes in the archive.
    pub(crate) bytes: Range<u64>,
    /// Length after inflating, where it is deflated.
    pub(crate) inflated: Option<u64>,
    pub(crate) crc32: u32,
}

impl Entry {
    /// Length of the content.
    pub(crate) fn len(&self) -> u64 {
        self.inflated.unwrap_or(self.bytes.end - self.bytes.start)
    }
}

/// Most entries of an archive; a BERT has 200.
const MAX_ENTRIES: u64 = 100_000;
/// Deflate cannot shrink more than this (RFC 1951: 258 bytes for 2 bits).
const MAX_RATIO: u64 = 1032;

/// Reads the central directory. `Err` says what is wrong.
pub(crate) fn entries(bytes: &Bytes) -> Result<Vec<Entry>, String> {
    let total = bytes.len();
    let slice = |range: Range<u64>| match bytes.get(range.clone()) {
        Ok(found) if found.len() as u64 == range.end.saturating_sub(range.start) => Ok(found),
        Ok(_) => Err(format!("bytes {}..{} lie outside the file of {total}", range.start, range.end)),
        Err(e) => Err(e.to_string()),
    };
    let tail_start = total.saturating_sub(22 + 65_535);
    let tail = slice(tail_start..total)?;
    let end =
        (0..tail.len().saturating_sub(21)).rev().find(|i| tail.get(*i..).is_some_and(|t| t.starts_with(b"PK\x05\x06")));
    let Some(end) = end else {
        return Err("the archive has no directory at its end: the file was cut short".into());
    };
    let field = |from: &[u8], at: usize, width: usize| little(from, at, width).unwrap_or_default();
    let record = tail.get(end..).unwrap_or_default();
    let mut count = field(record, 10, 2);
    let mut size = field(record, 12, 4);
    let mut start = field(record, 16, 4);
    let end = tail_start + end as u64;
    if count == 0xffff || size == 0xffff_ffff || start == 0xffff_ffff {
        let locator = slice(end.checked_sub(20).ok_or("the zip64 locator is missing")?..end)?;
        if !locator.starts_with(b"PK\x06\x07") {
            return Err("the zip64 locator is missing".into());
        }
        let at = field(locator, 8, 8);
        let record = slice(at..at.checked_add(56).ok_or("the zip64 directory lies outside the file")?)?;
        if !record.starts_with(b"PK\x06\x06") {
            return Err("the zip64 directory is not where its locator says".into());
        }
        (count, size, start) = (field(record, 32, 8), field(record, 40, 8), field(record, 48, 8));
    }
    if count > MAX_ENTRIES {
        return Err(format!("the archive claims {count} entries"));
    }
    let directory = slice(start..start.checked_add(size).ok_or("the directory lies outside the file")?)?;
    let mut entries = Vec::new();
    let mut at = 0usize;
    for _ in 0..count {
        let (entry, next) = entry(directory, at, &slice)?;
        entries.push(entry);
        at = next;
    }
    Ok(entries)
}

/// An unsigned little-endian number.
fn little(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    Some(bytes.get(at..at.checked_add(width)?)?.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
}

fn entry<'a>(
    directory: &[u8],
    at: usize,
    slice: &impl Fn(Range<u64>) -> Result<&'a [u8], String>,
) -> Result<(Entry, usize), String> {
    let head = directory.get(at..at + 46).filter(|h| h.starts_with(b"PK\x01\x02"));
    let head = head.ok_or_else(|| format!("entry at {at} of the directory is malformed"))?;
    let field = |at: usize, width: usize| little(head, at, width).unwrap_or_default();
    let (name_length, extra_length, comment_length) =
        (field(28, 2) as usize, field(30, 2) as usize, field(32, 2) as usize);
    let name = directory.get(at + 46..at + 46 + name_length).ok_or("the directory is cut short")?;
    let name = String::from_utf8(name.to_vec()).map_err(|_| "an entry's name is not UTF-8".to_string())?;
    let said = |what: &str| format!("entry `{}` {what}", name.escape_default());
    if name.starts_with('/') || name.contains('\\') || name.split('/').any(|part| part == "..") {
        return Err(said("has a name that leads out of the archive"));
    }
    let extra = directory
        .get(at + 46 + name_length..at + 46 + name_length + extra_length)
        .ok_or("the directory is cut short")?;
    let (flags, method) = (field(8, 2), field(10, 2));
    let (mut packed, mut plain, mut offset) = (field(20, 4), field(24, 4), field(42, 4));
    zip64(extra, [&mut plain, &mut packed, &mut offset]).ok_or_else(|| said("has a malformed zip64 field"))?;
    if flags & 1 != 0 {
        return Err(said("is encrypted"));
    }
    let local = slice(offset..offset.checked_add(30).ok_or_else(|| said("lies outside the file"))?)?;
    if !local.starts_with(b"PK\x03\x04") {
        return Err(said("is not where the directory says"));
    }
    let skip = 30 + little(local, 26, 2).unwrap_or_default() + little(local, 28, 2).unwrap_or_default();
    let begin = offset.saturating_add(skip);
    let bytes = begin..begin.checked_add(packed).ok_or_else(|| said("lies outside the file"))?;
    slice(bytes.clone())
        .map_err(|_| said(&format!("claims bytes {}..{}, past the end of the file", bytes.start, bytes.end)))?;
    let inflated = match method {
        0 if packed == plain => None,
        0 => return Err(said(&format!("is stored in {packed} bytes but claims {plain}"))),
        8 if plain <= packed.saturating_mul(MAX_RATIO) => Some(plain),
        8 => {
            return Err(said(&format!("claims {plain} bytes in {packed} compressed ones, more than deflate can give")));
        }
        other => return Err(said(&format!("uses compression method {other}; stored and deflated are read"))),
    };
    let crc32 = field(16, 4) as u32;
    Ok((Entry { name, bytes, inflated, crc32 }, at + 46 + name_length + extra_length + comment_length))
}

/// Replaces the fields that are all ones by those of the zip64 extra field, in its order.
fn zip64(extra: &[u8], fields: [&mut u64; 3]) -> Option<()> {
    let mut at = 0;
    let mut wide = None;
    while at + 4 <= extra.len() {
        let (tag, size) = (little(extra, at, 2)?, little(extra, at + 2, 2)? as usize);
        let body = extra.get(at + 4..at + 4 + size)?;
        if tag == 1 {
            wide = Some(body);
        }
        at += 4 + size;
    }
    let mut next = 0;
    for field in fields.into_iter().filter(|f| **f == 0xffff_ffff) {
        *field = little(wide?, next, 8)?;
        next += 8;
    }
    Some(())
}
