//! LayerNorm (Ba et al. 2016), in two passes: the mean first, then the mean of squared differences, as torch's result.

use candle_core::{D, Result, Tensor};

use super::Source;
use crate::Error;

pub(super) struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f64,
}

impl LayerNorm {
    pub(super) fn load(source: &Source<'_>, name: &str) -> std::result::Result<Self, Error> {
        Ok(LayerNorm {
            weight: source.tensor(&format!("{name}.weight"))?,
            bias: source.tensor(&format!("{name}.bias"))?,
            eps: source.checkpoint.config().layer_norm_eps,
        })
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
        let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
        let normed = centred.broadcast_div(&(variance + self.eps)?.sqrt()?)?;
        normed.broadcast_mul(&self.weight)?.broadcast_add(&self.bias)
    }
}
