//! No configuration: what the tensors reveal.

use bert_diag::{Code, Finding, Source, Span, counted, listed};
use bert_weights::{NameMap, Weights, infer_config};

use crate::Located;

pub(crate) fn config_missing(located: &Located, weights: Option<&Weights>, names: &NameMap) -> Finding {
    let mut finding = Finding::new(Code::C001, "no `config.json` in the checkpoint")
        .span(Span::whole(&Source::name_only("."), ""))
        .note(located.found());
    if let Some(weights) = weights {
        let recovered = infer_config(weights.index(), names);
        let fields = recovered.fields.iter().map(|f| format!("{} {}", f.name, f.value));
        finding = finding
            .note(format!("from {}: {}", counted(weights.index().len(), "tensor"), listed(fields, 12)))
            .note(format!("the file holds {}", recovered.head.summary))
            .note(format!("no shape shows {}", recovered.unknown.join(", ")));
    }
    finding
        .help("copy `config.json` from the training run's output folder, or name one: `--model-config FILE`")
        .help("or reconstruct it: `bert recover-config . --write`")
}
