//! `cargo xtask bench`: every engine beside the pinned peers, to docs/benchmarks.md and docs/benchmarks.json.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::python::{BENCH, run};
use crate::{Result, root};

/// Our engine's name in the results.
const OURS: &str = "bert (ours)";

pub(crate) fn run_all(quick: bool) -> Result {
    let cargo = |args: &[&str]| run(Command::new("cargo").args(["build", "--release"]).args(args));
    cargo(&["--package", "bert-cli"])?;
    cargo(&["--package", "bert-model", "--example", "bench_engine"])?;
    // candle's own arithmetic is as fast as the flags it is built with.
    let candle = root().join("target/native");
    if !quick {
        let mut build = Command::new("cargo");
        build.args(["build", "--release", "--package", "bert-model", "--example", "bench_candle", "--target-dir"]);
        run(build.arg(&candle).env("RUSTFLAGS", "-C target-cpu=native"))?;
    }
    let out = if quick { root().join("target/bench/quick.json") } else { root().join("docs/benchmarks.json") };
    let models = root().join("target/bench/models");
    std::fs::create_dir_all(&models)?;
    let (demo, release, candle) = (root().join("fixtures/demo"), root().join("target/release"), candle.join("release"));
    let mut args: Vec<&Path> = vec![&models, &demo, &release, &candle, &out];
    args.extend(quick.then_some(Path::new("quick")));
    BENCH.script("fixtures/reference/bench.py", &args)?;
    let page = page(&serde_json::from_str(&std::fs::read_to_string(&out)?)?)?;
    if quick {
        println!("{page}");
        return Ok(());
    }
    std::fs::write(root().join("docs/benchmarks.md"), page)?;
    println!("docs/benchmarks.md, docs/benchmarks.json");
    Ok(())
}

fn page(result: &Value) -> std::result::Result<String, std::fmt::Error> {
    let mut page = String::new();
    let machine = |what: &str| {
        let mut all: Vec<f64> = rows(result, "machine").filter_map(|m| m.get(what)?.as_f64()).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN) / 1e9
    };
    let versions: Vec<&str> = rows(result, "versions").filter_map(Value::as_str).collect();
    let isa = result.pointer("/machine/0/isa").and_then(Value::as_str).unwrap_or_default();
    write!(
        page,
        "# Benchmarks\n\nMade by `cargo xtask bench` (with `--quick` in under 3 minutes), which sets up the peers, makes the checkpoints with fixed \
         seeds, and asks every engine in turn in every round; each engine is a process of its own, and no two run at once. Numbers \
         are medians over the rounds. Times differ from machine to machine; the ratios in one run are what counts. All of it in f32, \
         with the same weights; `benchmarks.json` has the raw medians.\n\n\
         {} threads of {}, {isa}; {}, candle 0.11.1 built for this processor. In the same run the machine reached **{:.0} \
         GFLOP/s** with chains of f32 multiply-adds in registers, and read **{:.1} GB/s** of memory.\n",
        number(result.get("threads")),
        result.get("cpu").and_then(Value::as_str).unwrap_or("?"),
        versions.join(", ").replace("==", " "),
        machine("flops"),
        machine("bytes"),
    )?;
    dense(&mut page, result)?;
    ragged(&mut page, result)?;
    cold(&mut page, result)?;
    load(&mut page, result)?;
    scaling(&mut page, result)?;
    growth(&mut page, result)?;
    Ok(page)
}

fn dense(page: &mut String, result: &Value) -> std::fmt::Result {
    let engines = names(result, "dense", "ms");
    write!(
        page,
        "\n## Dense batches\n\nSequence classification of `batch x seq` tokens without padding, in ms. \"Best peer\" is the median over the \
         rounds of the fastest peer's time by ours. The share of the peak counts all matrix products of the model, as the peers \
         compute them; ours leaves out what the last layer does not need (7 % of 12 layers, 14 % of 6).\n\n\
         | model | batch x seq | {} | best peer / ours | onnxruntime / ours | of FMA peak | largest difference to torch |\n\
         | --- | --- |{} --- | --- | --- | --- |\n",
        engines.join(" | "),
        " --- |".repeat(engines.len())
    )?;
    for row in rows(result, "dense") {
        write!(page, "| {} | {} x {} |", text(row, "model"), number(row.get("batch")), number(row.get("seq")))?;
        for engine in &engines {
            write!(page, " {} |", shown(row.get("ms").and_then(|m| m.get(engine)), 2))?;
        }
        let share = row.get("share of FMA peak").and_then(Value::as_f64).unwrap_or(f64::NAN) * 100.0;
        let difference = row.get("largest difference").and_then(Value::as_f64).unwrap_or(f64::NAN);
        writeln!(
            page,
            " **{}** | {} | {share:.0} % | {difference:.1e} |",
            shown(row.get("best peer / ours"), 2),
            shown(row.get("onnxruntime / ours"), 2)
        )?;
    }
    Ok(())
}

