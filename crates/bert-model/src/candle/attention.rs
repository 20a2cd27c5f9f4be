//! Multi-head self-attention (Vaswani et al. 2017), input by input: no mask is needed where there is no padding.

use std::ops::Range;

use candle_core::{D, Result, Tensor};
use rayon::prelude::*;

use super::relative::Distances;
use super::{Linear, Source};
use crate::Error;

pub(super) struct Attention {
    /// Query, key and value as one product.
    qkv: Linear,
    output: Linear,
    distances: Option<Distances>,
    heads: usize,
    head_size: usize,
}

impl Attention {
    pub(super) fn load(source: &Source<'_>, name: &str) -> std::result::Result<Self, Error> {
        let parts = ["query", "key", "value"].map(|part| format!("{name}.self.{part}"));
        let config = source.checkpoint.config();
        Ok(Attention {
            qkv: Linear::load_joined(source, &parts)?,
            output: Linear::load(source, &format!("{name}.output.dense"))?,
            distances: Distances::load(source, name)?,
            heads: config.num_attention_heads,
            head_size: config.head_size(),
        })
    }

    pub(super) fn forward(&self, x: &Tensor, ranges: &[Range<usize>]) -> Result<Tensor> {
        let qkv = self.qkv.forward(x)?;
        let contexts: Vec<Tensor> = ranges
            .par_iter()
            .map(|range| self.attend(&qkv.narrow(0, range.start, range.len())?))
            .collect::<Result<_>>()?;
        self.output.forward(&Tensor::cat(&contexts, 0)?)
    }

    /// Context `[tokens, hidden]` of one input's `[tokens, 3 hidden]`.
    fn attend(&self, qkv: &Tensor) -> Result<Tensor> {
        let tokens = qkv.dim(0)?;
        let split = qkv.reshape((tokens, 3, self.heads, self.head_size))?.permute((1, 2, 0, 3))?.contiguous()?;
        let (q, k, v) = (split.get(0)?, split.get(1)?, split.get(2)?);
        let mut scores = q.matmul(&k.t()?)?;
        if let Some(distances) = &self.distances {
            scores = (scores + distances.scores(&q, &k)?)?;
        }
        let scores = (scores * (1.0 / (self.head_size as f64).sqrt()))?;
        let context = softmax(&scores)?.matmul(&v)?;
        context.transpose(0, 1)?.reshape((tokens, self.heads * self.head_size))
    }
}

fn softmax(scores: &Tensor) -> Result<Tensor> {
    let exp = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
    exp.broadcast_div(&exp.sum_keepdim(D::Minus1)?)
}
