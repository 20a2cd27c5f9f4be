//! Folders of the repository that are generated: written whole, or compared.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{Result, root};

/// Path below the folder -> content.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn write(folder: &str, files: &Files) -> Result {
    let path = root().join(folder);
    if path.exists() {
        std::fs::remove_dir_all(&path)?;
    }
    for (name, bytes) in files {
        let file = path.join(name);
        std::fs::create_dir_all(file.parent().unwrap_or(&path))?;
        std::fs::write(file, bytes)?;
    }
    println!("{} files in {folder}", files.len());
    Ok(())
}

pub(crate) fn check(folder: &str, wanted: &Files, remedy: &str) -> Result {
    let mut found = Files::new();
    collect(&root().join(folder), "", &mut found)?;
    let differing: Vec<_> =
        wanted.iter().filter(|(name, bytes)| found.get(*name) != Some(bytes)).map(|(n, _)| n).collect();
    let extra: Vec<_> = found.keys().filter(|name| !wanted.contains_key(*name)).collect();
    if differing.is_empty() && extra.is_empty() {
        println!("{} files in {folder} are as they would be made", wanted.len());
        return Ok(());
    }
    Err(format!("{folder} is stale, run `{remedy}`; differing: {differing:?}, left over: {extra:?}").into())
}

fn collect(folder: &Path, prefix: &str, files: &mut Files) -> Result {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}
