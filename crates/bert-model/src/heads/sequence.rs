//! `BertForSequenceClassification`: a classifier on the pooled output.

use bert_checkpoint::Checkpoint;
use ndarray::{Array2, ArrayView2};

use super::pooler::Pooler;
use crate::linear::Linear;
use crate::{Error, PackedBatch, PredictError};

#[derive(Clone, Debug)]
pub(crate) struct SequenceHead {
    pooler: Pooler,
    classifier: Linear,
    num_labels: usize,
}

impl SequenceHead {
    pub(crate) fn load(checkpoint: &Checkpoint) -> Result<Self, Error> {
        Ok(SequenceHead {
            pooler: Pooler::load(checkpoint)?,
            classifier: Linear::load(checkpoint, "classifier")?,
            num_labels: checkpoint.config().labels().len(),
        })
    }

    /// Logits `[inputs, num_labels]` of hidden states `[total_tokens, hidden]`.
    pub(crate) fn logits(&self, batch: &PackedBatch, hidden: ArrayView2<'_, f32>) -> Result<Array2<f32>, PredictError> {
        let mut logits = Vec::with_capacity(batch.len() * self.num_labels);
        for range in batch.ranges() {
            let first = hidden.row(range.start).to_vec();
            logits.extend(self.classifier.apply(&self.pooler.apply(&first)));
        }
        Array2::from_shape_vec((batch.len(), self.num_labels), logits).map_err(|e| PredictError::Engine(e.to_string()))
    }
}
