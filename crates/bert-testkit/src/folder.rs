//! A copy of a fixture that may be damaged.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::Tensors;

/// The repository's `fixtures` folder.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// Copies a folder and all below it.
pub fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &target)?,
            false => _ = std::fs::copy(entry.path(), target)?,
        }
    }
    Ok(())
}

/// A temporary copy of a checkpoint folder; gone when dropped.
pub struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    /// Copies `fixtures/{name}`, such as `tiny/seq-three`.
    pub fn copy(name: &str) -> Folder {
        let copy = Folder { folder: tempfile::tempdir().unwrap() };
        copy_folder(&fixtures().join(name), copy.path()).unwrap();
        copy
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file's bytes.
    pub fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.path().join(file)).unwrap()
    }

    /// A file's text.
    pub fn text(&self, file: &str) -> String {
        String::from_utf8(self.read(file)).unwrap()
    }

    /// Writes a file.
    pub fn write(&self, file: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(file), bytes).unwrap();
    }

    /// Deletes a file.
    pub fn remove(&self, file: &str) {
        std::fs::remove_file(self.path().join(file)).unwrap();
    }

    /// Changes the bytes of a file.
    pub fn edit(&self, file: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.read(file);
        change(&mut bytes);
        self.write(file, bytes);
    }

    /// Replaces a text in a file; it must be there.
    pub fn replace(&self, file: &str, from: &str, to: &str) {
        let text = self.text(file);
        assert!(text.contains(from), "{file} has no {from:?}");
        self.write(file, text.replace(from, to));
    }

    /// Changes a JSON object in a file.
    pub fn json(&self, file: &str, change: impl FnOnce(&mut Map<String, Value>)) {
        let mut value: Value = serde_json::from_str(&self.text(file)).unwrap();
        change(value.as_object_mut().unwrap());
        self.write(file, serde_json::to_string_pretty(&value).unwrap());
    }

    /// Sets a field of `config.json`.
    pub fn config(&self, key: &str, value: Value) {
        self.json("config.json", |c| _ = c.insert(key.into(), value));
    }

    /// Changes the tensors of `model.safetensors`.
    pub fn tensors(&self, change: impl FnOnce(&mut Tensors)) {
        let mut tensors = Tensors::parse(&self.read("model.safetensors"));
        change(&mut tensors);
        self.write("model.safetensors", tensors.to_bytes());
    }

    /// Changes the header's text alone; the data stays.
    pub fn header(&self, change: impl FnOnce(&mut String)) {
        self.edit("model.safetensors", |bytes| {
            let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            let mut text = String::from_utf8(bytes[8..8 + length].to_vec()).unwrap();
            change(&mut text);
            let data = bytes.split_off(8 + length);
            *bytes = (text.len() as u64).to_le_bytes().to_vec();
            bytes.extend(text.into_bytes());
            bytes.extend(data);
        });
    }
}
