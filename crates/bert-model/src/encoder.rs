//! The seam between heads and arithmetic.

use std::ops::Range;

use bert_tok::Encoded;
use ndarray::Array2;

use crate::PredictError;

/// Inputs laid end to end without padding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackedBatch {
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    ends: Vec<usize>,
}

impl PackedBatch {
    /// Packs encoded inputs in order.
    pub fn new<'a>(inputs: impl IntoIterator<Item = &'a Encoded>) -> Self {
        let mut batch = PackedBatch::default();
        for input in inputs {
            batch.push(&input.ids, &input.type_ids);
        }
        batch
    }

    /// Adds one input; token types that are not given are 0.
    pub fn push(&mut self, ids: &[u32], type_ids: &[u32]) {
        self.ids.extend_from_slice(ids);
        self.type_ids.extend((0..ids.len()).map(|i| type_ids.get(i).copied().unwrap_or(0)));
        self.ends.push(self.ids.len());
    }

    /// `input_ids` of all tokens.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// `token_type_ids` of all tokens.
    pub fn type_ids(&self) -> &[u32] {
        &self.type_ids
    }

    /// Number of inputs.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no input.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Number of tokens.
    pub fn total_tokens(&self) -> usize {
        self.ids.len()
    }

    /// Rows of each input in the hidden states.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(self.ends.iter().copied()).map(|(start, end)| start..end)
    }
}

/// An encoder stack: embeddings and layers, without pooler and head (Devlin et al. 2018).
pub trait Encoder: Send + Sync {
    /// Last hidden states, `[total_tokens, hidden_size]`. Every token attends to all tokens of its own input and to no
    /// other. The rows of an input do not depend on the other inputs of the batch.
    ///
    /// # Errors
    /// When an id, a token type or a position is past its table, or the arithmetic fails.
    fn encode(&self, batch: &PackedBatch) -> Result<Array2<f32>, PredictError>;

    /// Width of the hidden states.
    fn hidden_size(&self) -> usize;
}
