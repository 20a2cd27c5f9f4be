//! `bert eval --expect`: our predictions against outputs made elsewhere.

mod compare;

use std::io::Write;

use bert_checkpoint::Checkpoint;
use bert_config::Task;
use bert_model::BatchOptions;
use serde_json::{Map, Value, json};

use super::embed;
use super::predict::{self, Options};
use crate::args::{Eval, Global, TaskOptions, TextOrJson, TopK, Truncate};
use crate::failure::{Failure, Outcome};
use crate::rows::{self, Row};
use crate::work::{Made, Work};
use crate::{open, output};
use compare::Tally;

/// Rows computed together.
const CHUNK: usize = 64;

/// A row, and what is expected of it.
struct Expected {
    line: usize,
    row: Row,
    record: Map<String, Value>,
}

pub(crate) fn run(args: &Eval, global: &Global) -> Result<Outcome, Failure> {
    let text = std::fs::read_to_string(&args.expect).map_err(Failure::file(&args.expect))?;
    let (checkpoint, task) = open::checkpoint(&args.checkpoint, &args.parts, global)?;
    let names: Vec<String> = checkpoint.config().labels().names().to_vec();
    let work = work_of(checkpoint, task, args, global)?;
    let wrong = |line: usize, what: String| Failure::Other(format!("{}:{line}: {what}", args.expect.display()));
    let lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
    let rows = lines
        .map(|(i, line)| expected(i + 1, line, work.as_ref()).map_err(|e| wrong(i + 1, e)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut tally = Tally::default();
    for chunk in rows.chunks(CHUNK) {
        let inputs: Vec<&Row> = chunk.iter().map(|e| &e.row).collect();
        for (expected, made) in chunk.iter().zip(work.run(&inputs)) {
            let made = made.map_err(|e| wrong(expected.line, e))?;
            let ours = aligned(&made, &expected.record, &names);
            let compared = tally.row(expected.line, &ours, &expected.record, args.tolerance);
            compared.map_err(|e| wrong(expected.line, e))?;
        }
    }
    if tally.rows == 0 {
        return Err(Failure::Other(format!("{} has no rows", args.expect.display())));
    }
    print(&tally, args)?;
    Ok(Outcome::clean_if(tally.clean()))
}

fn work_of(checkpoint: Checkpoint, task: Task, args: &Eval, global: &Global) -> Result<Box<dyn Work>, Failure> {
    let max_length = args.max_length.or(global.settings()?.max_length);
    if task == Task::FeatureExtraction {
        let cut = args.options.truncation != Some(Truncate::Error);
        let embedder = embed::embedder(checkpoint, &args.embed, cut, max_length, global)?;
        return Ok(Box::new(embed::Embeddings::of(embedder)));
    }
    let options = everything(&args.options, task);
    predict::task_of(checkpoint, task, &Options { task: &options, max_length, batch: BatchOptions::default() })
}

/// The options with every field printed that a record may have.
fn everything(asked: &TaskOptions, task: Task) -> TaskOptions {
    let classification = task == Task::TextClassification;
    TaskOptions {
        top_k: asked.top_k.or(classification.then_some(TopK::All)),
        logits: classification || matches!(task, Task::NextSentence | Task::MultipleChoice),
        ..asked.clone()
    }
}

fn expected(line: usize, text: &str, work: &dyn Work) -> Result<Expected, String> {
    let value: Value = serde_json::from_str(text).map_err(|e| format!("not a JSON object: {e}"))?;
    let Value::Object(record) = value else { return Err("not a JSON object".into()) };
    let row = rows::of_record(&record, &work.shape()).map_err(|p| p.message)?;
    Ok(Expected { line, row, record })
}

/// Our record with the scores of labels in the form and order of the other: ours are ranked, with names; a model's own
/// are numbers in the order of the ids, and a ranked list may be shorter or put near-equal scores the other way.
fn aligned(made: &Made, theirs: &Map<String, Value>, names: &[String]) -> Map<String, Value> {
    let mut ours: Map<String, Value> = made.fields.iter().map(|(k, v)| ((*k).to_string(), v.clone())).collect();
    let score = |label: &str| -> Option<Value> {
        let list = made.fields.iter().find(|(k, _)| *k == "scores")?.1.as_array()?;
        list.iter().find(|s| s.get("label").and_then(Value::as_str) == Some(label))?.get("score").cloned()
    };
    if let Some(list) = theirs.get("scores").and_then(Value::as_array) {
        let by_label = |b: &Value| match b.get("label").and_then(Value::as_str) {
            Some(label) => score(label).map(|s| json!({"label": label, "score": s})),
            None => None,
        };
        let aligned: Option<Vec<Value>> = match list.iter().all(Value::is_number) {
            true => names.iter().map(|name| score(name)).collect(),
            false => list.iter().map(by_label).collect(),
        };
        if let Some(aligned) = aligned.filter(|a| !a.is_empty()) {
            ours.insert("scores".into(), aligned.into());
        }
    }
    ours
}

fn print(tally: &Tally, args: &Eval) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if args.format == TextOrJson::Json {
        let record = json!({
            "schema": "bert.eval/1", "checkpoint": args.checkpoint.display().to_string(), "rows": tally.rows,
            "tolerance": args.tolerance, "largest_difference": tally.largest, "largest_row": tally.largest_line,
            "rows_past_tolerance": tally.past, "exact": tally.exact, "equal": tally.equal, "differences": tally.named,
        });
        writeln!(out, "{record:#}")?;
        return Ok(());
    }
    writeln!(
        out,
        "{} rows, largest difference {:.2e} (line {}), {} past the tolerance {:e}",
        tally.rows, tally.largest, tally.largest_line, tally.past, args.tolerance
    )?;
    writeln!(out, "{} of {} strings, offsets, ids and counts equal", tally.equal, tally.exact)?;
    for difference in &tally.named {
        output::remark(difference);
    }
    Ok(())
}
