//! The folder on its way: written beside its place, and put there in one step.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::ConvertError;
use crate::Located;

/// What a conversion may have written before; anything else in a folder is somebody's.
fn is_ours(name: &str) -> bool {
    const NAMES: [&str; 10] = [
        "config.json",
        "model.safetensors",
        "model.safetensors.index.json",
        "tokenizer.json",
        "vocab.txt",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "modules.json",
        "sentence_bert_config.json",
    ];
    let module = name.split_once('_').is_some_and(|(n, _)| n.parse::<u32>().is_ok());
    NAMES.contains(&name)
        || name == "config_sentence_transformers.json"
        || module
        || (name.starts_with("model-") && name.ends_with(".safetensors"))
}

/// A temporary folder beside the one that is asked for, on the same file system.
pub(super) struct Staging {
    folder: TempDir,
}

impl Staging {
    pub(super) fn beside(folder: &Path, located: &Located, force: bool) -> Result<Staging, ConvertError> {
        let absolute = std::path::absolute(folder).map_err(ConvertError::io(folder))?;
        if let Ok(target) = folder.canonicalize() {
            let sources = [Some(located.folder.as_path()), located.sentence.as_deref()];
            let sources = sources.into_iter().flatten().filter_map(|path| path.canonicalize().ok());
            if sources.into_iter().any(|source| source.starts_with(&target)) {
                return Err(ConvertError::IsInput { path: folder.to_path_buf() });
            }
            replaceable(folder, force)?;
        }
        let parent = absolute.parent().unwrap_or(Path::new("/")).to_path_buf();
        std::fs::create_dir_all(&parent).map_err(ConvertError::io(&parent))?;
        let name = absolute.file_name().unwrap_or_default().to_string_lossy();
        let made = tempfile::Builder::new().prefix(&format!(".{name}.bert-")).tempdir_in(&parent);
        Ok(Staging { folder: made.map_err(ConvertError::io(folder))? })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the folder its name. An earlier one is exchanged with it where the system can, and deleted after.
    pub(super) fn publish(self, folder: &Path) -> Result<(), ConvertError> {
        readable(self.path())?;
        sync(self.path())?;
        match folder.exists() {
            true => exchange(self.path(), folder).map_err(ConvertError::io(folder))?,
            false => {
                let path = self.folder.keep();
                std::fs::rename(&path, folder).map_err(|source| {
                    // Nothing else can be done about a folder that cannot be deleted either.
                    drop(std::fs::remove_dir_all(&path));
                    ConvertError::Io { path: folder.to_path_buf(), source }
                })?;
            }
        }
        sync(folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    }
}

fn replaceable(folder: &Path, force: bool) -> Result<(), ConvertError> {
    if !folder.is_dir() {
        return Err(ConvertError::Exists { path: folder.to_path_buf() });
    }
    let names = std::fs::read_dir(folder).map_err(ConvertError::io(folder))?;
    let names: Vec<String> = names.filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned())).collect();
    if !names.is_empty() && !force {
        return Err(ConvertError::Exists { path: folder.to_path_buf() });
    }
    match names.into_iter().find(|name| !is_ours(name)) {
        Some(found) => Err(ConvertError::NotOurs { path: folder.to_path_buf(), found }),
        None => Ok(()),
    }
}

/// Two folders change places in one step; what was there before is then in the temporary one, which is deleted when
/// dropped.
#[cfg(target_os = "linux")]
fn exchange(new: &Path, old: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE) {
        // Some file systems cannot exchange.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => two_steps(new, old),
        done => Ok(done?),
    }
}

#[cfg(not(target_os = "linux"))]
fn exchange(new: &Path, old: &Path) -> std::io::Result<()> {
    two_steps(new, old)
}

/// Between the two steps the old folder has another name; both are whole.
fn two_steps(new: &Path, old: &Path) -> std::io::Result<()> {
    let aside = new.with_extension("old");
    std::fs::rename(old, &aside)?;
    std::fs::rename(new, old)?;
    std::fs::remove_dir_all(aside)
}

/// Temporary folders are private; the result is one like any other.
#[cfg(unix)]
fn readable(folder: &Path) -> Result<(), ConvertError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).map_err(ConvertError::io(folder))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> Result<(), ConvertError> {
    Ok(())
}

/// Brings a folder's entries to the disk.
#[cfg(unix)]
fn sync(folder: &Path) -> Result<(), ConvertError> {
    std::fs::File::open(folder).and_then(|f| f.sync_all()).map_err(ConvertError::io(folder))
}

#[cfg(not(unix))]
fn sync(_: &Path) -> Result<(), ConvertError> {
    Ok(())
}

/// All files below a folder with their sizes.
pub(super) fn listing(folder: &Path) -> Result<Vec<(String, u64)>, ConvertError> {
    let mut files = Vec::new();
    let mut open: Vec<PathBuf> = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).map_err(ConvertError::io(&at))? {
            let path = entry.map_err(ConvertError::io(&at))?.path();
            let metadata = std::fs::metadata(&path).map_err(ConvertError::io(&path))?;
            match metadata.is_dir() {
                true => open.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
                    files.push((name, metadata.len()));
                }
            }
        }
    }
    files.sort();
    Ok(files)
}
