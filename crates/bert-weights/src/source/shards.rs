//! Weights in several files with an index beside them: `model.safetensors.index.json`, `pytorch_model.bin.index.json`
//! (`{"metadata": ..., "weight_map": {name: file}}`, transformers 4.57.6).

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bert_diag::{Code, Finding, Rejected, Report, Source, Span, counted, listed, quoted};

use super::Opening;
use crate::map::Bytes;
use crate::{Error, TensorIndex, Weights};

/// Longest index that is read.
const MAX_INDEX: u64 = 64 << 20;

pub(crate) fn open(path: &Path, how: Opening) -> Result<Weights, Error> {
    let bytes = how.bytes(path)?;
    let name = bytes.name();
    let mut reader = Reader { folder: path.parent().unwrap_or(Path::new("")), name: &name, report: Report::default() };
    let text = text(&bytes, &name)?;
    let source = Source::text(name.as_str(), text);
    let map = reader.weight_map(text, &source)?;
    let opened = reader.shards(&map, &source, how)?;
    reader.strays(&map, &source);
    let (files, mut index) = reader.join(opened, &map, &source)?;
    reader.report.into_result()?;
    index.title = Some(name);
    Ok(Weights::new(files, index))
}

fn reject(finding: Finding) -> Error {
    Error::Rejected(Rejected::new([finding]))
}

fn text<'a>(bytes: &'a Bytes, name: &str) -> Result<&'a str, Error> {
    let broken = |what: &str| {
        let finding = Finding::new(Code::W042, format!("`{name}` {what}"));
        reject(finding.span(Span::whole(&Source::name_only(name), "this file")).help("fetch the index again"))
    };
    if bytes.len() > MAX_INDEX {
        return Err(broken("is too long for an index of shards"));
    }
    std::str::from_utf8(bytes.get(0..bytes.len())?).map_err(|_| broken("is not UTF-8"))
}

/// Where a tensor is said to be: the file, and the place in the index that says so.
struct Said {
    file: String,
    at: Range<usize>,
}

struct Reader<'a> {
    folder: &'a Path,
    name: &'a str,
    report: Report,
}

