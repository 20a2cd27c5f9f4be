//! `bert check`: everything that is wrong.

mod fix;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bert_checkpoint::{Checked, Checkpoint, Expectations, Fingerprints, Level};
use bert_config::BertConfig;
use bert_diag::{Code, Finding, Report, Severity};
use bert_model::compare_engines;

use crate::args::{Check, CheckFormat, CheckLevel, Global};
use crate::failure::{Failure, Outcome};
use crate::{open, render};

pub(crate) fn run(args: &Check, global: &Global) -> Result<Outcome, Failure> {
    let start = Instant::now();
    let expect = expectations(args, global)?;
    if args.fix {
        return fix::run(args, global, &expect);
    }
    let mut reports: Vec<(&PathBuf, Report)> = Vec::new();
    let mut hashes: Vec<Option<Fingerprints>> = Vec::new();
    for path in &args.checkpoints {
        let checked = check_one(path, args, global, &expect)?;
        let mut report = checked.report;
        if let Some(checkpoint) = checked.checkpoint.as_ref().filter(|_| args.level == CheckLevel::Run) {
            report.push(prove(checkpoint)?);
            global.levels()?.apply(&mut report);
        }
        let wanted = checked.checkpoint.filter(|_| args.hashes);
        hashes.push(wanted.map(|c| c.fingerprints()).transpose().map_err(|e| open::failure(&e))?);
        reports.push((path, report));
    }
    print(args, global, &reports, &hashes, start)?;
    Ok(Outcome::clean_if(reports.iter().all(|(_, report)| report.is_ok())))
}

fn check_one(path: &Path, args: &Check, global: &Global, expect: &Expectations) -> Result<Checked, Failure> {
    let level = match args.level {
        CheckLevel::Header => Level::Header,
        CheckLevel::Weights | CheckLevel::Run => Level::Weights,
    };
    let builder = open::builder(path, &args.parts, global)?.level(level).expect(expect.clone());
    builder.check().map_err(|e| open::failure(&e))
}

/// Runs the checkpoint through two independent implementations.
fn prove(checkpoint: &Checkpoint) -> Result<Finding, Failure> {
    let proof = compare_engines(checkpoint).map_err(|e| Failure::chain(&e))?;
    let (code, verdict) = if proof.holds() { (Code::X018, "agree") } else { (Code::X017, "disagree") };
    let difference = proof.largest_difference;
    let message = format!("the engine and the f64 reference {verdict}: largest difference {difference:.1e}");
    let size =
        format!("{} inputs, {} tokens, hidden states up to {:.1}", proof.inputs, proof.tokens, proof.largest_value);
    Ok(Finding::new(code, message).span(checkpoint.weights().index().file_span(size)))
}

fn expectations(args: &Check, global: &Global) -> Result<Expectations, Failure> {
    let file = global.settings()?.expectations();
    let mut expect = file.into_iter().fold(Expectations::new(), |expect, (key, value)| expect.value(key, value));
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

fn print(
    args: &Check,
    global: &Global,
    reports: &[(&PathBuf, Report)],
    hashes: &[Option<Fingerprints>],
    start: Instant,
) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let name = |path: &Path| path.display().to_string();
    let views: Vec<(&Path, &Report)> = reports.iter().map(|(path, report)| (path.as_path(), report)).collect();
    match args.format {
        CheckFormat::Json => {
            let mut records: Vec<_> = views.iter().map(|(path, report)| report.to_record(&name(path))).collect();
            for (record, hashes) in records.iter_mut().zip(hashes) {
                if let (Some(record), Some(hashes)) = (record.as_object_mut(), hashes) {
                    record.insert("fingerprints".into(), render::fingerprints(hashes));
                }
            }
            match records.as_slice() {
                [one] => writeln!(out, "{one:#}")?,
                several => writeln!(out, "{:#}", serde_json::Value::from(several))?,
            }
        }
        CheckFormat::Sarif => writeln!(out, "{:#}", render::sarif(&views))?,
        CheckFormat::Junit => write!(out, "{}", render::junit(&views)?)?,
        CheckFormat::Jsonl => lines(&mut out, &views, |finding, path| finding.to_record(&name(path)).to_string())?,
        CheckFormat::Github => lines(&mut out, &views, render::github)?,
        CheckFormat::Full | CheckFormat::Concise => {
            match args.format {
                CheckFormat::Full => {
                    lines(&mut out, &views, |finding, path| format!("{}\n", render::full(finding, path)))?
                }
                _ => lines(&mut out, &views, render::concise)?,
            }
            for ((path, _), hashes) in views.iter().zip(hashes) {
                if let Some(hashes) = hashes {
                    let (c, w, t) = (hashes.config, hashes.weights, hashes.tokenizer);
                    writeln!(out, "{}: fingerprint config {c} weights {w} tokenizer {t}", name(path))?;
                }
            }
            if !global.quiet {
                summary(&mut out, &views, start)?;
            }
        }
    }
    Ok(())
}

fn lines(
    out: &mut impl Write,
    views: &[(&Path, &Report)],
    line: impl Fn(&Finding, &Path) -> String,
) -> Result<(), Failure> {
    for (path, report) in views {
        for finding in report.findings() {
            writeln!(out, "{}", line(finding, path))?;
        }
    }
    Ok(())
}

fn summary(out: &mut impl Write, views: &[(&Path, &Report)], start: Instant) -> Result<(), Failure> {
    let all: Vec<&Report> = views.iter().map(|(_, report)| *report).collect();
    let worst = all.iter().flat_map(|r| r.findings()).find(|f| f.severity == Severity::Error);
    let hint = worst.map_or(String::new(), |f| format!(" Explain: bert explain {}", f.code));
    writeln!(out, "{} ({:.2} s).{hint}", render::summary(&all), start.elapsed().as_secs_f64())?;
    Ok(())
}
