//! The seam between heads and arithmetic.

use std::ops::Range;

use bert_tok::Encoded;
use ndarray::{Array2, Axis};

use crate::PredictError;

/// Which of an input's tokens a head reads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wanted {
    /// Every token.
    All,
    /// The first one, `[CLS]`.
    First,
    /// Those at these positions, in this order.
    At(Vec<usize>),
}

/// Inputs laid end to end without padding, and which of their tokens are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackedBatch {
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    ends: Vec<usize>,
    /// Positions that are asked for of each input; `None` for all.
    positions: Vec<Option<Vec<usize>>>,
}

impl PackedBatch {
    /// Packs encoded inputs in order; all tokens are asked for.
    pub fn new<'a>(inputs: impl IntoIterator<Item = &'a Encoded>) -> Self {
        let mut batch = PackedBatch::default();
        for input in inputs {
            batch.push(&input.ids, &input.type_ids);
        }
        batch
    }

    /// Adds one input whose tokens are all asked for; token types that are not given are 0.
    pub fn push(&mut self, ids: &[u32], type_ids: &[u32]) {
        self.push_wanting(ids, type_ids, &Wanted::All);
    }

    /// Adds one input of which some tokens are asked for; positions past its end are left out.
    pub fn push_wanting(&mut self, ids: &[u32], type_ids: &[u32], wanted: &Wanted) {
        self.ids.extend_from_slice(ids);
        self.type_ids.extend((0..ids.len()).map(|i| type_ids.get(i).copied().unwrap_or(0)));
        self.ends.push(self.ids.len());
        self.positions.push(match wanted {
            Wanted::All => None,
            Wanted::First => Some((0..ids.len().min(1)).collect()),
            Wanted::At(positions) => Some(positions.iter().copied().filter(|p| *p < ids.len()).collect()),
        });
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

    /// Tokens of each input among all tokens.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        consecutive(self.ends.iter().copied())
    }

    /// Number of tokens that are asked for: rows of the result.
    pub fn wanted(&self) -> usize {
        self.wanted_ranges().last().map_or(0, |range| range.end)
    }

    /// Rows of each input in the result.
    pub fn wanted_ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let mut end = 0;
        consecutive(self.ranges().zip(&self.positions).map(move |(range, positions)| {
            end += positions.as_ref().map_or(range.len(), Vec::len);
            end
        }))
    }

    /// Tokens that are asked for, among all tokens, in the result's order.
    pub fn wanted_rows(&self) -> impl Iterator<Item = usize> {
        self.ranges().zip(&self.positions).flat_map(|(range, positions)| {
            let some = positions.iter().flatten().map(move |p| range.start + p);
            let all = if positions.is_none() { range } else { 0..0 };
            some.chain(all)
        })
    }

    /// Positions that are asked for of each input; empty where all are.
    pub(crate) fn positions(&self) -> impl Iterator<Item = &[usize]> {
        self.positions.iter().map(|positions| positions.as_deref().unwrap_or_default())
    }

    /// The rows that are asked for out of those of all tokens, `[total_tokens, hidden]`: for encoders that compute all.
    pub fn pick(&self, hidden: Array2<f32>) -> Array2<f32> {
        if self.positions.iter().all(Option::is_none) {
            return hidden;
        }
        hidden.select(Axis(0), &self.wanted_rows().collect::<Vec<_>>())
    }
}

fn consecutive(ends: impl Iterator<Item = usize>) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    ends.map(move |end| std::mem::replace(&mut start, end)..end)
}

/// An encoder stack: embeddings and layers, without pooler and head (Devlin et al. 2018).
pub trait Encoder: Send + Sync {
    /// Last hidden states of the tokens that are asked for, `[wanted, hidden_size]`. Every token attends to all tokens of
    /// its own input and to no other. The rows of an input do not depend on the other inputs of the batch.
    ///
    /// # Errors
    /// When an id, a token type or a position is past its table, or the arithmetic fails.
    fn encode(&self, batch: &PackedBatch) -> Result<Array2<f32>, PredictError>;

    /// Width of the hidden states.
    fn hidden_size(&self) -> usize;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_asked_for() {
        let mut batch = PackedBatch::default();
        batch.push(&[1, 2, 3], &[]);
        batch.push_wanting(&[4, 5], &[1], &Wanted::First);
        batch.push_wanting(&[6, 7, 8], &[], &Wanted::At(vec![2, 0, 9]));
        batch.push_wanting(&[], &[], &Wanted::First);
        assert_eq!(batch.type_ids(), [0, 0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(batch.ranges().collect::<Vec<_>>(), [0..3, 3..5, 5..8, 8..8]);
        assert_eq!(batch.wanted_rows().collect::<Vec<_>>(), [0, 1, 2, 3, 7, 5]);
        assert_eq!(batch.wanted_ranges().collect::<Vec<_>>(), [0..3, 3..4, 4..6, 6..6]);
        assert_eq!(batch.wanted(), 6);
        let hidden = Array2::from_shape_fn((8, 1), |(row, _)| row as f32);
        assert_eq!(batch.pick(hidden).into_raw_vec_and_offset().0, [0.0, 1.0, 2.0, 3.0, 7.0, 5.0]);
    }
}
