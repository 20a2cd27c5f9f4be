//! The safetensors container: eight bytes of length, a JSON header, then the data of the tensors without gaps
//! (format description of safetensors 0.8).

use std::collections::BTreeMap;
use std::ops::Range;

use bert_diag::{Code, Finding, Rejected, Report, Source, Span, counted, listed, quoted};
use bert_json::{Member, Value};

use crate::index::{Container, Described, EntryAt, Provenance, TensorInfo, shape_text};
use crate::map::Bytes;
use crate::place::Place;
use crate::{DType, Error, TensorIndex, sniff};

/// Longest header the format allows.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// Reads and checks the header. All problems are reported together.
pub(crate) fn read_index(file: &str, bytes: &Bytes) -> Result<TensorIndex, Error> {
    let total = bytes.len();
    let head = bytes.get(0..total.min(256))?;
    let header = match header_range(file, head, total) {
        Ok(range) => range,
        Err(finding) => return Err(reject(finding)),
    };
    let text = match std::str::from_utf8(bytes.get(header.clone())?) {
        Ok(text) => text,
        Err(e) => {
            let at = header.start + e.valid_up_to() as u64;
            return Err(reject(broken(file, format!("the header is not UTF-8 at byte {at}"))));
        }
    };
    let root = match bert_json::parse(text) {
        Ok(root) => root,
        Err(problem) => {
            let around = excerpt_range(text, problem.range.start);
            let source = Source::excerpt(
                file,
                "header",
                header.start + around.start as u64,
                text.get(around.clone()).unwrap_or_default(),
            );
            let local =
                problem.range.start - around.start..problem.range.end.min(around.end).saturating_sub(around.start);
            let finding = broken(file, format!("the header is not valid JSON: {}", problem.message));
            return Err(reject(finding.span(Span::primary(&source, local, problem.message))));
        }
    };
    let mut reader =
        Reader { file, text, header_start: header.start, report: Report::default(), entries: BTreeMap::new() };
    let metadata = reader.read(&root);
    // An entry that could not be read would show again as a hole.
    if reader.report.is_ok() {
        reader.check_layout(header.end, total);
    }
    reader.report.into_result()?;
    Ok(TensorIndex {
        container: Container::Safetensors,
        title: None,
        files: vec![Described { name: file.to_string(), text: text.into(), start: Some(header.start) }],
        entries: reader.entries,
        metadata,
        provenance: Provenance::default(),
        checksums: Vec::new(),
    })
}

fn reject(finding: Finding) -> Error {
    Error::Rejected(Rejected::new([finding]))
}

fn broken(file: &str, message: String) -> Finding {
    Finding::new(Code::W003, format!("`{file}`: {message}"))
        .help("download or copy the file again and compare its size with the original")
}

/// A window of the header around a place, on character boundaries.
fn excerpt_range(text: &str, at: usize) -> Range<usize> {
    let (mut start, mut end) = (at.saturating_sub(60), at.saturating_add(60).min(text.len()));
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end.max(start)
}

fn header_range(file: &str, head: &[u8], total: u64) -> Result<Range<u64>, Finding> {
    let source = Source::name_only(file);
    let whole = |finding: Finding| {
        finding.span(Span::whole(&source, counted(usize::try_from(total).unwrap_or(usize::MAX), "byte")))
    };
    if total == 0 {
        return Err(whole(
            Finding::new(Code::W002, format!("`{file}` is empty (0 bytes)"))
                .help("the save or download was interrupted; fetch the file again"),
        ));
    }
    let foreign = || {
        let (what, mend) = sniff(head)?.describe();
        Some(whole(Finding::new(Code::W002, format!("`{file}` is {what}")).help(mend)))
    };
    let Some(length) = head.first_chunk::<8>().map(|b| u64::from_le_bytes(*b)) else {
        return Err(foreign().unwrap_or_else(|| {
            whole(broken(
                file,
                format!("{total} bytes are too few for a safetensors file, which begins with 8 bytes of length"),
            ))
        }));
    };
    let room = total - 8;
    let problem = if length > MAX_HEADER_BYTES {
        format!("the header claims {length} bytes, more than the {MAX_HEADER_BYTES} the format allows")
    } else if length > room {
        format!("the header claims {length} bytes, but only {room} follow in the file of {total}")
    } else if head.get(8) != Some(&b'{') && length > 0 {
        format!("the header does not start with {{ but with byte {:#04x}", head.get(8).copied().unwrap_or_default())
    } else if length == 0 {
        "the header is empty".to_string()
    } else {
        return Ok(8..8 + length);
    };
    Err(foreign().unwrap_or_else(|| whole(broken(file, problem))))
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    header_start: u64,
    report: Report,
    entries: BTreeMap<String, TensorInfo>,
}

