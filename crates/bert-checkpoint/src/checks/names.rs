//! How the names of the file became the standard ones.

use bert_diag::{Code, Finding, Report, Span, counted, listed, quoted};
use bert_weights::{Container, NameMap, TensorIndex};

/// Some LayerNorms may have the modern names already.
fn half_renamed(names: &NameMap) -> Option<String> {
    let layer_norms = names.iter().filter(|(standard, _)| standard.contains("LayerNorm."));
    match layer_norms.filter(|(_, file)| !file.ends_with("gamma") && !file.ends_with("beta")).count() {
        0 => None,
        n => Some(format!("{n} others have the modern names already: the file was renamed half-way")),
    }
}

pub(crate) fn names(index: &TensorIndex, names: &NameMap, report: &mut Report) {
    if let [first, second, ..] = names.rival_prefixes.as_slice() {
        let anchor = |prefix: &str| format!("{prefix}embeddings.word_embeddings.weight");
        report.push(
            Finding::new(Code::W022, "the file holds more than one encoder")
                .spans(index.name_span(&anchor(first), &anchor(first), "one"))
                .spans(
                    index.name_span(&anchor(second), &anchor(second), "another").map(|s| Span { primary: false, ..s }),
                )
                .note(format!("prefixes: {}", listed(names.rival_prefixes.iter().map(|p| quoted(p)), 6)))
                .help("delete the one that was not trained from the file"),
        );
    }
    if let [first, second, ..] = names.rival_heads.as_slice() {
        let head = |prefix: &String| index.names().find(|n| n.starts_with(prefix.as_str())).unwrap_or_default();
        report.push(
            Finding::new(Code::W022, "the file holds more than one head")
                .spans(index.name_span(head(first), first, "one"))
                .spans(index.name_span(head(second), second, "another").map(|s| Span { primary: false, ..s }))
                .note(format!("prefixes: {}", listed(names.rival_heads.iter().map(|p| quoted(p)), 6)))
                .help("delete the one that is not meant from the file"),
        );
    }
    if let Some(first) = names.collisions.first() {
        let [a, b] = &first.in_file;
        let all = names.collisions.iter().map(|c| quoted(&c.standard));
        report.push(
            Finding::new(
                Code::W022,
                format!(
                    "{} stand for the same tensor: {}",
                    match names.collisions.len() {
                        1 => "two names".to_string(),
                        n => format!("{n} pairs of names"),
                    },
                    listed(all, 4)
                ),
            )
            .spans(index.name_span(b, b, "one name"))
            .spans(index.name_span(a, a, "the other").map(|s| Span { primary: false, ..s }))
            .help("delete one of the two from the file; which one was trained cannot be seen"),
        );
    }
    if let Some(first) = names.legacy.first() {
        let word = if first.ends_with("gamma") { "gamma" } else { "beta" };
        let read_as = if word == "gamma" { "read as `weight`" } else { "read as `bias`" };
        report.push(
            Finding::new(
                Code::W020,
                match names.legacy.len() {
                    1 => "1 tensor uses the TensorFlow-era names `gamma`/`beta`".to_string(),
                    n => format!("{n} tensors use the TensorFlow-era names `gamma`/`beta`"),
                },
            )
            .spans(index.name_span(first, word, read_as))
            .notes(half_renamed(names))
            .note("the mapping is unambiguous, so they are loaded")
            .help("rename them once: `bert convert . -o DIR --rename-legacy`, or silence: `--allow W020`"),
        );
    }
    if names.changes_prefix() {
        let prefix = names.encoder_prefix.as_deref().unwrap_or_default();
        let what = if prefix.is_empty() {
            "the encoder's names have no `bert.` prefix".to_string()
        } else {
            format!("the encoder's names begin with {} instead of `bert.`", quoted(prefix))
        };
        let count = names.iter().filter(|(standard, file)| standard != file).count();
        report.push(
            Finding::new(Code::W021, format!("{what}; {} mapped", counted(count, "name")))
                .span(index.file_span("decided from all names at once")),
        );
    }
    provenance(index, report);
    if index.container() == Container::Safetensors && !index.metadata().contains_key("format") {
        report.push(
            Finding::new(Code::W024, Code::W024.summary())
                .span(index.file_span("no `format` in `__metadata__`"))
                .note("transformers 4 refuses to load the file for that reason alone")
                .help("save it with `save_file(tensors, path, metadata={\"format\": \"pt\"})`"),
        );
    }
}

/// What was done to bring the container's content into standard form.
fn provenance(index: &TensorIndex, report: &mut Report) {
    let done = index.provenance();
    let mut note = |code: Code, message: String, label: String| {
        report.push(Finding::new(code, message).span(index.file_span(label)));
    };
    if let Some(convention) = done.convention {
        let turned = match done.transposed {
            0 => String::new(),
            n => format!("; {} read transposed", counted(n, "matrix")),
        };
        let message =
            format!("{} under the names of {convention} were translated{turned}", counted(index.len(), "tensor"));
        note(Code::W043, message, format!("{} file", index.container()));
    }
    if !done.nested_under.is_empty() {
        let path = quoted(&done.nested_under.join("."));
        note(Code::W046, format!("the tensors lie under {path}"), "a trainer's file".into());
    }
    let (names, count) = &done.skipped;
    if *count > 0 {
        let message = format!(
            "{} passed over, no part of the model: {}",
            counted(*count, "entry"),
            listed(names.iter().map(|n| quoted(n)), 4)
        );
        note(Code::W044, message, "not looked at".into());
    }
    if let Some(adapter) = &done.adapter {
        let saved = match adapter.saved.len() {
            0 => String::new(),
            _ => format!(", {} trained whole", counted(adapter.saved.len(), "tensor")),
        };
        let message = format!(
            "adapter `{}` (r={}, alpha={}, {}) changes {}{saved}",
            adapter.file,
            adapter.r,
            adapter.lora_alpha,
            listed(&adapter.targets, 8),
            counted(adapter.changed.len(), "tensor")
        );
        note(Code::X026, message, "the base".into());
    }
}
