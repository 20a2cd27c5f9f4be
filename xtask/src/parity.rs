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

/// Engines, by their names in the tests and on the page. Only `portable` is on every machine.
const ENGINES: [(&str, &str); 6] = [
    ("avx512", "AVX-512"),
    ("avx2", "AVX2"),
    ("neon", "NEON"),
    ("portable", "portable"),
    ("candle", "candle"),
    ("reference", "f64 reference"),
];

/// Golden, then engine.
type Table = BTreeMap<String, BTreeMap<String, Line>>;

pub(crate) fn write() -> Result {
    let output = Command::new("cargo")
        .args([
            "test",
            "--quiet",
            "--package",
            "bert-model",
            "--features",
            "candle",
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
    let engines: Vec<_> =
        ENGINES.into_iter().filter(|(name, _)| table.values().any(|row| row.contains_key(*name))).collect();
    let largest = |engine: &str| {
        let all = table.values().filter_map(|row| row.get(engine)?.largest.parse::<f64>().ok());
        all.fold(0.0, f64::max)
    };
    let sum = |of: fn(&Line) -> &String| -> usize {
        table.values().filter_map(|row| of(row.get("portable")?).parse::<usize>().ok()).sum()
    };
    let worst: Vec<String> = engines.iter().map(|(name, title)| format!("**{:.1e}** {title}", largest(name))).collect();
    let mut page = format!(
        "# Parity with the reference\n\nEvery architecture, option and task beside the outputs of the pipelines of transformers 4.57.6 and of \
         sentence-transformers 5.2.3 (the bare models where there is no pipeline: next sentence, multiple choice, hidden states), on \
         the native engine with every instruction set of the machine, on candle and on the plain f64 reference. Made by `cargo xtask \
         parity` from what `cargo test -p bert-model --features candle --test parity` prints; the test holds every line to the \
         tolerance.\n\n\
         {} numbers, largest difference: {}; goal and tolerance 2e-5, of the number \
         itself where it is above 1 (dot products and distances of unscaled embeddings). {} strings, offsets, labels, token ids and \
         lengths: **all equal**.\n\n\
         The tolerance is the project's goal for f32 engines. The fixtures' weights have a spread of 0.3, fifteen times a trained \
         model's, so that errors grow rather than vanish; [mutations](mutations.md) shows that a wrong epsilon, activation, mask or \
         transposed matrix is seen by every one of them.\n\n\
         | golden | architecture | numbers | equal strings, offsets, ids |{}\n| --- | --- | --- | --- |{}\n",
        sum(|l| &l.numbers),
        worst.join(", "),
        sum(|l| &l.exact),
        engines.iter().map(|(_, title)| format!(" {title} |")).collect::<String>(),
        " --- |".repeat(engines.len()),
    );
    for (golden, row) in table {
        let cell =
            |engine: &str, of: fn(&Line) -> &String| row.get(engine).map_or("", |line| of(line).as_str()).to_string();
        _ = writeln!(
            page,
            "| {golden} | {} | {} | {} |{}",
            architecture(golden),
            cell("portable", |l| &l.numbers),
            cell("portable", |l| &l.exact),
            engines.iter().map(|(name, _)| format!(" {} |", cell(name, |l| &l.largest))).collect::<String>(),
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
