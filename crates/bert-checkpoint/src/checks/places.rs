//! Where the parts were found, and other weight files beside the one that is used.

use bert_diag::{Code, Finding, Rejected, Report, Source, Span, counted, listed, quoted};
use bert_weights::{DType, NameMap, TensorChange, Weights, diff};

use super::Facts;
use crate::locate::step;
use crate::{Error, Level, Located, WeightsPlace};

/// Which checkpoint of a run, whose tokenizer.
pub(crate) fn places(located: &Located, report: &mut Report) {
    if let Some(chosen) = &located.chosen {
        report.push(
            Finding::new(Code::X028, format!("{} is used: {}", quoted(&chosen.name), chosen.why))
                .span(Span::whole(&Source::name_only("."), "a training run's folder")),
        );
    }
    if let Some(folder) = &located.tokenizer {
        let whose = match folder.file_name().map(|name| name.to_string_lossy()) {
            Some(name) if step(&name).is_some() => quoted(&name),
            _ => "the run's folder".to_string(),
        };
        report.push(
            Finding::new(Code::X029, format!("the checkpoint has no tokenizer; the one of {whose} is used"))
                .span(Span::whole(&Source::name_only("."), "no `tokenizer.json` or `vocab.txt`")),
        );
    }
}

/// Other weight files of the folder: equal, different, or not readable.
pub(crate) fn other_files(
    facts: &Facts<'_>,
    located: &Located,
    level: Level,
    report: &mut Report,
) -> Result<(), Error> {
    let WeightsPlace::File { path, others } = &located.weights else { return Ok(()) };
    let used = path.file_name().unwrap_or_default().to_string_lossy();
    for other in others {
        let beside = Finding::new(Code::W027, format!("{} lies beside `{used}`, which is used", quoted(other)))
            .span(Span::whole(&Source::name_only("."), ""));
        report.push(match Weights::open(located.folder.join(other)) {
            Ok(weights) => match compare(facts, &weights, level) {
                Ok(Ok(said)) => beside.note(said),
                Ok(Err(notes)) => disagree(&used, other, notes),
                Err(Error::Rejected(rejected)) => unreadable(beside, &rejected),
                Err(error) => return Err(error),
            },
            Err(bert_weights::Error::Rejected(rejected)) => unreadable(beside, &rejected),
            Err(bert_weights::Error::Io { .. }) => beside.note("it cannot be read").help("delete it"),
            Err(other) => return Err(other.into()),
        });
    }
    Ok(())
}

fn unreadable(beside: Finding, rejected: &Rejected) -> Finding {
    beside.note(format!("it cannot be read: {rejected}")).help("delete it")
}

fn disagree(used: &str, other: &str, notes: Vec<String>) -> Finding {
    Finding::new(Code::W047, format!("`{used}` and `{other}` hold different models"))
        .span(Span::whole(&Source::name_only("."), ""))
        .notes(notes)
        .note("loaders take the first they look for and never see the other")
        .help(format!("if `{used}` is meant, delete `{other}`; else delete `{used}`"))
}

/// `Ok` with a remark where the tensors that both hold agree, else what differs.
fn compare(facts: &Facts<'_>, other: &Weights, level: Level) -> Result<Result<String, Vec<String>>, Error> {
    let names = NameMap::decide(other.index().names());
    let shape = |weights: &Weights, file: &str| weights.index().get(file).map(|info| info.shape.clone());
    let both = || facts.names.iter().filter_map(|(standard, file)| Some((standard, file, names.in_file(standard)?)));
    let reshaped: Vec<_> = both()
        .filter(|(_, a, b)| shape(facts.weights, a) != shape(other, b))
        .map(|(standard, ..)| quoted(standard))
        .collect();
    if !reshaped.is_empty() {
        let what = format!("{} of other shapes: {}", counted(reshaped.len(), "tensor"), listed(&reshaped, 4));
        return Ok(Err(vec![what]));
    }
    if level < Level::Weights {
        return Ok(Ok("their shapes are equal; values are compared at level weights".into()));
    }
    let shared = both().count();
    let compared = diff((facts.weights, facts.names), (other, &names), 0.0)?;
    let differing: Vec<_> = compared
        .changes
        .iter()
        .filter_map(|c| match c.change {
            TensorChange::Values { max_abs, relative } if relative > tolerance(facts.weights, other) => {
                Some(format!("{} (largest difference {max_abs:.1e})", quoted(&c.name)))
            }
            _ => None,
        })
        .collect();
    Ok(match differing.len() {
        0 => Ok(format!("the {} that both hold are equal", counted(shared, "tensor"))),
        n => {
            Err(vec![format!("{n} of {} that both hold differ: {}", counted(shared, "tensor"), listed(&differing, 4))])
        }
    })
}

/// Files of one precision must agree to the last bit of arithmetic that a conversion may do; rounding to a shorter type
/// changes a tensor's norm by at most its unit of rounding (2^-11 for F16, 2^-8 for BF16).
fn tolerance(a: &Weights, b: &Weights) -> f64 {
    [a, b].iter().flat_map(|w| w.index().iter().map(|(_, info)| info.dtype)).fold(1e-6, |most: f64, dtype| {
        most.max(match dtype {
            DType::F16 => 1e-3,
            DType::BF16 => 8e-3,
            _ => 0.0,
        })
    })
}
