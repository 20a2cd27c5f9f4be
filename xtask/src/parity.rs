//! docs/parity.md: the largest difference of every golden on both engines, as the tests print it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::Command;

use serde_json::Value;

use crate::{Result, root};

/// What one engine gave on one golden.
struct Line {
    numbers: String,
    largest: String,
    exact: String,
}

/// Golden, then engine.
type Table = BTreeMap<String, BTreeMap<String, Line>>;

pub(crate) fn write() -> Result {
    let output = Command::new("cargo")
        .args([
            "test",
            "--quiet",
            "--package",
            "bert-model",
            "--test",
            "parity",
            "--",
            "--nocapture",
            "--test-threads=1",
        ])
        .current_dir(root())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    if !output.status.success() {
        return Err(format!("the parity tests are red:\n{text}").into());
    }
    let mut table = Table::new();
    for line in text.lines() {
        // The test runner's dots may stand before a line.
        let Some(line) = line.find("| ").and_then(|at| line.get(at..)) else { continue };
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, golden, engine, numbers, largest, exact, _] = cells.as_slice() {
            let line = Line { numbers: (*numbers).into(), largest: (*largest).into(), exact: (*exact).into() };
            table.entry((*golden).into()).or_default().insert((*engine).into(), line);
        }
    }
    let page = page(&table);
    std::fs::write(root().join("docs/parity.md"), page)?;
    println!("docs/parity.md: {} goldens", table.len());
    Ok(())
}

fn page(table: &Table) -> String {
    let largest = |engine: &str| {
        let all = table.values().filter_map(|row| row.get(engine)?.largest.parse::<f64>().ok());
        all.fold(0.0, f64::max)
    };
    let exact: usize = table.values().filter_map(|row| row.get("engine")?.exact.parse::<usize>().ok()).sum();
    let numbers: usize = table.values().filter_map(|row| row.get("engine")?.numbers.parse::<usize>().ok()).sum();
    let mut page = format!(
        "# Parity with the reference\n\nEvery architecture, option and task beside the outputs of the pipelines of transformers 4.57.6 and of \
         sentence-transformers 5.2.3 (the bare models where there is no pipeline: next sentence, multiple choice, hidden states), on \
         the default engine and on the plain f64 reference. Made by `cargo xtask parity` from what \
         `cargo test -p bert-model --test parity` prints; the test holds every line to the tolerance.\n\n\
         {numbers} numbers: largest difference **{:.1e}** on the engine, {:.1e} on the f64 reference; goal and tolerance 2e-5, of the number \
         itself where it is above 1 (dot products and distances of unscaled embeddings). {exact} strings, offsets, labels, token ids and \
         lengths: **all equal**.\n\n\
         The tolerance is the project's goal for f32 engines. The fixtures' weights have a spread of 0.3, fifteen times a trained \
         model's, so that errors grow rather than vanish; [mutations](mutations.md) shows that a wrong epsilon, activation, mask or \
         transposed matrix is seen by every one of them.\n\n\
         | golden | architecture | numbers | largest difference: engine | f64 reference | equal strings, offsets, ids |\n\
         | --- | --- | --- | --- | --- | --- |\n",
        largest("engine"),
        largest("reference")
    );
    for (golden, row) in table {
        let cell =
            |engine: &str, of: fn(&Line) -> &String| row.get(engine).map_or("", |line| of(line).as_str()).to_string();
        _ = writeln!(
            page,
            "| {golden} | {} | {} | {} | {} | {} |",
            architecture(golden),
            cell("engine", |l| &l.numbers),
            cell("engine", |l| &l.largest),
            cell("reference", |l| &l.largest),
            cell("engine", |l| &l.exact)
        );
    }
    page.push_str(
        "\nTokenisation is held to `BertTokenizerFast` on a [stress corpus](measurements.md#tokenisation) of its own \
         (`crates/bert-tok/tests/stress.rs`).\n",
    );
    page
}

/// The class in the configuration of the checkpoint that a golden was made from.
fn architecture(golden: &str) -> String {
    let fixture = match golden {
        "demo" => "demo".to_string(),
        "functions" => "tiny/seq-three".into(),
        "sentence-old-layout" => "tiny/sentence-old-layout/0_Transformer".into(),
        g if g.starts_with("pooled-") => "tiny/model".into(),
        g if g.starts_with("pretraining-") => "tiny/pretraining".into(),
        g => format!("tiny/{g}"),
    };
    let text = std::fs::read_to_string(root().join("fixtures").join(fixture).join("config.json"));
    let config: Value = text.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let class = config.pointer("/architectures/0").and_then(Value::as_str);
    class.map_or("none named".into(), |class| class.trim_start_matches("Bert").to_string())
}
