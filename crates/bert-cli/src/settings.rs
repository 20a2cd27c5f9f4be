//! `bert.toml`: levels, task and expectations of a project. Flags go above the environment, the environment above it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;

/// The settings of a project.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    pub(crate) deny: Vec<String>,
    pub(crate) warn: Vec<String>,
    pub(crate) allow: Vec<String>,
    pub(crate) error_on_warning: bool,
    pub(crate) task: Option<String>,
    pub(crate) max_length: Option<usize>,
    /// Values the checkpoint must have, as with `--expect`.
    pub(crate) expect: BTreeMap<String, toml::Value>,
}

const NAME: &str = "bert.toml";

impl Settings {
    /// Reads the named file, or the nearest `bert.toml` from the current folder upwards.
    pub(crate) fn read(named: Option<&Path>) -> Result<Settings, Failure> {
        let Some(path) = named.map(Path::to_path_buf).or_else(nearest) else { return Ok(Settings::default()) };
        let text = std::fs::read_to_string(&path).map_err(Failure::file(&path))?;
        toml::from_str(&text).map_err(|e| Failure::Usage(format!("{}: {e}", path.display())))
    }

    /// The expectations as key and value; tables give dotted keys.
    pub(crate) fn expectations(&self) -> Vec<(String, String)> {
        let mut list = Vec::new();
        for (key, value) in &self.expect {
            flatten(key, value, &mut list);
        }
        list
    }
}

fn nearest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|folder| folder.join(NAME)).find(|path| path.is_file())
}

fn flatten(key: &str, value: &toml::Value, list: &mut Vec<(String, String)>) {
    match value {
        toml::Value::Table(table) => table.iter().for_each(|(k, v)| flatten(&format!("{key}.{k}"), v, list)),
        toml::Value::String(text) => list.push((key.to_string(), text.clone())),
        other => list.push((key.to_string(), other.to_string())),
    }
}
