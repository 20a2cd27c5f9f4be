//! What turns the logit of a cross-encoder into its score (`CrossEncoder.py`, sentence-transformers 5.2.3).

use bert_diag::{Code, Finding, Report, Source, Span, listed, quoted};
use bert_json::Value;

use crate::Activation;

/// Place of the class in `config.json`: since version 4, and before.
const PLACES: [&[&str]; 2] = [&["sentence_transformers", "activation_fn"], &["sbert_ce_default_activation_function"]];

/// The activation that the configuration names; a class that is not known is reported.
pub(crate) fn read(root: &Value, source: &Source, report: &mut Report) -> Option<Activation> {
    let named = |path: &&[&str]| path.iter().try_fold(root, |value, key| value.get(key)).filter(|v| !v.is_null());
    let (path, value) = PLACES.iter().find_map(|path| Some((path, named(path)?)))?;
    let class = value.as_str().unwrap_or_default();
    let known = Activation::from_torch_class(class);
    if known.is_none() {
        report.push(
            Finding::new(Code::C029, format!("the activation {} of the scores is not known", quoted(class)))
                .span(
                    Span::primary(source, value.range.clone(), "not a class of torch that is known")
                        .at_pointer(format!("/{}", path.join("/"))),
                )
                .note(format!("known are torch.nn's {}", listed(Activation::torch_classes(), 16)))
                .help(Code::C029.how_to_fix()),
        );
    }
    known
}
