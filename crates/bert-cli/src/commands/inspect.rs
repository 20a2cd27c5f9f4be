//! `bert inspect`: what a checkpoint is.

use std::io::Write;
use std::path::Path;

use bert_checkpoint::{Checked, Fingerprints, Level, Located};
use bert_config::{Architecture, BertConfig};
use bert_diag::{Severity, counted, listed};
use bert_tok::TokenizerFacts;
use bert_weights::{Container, TensorStats, Weights};
use serde_json::{Value, json};

use crate::args::{Global, Inspect, TextOrJson};
use crate::failure::{Failure, Outcome};
use crate::open;

pub(crate) fn run(args: &Inspect, global: &Global) -> Result<Outcome, Failure> {
    let level = if args.stats { Level::Weights } else { Level::Header };
    let checked =
        open::builder(&args.checkpoint, &args.parts, global)?.level(level).check().map_err(|e| open::failure(&e))?;
    let stats = match &checked.parts.weights {
        Some(weights) if args.stats => {
            bert_weights::scan(weights, weights.index().names()).map_err(|e| Failure::chain(&e))?
        }
        _ => Vec::new(),
    };
    let mut out = std::io::stdout().lock();
    match args.format {
        TextOrJson::Json => writeln!(out, "{:#}", record(args, &checked, &stats)?)?,
        TextOrJson::Text => text(&mut out, args, &checked, &stats)?,
    }
    Ok(Outcome::Clean)
}

fn architecture(checked: &Checked) -> Option<Architecture> {
    checked.parts.architecture.or(checked.parts.config.as_ref()?.architecture())
}

fn text(out: &mut impl Write, args: &Inspect, checked: &Checked, stats: &[(&str, TensorStats)]) -> Result<(), Failure> {
    let path = args.checkpoint.display();
    let (what, task) = match architecture(checked) {
        Some(a) => (a.name().to_string(), format!("  ({}{})", a.task(), labels_count(a, checked))),
        None => ("no known class".to_string(), String::new()),
    };
    writeln!(out, "{path}  {what}{task}")?;
    if let Some(config) = &checked.parts.config {
        config_lines(out, config, architecture(checked))?;
    }
    if let Some(weights) = &checked.parts.weights {
        weight_lines(out, weights)?;
    }
    if let Some(facts) = &checked.parts.tokenizer {
        tokenizer_line(out, facts)?;
    }
    if let Some(written_by) = checked.parts.config.as_ref().and_then(|c| c.field_json("transformers_version")) {
        writeln!(out, "  written by transformers {}", written_by.trim_matches('"'))?;
    }
    if let Some(located) = &checked.parts.located {
        place_lines(out, located)?;
    }
    if let Some(hashes) = hashes(checked)? {
        let (c, w, t) = (hashes.config.short(), hashes.weights.short(), hashes.tokenizer.short());
        writeln!(out, "  fingerprint  config {c}  weights {w}  tokenizer {t}")?;
    }
    let (errors, warnings) = (checked.report.count(Severity::Error), checked.report.count(Severity::Warning));
    writeln!(out, "check: {}, {} (`bert check {path}`)", counted(errors, "error"), counted(warnings, "warning"))?;
    if args.tensors || args.stats {
        tensor_lines(out, checked, stats)?;
    }
    Ok(())
}

fn hashes(checked: &Checked) -> Result<Option<Fingerprints>, Failure> {
    checked.checkpoint.as_ref().map(|c| c.fingerprints()).transpose().map_err(|e| open::failure(&e))
}

/// Where in a training run the checkpoint stands, and which of several it is.
fn place_lines(out: &mut impl Write, located: &Located) -> Result<(), Failure> {
    if let Some(chosen) = &located.chosen {
        writeln!(out, "  used       {}, {}", chosen.name, chosen.why)?;
    }
    if let Some(state) = &located.trainer {
        let part = |name: &str, value: Option<String>| value.map(|v| format!("{name} {v}"));
        let parts = [
            part("step", state.global_step.map(|n| n.to_string())),
            part("epoch", state.epoch.map(|x| x.to_string())),
            part("best metric", state.best_metric.map(|x| x.to_string())),
            part("best", state.best_checkpoint.clone()),
        ];
        writeln!(out, "  trainer    {}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))?;
    }
    if let Some(folder) = &located.tokenizer {
        writeln!(out, "  tokenizer  read from {}", folder.display())?;
    }
    Ok(())
}

fn labels_count(architecture: Architecture, checked: &Checked) -> String {
    match &checked.parts.config {
        Some(config) if architecture.uses_labels() => format!(", {}", counted(config.labels().len(), "label")),
        _ => String::new(),
    }
}

fn config_lines(out: &mut impl Write, config: &BertConfig, architecture: Option<Architecture>) -> Result<(), Failure> {
    let eps = config.field_json("layer_norm_eps").unwrap_or_default();
    writeln!(
        out,
        "  encoder    {}, hidden {}, heads {}, intermediate {}, {}, eps {eps}",
        counted(config.num_hidden_layers, "layer"),
        config.hidden_size,
        config.num_attention_heads,
        config.intermediate_size,
        config.hidden_act.name()
    )?;
    writeln!(
        out,
        "  limits     {}, {}, vocabulary {}",
        counted(config.max_position_embeddings, "position"),
        counted(config.type_vocab_size, "token type"),
        config.vocab_size
    )?;
    if architecture.is_some_and(Architecture::uses_labels) {
        let names = config.labels().names().iter().enumerate().map(|(i, n)| format!("{i} {n}"));
        writeln!(out, "  labels     {}", listed(names, 12))?;
    }
    Ok(())
}

/// Element types with their counts: `F32`, or `F32 (199), I64 (1)`.
fn dtypes(weights: &Weights) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (_, info) in weights.index().iter() {
        match counts.iter_mut().find(|(name, _)| *name == info.dtype.name()) {
            Some((_, n)) => *n += 1,
            None => counts.push((info.dtype.name(), 1)),
        }
    }
    match counts.as_slice() {
        [(one, _)] => (*one).to_string(),
        several => listed(several.iter().map(|(name, n)| format!("{name} ({n})")), 8),
    }
}

