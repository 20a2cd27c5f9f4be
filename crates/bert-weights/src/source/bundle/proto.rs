//! The two messages of a bundle's index, in protocol buffers' wire format.

use crate::DType;

/// `BundleHeaderProto`
#[derive(Debug, Default)]
pub(super) struct Header {
    pub(super) num_shards: u64,
    pub(super) big_endian: bool,
}

/// `BundleEntryProto`
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// `None` for types that no weight has.
    pub(super) dtype: Option<DType>,
    pub(super) shape: Vec<usize>,
    pub(super) shard: u64,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) crc32c: Option<u32>,
    pub(super) sliced: bool,
}

/// A field's value.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Most extents of a shape.
const MAX_RANK: usize = 16;

impl Header {
    pub(super) fn parse(bytes: &[u8]) -> Result<Header, String> {
        let mut header = Header::default();
        fields(bytes, |number, field| {
            match (number, field) {
                (1, Field::Number(n)) => header.num_shards = n,
                (2, Field::Number(n)) => header.big_endian = n == 1,
                _ => {}
            }
            Ok(())
        })?;
        Ok(header)
    }
}

impl Entry {
    pub(super) fn parse(bytes: &[u8]) -> Result<Entry, String> {
        let mut entry = Entry::default();
        fields(bytes, |number, field| {
            match (number, field) {
                (1, Field::Number(n)) => entry.dtype = dtype(n),
                (2, Field::Bytes(shape)) => entry.shape = self::shape(shape)?,
                (3, Field::Number(n)) => entry.shard = n,
                (4, Field::Number(n)) => entry.offset = n,
                (5, Field::Number(n)) => entry.size = n,
                (6, Field::Number(n)) => entry.crc32c = Some(n as u32),
                (7, _) => entry.sliced = true,
                _ => {}
            }
            Ok(())
        })?;
        Ok(entry)
    }
}

/// `TensorShapeProto`: repeated `dim { size }`.
fn shape(bytes: &[u8]) -> Result<Vec<usize>, String> {
    let mut shape = Vec::new();
    fields(bytes, |number, field| {
        if let (2, Field::Bytes(dim)) = (number, field) {
            let mut size = 0;
            fields(dim, |number, field| {
                if let (1, Field::Number(n)) = (number, field) {
                    size = n;
                }
                Ok(())
            })?;
            shape
                .push(usize::try_from(size).ok().filter(|n| *n <= isize::MAX as usize).ok_or("an extent is negative")?);
        }
        if shape.len() > MAX_RANK { Err("the shape has too many extents".into()) } else { Ok(()) }
    })?;
    Ok(shape)
}

/// `DataType` of `tensorflow/core/framework/types.proto`.
fn dtype(number: u64) -> Option<DType> {
    Some(match number {
        1 => DType::F32,
        2 => DType::F64,
        3 => DType::I32,
        4 => DType::U8,
        5 => DType::I16,
        6 => DType::I8,
        9 => DType::I64,
        10 => DType::BOOL,
        14 => DType::BF16,
        17 => DType::U16,
        19 => DType::F16,
        22 => DType::U32,
        23 => DType::U64,
        _ => return None,
    })
}

/// A variable-length number, and where it ends.
pub(super) fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (i, byte) in bytes.get(at..)?.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * i as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, at + i + 1));
        }
    }
    None
}

fn fields<'a>(bytes: &'a [u8], mut each: impl FnMut(u64, Field<'a>) -> Result<(), String>) -> Result<(), String> {
    let cut = || "an entry of the index is malformed".to_string();
    let mut at = 0;
    while at < bytes.len() {
        let (tag, next) = varint(bytes, at).ok_or_else(cut)?;
        let (field, next) = match tag & 7 {
            0 => varint(bytes, next).map(|(n, next)| (Field::Number(n), next)).ok_or_else(cut)?,
            kind @ (1 | 5) => {
                let end = next + if kind == 1 { 8 } else { 4 };
                let fixed = bytes.get(next..end).ok_or_else(cut)?;
                (Field::Number(fixed.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b))), end)
            }
            2 => {
                let (length, start) = varint(bytes, next).ok_or_else(cut)?;
                let end = usize::try_from(length).ok().and_then(|n| start.checked_add(n)).ok_or_else(cut)?;
                (Field::Bytes(bytes.get(start..end).ok_or_else(cut)?), end)
            }
            _ => return Err(cut()),
        };
        each(tag >> 3, field)?;
        at = next;
    }
    Ok(())
}
