//! What the numbers in the weights say.

use bert_config::Origin;
use bert_diag::{Code, Finding, Report, counted, listed, quoted};
use bert_weights::{DType, Part, TensorSpec, ValueCheck, check_values, differing_checksums, expected_tensors, scan};

use super::Facts;
use crate::Error;

/// The tensors of the file that the model uses: specification and name in the file.
fn used<'a>(facts: &'a Facts<'_>) -> Vec<(TensorSpec, &'a str)> {
    if facts.config.is_broken("num_hidden_layers") {
        return Vec::new();
    }
    expected_tensors(facts.config, facts.architecture)
        .filter_map(|spec| facts.names.in_file(&spec.name).map(|file| (spec, file)))
        .collect()
}

/// Bytes that do not have the checksum their container keeps of them.
pub(crate) fn checksums(facts: &Facts<'_>, report: &mut Report) -> Result<(), Error> {
    let differing = differing_checksums(facts.weights)?;
    let Some(first) = differing.first() else { return Ok(()) };
    let names = listed(differing.iter().map(|n| quoted(n)), 4);
    report.push(
        Finding::new(
            Code::W048,
            format!("{} whose bytes do not have their checksum: {names}", counted(differing.len(), "tensor")),
        )
        .spans(facts.weights.index().entry_span(first, "damaged, or written without checksums"))
        .note("PyTorch does not compare checksums, and can be told not to compute them")
        .help("fetch the file again and compare its hash with the original"),
    );
    Ok(())
}

/// Element types that cannot be weights, or lose something.
pub(crate) fn dtypes(facts: &Facts<'_>, report: &mut Report) {
    let index = facts.weights.index();
    let of = |wrong: fn(DType) -> bool| -> Vec<(&str, DType)> {
        used(facts)
            .into_iter()
            .filter_map(|(_, file)| Some((file, index.get(file)?.dtype)))
            .filter(|(_, dtype)| wrong(*dtype))
            .collect()
    };
    let names =
        |list: &[(&str, DType)]| listed(list.iter().map(|(name, dtype)| format!("{} {dtype}", quoted(name))), 6);
    let integers = of(|dtype| !dtype.is_weight());
    if let Some((first, dtype)) = integers.first() {
        report.push(
            Finding::new(
                Code::W015,
                format!(
                    "{} in a type that cannot hold a weight by itself: {}",
                    counted(integers.len(), "tensor"),
                    names(&integers)
                ),
            )
            .spans(index.entry_span(first, format!("{dtype} needs a scale that the file does not carry")))
            .note("read as they are: F32, F16, BF16; F64 with rounding")
            .help("save the dequantized model"),
        );
    }
    let doubles = of(|dtype| dtype == DType::F64);
    if let Some((first, _)) = doubles.first() {
        report.push(
            Finding::new(
                Code::W016,
                format!("{} stored as F64, rounded to f32 when loaded", counted(doubles.len(), "tensor")),
            )
            .spans(index.entry_span(first, "F64")),
        );
    }
}

/// The type the configuration names against the one most of the weights have.
pub(crate) fn stated_dtype(facts: &Facts<'_>, report: &mut Report) {
    const NAMES: [(&str, DType); 4] =
        [("float32", DType::F32), ("float16", DType::F16), ("bfloat16", DType::BF16), ("float64", DType::F64)];
    let stated = facts.config.dtype.as_deref().map(|name| name.trim_start_matches("torch."));
    let Some((name, dtype)) = NAMES.into_iter().find(|(name, _)| Some(*name) == stated) else { return };
    let used = used(facts);
    let held = |file: &str| facts.weights.index().get(file).map(|info| info.dtype);
    if let Some((_, file)) = used.iter().find(|(_, file)| held(file).is_some_and(|d| d.is_weight() && d != dtype)) {
        let other = used.iter().filter(|(_, f)| held(f).is_some_and(|d| d != dtype)).count();
        report.push(
            Finding::new(
                Code::W029,
                format!(
                    "the configuration says {name}, {} of {} are stored otherwise",
                    other,
                    counted(used.len(), "tensor")
                ),
            )
            .span(facts.config.span("dtype", format!("{name} here")))
            .spans(
                facts.weights.index().entry_span(file, "stored so").map(|s| bert_diag::Span { primary: false, ..s }),
            ),
        );
    }
}

/// Tensors that stand for another one must hold the same values.
fn tied(facts: &Facts<'_>, report: &mut Report) -> Result<(), Error> {
    let rows = [
        (
            Code::W030,
            "cls.predictions.decoder.weight",
            "bert.embeddings.word_embeddings.weight",
            facts.config.tie_word_embeddings,
        ),
        (Code::W031, "cls.predictions.decoder.bias", "cls.predictions.bias", true),
    ];
    let uses_decoder = expected_tensors(facts.config, facts.architecture).any(|s| s.part == Part::Predictions);
    for (code, copy, original, must_agree) in rows.into_iter().filter(|row| row.3 && uses_decoder) {
        let (Some(a), Some(b)) = (facts.names.in_file(copy), facts.names.in_file(original)) else { continue };
        let (Some(x), Some(y)) = (facts.weights.get(a), facts.weights.get(b)) else { continue };
        if must_agree
            && x.info().shape == y.info().shape
            && x.info().dtype == y.info().dtype
            && x.bytes()? != y.bytes()?
        {
            report.push(
                Finding::new(code, format!("{} differs from {}, which it stands for", quoted(a), quoted(b)))
                    .spans(facts.weights.index().entry_span(a, "other values"))
                    .spans(
                        facts
                            .weights
                            .index()
                            .entry_span(b, "than here")
                            .map(|s| bert_diag::Span { primary: false, ..s }),
                    )
                    .help(code.how_to_fix()),
            );
        }
    }
    Ok(())
}

