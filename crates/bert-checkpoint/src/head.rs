//! Which head runs: what `architectures` says, confirmed by the tensors.

use bert_config::{Architecture, BertConfig, Task};
use bert_diag::{Code, Finding, Report, Span};
use bert_weights::{HeadEvidence, NameMap, TensorIndex};

pub(crate) struct Witnesses<'a> {
    pub(crate) config: &'a BertConfig,
    pub(crate) index: &'a TensorIndex,
    pub(crate) names: &'a NameMap,
    pub(crate) evidence: &'a HeadEvidence,
}

/// Classes that can do a task, the one trained for it first.
pub(crate) fn able(task: Task) -> &'static [Architecture] {
    match task {
        Task::TextClassification => &[Architecture::SequenceClassification],
        Task::TokenClassification => &[Architecture::TokenClassification],
        Task::QuestionAnswering => &[Architecture::QuestionAnswering],
        Task::FillMask => &[Architecture::MaskedLm, Architecture::PreTraining, Architecture::LmHead],
        Task::NextSentence => &[Architecture::NextSentencePrediction, Architecture::PreTraining],
        Task::MultipleChoice => &[Architecture::MultipleChoice],
        _ => &[Architecture::Model],
    }
}

/// Decides the architecture, reporting contradictions. `None` when there is an error about it.
pub(crate) fn decide(w: &Witnesses<'_>, task: Option<Task>, report: &mut Report) -> Option<Architecture> {
    let stated = w.config.architecture();
    if w.config.is_broken("architectures") || (stated.is_none() && !w.config.architectures.is_empty()) {
        return None; // reported with the configuration
    }
    if !w.names.rival_heads.is_empty() {
        return None; // reported with the names
    }
    match (task, stated) {
        (Some(task), _) => asked(w, task, stated, report),
        (None, Some(stated)) => confirm(w, stated, report),
        (None, None) => Some(from_tensors(w, report)),
    }
}

fn holds(w: &Witnesses<'_>, architecture: Architecture) -> bool {
    match architecture {
        Architecture::Model => true,
        Architecture::LmHead => w.evidence.candidates.contains(&Architecture::MaskedLm),
        // Whether the pooler is there is a question of its own.
        Architecture::SequenceClassification | Architecture::MultipleChoice | Architecture::TokenClassification => {
            w.evidence.classifier_outputs.is_some()
        }
        other => w.evidence.candidates.contains(&other),
    }
}

fn asked(w: &Witnesses<'_>, task: Task, stated: Option<Architecture>, report: &mut Report) -> Option<Architecture> {
    if task == Task::FeatureExtraction {
        return Some(stated.filter(|a| holds(w, *a)).unwrap_or(Architecture::Model));
    }
    let able = able(task);
    if let Some(stated) = stated.filter(|a| able.contains(a)) {
        return confirm(w, stated, report);
    }
    // A `classifier` fits three classes: there the stated one decides.
    let shares_name = |a: Architecture| {
        matches!(
            a,
            Architecture::SequenceClassification | Architecture::TokenClassification | Architecture::MultipleChoice
        )
    };
    let contradicted = stated.is_some_and(shares_name) && able.iter().any(|a| shares_name(*a));
    if let Some(found) = able.iter().copied().find(|a| w.evidence.candidates.contains(a) && !contradicted) {
        return Some(found);
    }
    let what = stated.map_or("no class".to_string(), |a| format!("`{a}`"));
    report.push(
        Finding::new(Code::X005, format!("the checkpoint cannot do {task}"))
            .span(w.config.span("architectures", format!("says {what}")))
            .note(format!("the file holds {}", w.evidence.summary))
            .help(format!(
                "to run what is trained: `bert predict . --task {}`",
                stated.map_or(Task::FeatureExtraction, Architecture::task)
            )),
    );
    None
}

fn confirm(w: &Witnesses<'_>, stated: Architecture, report: &mut Report) -> Option<Architecture> {
    if holds(w, stated) {
        return Some(stated);
    }
    let specs = bert_weights::expected_tensors(w.config, stated).filter(|s| s.required && !s.name.starts_with("bert."));
    let missing: Vec<_> = specs.filter(|s| w.names.in_file(&s.name).is_none()).map(|s| s.name).collect();
    let held = w.evidence.candidates.first().copied().unwrap_or(Architecture::Model);
    let fine_tuned = !matches!(
        held,
        Architecture::Model | Architecture::PreTraining | Architecture::MaskedLm | Architecture::NextSentencePrediction
    );
    let label = format!("needs {}", missing.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" and "));
    let (code, message) = if fine_tuned {
        (Code::X004, format!("the tensors are those of `{held}`, not of `{stated}`"))
    } else {
        (Code::X003, format!("the checkpoint has no trained head for {}", stated.task()))
    };
    let mut finding = Finding::new(code, message)
        .span(w.config.span("architectures", label))
        .note(format!("missing: {}", missing.join(", ")))
        .note(format!("`{}` holds {}, as `{held}` has", w.index.file(), w.evidence.summary));
    if !fine_tuned {
        finding = finding.note(
            "transformers would initialise a random head and only log a warning, so every prediction would be noise",
        );
    }
    if held != Architecture::Model {
        finding = finding.help(format!("to run what is trained: `bert predict . --task {}`", held.task()));
    }
    finding = match code == Code::X004 {
        true => finding.help(format!("if the weights are right, write \"architectures\": [\"{held}\"]")),
        false => finding.help("fine-tune first, or point at the fine-tuned folder"),
    };
    report.push(finding);
    None
}

fn from_tensors(w: &Witnesses<'_>, report: &mut Report) -> Architecture {
    if let Some(certain) = w.evidence.certain() {
        return certain;
    }
    let guess = w.evidence.candidates.first().copied().unwrap_or(Architecture::Model);
    let others: Vec<_> = w.evidence.candidates.iter().skip(1).map(|a| format!("`{a}`")).collect();
    let span = w.index.shape_span(w.names.in_file("classifier.weight").unwrap_or_default(), "the same for all of them");
    report.push(
        Finding::new(Code::X006, format!("the configuration names no class; the tensors are taken for `{guess}`"))
            .span(w.config.span("architectures", "no class named"))
            .spans(span.map(|s| Span { primary: false, ..s }))
            .note(format!("they could also be {}", others.join(" or ")))
            .help(format!("write \"architectures\": [\"{guess}\"], or say `--task`")),
    );
    guess
}
