//! Invariants of docs/architecture.md that the compiler does not keep: who may depend on whom, and where `unsafe` stands.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{Result, root};

/// Crate, the crates of the workspace it may depend on.
const LAYERS: &[(&str, &[&str])] = &[
    ("bert-diag", &[]),
    ("bert-json", &[]),
    ("bert-config", &["bert-diag", "bert-json"]),
    ("bert-weights", &["bert-diag", "bert-json", "bert-config"]),
    ("bert-tok", &["bert-diag", "bert-json"]),
    ("bert-checkpoint", &["bert-diag", "bert-json", "bert-config", "bert-weights", "bert-tok"]),
    ("bert-kernels", &[]),
    ("bert-model", &["bert-diag", "bert-config", "bert-weights", "bert-tok", "bert-checkpoint", "bert-kernels"]),
    ("bert-cli", &["bert-diag", "bert-config", "bert-weights", "bert-tok", "bert-checkpoint", "bert-model"]),
    ("bert-testkit", &[]),
    ("xtask", &["bert-diag", "bert-testkit"]),
];

/// The only files that may allow `unsafe`.
const UNSAFE: &[&str] = &[
    "crates/bert-weights/src/map.rs",
    "crates/bert-kernels/src/attention.rs",
    "crates/bert-kernels/src/buffer.rs",
    "crates/bert-kernels/src/product.rs",
    "crates/bert-kernels/src/team.rs",
    "crates/bert-kernels/src/tile.rs",
    "crates/bert-kernels/src/simd/mod.rs",
    "crates/bert-kernels/src/simd/isa.rs",
    "crates/bert-kernels/src/simd/avx512.rs",
    "crates/bert-kernels/src/simd/avx2.rs",
    "crates/bert-kernels/src/simd/neon.rs",
    "crates/bert-kernels/src/simd/portable.rs",
];

pub(crate) fn check() -> Result {
    let mut problems = dependencies()?;
    problems.extend(unsafe_code(&root())?);
    if problems.is_empty() {
        println!("the invariants hold");
        return Ok(());
    }
    Err(problems.join("\n").into())
}

fn dependencies() -> Result<Vec<String>> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let mut problems = Vec::new();
    for package in metadata.get("packages").and_then(Value::as_array).into_iter().flatten() {
        let text =
            |value: &'static str, of: &'_ Value| of.get(value).and_then(Value::as_str).unwrap_or_default().to_string();
        let name = text("name", package);
        let Some((_, allowed)) = LAYERS.iter().find(|(n, _)| *n == name) else {
            problems.push(format!("{name} has no row in xtask/src/invariants.rs"));
            continue;
        };
        for dependency in package.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
            let (on, kind) = (text("name", dependency), text("kind", dependency));
            if on.starts_with("bert-") && kind != "dev" && !allowed.contains(&on.as_str()) {
                problems.push(format!("{name} must not depend on {on}"));
            }
        }
    }
    Ok(problems)
}

/// Every crate forbids `unsafe`, except the ones with a listed file, where only that file allows it.
fn unsafe_code(root: &Path) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for entry in std::fs::read_dir(root.join("crates"))? {
        let crate_folder = entry?.path();
        let name = crate_folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let excepted = UNSAFE.iter().any(|f| f.starts_with(&format!("crates/{name}/")));
        let wanted = if excepted { "#![deny(unsafe_code)]" } else { "#![forbid(unsafe_code)]" };
        let entry_file = ["src/lib.rs", "src/main.rs"].iter().map(|f| crate_folder.join(f)).find(|p| p.exists());
        let text = entry_file.map(std::fs::read_to_string).transpose()?.unwrap_or_default();
        if !text.contains(wanted) {
            problems.push(format!("crates/{name} must say {wanted}"));
        }
        for file in rust_files(&crate_folder.join("src"))? {
            let relative = file.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            if std::fs::read_to_string(&file)?.contains("allow(unsafe_code)") && !UNSAFE.contains(&relative.as_str()) {
                problems.push(format!("{relative} must not allow unsafe code"));
            }
        }
    }
    Ok(problems)
}

fn rust_files(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_invariants_hold() {
        super::check().unwrap();
    }

    #[test]
    fn stray_unsafe_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let src = folder.path().join("crates/bert-x/src");
        std::fs::create_dir_all(&src).unwrap();
        std::fs::write(src.join("lib.rs"), "#![deny(unsafe_code)]").unwrap();
        std::fs::write(src.join("fast.rs"), "#![allow(unsafe_code)]").unwrap();
        assert_eq!(super::unsafe_code(folder.path()).unwrap().len(), 2);
    }
}
