//! Word, token type and position tables, then LayerNorm.

use std::ops::Range;

use candle_core::{Result, Tensor};

use super::Source;
use super::norm::LayerNorm;
use crate::{Error, PackedBatch};

pub(super) struct Embeddings {
    words: Tensor,
    /// `None` with relative positions, which enter the attention instead.
    positions: Option<Tensor>,
    types: Tensor,
    norm: LayerNorm,
}

impl Embeddings {
    pub(super) fn load(source: &Source<'_>) -> std::result::Result<Self, Error> {
        let table = |name: &str| source.tensor(&format!("bert.embeddings.{name}_embeddings.weight"));
        Ok(Embeddings {
            words: table("word")?,
            positions: source.absolute_positions().then(|| table("position")).transpose()?,
            types: table("token_type")?,
            norm: LayerNorm::load(source, "bert.embeddings.LayerNorm")?,
        })
    }

    pub(super) fn forward(&self, batch: &PackedBatch, ranges: &[Range<usize>]) -> Result<Tensor> {
        let positions: Vec<u32> = ranges.iter().flat_map(|r| 0..r.len() as u32).collect();
        let rows = |table: &Tensor, ids: &[u32]| table.index_select(&Tensor::new(ids, table.device())?, 0);
        let sum = (rows(&self.words, batch.ids())? + rows(&self.types, batch.type_ids())?)?;
        let sum = match &self.positions {
            Some(table) => (sum + rows(table, &positions)?)?,
            None => sum,
        };
        self.norm.forward(&sum)
    }
}
