//! The part of HDF5 that Keras writes: superblock 0 or 1, groups as symbol tables, contiguous datasets ("HDF5 File Format
//! Specification 3.0"). Data stay where they lie; chunks, filters and later layouts are refused by name.

use std::collections::HashMap;
use std::ops::Range;

use super::translated::{self, Raw};
use super::trouble::{Trouble, foreign};
use crate::map::Bytes;
use crate::{Container, Convention, DType, Error, ForeignFile, TensorIndex};

/// Most groups, datasets and nodes of their trees.
const MAX_OBJECTS: usize = 100_000;
/// Deepest nesting of groups, and of a group's tree.
const MAX_DEPTH: usize = 24;

pub(crate) fn read_index(bytes: &Bytes) -> Result<TensorIndex, Error> {
    foreign(bytes, &[ForeignFile::Hdf5])?;
    let file = bytes.name();
    let all = bytes.get(0..bytes.len())?;
    let mut reader = Reader { all, objects: 0, tensors: Vec::new(), skipped: Vec::new() };
    let read = reader.top().and_then(|()| {
        drop_shared(all, &mut reader.tensors);
        translated::index(Container::Hdf5, Convention::Keras, &file, reader.tensors, reader.skipped)
    });
    read.map_err(|trouble| trouble.into_error(&file))
}

struct Reader<'a> {
    all: &'a [u8],
    objects: usize,
    tensors: Vec<Raw>,
    skipped: Vec<String>,
}

/// A message of an object header.
struct Message<'a> {
    kind: u64,
    body: &'a [u8],
}

fn broken(what: impl std::fmt::Display) -> Trouble {
    Trouble::Broken(format!("HDF5: {what}"))
}

fn later(what: &str) -> Trouble {
    Trouble::Unsupported {
        message: format!("the HDF5 file uses {what}, which Keras does not write"),
        help: "save the weights again with `save_pretrained(..., safe_serialization=True)`".into(),
    }
}

/// An unsigned little-endian number within a slice.
fn number(bytes: &[u8], at: usize, width: usize) -> Result<u64, Trouble> {
    let found = at.checked_add(width).and_then(|end| bytes.get(at..end));
    let found = found.ok_or_else(|| broken("a structure is cut short"))?;
    Ok(found.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b)))
}

