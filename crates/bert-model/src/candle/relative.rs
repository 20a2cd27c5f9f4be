//! Relative positions: a learned vector a distance enters the attention scores (`BertSelfAttention`, transformers 4.57.6;
//! Shaw et al. 2018 for the queries, Huang et al. 2020, method 4, for queries and keys).

use bert_config::PositionEmbedding;
use candle_core::{D, Result, Tensor};

use super::Source;
use crate::Error;

pub(super) struct Distances {
    /// `[2 positions - 1, head_size]`; row `positions - 1` is distance 0.
    table: Tensor,
    positions: usize,
    /// Whether distances enter the keys' side as well (`relative_key_query`).
    keys: bool,
}

impl Distances {
    /// `None` with absolute positions.
    pub(super) fn load(source: &Source<'_>, name: &str) -> std::result::Result<Option<Self>, Error> {
        if source.absolute_positions() {
            return Ok(None);
        }
        let config = source.checkpoint.config();
        Ok(Some(Distances {
            table: source.tensor(&format!("{name}.self.distance_embedding.weight"))?,
            positions: config.max_position_embeddings,
            keys: config.position_embedding_type == PositionEmbedding::RelativeKeyQuery,
        }))
    }

    /// What distances add to the scores `[heads, tokens, tokens]`, before scaling, for queries and keys
    /// `[heads, tokens, head_size]`: `q_l . d(l - r)`, and `k_r . d(l - r)` besides.
    pub(super) fn scores(&self, q: &Tensor, k: &Tensor) -> Result<Tensor> {
        let (heads, tokens, _) = q.dims3()?;
        let Some(first) = self.positions.checked_sub(tokens) else {
            candle_core::bail!("{tokens} tokens are past the {} positions", self.positions)
        };
        // Only distances -(tokens - 1) ..= tokens - 1 occur.
        let used = self.table.narrow(0, first, 2 * tokens - 1)?.t()?.contiguous()?;
        let all = |x: &Tensor| x.broadcast_matmul(&used);
        let index = |of: fn(usize, usize, usize) -> usize| -> Result<Tensor> {
            let one: Vec<u32> = (0..tokens).flat_map(|i| (0..tokens).map(move |j| of(i, j, tokens) as u32)).collect();
            Tensor::from_vec(one, (1, tokens, tokens), self.table.device())?
                .expand((heads, tokens, tokens))?
                .contiguous()
        };
        // Row l, column r of the result lies at distance l - r.
        let from_queries = all(q)?.gather(&index(|l, r, n| l + n - 1 - r)?, D::Minus1)?;
        if !self.keys {
            return Ok(from_queries);
        }
        let from_keys = all(k)?.gather(&index(|r, l, n| l + n - 1 - r)?, D::Minus1)?;
        from_queries + from_keys.transpose(1, 2)?
    }
}
