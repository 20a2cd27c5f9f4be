//! From logits to scores.

use bert_config::{Activation, BertConfig, ProblemType};

use crate::activation::exact;

/// What turns the logits of a classifier into scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScoreFunction {
    /// The raw numbers (regression).
    None,
    /// Each label by itself.
    Sigmoid,
    /// One label of many; the scores sum to 1.
    Softmax,
    /// An activation of its own, as a cross-encoder may name one.
    Activation(Activation),
}

impl ScoreFunction {
    /// The function the reference applies (`pipelines/text_classification.py`, transformers 4.57.6): none for
    /// regression, sigmoid for multi-label or a single label, else softmax. Where the file says that it is a cross-encoder
    /// with an activation of its own, that one.
    pub fn of(config: &BertConfig) -> Self {
        if let Some(activation) = config.score_activation() {
            return ScoreFunction::Activation(activation);
        }
        match (config.problem_type, config.labels().len()) {
            (Some(ProblemType::Regression), _) => ScoreFunction::None,
            (Some(ProblemType::MultiLabel), _) | (_, 1) => ScoreFunction::Sigmoid,
            _ => ScoreFunction::Softmax,
        }
    }

    /// Scores of one row of logits.
    pub fn apply(self, logits: &[f32]) -> Vec<f32> {
        match &self {
            ScoreFunction::None => logits.to_vec(),
            ScoreFunction::Sigmoid => logits.iter().map(|x| (1.0 / (1.0 + (-f64::from(*x)).exp())) as f32).collect(),
            ScoreFunction::Softmax => softmax(logits),
            ScoreFunction::Activation(a) => logits.iter().map(|x| exact(*a, f64::from(*x)) as f32).collect(),
        }
    }
}

/// In f64, so that the few numbers of a row lose nothing; subtracts the maximum against overflow.
pub(crate) fn softmax(logits: &[f32]) -> Vec<f32> {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exp: Vec<f64> = logits.iter().map(|x| f64::from(x - max).exp()).collect();
    let sum: f64 = exp.iter().sum();
    exp.into_iter().map(|e| (e / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_logits_do_not_overflow() {
        assert_eq!(ScoreFunction::Softmax.apply(&[1e30, 0.0]), [1.0, 0.0]);
        assert_eq!(ScoreFunction::Sigmoid.apply(&[-1e30, 0.0, 1e30]), [0.0, 0.5, 1.0]);
    }
}
