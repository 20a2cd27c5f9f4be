//! `bert convert`: any form in, one clean folder out.

use std::io::Write;

use bert_checkpoint::{Checked, Conversion, ConvertError, ConvertOptions, convert};
use bert_diag::{counted, listed};
use bert_weights::DType;
use serde_json::{Value, json};

use crate::args::{Convert, Global, TextOrJson, WeightType};
use crate::failure::{Failure, Outcome};
use crate::open;
use crate::output::remark;

pub(crate) fn run(args: &Convert, global: &Global) -> Result<Outcome, Failure> {
    let mut options = ConvertOptions::default();
    options.force = args.force;
    options.max_shard_bytes = Some(size(&args.max_shard_size)?);
    options.dtype = args.dtype.map(|dtype| match dtype {
        WeightType::F32 => DType::F32,
        WeightType::F16 => DType::F16,
        WeightType::Bf16 => DType::BF16,
    });
    let checked = open::heard(&open::builder(&args.checkpoint, &args.parts, global)?, &args.checkpoint, global)?;
    let (Some(checkpoint), Some(located)) = (&checked.checkpoint, &checked.parts.located) else {
        return Err(Failure::Refused);
    };
    let done = convert(checkpoint, located, &args.output, &options).map_err(|e| match e {
        ConvertError::Exists { .. } | ConvertError::NotOurs { .. } | ConvertError::IsInput { .. } => {
            Failure::Usage(e.to_string())
        }
        other => Failure::chain(&other),
    })?;
    if !global.quiet {
        summary(&checked, &done);
    }
    let mut out = std::io::stdout().lock();
    match args.format {
        TextOrJson::Json => writeln!(out, "{:#}", record(args, &done))?,
        TextOrJson::Text => {
            done.files.iter().try_for_each(|(name, _)| writeln!(out, "{}", done.folder.join(name).display()))?;
        }
    }
    Ok(Outcome::Clean)
}

/// `500MB`, `2GiB`, `1000000`
fn size(text: &str) -> Result<u64, Failure> {
    const UNITS: [(&str, u64); 7] = [
        ("KIB", 1 << 10),
        ("MIB", 1 << 20),
        ("GIB", 1 << 30),
        ("KB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    let upper = text.trim().to_ascii_uppercase();
    let (digits, unit) = UNITS
        .iter()
        .find_map(|(name, unit)| Some((upper.strip_suffix(name)?.trim_end(), *unit)))
        .unwrap_or((upper.as_str(), 1));
    let number = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).filter(|n| *n > 0);
    number.ok_or_else(|| Failure::Usage(format!("--max-shard-size takes a size such as 5GB, not `{text}`")))
}

fn summary(checked: &Checked, done: &Conversion) {
    let Some(weights) = &checked.parts.weights else { return };
    let index = weights.index();
    remark(&format!("read   {}  {}  ({})", index.file(), counted(index.len(), "tensor"), index.container()));
    if let Some(adapter) = &index.provenance().adapter {
        remark(&format!(
            "merge  {}  r={} alpha={} targets {}: {} changed, {} trained whole",
            adapter.file,
            adapter.r,
            adapter.lora_alpha,
            listed(&adapter.targets, 8),
            counted(adapter.changed.len(), "tensor"),
            adapter.saved.len()
        ));
    }
    if !done.left_out.is_empty() {
        remark(&format!("leave  {}  {}", counted(done.left_out.len(), "tensor"), listed(&done.left_out, 4)));
    }
    let bytes: u64 = done.files.iter().map(|(_, n)| n).sum();
    let mb = bytes as f64 / 1e6;
    remark(&format!(
        "write  {}  {}  {} files, {mb:.2} MB",
        done.folder.display(),
        counted(done.tensors, "tensor"),
        done.files.len()
    ));
    if let Some(worst) = done.roundings.iter().max_by(|a, b| a.relative.total_cmp(&b.relative)) {
        remark(&format!(
            "round  {}  largest loss {:.1e} of a tensor's norm, in {}",
            counted(done.roundings.len(), "tensor"),
            worst.relative,
            worst.name
        ));
    }
    let changed = match (done.merged.len(), done.roundings.len()) {
        (0, 0) => String::new(),
        (merged, 0) => format!(", {merged} of them computed by the merge"),
        (_, rounded) => format!(", {rounded} rounded as asked"),
    };
    remark(&format!("verify read again: shapes equal, {} of {} bit-identical{changed}", done.identical, done.tensors));
}

fn record(args: &Convert, done: &Conversion) -> Value {
    let files: Vec<Value> = done.files.iter().map(|(name, bytes)| json!({"name": name, "bytes": bytes})).collect();
    let roundings: Vec<Value> =
        done.roundings.iter().map(|r| json!({"name": r.name, "max_abs": r.max_abs, "relative": r.relative})).collect();
    json!({
        "schema": "bert.convert/1", "checkpoint": args.checkpoint.display().to_string(), "output": done.folder.display().to_string(),
        "files": files, "tensors": done.tensors, "identical": done.identical, "merged": done.merged, "renamed": done.renamed,
        "left_out": done.left_out, "roundings": roundings, "fingerprint": done.weights.to_string(),
    })
}