impl<'a> Reader<'a> {
    /// Bytes at an address.
    fn at(&self, address: u64, length: u64) -> Result<&'a [u8], Trouble> {
        let range =
            usize::try_from(address).ok().zip(address.checked_add(length).and_then(|e| usize::try_from(e).ok()));
        let found = range.and_then(|(start, end)| self.all.get(start..end));
        found.ok_or_else(|| broken(format!("{length} bytes at {address} lie outside the file of {}", self.all.len())))
    }

    fn count(&mut self) -> Result<(), Trouble> {
        self.objects += 1;
        if self.objects > MAX_OBJECTS { Err(broken("more objects than any model has")) } else { Ok(()) }
    }

    fn top(&mut self) -> Result<(), Trouble> {
        let head = self.at(0, 24)?;
        let version = number(head, 8, 1)?;
        if version > 1 {
            return Err(later(&format!("superblock version {version}")));
        }
        if (number(head, 13, 1)?, number(head, 14, 1)?) != (8, 8) {
            return Err(later("addresses that are not 8 bytes wide"));
        }
        // Version 1 has one more pair of numbers before the addresses.
        let root = 24 + 4 * version + 4 * 8;
        let base = number(self.at(root - 32, 8)?, 0, 8)?;
        let end = number(self.at(root - 16, 8)?, 0, 8)?;
        if base != 0 {
            return Err(later("a base address"));
        }
        if end > self.all.len() as u64 {
            return Err(broken(format!(
                "the file should have {end} bytes and has {}: it was cut short",
                self.all.len()
            )));
        }
        let entry = self.at(root, 40)?;
        self.object(String::new(), number(entry, 8, 8)?, 0)
    }

    /// A group or a dataset by its header.
    fn object(&mut self, path: String, address: u64, depth: usize) -> Result<(), Trouble> {
        self.count()?;
        if depth > MAX_DEPTH {
            return Err(broken("groups are nested too deeply"));
        }
        let messages = self.messages(address)?;
        let find = |kind: u64| messages.iter().find(|m| m.kind == kind).map(|m| m.body);
        if let Some(table) = find(0x11) {
            return self.group(&path, number(table, 0, 8)?, number(table, 8, 8)?, depth);
        }
        match (find(0x01), find(0x03), find(0x08)) {
            (Some(space), Some(kind), Some(layout)) => {
                if find(0x0b).is_some() {
                    return Err(later("compressed datasets"));
                }
                self.dataset(path, space, kind, layout)
            }
            _ if find(0x02).is_some() || find(0x06).is_some() => Err(later("groups of links")),
            _ => Ok(()), // an empty group
        }
    }

    fn messages(&mut self, address: u64) -> Result<Vec<Message<'a>>, Trouble> {
        let head = self.at(address, 16)?;
        if head.starts_with(b"OHDR") {
            return Err(later("object headers of version 2"));
        }
        if number(head, 0, 1)? != 1 {
            return Err(broken(format!("there is no object header at {address}")));
        }
        let total = number(head, 2, 2)?;
        let mut blocks = vec![(address.saturating_add(16), number(head, 8, 4)?)];
        let mut messages = Vec::new();
        while let Some((start, length)) = blocks.pop() {
            self.count()?;
            let block = self.at(start, length)?;
            let mut at = 0;
            while at + 8 <= block.len() && (messages.len() as u64) < total {
                let (kind, size) = (number(block, at, 2)?, number(block, at + 2, 2)? as usize);
                let body = block.get(at + 8..at + 8 + size).ok_or_else(|| broken("a header message is cut short"))?;
                if kind == 0x10 {
                    blocks.push((number(body, 0, 8)?, number(body, 8, 8)?));
                }
                messages.push(Message { kind, body });
                at += 8 + size;
            }
        }
        Ok(messages)
    }

    fn group(&mut self, path: &str, tree: u64, heap: u64, depth: usize) -> Result<(), Trouble> {
        let head = self.at(heap, 32)?;
        if !head.starts_with(b"HEAP") {
            return Err(broken(format!("there is no heap of names at {heap}")));
        }
        let names = self.at(number(head, 24, 8)?, number(head, 8, 8)?)?;
        self.tree(path, tree, names, depth, 0)
    }

    fn tree(&mut self, path: &str, address: u64, names: &'a [u8], depth: usize, level: usize) -> Result<(), Trouble> {
        self.count()?;
        if level > MAX_DEPTH {
            return Err(broken("a group's tree is too deep"));
        }
        let head = self.at(address, 24)?;
        if head.starts_with(b"SNOD") {
            return self.symbols(path, address, names, depth);
        }
        if !head.starts_with(b"TREE") || number(head, 4, 1)? != 0 {
            return Err(broken(format!("there is no tree of a group at {address}")));
        }
        let used = number(head, 6, 2)?;
        let body = self.at(address.saturating_add(24), used * 16 + 8)?;
        for i in 0..used as usize {
            self.tree(path, number(body, i * 16 + 8, 8)?, names, depth, level + 1)?;
        }
        Ok(())
    }

    fn symbols(&mut self, path: &str, address: u64, names: &'a [u8], depth: usize) -> Result<(), Trouble> {
        let count = number(self.at(address, 8)?, 6, 2)?;
        let entries = self.at(address.saturating_add(8), count * 40)?;
        for entry in entries.chunks_exact(40) {
            let start = usize::try_from(number(entry, 0, 8)?).unwrap_or(usize::MAX);
            let name = names.get(start..).and_then(|rest| rest.split(|b| *b == 0).next());
            let name = name.and_then(|n| std::str::from_utf8(n).ok()).filter(|n| !n.is_empty() && n.len() < 1024);
            let name = name.ok_or_else(|| broken("a name in a group is malformed"))?;
            let inner = if path.is_empty() { name.to_string() } else { format!("{path}/{name}") };
            if number(entry, 16, 4)? == 2 {
                return Err(later("symbolic links"));
            }
            self.object(inner, number(entry, 8, 8)?, depth + 1)?;
        }
        Ok(())
    }

    fn dataset(&mut self, name: String, space: &[u8], kind: &'a [u8], layout: &[u8]) -> Result<(), Trouble> {
        let wrong = |what: String| broken(format!("dataset `{name}` {what}"));
        let version = number(space, 0, 1)?;
        let rank = number(space, 1, 1)? as usize;
        let first = if version == 1 { 8 } else { 4 };
        let shape = (0..rank)
            .map(|i| usize::try_from(number(space, first + i * 8, 8)?).map_err(|_| wrong("is too large".into())))
            .collect::<Result<Vec<_>, _>>()?;
        let Some((dtype, swap)) = element(kind)? else {
            self.skipped.push(name);
            return Ok(());
        };
        let wanted = shape.iter().try_fold(dtype.bits() / 8, |n, d| n.checked_mul(*d as u64));
        let wanted = wanted.ok_or_else(|| wrong("is too large".into()))?;
        let range = self
            .data(layout, wanted)?
            .ok_or_else(|| wrong(format!("does not have the {wanted} bytes of its shape")))?;
        self.tensors.push(Raw { name, dtype, shape, file: 0, ranges: vec![range], swap, sum: None });
        Ok(())
    }

    /// Where the bytes of a dataset lie, if they are as many as wanted.
    fn data(&self, layout: &[u8], wanted: u64) -> Result<Option<Range<u64>>, Trouble> {
        let version = number(layout, 0, 1)?;
        if !(3..=4).contains(&version) {
            return Err(later(&format!("data layout version {version}")));
        }
        match number(layout, 1, 1)? {
            1 => {
                let (address, size) = (number(layout, 2, 8)?, number(layout, 10, 8)?);
                if wanted == 0 {
                    return Ok(Some(0..0)); // an empty dataset has no address
                }
                self.at(address, size)?;
                Ok((size == wanted).then_some(address..address + size))
            }
            0 => Err(later("data within headers")),
            _ => Err(later("chunked datasets")),
        }
    }
}

