//! `bert diff`: what differs.

use std::io::Write;

use bert_checkpoint::{CheckpointDiff, DiffOptions};
use bert_weights::{TensorChange, TensorDiff};
use serde_json::{Value, json};

use crate::args::{Diff, DiffFormat, DiffPart};
use crate::failure::{Failure, Outcome};
use crate::open;

pub(crate) fn run(args: &Diff) -> Result<Outcome, Failure> {
    let mut options = DiffOptions::default();
    let wanted = |part| args.only.is_none_or(|only| only == part);
    options.config = wanted(DiffPart::Config);
    options.tokenizer = wanted(DiffPart::Tokenizer);
    options.weights = wanted(DiffPart::Weights);
    options.tolerance = args.tolerance;
    let diff = bert_checkpoint::diff(&args.a, &args.b, &options).map_err(|e| open::failure(&e))?;
    if diff.config.is_none() && diff.tokenizer.is_none() && diff.weights.is_none() {
        return Err(Failure::Other(format!("nothing could be compared: {}", diff.not_compared.join(", "))));
    }
    let mut out = std::io::stdout().lock();
    match args.format {
        DiffFormat::Text => {
            write!(out, "{diff}")?;
            if let Some(weights) = diff.weights.as_ref().filter(|_| args.all) {
                weights.changes.iter().try_for_each(|c| writeln!(out, "    {}  {}", c.name, tensor_text(c)))?;
                weights.equal.iter().try_for_each(|name| writeln!(out, "    {name}  equal"))?;
            }
            writeln!(out, "{}", verdict(&diff))?;
        }
        DiffFormat::Markdown => write!(out, "{}", markdown(&diff))?,
        DiffFormat::Json => writeln!(out, "{:#}", record(args, &diff))?,
    }
    Ok(Outcome::clean_if(diff.is_empty()))
}

fn affects_inference(diff: &CheckpointDiff) -> bool {
    diff.config.as_ref().is_some_and(|c| c.affects_inference())
        || diff.tokenizer.as_ref().is_some_and(|t| !t.is_empty())
        || diff.weights.as_ref().is_some_and(|w| !w.is_empty())
}

fn verdict(diff: &CheckpointDiff) -> &'static str {
    match (diff.is_empty(), affects_inference(diff)) {
        (true, _) => "equal",
        (false, true) => "different",
        (false, false) => "different, without effect at inference",
    }
}

fn tensor_text(diff: &TensorDiff) -> String {
    match &diff.change {
        TensorChange::Added => "only in the second".into(),
        TensorChange::Removed => "only in the first".into(),
        TensorChange::Shape { before, after } => format!("{before:?}  ->  {after:?}"),
        TensorChange::Values { max_abs, relative } => format!("max |Δ| {max_abs:.1e}  rel {relative:.1e}"),
        _ => String::new(),
    }
}

fn markdown(diff: &CheckpointDiff) -> String {
    let mut text = String::new();
    let cell = |v: &str| format!("`{}`", v.replace('|', "\\|"));
    if let Some(config) = &diff.config {
        text.push_str("| field | before | after | effect |\n| --- | --- | --- | --- |\n");
        let show = |v: &Option<String>| v.as_deref().map_or("absent".to_string(), cell);
        for change in &config.changes {
            let effect = match change.effect.remark().trim_matches(['(', ')']) {
                "" => "inference",
                other => other,
            };
            text.push_str(&format!(
                "| {} | {} | {} | {effect} |\n",
                change.pointer,
                show(&change.before),
                show(&change.after)
            ));
        }
    }
    if let Some(tokenizer) = &diff.tokenizer {
        let (changed, of) = tokenizer.sample_changed;
        text.push_str("\n| tokenizer | before | after |\n| --- | --- | --- |\n");
        for (name, before, after) in &tokenizer.settings {
            text.push_str(&format!("| {name} | {} | {} |\n", cell(before), cell(after)));
        }
        let (added, removed, moved) = (tokenizer.added.len(), tokenizer.removed.len(), tokenizer.moved.len());
        text.push_str(&format!("\n{added} tokens added, {removed} removed, {moved} moved; the ids of {changed} of {of} sample texts change\n"));
    }
    if let Some(weights) = &diff.weights {
        text.push_str("\n| tensor | change |\n| --- | --- |\n");
        for change in &weights.changes {
            text.push_str(&format!("| {} | {} |\n", change.name, tensor_text(change).replace('|', "\\|")));
        }
        text.push_str(&format!("\n{} tensors are equal\n", weights.equal.len()));
    }
    for part in &diff.not_compared {
        text.push_str(&format!("\nnot compared: {part}\n"));
    }
    text
}

fn record(args: &Diff, diff: &CheckpointDiff) -> Value {
    let tokenizer = diff.tokenizer.as_ref().map(|t| {
        let settings: Vec<Value> =
            t.settings.iter().map(|(n, a, b)| json!({"name": n, "before": a, "after": b})).collect();
        let tokens =
            |list: &[(String, u32)]| list.iter().map(|(t, id)| json!({"token": t, "id": id})).collect::<Vec<_>>();
        let moved: Vec<Value> = t.moved.iter().map(|(t, a, b)| json!({"token": t, "before": a, "after": b})).collect();
        json!({
            "added": tokens(&t.added), "removed": tokens(&t.removed), "moved": moved, "settings": settings,
            "sample_changed": t.sample_changed.0, "sample_size": t.sample_changed.1,
        })
    });
    let weights = diff.weights.as_ref().map(|w| {
        let changes: Vec<Value> = w.changes.iter().map(tensor_record).collect();
        let recast: Vec<Value> =
            w.recast.iter().map(|(n, a, b)| json!({"name": n, "before": a.name(), "after": b.name()})).collect();
        json!({"changes": changes, "equal": w.equal.len(), "renamed": w.renamed, "recast": recast})
    });
    json!({
        "schema": "bert.diff/1", "a": args.a.display().to_string(), "b": args.b.display().to_string(),
        "different": !diff.is_empty(), "affects_inference": affects_inference(diff), "config": diff.config,
        "tokenizer": tokenizer, "weights": weights, "verdict": diff.verdict(), "not_compared": diff.not_compared,
    })
}

fn tensor_record(diff: &TensorDiff) -> Value {
    let name = &diff.name;
    match &diff.change {
        TensorChange::Added => json!({"name": name, "kind": "added"}),
        TensorChange::Removed => json!({"name": name, "kind": "removed"}),
        TensorChange::Shape { before, after } => {
            json!({"name": name, "kind": "shape", "before": before, "after": after})
        }
        TensorChange::Values { max_abs, relative } => {
            json!({"name": name, "kind": "values", "max_abs": max_abs, "relative": relative})
        }
        _ => json!({"name": name, "kind": "changed"}),
    }
}