/// NaN, infinity, zeros, untrained heads.
pub(crate) fn values(facts: &Facts<'_>, report: &mut Report) -> Result<(), Error> {
    let used = used(facts);
    let stats = check_values(facts.weights, used.iter().map(|(_, file)| *file))?;
    let find = |file: &str| stats.iter().find(|(name, _)| *name == file).map(|(_, s)| s);
    non_finite(facts, &stats, report);
    let zero: Vec<_> = used
        .iter()
        .filter(|(spec, file)| must_not_be_zero(spec) && find(file).is_some_and(|s| s.all_zero && s.count > 0))
        .collect();
    if let Some((_, first)) = zero.first() {
        report.push(
            Finding::new(
                Code::W018,
                format!(
                    "{} all zero: {}",
                    counted(zero.len(), "weight tensor"),
                    listed(zero.iter().map(|(_, f)| quoted(f)), 6)
                ),
            )
            .spans(facts.weights.index().entry_span(first, "every value is 0"))
            .help("compare with the original file, or take another checkpoint of the run"),
        );
    }
    untrained(facts, &used, report)?;
    tied(facts, report)
}

/// Biases start at zero and token types may stay there; matrices and LayerNorm weights may not.
fn must_not_be_zero(spec: &TensorSpec) -> bool {
    spec.name.ends_with(".weight") && !spec.name.contains("token_type_embeddings")
}

fn non_finite(facts: &Facts<'_>, stats: &[(&str, ValueCheck)], report: &mut Report) {
    let bad: Vec<_> = stats.iter().filter(|(_, s)| s.first_bad.is_some()).collect();
    let Some((first, s)) = bad.first() else { return };
    let describe = |(name, s): &&(&str, ValueCheck)| {
        let at = s.first_bad.unwrap_or_default();
        format!("{}: {} NaN, {} infinite of {}, the first at index {at}", quoted(name), s.nan, s.infinite, s.count)
    };
    report.push(
        Finding::new(
            Code::W017,
            format!(
                "{} with values that are no numbers: {}",
                counted(bad.len(), "tensor"),
                listed(bad.iter().map(|(n, _)| quoted(n)), 4)
            ),
        )
        .spans(facts.weights.index().entry_span(first, format!("{} NaN, {} infinite", s.nan, s.infinite)))
        .notes(bad.iter().take(12).map(describe))
        .help("training diverged or the file is damaged: take an earlier checkpoint of the run"),
    );
}

/// A head with a bias of exact zeros and weights spread as a fresh initialisation spreads them.
fn untrained(facts: &Facts<'_>, used: &[(TensorSpec, &str)], report: &mut Report) -> Result<(), Error> {
    let head =
        |spec: &TensorSpec| matches!(spec.part, Part::Classifier | Part::Choice | Part::Span | Part::NextSentence);
    let heads = used.iter().filter(|(spec, _)| head(spec));
    let stats = scan(facts.weights, heads.clone().map(|(_, file)| *file))?;
    let part = |end: &str| {
        let (_, file) = heads.clone().find(|(spec, _)| spec.name.ends_with(end))?;
        stats.iter().find(|(name, _)| name == file)
    };
    let (Some((name, weight)), Some((_, bias))) = (part(".weight"), part(".bias")) else { return Ok(()) };
    let fresh = facts.config.initializer_range;
    // Three standard errors of a sample's spread and mean: a fresh head passes 997 times of 1000.
    let n = weight.check.count.max(1) as f64;
    let spread = (weight.std / fresh - 1.0).abs() < 3.0 / (2.0 * n).sqrt();
    let centred = weight.mean.abs() < 3.0 * fresh / n.sqrt();
    if bias.check.all_zero && spread && centred && !weight.check.all_zero {
        report.push(
            Finding::new(Code::W019, format!("the head {} looks freshly initialised", quoted(name)))
                .spans(
                    facts
                        .weights
                        .index()
                        .entry_span(name, format!("mean {:.4}, standard deviation {:.4}", weight.mean, weight.std)),
                )
                .span(match facts.config.origin("initializer_range") {
                    Origin::Given(_) => facts.config.witness("initializer_range", "the spread of fresh weights"),
                    _ => facts.config.witness("initializer_range", format!("initializer_range is {fresh} by default")),
                })
                .note("its bias is exactly zero, which training does not leave behind")
                .help("fine-tune first, or point at the fine-tuned folder"),
        );
    }
    Ok(())
}
