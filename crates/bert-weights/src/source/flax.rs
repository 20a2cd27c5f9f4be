//! Flax's `flax_model.msgpack`: nested maps whose leaves are arrays as extension type 1, `(shape, type name, bytes)`
//! (`flax/serialization.py`, 0.10).

use std::ops::Range;

use bert_diag::quoted;

use super::translated::{self, Raw};
use super::trouble::{Trouble, foreign};
use crate::map::Bytes;
use crate::{Container, Convention, DType, Error, TensorIndex};

/// Deepest nesting; a BERT has 8 levels.
const MAX_DEPTH: usize = 32;
/// Most maps, arrays and other values.
const MAX_VALUES: usize = 1 << 20;
/// Longest key, and longest path.
const MAX_NAME: usize = 1024;

pub(crate) fn read_index(bytes: &Bytes) -> Result<TensorIndex, Error> {
    foreign(bytes, &[])?;
    let file = bytes.name();
    let all = bytes.get(0..bytes.len())?;
    let mut reader = Reader { all, at: 0, values: 0, tensors: Vec::new(), skipped: Vec::new() };
    let read = reader
        .top()
        .and_then(|()| translated::index(Container::Flax, Convention::Flax, &file, reader.tensors, reader.skipped));
    read.map_err(|trouble| trouble.into_error(&file))
}

struct Reader<'a> {
    all: &'a [u8],
    at: usize,
    values: usize,
    tensors: Vec<Raw>,
    skipped: Vec<String>,
}

/// The head of a value.
enum Head {
    Map(usize),
    Array(usize),
    Text(Range<usize>),
    Binary(Range<usize>),
    Extension(u8, Range<usize>),
    Int(u64),
    Other,
}

struct Array {
    dtype: DType,
    shape: Vec<usize>,
    data: Range<usize>,
}

