//! `bert recover-config`: a lost configuration from the other files. JSON on stdout, the evidence on stderr.

use std::io::Write;
use std::path::Path;

use bert_checkpoint::{Certainty, Error, RecoverOptions, Recovery, recover};
use bert_config::Task;
use bert_model::{GoldenRow, decide};
use serde_json::Value;

use crate::args::{Global, RecoverConfig};
use crate::failure::{Failure, Outcome};
use crate::output::{Sink, remark};
use crate::{open, render};

pub(crate) fn run(args: &RecoverConfig, global: &Global) -> Result<Outcome, Failure> {
    let mut recovery = match recover(&args.checkpoint, &options(args)?) {
        Ok(recovery) => recovery,
        Err(Error::Rejected(rejected)) => {
            for finding in rejected.report().findings() {
                remark(&format!("{}\n", render::full(finding, &args.checkpoint)));
            }
            return Err(Failure::Refused);
        }
        Err(error) => return Err(open::failure(&error)),
    };
    if let Some(file) = &args.golden {
        let decision = decide(&args.checkpoint, &mut recovery, &golden(file)?).map_err(|e| Failure::chain(&e))?;
        if !decision.explains() {
            let difference = decision.largest_difference;
            return Err(Failure::Other(format!(
                "none of {} configurations gives these outputs; the best differs by {difference:.1e}",
                decision.tried
            )));
        }
        for field in decision.undecided.iter().filter(|_| !global.quiet) {
            remark(&format!("the outputs do not tell the candidates of {field} apart"));
        }
    }
    if !global.quiet {
        evidence(args, &recovery);
    }
    write(args, &recovery, global)?;
    Ok(Outcome::Clean)
}

fn options(args: &RecoverConfig) -> Result<RecoverOptions, Failure> {
    let mut options = RecoverOptions::default();
    options.task = args.task.as_deref().and_then(Task::from_name);
    options.like = args.like.clone();
    if let Some(file) = &args.labels {
        let text = std::fs::read_to_string(file).map_err(Failure::file(file))?;
        options.labels = Some(text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_string).collect());
    }
    for pair in &args.set {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| Failure::Usage(format!("--set takes KEY=VALUE, not `{pair}`")))?;
        options.set.push((key.trim().to_string(), value.trim().to_string()));
    }
    Ok(options)
}

fn golden(file: &Path) -> Result<Vec<GoldenRow>, Failure> {
    let text = std::fs::read_to_string(file).map_err(Failure::file(file))?;
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let wrong = |what: &str| Failure::Other(format!("{}:{}: {what}", file.display(), number + 1));
        let row: Value = serde_json::from_str(line).map_err(|e| wrong(&format!("not a JSON object: {e}")))?;
        let logits = row.get("logits").and_then(Value::as_array).ok_or_else(|| wrong("there are no `logits`"))?;
        let logits = logits.iter().map(|x| x.as_f64().map(|x| x as f32)).collect::<Option<_>>();
        rows.push(GoldenRow {
            text: row.get("text").and_then(Value::as_str).ok_or_else(|| wrong("there is no `text`"))?.to_string(),
            pair: row.get("pair").and_then(Value::as_str).map(str::to_string),
            logits: logits.ok_or_else(|| wrong("`logits` must be numbers"))?,
        });
    }
    if rows.is_empty() {
        return Err(Failure::Other(format!("{} has no rows", file.display())));
    }
    Ok(rows)
}

/// What each field rests on; what nothing shows comes last, with its candidates.
fn evidence(args: &RecoverConfig, recovery: &Recovery) {
    let values = recovery.values();
    let known = values.iter().filter(|v| v.certainty != Certainty::Assumed);
    remark(&format!(
        "recovered {} of {} fields from {}",
        known.clone().count(),
        values.len(),
        args.checkpoint.display()
    ));
    for value in known {
        remark(&format!("  {:24} {:>10}   {}", value.name, short(&value.json), value.evidence));
    }
    if recovery.assumed().next().is_none() {
        return;
    }
    remark("assumed, cannot be read from the files");
    for value in recovery.assumed() {
        remark(&format!("  {:24} {:>10}   {}", value.name, short(&value.json), value.evidence));
        if value.candidates.len() > 1 {
            remark(&format!("  {:24} {:>10}   candidates: {}", "", "", bert_diag::listed(&value.candidates, 12)));
        }
    }
    remark(
        "to settle them: --set KEY=VALUE, --like CKPT, --labels FILE, or --golden FILE with outputs of the original",
    );
}

fn short(json: &str) -> String {
    if json.chars().count() <= 40 {
        json.to_string()
    } else {
        format!("{}…", json.chars().take(39).collect::<String>())
    }
}

fn write(args: &RecoverConfig, recovery: &Recovery, global: &Global) -> Result<(), Failure> {
    let folder = if args.checkpoint.is_dir() {
        args.checkpoint.as_path()
    } else {
        args.checkpoint.parent().unwrap_or(Path::new("."))
    };
    let target = if args.write { Some(folder.join("config.json")) } else { args.output.clone() };
    let mut sink = Sink::open(target.as_deref(), args.force, &[])?;
    sink.write_all(recovery.to_json().as_bytes()).map_err(|e| sink.explain(e))?;
    sink.finish()?;
    if !global.quiet {
        match target {
            Some(path) => remark(&format!("written: {}", path.display())),
            None => remark("nothing written: add --write"),
        }
    }
    Ok(())
}
