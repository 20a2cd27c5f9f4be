//! The third witness: which two agree against the third.

use bert_config::BertConfig;
use bert_diag::{Code, Report, quoted};
use bert_weights::{NameMap, TensorIndex};

/// Findings about label maps get the classifier's word.
pub(crate) fn label_votes(config: &BertConfig, index: &TensorIndex, names: &NameMap, report: &mut Report) {
    let Some(file) = names.in_file("classifier.weight") else { return };
    let Some(rows) = index.get(file).and_then(|info| info.shape.first()) else { return };
    let agrees: Vec<String> =
        ["id2label", "label2id"].iter().filter(|m| config.map_entries(m) == Some(*rows)).map(|m| quoted(m)).collect();
    let vote = match agrees.as_slice() {
        [] => ", which agrees with neither map".to_string(),
        [one] => format!(", which agrees with {one}"),
        _ => String::new(),
    };
    for finding in report.findings_mut() {
        if [Code::C012, Code::C013, Code::C014, Code::C015, Code::C031].contains(&finding.code) {
            finding.notes.push(format!("{} has {rows} rows{vote}", quoted(file)));
        }
    }
}

/// What the tokenizer says about the size of the vocabulary.
pub(crate) fn vocabulary_vote(tokens: usize, stated: usize, rows: usize) -> String {
    let with = match (tokens == stated, tokens == rows) {
        (true, _) => "in agreement with the configuration",
        (_, true) => "in agreement with the weights",
        _ => "in agreement with neither",
    };
    format!("the tokenizer has {tokens} tokens, {with}")
}
