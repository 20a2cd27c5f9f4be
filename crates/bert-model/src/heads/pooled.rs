//! Heads on the pooled output: `BertForSequenceClassification`, `BertForMultipleChoice` (`classifier`) and
//! `BertForNextSentencePrediction` (`cls.seq_relationship`).

use bert_checkpoint::Checkpoint;
use ndarray::ArrayView2;

use super::pooler::Pooler;
use super::row;
use crate::linear::Linear;
use crate::runner::finite;
use crate::{Error, PredictError};

#[derive(Clone, Debug)]
pub(crate) struct PooledHead {
    pooler: Pooler,
    linear: Linear,
}

impl PooledHead {
    /// Loads the pooler and the linear layer called `name`.
    pub(crate) fn load(checkpoint: &Checkpoint, name: &str) -> Result<Self, Error> {
        Ok(PooledHead { pooler: Pooler::load(checkpoint)?, linear: Linear::load(checkpoint, name)? })
    }

    /// Logits of one input.
    pub(crate) fn logits(&self, hidden: ArrayView2<'_, f32>) -> Result<Vec<f32>, PredictError> {
        finite(self.linear.apply(&self.pooler.apply(&row(hidden, 0))))
    }
}
