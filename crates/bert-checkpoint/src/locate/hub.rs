//! The local cache of a model hub: `models--ORG--NAME/{refs/REVISION, snapshots/COMMIT/..., blobs/...}`. Nothing is ever
//! fetched.

use std::path::{Path, PathBuf};

use crate::Error;

/// `org/name`, or `name`, with an optional `@revision`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) id: String,
    pub(crate) revision: Option<String>,
}

impl Name {
    /// `None` where the text cannot be such a name (`huggingface_hub.utils.validate_repo_id`).
    pub(crate) fn parse(text: &str) -> Option<Name> {
        let (id, revision) = match text.split_once('@') {
            Some((id, revision)) => (id, Some(revision)),
            None => (text, None),
        };
        let sound = |part: &str| {
            let edge = |c: char| matches!(c, '-' | '.');
            !part.is_empty()
                && part.len() <= 96
                && !part.contains("..")
                && !part.contains("--")
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                && !part.starts_with(edge)
                && !part.ends_with(edge)
        };
        let parts: Vec<&str> = id.split('/').collect();
        let revision_sound = revision.is_none_or(|r| !r.is_empty() && r.split('/').all(sound));
        (parts.len() <= 2 && parts.iter().all(|p| sound(p)) && revision_sound)
            .then(|| Name { id: id.to_string(), revision: revision.map(str::to_string) })
    }

    fn folder(&self) -> String {
        format!("models--{}", self.id.replace('/', "--"))
    }
}

/// The folder of the cache, by the environment as the reference has it (`transformers/utils/hub.py`,
/// `huggingface_hub/constants.py`).
pub fn cache_folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty()).map(expanded);
    ["TRANSFORMERS_CACHE", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"]
        .iter()
        .find_map(|name| set(name))
        .or_else(|| set("HF_HOME").map(|home| home.join("hub")))
        .or_else(|| set("XDG_CACHE_HOME").map(|home| home.join("huggingface/hub")))
        .or_else(|| set("HOME").or_else(|| set("USERPROFILE")).map(|home| home.join(".cache/huggingface/hub")))
}

fn expanded(path: String) -> PathBuf {
    match path.strip_prefix("~/").zip(std::env::var_os("HOME")) {
        Some((rest, home)) => Path::new(&home).join(rest),
        None => PathBuf::from(path),
    }
}

/// The snapshot of a name in the cache.
pub(crate) fn snapshot(name: &Name) -> Result<PathBuf, Error> {
    let shown = match &name.revision {
        Some(revision) => format!("{}@{revision}", name.id),
        None => name.id.clone(),
    };
    let missing = |tried: Vec<String>| Error::NotFound { path: PathBuf::from(&shown), tried };
    let Some(cache) = cache_folder() else {
        return Err(missing(vec!["no folder for the local cache is known: set HF_HOME".into()]));
    };
    let repository = cache.join(name.folder());
    let revision = name.revision.as_deref().unwrap_or("main");
    let named = repository.join("refs").join(revision);
    let commit = std::fs::read_to_string(&named).map(|text| text.trim().to_string());
    let by_ref = commit
        .ok()
        .filter(|c| Name::parse(c).is_some_and(|n| !n.id.contains('/')))
        .map(|c| repository.join("snapshots").join(c));
    let direct = repository.join("snapshots").join(revision);
    let tried = vec![
        format!("the folder `{shown}`"),
        format!("the local cache: {}", named.display()),
        format!("the local cache: {}", direct.display()),
        "nothing is fetched; download it first, or name a folder".to_string(),
    ];
    by_ref.into_iter().chain([direct]).find(|folder| folder.is_dir()).ok_or_else(|| missing(tried))
}

/// A revision of a model in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CachedModel {
    /// `org/name`
    pub id: String,
    /// Names that point to it, such as `main`.
    pub refs: Vec<String>,
    /// The commit.
    pub commit: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Bytes of its files.
    pub bytes: u64,
}

/// All revisions in the local cache, by name; none where there is no cache.
///
/// # Errors
/// When the cache is there but cannot be read.
pub fn cached_models() -> Result<Vec<CachedModel>, Error> {
    let Some(cache) = cache_folder().filter(|c| c.is_dir()) else { return Ok(Vec::new()) };
    let mut models = Vec::new();
    for repository in folders(&cache)? {
        let name = repository.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(id) = name.strip_prefix("models--").map(|n| n.replacen("--", "/", 1)) else { continue };
        let refs = refs(&repository);
        for folder in folders(&repository.join("snapshots")).unwrap_or_default() {
            let commit = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mine = refs.iter().filter(|(_, c)| *c == commit).map(|(name, _)| name.clone()).collect();
            models.push(CachedModel { id: id.clone(), refs: mine, bytes: size(&folder), commit, folder });
        }
    }
    models.sort_by(|a, b| (&a.id, &a.commit).cmp(&(&b.id, &b.commit)));
    Ok(models)
}

fn folders(at: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(at).map_err(|source| Error::Io { path: at.to_path_buf(), source })?;
    Ok(entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_dir()).collect())
}

fn refs(repository: &Path) -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(repository.join("refs")) else { return Vec::new() };
    let mut refs: Vec<_> = entries
        .filter_map(|e| {
            let entry = e.ok()?;
            let commit = std::fs::read_to_string(entry.path()).ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), commit.trim().to_string()))
        })
        .collect();
    refs.sort();
    refs
}

fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .filter_map(|e| Some(e.ok()?.path()))
        .map(|path| match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() && !path.is_symlink() => size(&path),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names_of_the_hub_are_told_from_paths() {
        for good in ["bert-base-uncased", "org/name", "org/name@main", "org/name@refs/pr/1", "a/b_c.d"] {
            assert!(Name::parse(good).is_some(), "{good}");
        }
        for bad in ["", "/abs", "a/b/c", "../x", "a/..", "org/", "org/name@", "a b", "a--b", "./x", "org/name@../x"] {
            assert!(Name::parse(bad).is_none(), "{bad}");
        }
    }
}
