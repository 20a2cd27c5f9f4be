//! docs/corpus.md: every broken checkpoint, what we report, and what transformers does with it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use bert_diag::{Code, Severity};
use bert_testkit::{CORRUPTIONS, Folder, copy_folder};
use serde_json::Value;

use crate::python::script;
use crate::{Result, root};

const OUTCOMES: [&str; 4] = ["predicts", "predicts after a log line", "crashes while predicting", "refuses"];

/// Writes every corruption into a folder, asks transformers, and writes the table.
pub(crate) fn write() -> Result {
    let work = root().join("target/corpus");
    if work.exists() {
        std::fs::remove_dir_all(&work)?;
    }
    for corruption in CORRUPTIONS.iter() {
        let folder = Folder::copy(corruption.fixture);
        (corruption.apply)(&folder);
        copy_folder(folder.path(), &work.join(corruption.name))?;
    }
    let out = root().join("fixtures/golden/corpus.json");
    script("fixtures/reference/corpus.py", &[&work, &out])?;
    table(&out)
}

fn table(results: &Path) -> Result {
    let results: Value = serde_json::from_str(&std::fs::read_to_string(results)?)?;
    let outcome = |name: &str| {
        let pair = results.pointer(&format!("/results/{name}")).and_then(Value::as_array);
        let text = |i: usize| pair.and_then(|p| p.get(i)).and_then(Value::as_str).unwrap_or("not run").to_string();
        (text(0), text(1))
    };
    let broken = || CORRUPTIONS.iter().filter(|c| severity(c.code) > Severity::Note);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for corruption in broken() {
        *counts.entry(outcome(corruption.name).0).or_default() += 1;
    }
    let version = results.get("transformers").and_then(Value::as_str).unwrap_or("?");
    let mut text = format!(
        "# The corpus of broken checkpoints\n\n{} broken checkpoints, made from good ones by the named corruptions of \
         `crates/bert-testkit`; every one is reported (`each_corruption_is_reported_under_its_code`), and `bert predict` refuses every \
         error without a prediction. What transformers {version} does with the same folders, asked once by its pipeline \
         (`cargo xtask corpus`):\n\n| outcome | checkpoints |\n| --- | --- |\n",
        broken().count()
    );
    for name in OUTCOMES {
        _ = writeln!(text, "| {name} | {} |", counts.get(name).copied().unwrap_or(0));
    }
    text.push_str(
        "\n| checkpoint | catalogue row | we report | transformers | what it says |\n| --- | --- | --- | --- | --- |\n",
    );
    for corruption in broken() {
        let (outcome, said) = outcome(corruption.name);
        let said = if outcome == "predicts" { String::new() } else { said.replace('|', "\\|").replace('<', "&lt;") };
        let row = if corruption.row == 0 { "beyond".to_string() } else { corruption.row.to_string() };
        let code = corruption.code;
        _ = writeln!(
            text,
            "| {} | {row} | [{code}](findings/{code}.md) {} | {outcome} | {said} |",
            corruption.name,
            severity(code)
        );
    }
    std::fs::write(root().join("docs/corpus.md"), text)?;
    println!("docs/corpus.md: {} broken checkpoints, {counts:?}", broken().count());
    Ok(())
}

fn severity(code: &str) -> Severity {
    Code::find(code).map_or(Severity::Note, Code::severity)
}