fn ragged(page: &mut String, result: &Value) -> std::fmt::Result {
    page.push_str(
        "\n## Ragged texts, end to end\n\nTokenisation included; lengths log-normal with a median of 40 words, at most 500. The peers run \
         batches of 32 texts sorted by length (and once in the given order) and pad each to its longest; ours takes the texts in the \
         given order and pads nothing.\n\n| model | texts | tokens | padded by the peers to | engine | texts/s |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows(result, "ragged") {
        for (engine, speed) in object(row, "texts/s") {
            let padded = row.get("padded").and_then(|p| p.get(engine));
            writeln!(
                page,
                "| {} | {} | {} | {} | {engine} | {} |",
                text(row, "model"),
                number(row.get("texts")),
                number(row.get("tokens")),
                padded.map_or("-".into(), |p| number(Some(p))),
                shown(Some(speed), 1)
            )?;
        }
        writeln!(
            page,
            "| {} | | | | **ours by the best sorted peer** | **{}** |",
            text(row, "model"),
            shown(row.get("best sorted peer / ours"), 2)
        )?;
    }
    Ok(())
}

fn cold(page: &mut String, result: &Value) -> std::fmt::Result {
    page.push_str(
        "\n## From process start to the first logits\n\nOne sentence, files in the page cache; ours with every value of the weights verified.\n\n\
         | model | weights (MiB) | engine | s | peak memory (MiB) | of the weights |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows(result, "cold") {
        let weights = row.get("weights MiB").and_then(Value::as_f64).unwrap_or(f64::NAN);
        for (engine, seconds) in object(row, "s") {
            let peak = row.get("peak MiB").and_then(|p| p.get(engine)).and_then(Value::as_f64).unwrap_or(f64::NAN);
            writeln!(
                page,
                "| {} | {weights:.0} | {engine} | {} | {peak:.0} | {:.2} |",
                text(row, "model"),
                shown(Some(seconds), 3),
                peak / weights
            )?;
        }
    }
    Ok(())
}

fn load(page: &mut String, result: &Value) -> std::fmt::Result {
    page.push_str(
        "\n## Load, and memory after all of the above\n\nThe peers load what was exported and optimised beforehand. torch's is transformers' \
         `from_pretrained`.\n\n| model | engine | load (ms) | peak memory (MiB) |\n| --- | --- | --- | --- |\n",
    );
    for row in rows(result, "load") {
        for (engine, ms) in object(row, "ms") {
            let peak = row.get("peak MiB").and_then(|p| p.get(engine));
            writeln!(page, "| {} | {engine} | {} | {} |", text(row, "model"), shown(Some(ms), 0), shown(peak, 0))?;
        }
    }
    Ok(())
}

fn scaling(page: &mut String, result: &Value) -> std::fmt::Result {
    let columns = names(result, "scaling", "ms");
    if columns.is_empty() {
        return Ok(());
    }
    write!(
        page,
        "\n## One and two threads\n\nIn ms, engine and threads.\n\n| model | batch x seq | {} | ours, 1 by 2 |\n| --- | --- |{} --- |\n",
        columns.join(" | "),
        " --- |".repeat(columns.len())
    )?;
    for row in rows(result, "scaling") {
        let ms = |threads: usize| row.get("ms")?.get(format!("{OURS}, {threads}"))?.as_f64();
        write!(page, "| {} | {} x {} |", text(row, "model"), number(row.get("batch")), number(row.get("seq")))?;
        for column in &columns {
            write!(page, " {} |", shown(row.get("ms").and_then(|m| m.get(column)), 1))?;
        }
        writeln!(page, " **{:.2}** |", ms(1).unwrap_or(f64::NAN) / ms(2).unwrap_or(f64::NAN))?;
    }
    Ok(())
}

fn growth(page: &mut String, result: &Value) -> std::fmt::Result {
    if rows(result, "growth").next().is_none() {
        return Ok(());
    }
    page.push_str(
        "\n## Growth with tokens\n\nTime grows with the tokens, and with the square of a text's length in the attention alone; memory is \
         bounded by the tokens of a batch (2,048), not by the input.\n\n| model | batch x seq | ms | µs a token | peak memory (MiB) |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for row in rows(result, "growth") {
        writeln!(
            page,
            "| {} | {} x {} | {} | {} | {} |",
            text(row, "model"),
            number(row.get("batch")),
            number(row.get("seq")),
            shown(row.get("ms"), 1),
            shown(row.get("us a token"), 0),
            shown(row.get("peak MiB"), 0)
        )?;
    }
    Ok(())
}

fn rows<'v>(result: &'v Value, table: &str) -> impl Iterator<Item = &'v Value> {
    result.get(table).and_then(Value::as_array).into_iter().flatten()
}

fn object<'v>(row: &'v Value, field: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    row.get(field).and_then(Value::as_object).into_iter().flatten()
}

/// Names of the columns: the fields of the first row's object, ours first.
fn names(result: &Value, table: &str, field: &str) -> Vec<String> {
    let mut names: Vec<String> = rows(result, table)
        .next()
        .map(|row| object(row, field).map(|(name, _)| name.clone()).collect())
        .unwrap_or_default();
    names.sort_by_key(|name| !name.starts_with(OURS));
    names
}

fn text<'v>(row: &'v Value, field: &str) -> &'v str {
    row.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: Option<&Value>) -> String {
    value.map_or_else(|| "-".into(), ToString::to_string)
}

fn shown(value: Option<&Value>, digits: usize) -> String {
    value.and_then(Value::as_f64).map_or_else(|| "-".into(), |x| format!("{x:.digits$}"))
}
