//! `bert check`: everything that is wrong.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bert_checkpoint::{Expectations, Level};
use bert_config::BertConfig;
use bert_diag::{Report, Severity};

use crate::args::{Check, CheckFormat, CheckLevel, Global};
use crate::failure::{Failure, Outcome};
use crate::{open, render};

pub(crate) fn run(args: &Check, global: &Global) -> Result<Outcome, Failure> {
    let start = Instant::now();
    let expect = expectations(args)?;
    let mut reports: Vec<(&PathBuf, Report)> = Vec::new();
    for path in &args.checkpoints {
        let level = match args.level {
            CheckLevel::Header => Level::Header,
            CheckLevel::Weights => Level::Weights,
        };
        let builder = open::builder(path, &args.parts, global)?.level(level).expect(expect.clone());
        reports.push((path, builder.check().map_err(|e| open::failure(&e))?.report));
    }
    print(args, global, &reports, start)?;
    Ok(Outcome::clean_if(reports.iter().all(|(_, report)| report.is_ok())))
}

fn expectations(args: &Check) -> Result<Expectations, Failure> {
    let mut expect = Expectations::new();
    for pair in &args.expect {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| Failure::Usage(format!("--expect takes KEY=VALUE, not `{pair}`")))?;
        expect = expect.value(key.trim(), value.trim());
    }
    if let Some(file) = &args.expect_config {
        let parsed = BertConfig::from_path(file).map_err(|e| Failure::chain(&e))?;
        let (config, _) = parsed.into_result().map_err(|e| Failure::Other(format!("{}: {e}", file.display())))?;
        expect = expect.config(config);
    }
    Ok(expect)
}

fn print(args: &Check, global: &Global, reports: &[(&PathBuf, Report)], start: Instant) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let name = |path: &Path| path.display().to_string();
    match args.format {
        CheckFormat::Json => {
            let records: Vec<_> = reports.iter().map(|(path, report)| report.to_record(&name(path))).collect();
            match records.as_slice() {
                [one] => writeln!(out, "{one:#}")?,
                several => writeln!(out, "{:#}", serde_json::Value::from(several))?,
            }
        }
        CheckFormat::Jsonl => {
            for (path, report) in reports {
                for finding in report.findings() {
                    writeln!(out, "{}", finding.to_record(&name(path)))?;
                }
            }
        }
        CheckFormat::Full | CheckFormat::Concise => {
            for (path, report) in reports {
                for finding in report.findings() {
                    match args.format {
                        CheckFormat::Full => writeln!(out, "{}\n", render::full(finding, path))?,
                        _ => writeln!(out, "{}", render::concise(finding, path))?,
                    }
                }
            }
            if !global.quiet {
                let all: Vec<&Report> = reports.iter().map(|(_, report)| report).collect();
                let worst = all.iter().flat_map(|r| r.findings()).find(|f| f.severity == Severity::Error);
                let hint = worst.map_or(String::new(), |f| format!(" Explain: bert explain {}", f.code));
                writeln!(out, "{} ({:.2} s).{hint}", render::summary(&all), start.elapsed().as_secs_f64())?;
            }
        }
    }
    Ok(())
}
