//! One encoder layer: attention, then feed-forward, each with residual and LayerNorm.

use std::ops::Range;

use bert_config::Activation;
use candle_core::{Result, Tensor};

use super::attention::Attention;
use super::norm::LayerNorm;
use super::{Linear, Source, activation};
use crate::Error;

pub(super) struct Layer {
    attention: Attention,
    attention_norm: LayerNorm,
    intermediate: Linear,
    activation: Activation,
    output: Linear,
    output_norm: LayerNorm,
}

impl Layer {
    pub(super) fn load(source: &Source<'_>, name: &str) -> std::result::Result<Self, Error> {
        Ok(Layer {
            attention: Attention::load(source, &format!("{name}.attention"))?,
            attention_norm: LayerNorm::load(source, &format!("{name}.attention.output.LayerNorm"))?,
            intermediate: Linear::load(source, &format!("{name}.intermediate.dense"))?,
            activation: source.checkpoint.config().hidden_act,
            output: Linear::load(source, &format!("{name}.output.dense"))?,
            output_norm: LayerNorm::load(source, &format!("{name}.output.LayerNorm"))?,
        })
    }

    /// `x` `[total_tokens, hidden]`, one range of rows an input.
    pub(super) fn forward(&self, x: &Tensor, ranges: &[Range<usize>]) -> Result<Tensor> {
        let attended = self.attention_norm.forward(&(self.attention.forward(x, ranges)? + x)?)?;
        let expanded = activation::apply(self.activation, &self.intermediate.forward(&attended)?)?;
        self.output_norm.forward(&(self.output.forward(&expanded)? + attended)?)
    }
}