impl Reader<'_> {
    fn read(&mut self, root: &Value) -> BTreeMap<String, String> {
        let mut metadata = BTreeMap::new();
        for member in root.as_object().unwrap_or_default() {
            if member.key == "__metadata__" {
                let entries = member.value.as_object().unwrap_or_default();
                metadata.extend(entries.iter().filter_map(|m| Some((m.key.clone(), m.value.as_str()?.to_string()))));
                continue;
            }
            match self.entry(member) {
                Ok(info) => {
                    if self.entries.insert(member.key.clone(), info).is_some() {
                        let finding =
                            Finding::new(Code::W005, format!("the header names tensor {} twice", quoted(&member.key)));
                        self.report.push(
                            finding
                                .span(self.span(member, &member.key_range, "again"))
                                .help("write the file again with unique names"),
                        );
                    }
                }
                Err(finding) => self.report.push(finding.help("write the file again with the safetensors library")),
            }
        }
        metadata
    }

    /// A span within the excerpt of one entry.
    fn span(&self, member: &Member, range: &Range<usize>, label: impl Into<String>) -> Span {
        let entry = member.key_range.start..member.value.range.end;
        let text = self.text.get(entry.clone()).unwrap_or_default();
        let source = Source::excerpt(self.file, "header", self.header_start + entry.start as u64, text);
        Span::primary(&source, range.start.saturating_sub(entry.start)..range.end.saturating_sub(entry.start), label)
            .at_pointer(bert_json::pointer_to("", &member.key))
    }

    fn entry(&self, member: &Member) -> Result<TensorInfo, Finding> {
        let name = quoted(&member.key);
        let value = &member.value;
        let malformed = |message: String, at: &Value, label: &str| {
            Finding::new(Code::W004, format!("tensor {name}: {message}")).span(self.span(member, &at.range, label))
        };
        let field = |key: &str| {
            value.get(key).ok_or_else(|| malformed(format!("the entry has no `{key}`"), value, "incomplete"))
        };
        let dtype = field("dtype")?;
        let dtype = match dtype.as_str().map(|s| (s, DType::from_name(s))) {
            Some((_, Some(dtype))) => dtype,
            Some((unknown, None)) => {
                let finding =
                    Finding::new(Code::W006, format!("tensor {name} has the unknown element type {}", quoted(unknown)));
                let known = format!("known are {}", listed(DType::names(), 32));
                return Err(finding.span(self.span(member, &dtype.range, "unknown")).note(known));
            }
            None => return Err(malformed("`dtype` must be a string".into(), dtype, dtype.describe())),
        };
        let numbers = |key: &str| -> Result<(Vec<u64>, &Value), Finding> {
            let list = field(key)?;
            let elements =
                list.as_array().ok_or_else(|| malformed(format!("`{key}` must be a list"), list, list.describe()))?;
            let bad =
                || malformed(format!("`{key}` must hold whole numbers from 0 to 2^64 - 1"), list, "not such numbers");
            Ok((elements.iter().map(|e| e.as_u64().ok_or_else(bad)).collect::<Result<_, _>>()?, list))
        };
        let (shape, shape_at) = numbers("shape")?;
        let (offsets, offsets_at) = numbers("data_offsets")?;
        let &[start, end] = offsets.as_slice() else {
            return Err(malformed("`data_offsets` must hold two numbers".into(), offsets_at, "begin and end"));
        };
        if start > end {
            let finding = Finding::new(Code::W007, format!("tensor {name} ends before it begins: {start}..{end}"));
            return Err(finding.span(self.span(member, &offsets_at.range, "reversed")));
        }
        let bits = shape.iter().try_fold(dtype.bits(), |n, d| n.checked_mul(*d));
        let Some(bits) = bits else {
            return Err(malformed("the product of the shape overflows".into(), shape_at, "overflows"));
        };
        if bits % 8 != 0 || bits / 8 != end - start {
            let needs = bits.div_ceil(8);
            let message = format!(
                "tensor {name} has {} for {} x {dtype}, which needs {needs}",
                counted((end - start) as usize, "byte"),
                shape_text(&shape)
            );
            return Err(Finding::new(Code::W008, message)
                .span(self.span(member, &offsets_at.range, format!("{} bytes", end - start)))
                .span(Span { primary: false, ..self.span(member, &shape_at.range, format!("{needs} bytes")) }));
        }
        let shape = shape.iter().map(|d| usize::try_from(*d)).collect::<Result<Vec<_>, _>>();
        let shape = shape.map_err(|_| malformed("the shape does not fit in memory".into(), shape_at, "too large"))?;
        let entry = member.key_range.start..value.range.end;
        Ok(TensorInfo {
            dtype,
            shape,
            stored_as: None,
            place: Place::Plain { file: 0, bytes: start..end },
            at: EntryAt { file: 0, entry, shape: shape_at.range.clone(), name: member.key_range.clone() },
        })
    }

    /// Checks that the tensors cover the data exactly, and turns their ranges into ranges of the file.
    fn check_layout(&mut self, data_start: u64, total: u64) {
        let data = total - data_start;
        let mut by_start: Vec<_> =
            self.entries.iter().map(|(name, info)| (info.range().unwrap_or_default(), name.as_str())).collect();
        by_start.sort_by_key(|(range, _)| (range.start, range.end));
        let past: Vec<_> = by_start.iter().filter(|(range, _)| range.end > data).map(|(_, name)| *name).collect();
        let mut findings = Vec::new();
        if !past.is_empty() {
            let claimed = by_start.iter().map(|(range, _)| range.end).max().unwrap_or_default();
            findings.push((
                past.first().copied(),
                Finding::new(
                    Code::W007,
                    format!(
                        "{} of {} lie past the end of `{}`: the file was cut short",
                        past.len(),
                        counted(by_start.len(), "tensor"),
                        self.file
                    ),
                )
                .note(format!(
                    "the header describes {} bytes, the file has {total}",
                    data_start.saturating_add(claimed)
                ))
                .note(format!("affected: {}", listed(past.iter().map(|n| quoted(n)), 6)))
                .help("the download or copy was interrupted; fetch the file again"),
            ));
        }
        let (mut expected, mut last) = (0, "");
        for (range, name) in &by_start {
            if range.start != expected {
                let what = if range.start < expected {
                    format!(
                        "tensor {} overlaps {}: it begins at {} where {expected} was expected",
                        quoted(name),
                        quoted(last),
                        range.start
                    )
                } else {
                    format!(
                        "there is a hole of {} before tensor {}",
                        counted((range.start - expected) as usize, "byte"),
                        quoted(name)
                    )
                };
                findings.push((
                    Some(name),
                    Finding::new(Code::W007, what).help("write the file again with the safetensors library"),
                ));
            }
            expected = expected.max(range.end);
            last = name;
        }
        if expected < data && findings.is_empty() {
            let finding = Finding::new(
                Code::W009,
                format!("`{}` has {} after its last tensor", self.file, counted((data - expected) as usize, "byte")),
            );
            let source = Source::name_only(self.file);
            let help = "download or write the file again; nothing may follow the tensors";
            findings.push((
                None,
                finding
                    .span(Span::whole(&source, format!("{total} bytes, {} described", data_start + expected)))
                    .help(help),
            ));
        }
        for (name, finding) in findings {
            let span = name.and_then(|n| self.entries.get(n)).map(|info| {
                let text = self.text.get(info.at.entry.clone()).unwrap_or_default();
                let source = Source::excerpt(self.file, "header", self.header_start + info.at.entry.start as u64, text);
                Span::primary(&source, 0..text.len(), "this entry")
            });
            self.report.push(finding.spans(span));
        }
        for info in self.entries.values_mut() {
            if let Place::Plain { bytes, .. } = &mut info.place {
                *bytes = data_start.saturating_add(bytes.start)..data_start.saturating_add(bytes.end);
            }
        }
    }
}