/// Keras writes a variable once for every layer that uses it: what is the same under the same inner name is one tensor.
fn drop_shared(all: &[u8], tensors: &mut Vec<Raw>) {
    let bytes = |range: &Range<u64>| all.get(range.start as usize..range.end as usize).unwrap_or_default();
    let mut seen: HashMap<String, (Vec<usize>, Range<u64>)> = HashMap::new();
    tensors.retain(|tensor| {
        let inner = tensor.name.split_once('/').map_or(tensor.name.as_str(), |(_, inner)| inner);
        let Some(range) = tensor.ranges.first() else { return true };
        match seen.get(inner) {
            Some((shape, first)) => *shape != tensor.shape || bytes(first) != bytes(range),
            None => {
                seen.insert(inner.to_string(), (tensor.shape.clone(), range.clone()));
                true
            }
        }
    });
}

/// The element type of a datatype message, and whether it is big-endian; `None` for texts and the like.
fn element(kind: &[u8]) -> Result<Option<(DType, bool)>, Trouble> {
    let (class, bits, size) = (number(kind, 0, 1)? & 15, number(kind, 1, 1)?, number(kind, 4, 4)?);
    let dtype = match (class, size, bits & 8 != 0) {
        (1, 8, _) => DType::F64,
        (1, 4, _) => DType::F32,
        // 5 bits of exponent make a half, 8 a bfloat16
        (1, 2, _) => match number(kind, 8 + 5, 1)? {
            5 => DType::F16,
            8 => DType::BF16,
            _ => return Ok(None),
        },
        (0, 8, true) => DType::I64,
        (0, 4, true) => DType::I32,
        (0, 2, true) => DType::I16,
        (0, 1, true) => DType::I8,
        (0, 8, false) => DType::U64,
        (0, 4, false) => DType::U32,
        (0, 2, false) => DType::U16,
        (0, 1, false) => DType::U8,
        _ => return Ok(None),
    };
    Ok(Some((dtype, bits & 1 != 0)))
}
