//! `BertPooler`: a dense layer and tanh on the first token.

use bert_checkpoint::Checkpoint;

use crate::Error;
use crate::linear::Linear;

#[derive(Clone, Debug)]
pub(crate) struct Pooler(Linear);

impl Pooler {
    pub(crate) fn load(checkpoint: &Checkpoint) -> Result<Self, Error> {
        Ok(Pooler(Linear::load(checkpoint, "bert.pooler.dense")?))
    }

    /// Pooled output `[hidden]` of the first token's hidden state `[hidden]`.
    pub(crate) fn apply(&self, first_token: &[f32]) -> Vec<f32> {
        self.0.apply(first_token).into_iter().map(f32::tanh).collect()
    }
}