/// The container, where it is not the usual one.
fn container(weights: &Weights) -> String {
    match (weights.index().container(), weights.index().files().count()) {
        (Container::Safetensors, 1) => String::new(),
        (kind, 1) => format!("({kind})  "),
        (kind, n) => format!("({kind}, {n} files)  "),
    }
}

fn weight_lines(out: &mut impl Write, weights: &Weights) -> Result<(), Failure> {
    let index = weights.index();
    writeln!(
        out,
        "  weights    {}  {}{}  {:.2} M parameters  {}  {:.1} MiB",
        index.file(),
        container(weights),
        counted(index.len(), "tensor"),
        index.parameters() as f64 / 1e6,
        dtypes(weights),
        weights.file_bytes() as f64 / 1_048_576.0
    )?;
    Ok(())
}

fn tokenizer_line(out: &mut impl Write, facts: &TokenizerFacts) -> Result<(), Failure> {
    let case = if facts.lowercase { "lowercase" } else { "cased" };
    writeln!(
        out,
        "  tokenizer  {} (WordPiece, {case}, {} tokens, {} special)",
        facts.file, facts.size, facts.special_count
    )?;
    Ok(())
}

fn tensor_lines(out: &mut impl Write, checked: &Checked, stats: &[(&str, TensorStats)]) -> Result<(), Failure> {
    let Some(weights) = &checked.parts.weights else { return Ok(()) };
    let width = weights.index().names().map(str::len).max().unwrap_or(0);
    for (name, info) in weights.index().iter() {
        write!(out, "  {name:width$}  {:5}  {:?}", info.dtype, info.shape)?;
        if let Some((_, s)) = stats.iter().find(|(n, _)| *n == name) {
            let oddity = match (s.check.nan + s.check.infinite, s.check.all_zero) {
                (0, false) => String::new(),
                (0, true) => "  all zero".to_string(),
                (bad, _) => format!("  {bad} not finite"),
            };
            write!(out, "  mean {:+.3e}  std {:.3e}{oddity}", s.mean, s.std)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn record(args: &Inspect, checked: &Checked, stats: &[(&str, TensorStats)]) -> Result<Value, Failure> {
    let parts = &checked.parts;
    let config = parts.config.as_ref().map(|c| {
        let parsed: Value = serde_json::from_str(&c.to_json()).unwrap_or(Value::Null);
        json!({"fields": parsed, "labels": c.labels().names()})
    });
    let weights = parts.weights.as_ref().map(|w| {
        let index = w.index();
        let mut record = json!({
            "file": index.file(), "container": index.container().to_string(), "tensors": index.len(), "parameters": index.parameters(), "bytes": w.file_bytes(), "metadata": index.metadata(),
        });
        if let Some(map) = record.as_object_mut().filter(|_| args.tensors || args.stats) {
            map.insert("index".into(), index.iter().map(|(name, info)| tensor_record(name, info, stats)).collect());
        }
        record
    });
    let tokenizer = parts.tokenizer.as_ref().map(|f| {
        let special: serde_json::Map<_, _> = f.special.iter().map(|t| (t.role.to_string(), json!({"text": t.text, "id": t.id}))).collect();
        json!({"file": f.file, "size": f.size, "max_id": f.max_id, "lowercase": f.lowercase, "special": special, "model_max_length": f.model_max_length})
    });
    let located = parts.located.as_ref();
    let trainer = located.and_then(|l| l.trainer.as_ref()).map(|t| {
        json!({"global_step": t.global_step, "epoch": t.epoch, "best_metric": t.best_metric, "best_checkpoint": t.best_checkpoint})
    });
    Ok(json!({
        "schema": "bert.inspect/1",
        "checkpoint": display(&args.checkpoint),
        "architecture": architecture(checked).map(Architecture::name),
        "task": architecture(checked).map(|a| a.task().name()),
        "config": config, "weights": weights, "tokenizer": tokenizer,
        "errors": checked.report.count(Severity::Error),
        "warnings": checked.report.count(Severity::Warning),
        "used": located.and_then(|l| l.chosen.as_ref()).map(|c| c.name.as_str()),
        "trainer": trainer,
        "fingerprints": hashes(checked)?.map(|h| crate::render::fingerprints(&h)),
    }))
}

fn tensor_record(name: &str, info: &bert_weights::TensorInfo, stats: &[(&str, TensorStats)]) -> Value {
    let stats = stats.iter().find(|(n, _)| *n == name).map(
        |(_, s)| json!({"mean": s.mean, "std": s.std, "nan": s.check.nan, "infinite": s.check.infinite, "all_zero": s.check.all_zero}),
    );
    json!({"name": name, "dtype": info.dtype.name(), "shape": info.shape, "stats": stats})
}

fn display(path: &Path) -> String {
    path.display().to_string()
}
