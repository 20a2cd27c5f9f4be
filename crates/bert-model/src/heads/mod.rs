//! Heads: from an input's hidden states `[tokens, hidden]` to logits, one a module.

mod norm;
mod pooled;
mod pooler;
mod predictions;
mod sentence;
mod tokens;

pub(crate) use pooled::PooledHead;
pub(crate) use predictions::PredictionsHead;
pub(crate) use sentence::SentenceHead;
pub(crate) use tokens::TokenHead;

use ndarray::ArrayView2;

/// The hidden states of one token, as a slice.
fn row(hidden: ArrayView2<'_, f32>, token: usize) -> Vec<f32> {
    hidden.row(token).to_vec()
}
