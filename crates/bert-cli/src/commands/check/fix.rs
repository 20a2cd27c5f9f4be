//! `bert check --fix`: applies the safe fixes, to a copy or in place, and checks again.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use bert_checkpoint::Expectations;
use bert_diag::{Edit, apply_edits};

use super::check_one;
use crate::args::{Check, Global};
use crate::failure::{Failure, Outcome};
use crate::output::{Sink, remark};

pub(super) fn run(args: &Check, global: &Global, expect: &Expectations) -> Result<Outcome, Failure> {
    let [checkpoint] = args.checkpoints.as_slice() else {
        return Err(Failure::Usage("--fix takes one checkpoint".into()));
    };
    if !args.write && args.output.is_none() {
        return Err(Failure::Usage("--fix changes nothing unasked: add -o DIR for a mended copy, or --write".into()));
    }
    let before = check_one(checkpoint, args, global, expect)?.report;
    let edits = before.safe_edits();
    let target = match &args.output {
        Some(folder) => {
            copy(checkpoint, folder)?;
            folder.as_path()
        }
        None => checkpoint.as_path(),
    };
    apply(target, &edits)?;
    let after = check_one(target, args, global, expect)?.report;
    let mut out = anstream::stdout().lock();
    for finding in before.findings().iter().filter(|f| f.fixes.iter().any(|fix| fix.safe)) {
        let titles: Vec<&str> = finding.fixes.iter().filter(|f| f.safe).map(|f| f.title.as_str()).collect();
        writeln!(out, "fixed[{}]: {}", finding.code, titles.join("; "))?;
    }
    for finding in after.findings() {
        writeln!(out, "{}\n", crate::render::full(finding, target))?;
    }
    if !global.quiet {
        writeln!(out, "{}", crate::render::summary(&[&after]))?;
    }
    Ok(Outcome::clean_if(after.is_ok()))
}

/// Copies the files of a checkpoint into a new folder.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if to.exists() {
        return Err(Failure::Usage(format!("{} exists; name a new folder", to.display())));
    }
    std::fs::create_dir_all(to).map_err(Failure::file(to))?;
    for entry in std::fs::read_dir(from).map_err(Failure::file(from))? {
        let entry = entry.map_err(Failure::file(from))?;
        if entry.path().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).map_err(Failure::file(entry.path()))?;
        } else {
            remark(&format!("not copied: {}", entry.path().display()));
        }
    }
    Ok(())
}

/// Each file is written beside the old one and renamed over it.
fn apply(folder: &Path, edits: &BTreeMap<String, Vec<Edit>>) -> Result<(), Failure> {
    for (file, edits) in edits {
        let path = folder.join(file);
        let bytes = std::fs::read(&path).map_err(Failure::file(&path))?;
        let mended = apply_edits(&bytes, edits).map_err(|e| Failure::chain(&e))?;
        let mut sink = Sink::open(Some(&path), true, &[])?;
        sink.write_all(&mended).map_err(|e| sink.explain(e))?;
        sink.finish()?;
    }
    Ok(())
}