impl Reader<'_> {
    fn weight_map(&mut self, text: &str, source: &Source) -> Result<BTreeMap<String, Said>, Error> {
        let root = bert_json::parse(text).map_err(|problem| {
            reject(
                Finding::new(Code::W042, format!("`{}` is not valid JSON: {}", self.name, problem.message))
                    .span(Span::primary(source, problem.range.clone(), problem.message.clone()))
                    .help("fetch the index again"),
            )
        })?;
        let members = root.get("weight_map").and_then(|map| map.as_object()).filter(|m| !m.is_empty());
        let Some(members) = members else {
            return Err(reject(
                Finding::new(Code::W042, format!("`{}` has no `weight_map`", self.name))
                    .span(Span::whole(source, "an object from tensor names to files belongs here"))
                    .help("fetch the index again"),
            ));
        };
        let mut map = BTreeMap::new();
        for member in members {
            let at = member.value.range.clone();
            match member.value.as_str() {
                Some(file) if is_plain_name(file) => {
                    if map.insert(member.key.clone(), Said { file: file.to_string(), at: at.clone() }).is_some() {
                        self.push("names a tensor twice", &member.key, source, at);
                    }
                }
                Some(file) => self.report.push(
                    Finding::new(
                        Code::W042,
                        format!(
                            "the index sends tensor {} to {}, which is no plain file name",
                            quoted(&member.key),
                            quoted(file)
                        ),
                    )
                    .span(Span::primary(source, at, "never followed"))
                    .note("a shard lies beside its index; paths could lead anywhere on the machine")
                    .help("put the shard beside the index and write its name only"),
                ),
                None => self.push("gives no file name for", &member.key, source, at),
            }
        }
        if map.is_empty() && self.report.is_ok() {
            self.report.push(Finding::new(Code::W042, format!("`{}` names no tensors", self.name)));
        }
        match self.report.is_ok() {
            true => Ok(map),
            false => Err(Error::Rejected(
                std::mem::take(&mut self.report).into_result().err().unwrap_or_else(|| Rejected::new([])),
            )),
        }
    }

    fn push(&mut self, what: &str, name: &str, source: &Source, at: Range<usize>) {
        self.report.push(
            Finding::new(Code::W042, format!("the index {what} tensor {}", quoted(name)))
                .span(Span::primary(source, at, "here"))
                .help("fetch the index again"),
        );
    }

    fn shards(
        &mut self,
        map: &BTreeMap<String, Said>,
        source: &Source,
        how: Opening,
    ) -> Result<BTreeMap<String, (Bytes, TensorIndex)>, Error> {
        let mut files: BTreeMap<&str, (&Range<usize>, usize)> = BTreeMap::new();
        for said in map.values() {
            files.entry(&said.file).or_insert((&said.at, 0)).1 += 1;
        }
        let mut opened = BTreeMap::new();
        for (file, (at, count)) in files {
            let path = self.folder.join(file);
            if !path.exists() {
                self.report.push(
                    Finding::new(Code::W042, format!("shard {} is missing", quoted(file)))
                        .span(Span::primary(
                            source,
                            at.clone(),
                            format!("{} should be in it", counted(count, "tensor")),
                        ))
                        .help("fetch the missing file; a partial download leaves the index complete"),
                );
                continue;
            }
            if let Some(target) = leads_away(self.folder, &path) {
                self.report.push(
                    Finding::new(
                        Code::W042,
                        format!(
                            "shard {} is a link that leads out of the folder, to `{}`",
                            quoted(file),
                            target.display()
                        ),
                    )
                    .span(Span::primary(source, at.clone(), "not followed"))
                    .help("put the file itself beside the index"),
                );
                continue;
            }
            let bytes = how.bytes(&path)?;
            match super::index_of(&bytes) {
                Ok(index) => _ = opened.insert(file.to_string(), (bytes, index)),
                Err(Error::Rejected(rejected)) => self.report.extend(rejected.into_report()),
                Err(error) => return Err(error),
            }
        }
        Ok(opened)
    }

    /// Shards of the same series in the folder that the index does not name.
    fn strays(&mut self, map: &BTreeMap<String, Said>, source: &Source) {
        let stem = self.name.trim_end_matches(".index.json");
        let Some((base, extension)) = stem.rsplit_once('.') else { return };
        let Ok(listing) = std::fs::read_dir(self.folder) else { return };
        let mut strays: Vec<String> = listing
            .filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned()))
            .filter(|n| is_shard_of(n, base, extension) && !map.values().any(|said| said.file == *n))
            .collect();
        strays.sort();
        if let Some(first) = strays.first() {
            self.report.push(
                Finding::new(
                    Code::W042,
                    format!(
                        "{} in the folder that the index does not name: {}",
                        counted(strays.len(), "shard"),
                        listed(strays.iter().map(|n| quoted(n)), 4)
                    ),
                )
                .span(Span::whole(source, format!("does not name {}", quoted(first))))
                .note("index and shards are of different saves, or one of them is incomplete")
                .help("take the index and all shards from one save"),
            );
        }
    }

    fn join(
        &mut self,
        opened: BTreeMap<String, (Bytes, TensorIndex)>,
        map: &BTreeMap<String, Said>,
        source: &Source,
    ) -> Result<(Vec<Bytes>, TensorIndex), Error> {
        for (file, shard) in &opened {
            let absent: Vec<(&String, &Said)> =
                map.iter().filter(|(name, said)| said.file == *file && shard.1.get(name).is_none()).collect();
            let Some((first, said)) = absent.first() else { continue };
            let others = if absent.len() > 1 { format!(" and {} more", absent.len() - 1) } else { String::new() };
            self.report.push(
                Finding::new(Code::W042, format!("tensor {}{others} is not in shard {}", quoted(first), quoted(file)))
                    .span(Span::primary(source, said.at.clone(), "it should be there"))
                    .note(format!("absent: {}", listed(absent.iter().map(|(name, _)| quoted(name)), 6)))
                    .help("take the index and all shards from one save"),
            );
        }
        let (mut files, mut whole): (Vec<Bytes>, Option<TensorIndex>) = (Vec::new(), None);
        let mut twice = Vec::new();
        for (file, (bytes, index)) in opened {
            let unnamed: Vec<_> = index.names().filter(|n| !map.contains_key(*n)).map(quoted).collect();
            if !unnamed.is_empty() {
                self.report.push(
                    Finding::new(
                        Code::W042,
                        format!(
                            "shard {} holds {} that the index does not name: {}",
                            quoted(&file),
                            counted(unnamed.len(), "tensor"),
                            listed(&unnamed, 4)
                        ),
                    )
                    .span(Span::whole(source, "does not name them"))
                    .help("take the index and all shards from one save"),
                );
            }
            files.push(bytes);
            match &mut whole {
                None => whole = Some(index),
                Some(all) => twice.extend(all.absorb(index, files.len() - 1)),
            }
        }
        if let Some(first) = twice.first() {
            let said = map.get(first).map_or("neither", |s| s.file.as_str());
            self.report.push(
                Finding::new(
                    Code::W042,
                    format!(
                        "{} in two shards: {}",
                        counted(twice.len(), "tensor"),
                        listed(twice.iter().map(|n| quoted(n)), 4)
                    ),
                )
                .span(Span::whole(source, format!("says {said} of the first")))
                .help("take the index and all shards from one save"),
            );
        }
        let report = std::mem::take(&mut self.report).into_result()?;
        self.report = report;
        Ok((files, whole.ok_or_else(|| reject(Finding::new(Code::W042, format!("`{}` names no tensors", self.name))))?))
    }
}

/// A file name and nothing else.
fn is_plain_name(file: &str) -> bool {
    !file.is_empty() && file != "." && file != ".." && !file.contains(['/', '\\', '\0', ':'])
}

/// `base-00001-of-00002.extension`
fn is_shard_of(name: &str, base: &str, extension: &str) -> bool {
    let numbers = name.strip_prefix(base).and_then(|n| n.strip_prefix('-')).and_then(|n| n.strip_suffix(extension));
    let numbers = numbers.and_then(|n| n.strip_suffix('.')).and_then(|n| n.split_once("-of-"));
    numbers.is_some_and(|(i, n)| [i, n].iter().all(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit())))
}

/// Where a link leads, if that is outside the folder. In a hub cache `snapshots/REVISION/FILE` leads to `blobs/HASH` of
/// the same repository, which is inside.
fn leads_away(folder: &Path, path: &Path) -> Option<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let (Ok(folder), Ok(target)) = (folder.canonicalize(), path.canonicalize()) else {
        return Some(path.to_path_buf());
    };
    let blobs = folder.parent().filter(|p| p.file_name().is_some_and(|n| n == "snapshots")).and_then(Path::parent);
    let inside =
        target.starts_with(&folder) || blobs.is_some_and(|repository| target.starts_with(repository.join("blobs")));
    (!inside).then_some(target)
}
