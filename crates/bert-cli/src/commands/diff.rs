//! `bert diff`: what differs.

use std::io::Write;
use std::path::Path;

use bert_config::{BertConfig, ConfigDiff};
use serde_json::json;

use crate::args::{Diff, DiffFormat};
use crate::failure::{Failure, Outcome};

pub(crate) fn run(args: &Diff) -> Result<Outcome, Failure> {
    if args.only.is_none() {
        return Err(Failure::Usage("weights and tokenizers cannot be compared yet; add `--only config`".into()));
    }
    let diff = bert_config::diff(&config(&args.a)?, &config(&args.b)?);
    let mut out = std::io::stdout().lock();
    match args.format {
        DiffFormat::Text => write!(out, "config.json  {diff}{}", verdict(&diff))?,
        DiffFormat::Markdown => write!(out, "{}", markdown(&diff))?,
        DiffFormat::Json => {
            let record = json!({
                "schema": "bert.diff/1", "a": args.a.display().to_string(), "b": args.b.display().to_string(),
                "different": !diff.is_empty(), "affects_inference": diff.affects_inference(), "config": diff,
            });
            writeln!(out, "{record:#}")?;
        }
    }
    Ok(Outcome::clean_if(diff.is_empty()))
}

fn config(path: &Path) -> Result<BertConfig, Failure> {
    let parsed = BertConfig::from_path(path).map_err(|e| Failure::chain(&e))?;
    let first = parsed.report.findings().iter().find(|f| f.severity == bert_diag::Severity::Error).cloned();
    parsed.value.ok_or_else(|| {
        let why = first.map_or("not a configuration".to_string(), |f| f.message);
        Failure::Other(format!("{}: {why}", path.display()))
    })
}

fn verdict(diff: &ConfigDiff) -> &'static str {
    match (diff.is_empty(), diff.affects_inference()) {
        (true, _) => "equal\n",
        (false, true) => "different\n",
        (false, false) => "different, without effect at inference\n",
    }
}

fn markdown(diff: &ConfigDiff) -> String {
    let mut text = String::from("| field | before | after | effect |\n| --- | --- | --- | --- |\n");
    let show =
        |v: &Option<String>| v.as_deref().map_or("absent".to_string(), |v| format!("`{}`", v.replace('|', "\\|")));
    for change in &diff.changes {
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
    text
}
