//! Word, token type and position tables, then LayerNorm.

use std::sync::{Mutex, PoisonError};

use bert_kernels::{Isa, LayerNorm, Table, parallel_chunks};

use super::Source;
use crate::{Error, PackedBatch, PredictError};

pub(super) struct Embeddings {
    words: Table,
    /// `None` with relative positions, which enter the attention instead.
    positions: Option<Table>,
    max_positions: usize,
    types: Table,
    norm: LayerNorm,
}

impl Embeddings {
    pub(super) fn load(source: &Source<'_>) -> Result<Self, Error> {
        let table = |name: &str| source.table(&format!("bert.embeddings.{name}_embeddings.weight"));
        Ok(Embeddings {
            words: table("word")?,
            positions: source.absolute_positions().then(|| table("position")).transpose()?,
            max_positions: source.checkpoint.config().max_position_embeddings,
            types: table("token_type")?,
            norm: source.norm("bert.embeddings.LayerNorm")?,
        })
    }

    /// Normalised sums `[total_tokens, hidden]`.
    pub(super) fn forward(&self, isa: Isa, batch: &PackedBatch, out: &mut [f32]) -> Result<(), PredictError> {
        let positions = batch.ranges().flat_map(|range| 0..range.len());
        let tokens: Vec<_> = batch.ids().iter().zip(batch.type_ids()).zip(positions).collect();
        let width = self.norm.width().max(1);
        // Fewer rows are not worth sharing.
        const SOME: usize = 64;
        let failed = Mutex::new(None);
        parallel_chunks(out, SOME * width, |part, rows| {
            let tokens = tokens.iter().skip(part * SOME);
            let sums = rows.chunks_mut(width).zip(tokens);
            for (row, ((id, kind), position)) in sums {
                if let Err(error) = self.sum(**id as usize, **kind as usize, *position, row) {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            }
        });
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        self.norm.apply(isa, out);
        Ok(())
    }

    fn sum(&self, id: usize, kind: usize, position: usize, row: &mut [f32]) -> Result<(), PredictError> {
        let past = |what: &str, number: usize| PredictError::Engine(format!("{what} {number} is past its table"));
        if position >= self.max_positions {
            return Err(past("position", position));
        }
        let word = self.words.row(id).ok_or_else(|| past("token id", id))?;
        let kind = self.types.row(kind).ok_or_else(|| past("token type", kind))?;
        for ((sum, a), b) in row.iter_mut().zip(word).zip(kind) {
            *sum = a + b;
        }
        if let Some(positions) = &self.positions {
            let position = positions.row(position).ok_or_else(|| past("position", position))?;
            row.iter_mut().zip(position).for_each(|(sum, c)| *sum += c);
        }
        Ok(())
    }
}
