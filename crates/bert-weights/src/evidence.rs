//! Which head the tensors are.

use bert_config::Architecture;

use crate::{NameMap, TensorIndex};

/// What the head tensors of a file say about the class that saved them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeadEvidence {
    /// Classes whose every head tensor is there, the most likely first. [`Architecture::Model`] when there is no head.
    pub candidates: Vec<Architecture>,
    /// Outputs of `classifier.weight`, if it is there.
    pub classifier_outputs: Option<usize>,
    /// Whether the pooler is there.
    pub has_pooler: bool,
    /// A short description of the head tensors for messages.
    pub summary: String,
}

impl HeadEvidence {
    /// Reads the head off the tensors.
    pub fn read(index: &TensorIndex, names: &NameMap) -> HeadEvidence {
        let shape = |standard: &str| Some(index.get(names.in_file(standard)?)?.shape.as_slice());
        let has = |standard: &str| shape(standard).is_some();
        let has_pooler = has("bert.pooler.dense.weight");
        let predictions = has("cls.predictions.transform.dense.weight");
        let next_sentence = has("cls.seq_relationship.weight");
        let outputs = shape("classifier.weight").and_then(|s| s.first().copied());
        let mut candidates = Vec::new();
        let mut parts = Vec::new();
        if let Some(n) = outputs {
            candidates.extend(match (has_pooler, n) {
                (true, 1) => vec![
                    Architecture::SequenceClassification,
                    Architecture::MultipleChoice,
                    Architecture::TokenClassification,
                ],
                (true, _) => vec![Architecture::SequenceClassification, Architecture::TokenClassification],
                (false, _) => vec![Architecture::TokenClassification],
            });
            parts.push(format!("`classifier` {:?}", shape("classifier.weight").unwrap_or_default()));
        }
        if has("qa_outputs.weight") {
            candidates.push(Architecture::QuestionAnswering);
            parts.push("`qa_outputs`".into());
        }
        if predictions && next_sentence {
            candidates.push(Architecture::PreTraining);
        }
        if predictions {
            candidates.push(Architecture::MaskedLm);
            parts.push("`cls.predictions`".into());
        }
        if next_sentence {
            candidates.push(Architecture::NextSentencePrediction);
            parts.push("`cls.seq_relationship`".into());
        }
        if candidates.is_empty() {
            candidates.push(Architecture::Model);
            parts.push(if has_pooler { "no head, only a pooler" } else { "no head" }.into());
        }
        HeadEvidence { candidates, classifier_outputs: outputs, has_pooler, summary: parts.join(", ") }
    }

    /// The class the tensors are, when they can be of one class only.
    pub fn certain(&self) -> Option<Architecture> {
        match self.candidates.as_slice() {
            [one] => Some(*one),
            [Architecture::PreTraining, ..] => Some(Architecture::PreTraining),
            _ => None,
        }
    }
}
