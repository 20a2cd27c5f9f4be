//! Applying the edits of fixes.

use std::collections::BTreeMap;

use crate::{Edit, Report};

/// An edit could not be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The bytes to replace are not in the file.
    #[error("{file}: bytes {start}..{end} are not in the file of {len} bytes; it has changed since it was checked")]
    OutOfFile {
        /// The file.
        file: String,
        /// First byte.
        start: u64,
        /// Past the last byte.
        end: u64,
        /// Length of the file.
        len: usize,
    },
}

impl Report {
    /// The edits of all safe fixes, by file. Of edits that overlap only the first is kept; check again for the others.
    pub fn safe_edits(&self) -> BTreeMap<String, Vec<Edit>> {
        let mut files: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
        let safe = self.findings().iter().flat_map(|f| &f.fixes).filter(|fix| fix.safe);
        for edit in safe.flat_map(|fix| &fix.edits) {
            let list = files.entry(edit.file.clone()).or_default();
            let overlaps = |other: &Edit| edit.range.start < other.range.end && other.range.start < edit.range.end;
            if !list.iter().any(|other| overlaps(other) || other == edit) {
                list.push(edit.clone());
            }
        }
        files
    }
}

/// Applies edits of one file to its bytes.
///
/// # Errors
/// When an edit lies outside the bytes.
pub fn apply_edits(bytes: &[u8], edits: &[Edit]) -> Result<Vec<u8>, EditError> {
    let mut sorted: Vec<&Edit> = edits.iter().collect();
    // From the end, so that places before an edit stay true.
    sorted.sort_by_key(|e| std::cmp::Reverse(e.range.start));
    let mut out = bytes.to_vec();
    for edit in sorted {
        let (start, end) = (edit.range.start, edit.range.end);
        let range =
            usize::try_from(start).ok().zip(usize::try_from(end).ok()).filter(|(s, e)| s <= e && *e <= out.len());
        let Some((from, to)) = range else {
            return Err(EditError::OutOfFile { file: edit.file.clone(), start, end, len: bytes.len() });
        };
        drop(out.splice(from..to, edit.text.bytes()));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(range: std::ops::Range<u64>, text: &str) -> Edit {
        Edit { file: "a".into(), range, text: text.into() }
    }

    #[test]
    fn edits_are_applied_from_the_end() {
        assert_eq!(apply_edits(b"0123456", &[edit(1..2, "xx"), edit(4..6, "")]).unwrap(), b"0xx236");
        assert!(apply_edits(b"01", &[edit(1..3, "")]).is_err());
    }
}