impl Reader<'_> {
    fn broken(&self, what: impl std::fmt::Display) -> Trouble {
        Trouble::Broken(format!("msgpack breaks at byte {}: {what}", self.at))
    }

    fn top(&mut self) -> Result<(), Trouble> {
        match self.head()? {
            Head::Map(count) => self.map("", count, 0)?,
            _ => return Err(self.broken("the file does not begin with a map")),
        }
        if self.at != self.all.len() {
            return Err(self.broken(format!("{} bytes follow the last value", self.all.len() - self.at)));
        }
        Ok(())
    }

    fn map(&mut self, path: &str, count: usize, depth: usize) -> Result<(), Trouble> {
        if depth > MAX_DEPTH {
            return Err(self.broken("maps are nested too deeply"));
        }
        let start = self.at;
        if let Some(array) = self.chunked(count)? {
            self.tensors.push(Raw { name: path.to_string(), ..array });
            return Ok(());
        }
        self.at = start;
        for _ in 0..count {
            let key = self.key()?;
            let name = if path.is_empty() { key } else { format!("{path}/{key}") };
            if name.len() > MAX_NAME {
                return Err(self.broken("a name is too long"));
            }
            self.value(name, depth)?;
        }
        Ok(())
    }

    fn value(&mut self, name: String, depth: usize) -> Result<(), Trouble> {
        match self.head()? {
            Head::Map(count) => self.map(&name, count, depth + 1),
            Head::Extension(1, range) => {
                let array = self.array(&name, range)?;
                self.tensors.push(raw(name, array));
                Ok(())
            }
            Head::Array(count) => {
                for _ in 0..count {
                    self.skip(depth + 1)?;
                }
                self.skipped.push(name);
                Ok(())
            }
            _ => {
                self.skipped.push(name);
                Ok(())
            }
        }
    }

    fn skip(&mut self, depth: usize) -> Result<(), Trouble> {
        if depth > MAX_DEPTH {
            return Err(self.broken("values are nested too deeply"));
        }
        match self.head()? {
            Head::Map(count) => (0..count.saturating_mul(2)).try_for_each(|_| self.skip(depth + 1)),
            Head::Array(count) => (0..count).try_for_each(|_| self.skip(depth + 1)),
            _ => Ok(()),
        }
    }

    /// Arrays above 1 GiB: `{"__msgpack_chunked_array__": true, "shape": {...}, "chunks": {...}}`.
    fn chunked(&mut self, count: usize) -> Result<Option<Raw>, Trouble> {
        if count != 3 || self.key()? != "__msgpack_chunked_array__" {
            return Ok(None);
        }
        self.skip(0)?;
        let (mut shape, mut pieces) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let (key, head) = (self.key()?, self.head()?);
            let Head::Map(count) = head else { return Err(self.broken("a chunked array is malformed")) };
            for _ in 0..count {
                self.key()?;
                match (key.as_str(), self.head()?) {
                    ("shape", Head::Int(n)) => shape.push(usize::try_from(n).unwrap_or(usize::MAX)),
                    ("chunks", Head::Extension(1, range)) => pieces.push(self.array("a chunk", range)?),
                    _ => return Err(self.broken("a chunked array is malformed")),
                }
            }
        }
        let Some(dtype) = pieces.first().map(|p| p.dtype) else { return Err(self.broken("a chunked array is empty")) };
        let held: usize = pieces.iter().map(|p| p.data.len()).sum();
        let wanted = shape.iter().try_fold((dtype.bits() / 8) as usize, |n, d| n.checked_mul(*d));
        if wanted != Some(held) || pieces.iter().any(|p| p.dtype != dtype) {
            return Err(self.broken(format!("a chunked array of shape {shape:?} has {held} bytes")));
        }
        let ranges = pieces.into_iter().map(|p| p.data.start as u64..p.data.end as u64).collect();
        Ok(Some(Raw { name: String::new(), dtype, shape, file: 0, ranges, swap: false, sum: None }))
    }

    fn array(&mut self, name: &str, range: Range<usize>) -> Result<Array, Trouble> {
        let end = std::mem::replace(&mut self.at, range.start);
        let wrong = |what: &str| Trouble::Broken(format!("array {}: {what}", quoted(name)));
        let Head::Array(3) = self.head()? else { return Err(wrong("it is not (shape, type, bytes)")) };
        let Head::Array(rank @ 0..=8) = self.head()? else { return Err(wrong("its shape is malformed")) };
        let mut shape = Vec::new();
        for _ in 0..rank {
            match self.head()? {
                Head::Int(n) => shape.push(usize::try_from(n).map_err(|_| wrong("its shape is too large"))?),
                _ => return Err(wrong("its shape is malformed")),
            }
        }
        let Head::Text(kind) = self.head()? else { return Err(wrong("its type is malformed")) };
        let kind = String::from_utf8_lossy(self.all.get(kind).unwrap_or_default()).into_owned();
        let dtype =
            DType::from_numpy(&kind).ok_or_else(|| wrong(&format!("its type {} is not known", quoted(&kind))))?;
        let Head::Binary(data) = self.head()? else { return Err(wrong("its bytes are missing")) };
        let wanted = shape.iter().try_fold((dtype.bits() / 8) as usize, |n, d| n.checked_mul(*d));
        if wanted != Some(data.len()) || self.at != range.end {
            return Err(wrong(&format!("its shape {shape:?} does not fit its {} bytes", data.len())));
        }
        self.at = end;
        Ok(Array { dtype, shape, data })
    }

    fn key(&mut self) -> Result<String, Trouble> {
        match self.head()? {
            Head::Text(range) if range.len() <= MAX_NAME => {
                Ok(String::from_utf8_lossy(self.all.get(range).unwrap_or_default()).into_owned())
            }
            _ => Err(self.broken("a key is no short text")),
        }
    }

    fn take(&mut self, count: usize) -> Result<Range<usize>, Trouble> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.all.len());
        let end = end.ok_or_else(|| {
            self.broken(format!("{count} bytes are called for, {} are left", self.all.len() - self.at))
        })?;
        Ok(std::mem::replace(&mut self.at, end)..end)
    }

    /// An unsigned big-endian number.
    fn big(&mut self, width: usize) -> Result<usize, Trouble> {
        let range = self.take(width)?;
        let bytes = self.all.get(range).unwrap_or_default();
        Ok(bytes.iter().fold(0u64, |n, b| n << 8 | u64::from(*b)) as usize)
    }

    fn sized(&mut self, width: usize) -> Result<Range<usize>, Trouble> {
        let length = self.big(width)?;
        self.take(length)
    }

    fn extension(&mut self, length: usize) -> Result<Head, Trouble> {
        let kind = self.big(1)? as u8;
        Ok(Head::Extension(kind, self.take(length)?))
    }

    fn head(&mut self) -> Result<Head, Trouble> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.broken("more values than any model has"));
        }
        let code = self.big(1)?;
        Ok(match code {
            0x00..=0x7f => Head::Int(code as u64),
            0x80..=0x8f => Head::Map(code & 15),
            0x90..=0x9f => Head::Array(code & 15),
            0xa0..=0xbf => Head::Text(self.take(code & 31)?),
            0xc4..=0xc6 => Head::Binary(self.sized(1 << (code - 0xc4))?),
            0xc7..=0xc9 => {
                let length = self.big(1 << (code - 0xc7))?;
                self.extension(length)?
            }
            0xcc..=0xcf => Head::Int(self.big(1 << (code - 0xcc))? as u64),
            0xca | 0xd2 => self.take(4).map(|_| Head::Other)?,
            0xcb | 0xd3 => self.take(8).map(|_| Head::Other)?,
            0xd0 => self.take(1).map(|_| Head::Other)?,
            0xd1 => self.take(2).map(|_| Head::Other)?,
            0xd4..=0xd8 => self.extension(1 << (code - 0xd4))?,
            0xd9..=0xdb => Head::Text(self.sized(1 << (code - 0xd9))?),
            0xdc | 0xdd => Head::Array(self.big(2 << (code - 0xdc))?),
            0xde | 0xdf => Head::Map(self.big(2 << (code - 0xde))?),
            _ => Head::Other, // nil, false, true, negative integers
        })
    }
}

fn raw(name: String, array: Array) -> Raw {
    let range = array.data.start as u64..array.data.end as u64;
    Raw { name, dtype: array.dtype, shape: array.shape, file: 0, ranges: vec![range], swap: false, sum: None }
}

impl DType {
    /// The type of a numpy array by its name.
    fn from_numpy(name: &str) -> Option<DType> {
        Some(match name {
            "float64" => DType::F64,
            "float32" => DType::F32,
            "float16" => DType::F16,
            "bfloat16" => DType::BF16,
            "int64" => DType::I64,
            "int32" => DType::I32,
            "int16" => DType::I16,
            "int8" => DType::I8,
            "uint64" => DType::U64,
            "uint32" => DType::U32,
            "uint16" => DType::U16,
            "uint8" => DType::U8,
            "bool" => DType::BOOL,
            _ => return None,
        })
    }
}
