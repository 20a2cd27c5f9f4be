//! Heads on every token: `BertForTokenClassification` (`classifier`) and `BertForQuestionAnswering` (`qa_outputs`).

use bert_checkpoint::Checkpoint;
use ndarray::ArrayView2;

use super::row;
use crate::linear::Linear;
use crate::runner::finite;
use crate::{Error, PredictError};

#[derive(Clone, Debug)]
pub(crate) struct TokenHead(Linear);

impl TokenHead {
    /// Loads the linear layer called `name`.
    pub(crate) fn load(checkpoint: &Checkpoint, name: &str) -> Result<Self, Error> {
        Ok(TokenHead(Linear::load(checkpoint, name)?))
    }

    /// Logits of every token, `[tokens][outputs]`.
    pub(crate) fn logits(&self, hidden: ArrayView2<'_, f32>) -> Result<Vec<Vec<f32>>, PredictError> {
        (0..hidden.nrows()).map(|token| finite(self.0.apply(&row(hidden, token)))).collect()
    }
}
