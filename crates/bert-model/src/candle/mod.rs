//! The encoder on candle-core.
//!
//! candle-transformers' `BertModel` knows three activations, no packed batches and a LayerNorm that takes the variance as
//! a difference of squares, so the layers are written here in candle's operations; the tests compare with its model
//! where it fits.

mod activation;
mod attention;
mod embeddings;
mod layer;
mod norm;
mod relative;

use bert_checkpoint::Checkpoint;
use bert_config::PositionEmbedding;
use candle_core::{Device, Tensor};
use ndarray::Array2;

use crate::{Encoder, Error, PackedBatch, PredictError};
use embeddings::Embeddings;
use layer::Layer;

/// The encoder stack on candle-core, in f32.
pub struct CandleEncoder {
    embeddings: Embeddings,
    layers: Vec<Layer>,
    hidden_size: usize,
}

impl CandleEncoder {
    /// Loads the encoder of a verified checkpoint on the CPU.
    ///
    /// # Errors
    /// When the weights cannot be read.
    pub fn load(checkpoint: &Checkpoint) -> Result<Self, Error> {
        Self::load_on(checkpoint, &Device::Cpu)
    }

    /// As [`CandleEncoder::load`], on a device of candle's. Add candle-core with its feature `cuda` or `metal` to your own
    /// dependencies to have one.
    ///
    /// # Errors
    /// When the weights cannot be read or do not fit the device.
    pub fn load_on(checkpoint: &Checkpoint, device: &Device) -> Result<Self, Error> {
        let source = Source { checkpoint, device };
        let layers = 0..checkpoint.config().num_hidden_layers;
        Ok(CandleEncoder {
            embeddings: Embeddings::load(&source)?,
            layers: layers
                .map(|i| Layer::load(&source, &format!("bert.encoder.layer.{i}")))
                .collect::<Result<_, _>>()?,
            hidden_size: checkpoint.config().hidden_size,
        })
    }

    fn forward(&self, batch: &PackedBatch) -> candle_core::Result<Vec<f32>> {
        let ranges: Vec<_> = batch.ranges().collect();
        let mut hidden = self.embeddings.forward(batch, &ranges)?;
        for layer in &self.layers {
            hidden = layer.forward(&hidden, &ranges)?;
        }
        hidden.flatten_all()?.to_vec1()
    }
}

impl Encoder for CandleEncoder {
    fn encode(&self, batch: &PackedBatch) -> Result<Array2<f32>, PredictError> {
        let engine = |e: &dyn std::fmt::Display| PredictError::Engine(e.to_string());
        if batch.total_tokens() == 0 {
            return Ok(Array2::zeros((0, self.hidden_size)));
        }
        let flat = self.forward(batch).map_err(|e| engine(&e))?;
        let all = Array2::from_shape_vec((batch.total_tokens(), self.hidden_size), flat).map_err(|e| engine(&e))?;
        Ok(batch.pick(all))
    }

    fn hidden_size(&self) -> usize {
        self.hidden_size
    }
}

/// Where tensors come from.
struct Source<'a> {
    checkpoint: &'a Checkpoint,
    device: &'a Device,
}

impl Source<'_> {
    fn absolute_positions(&self) -> bool {
        self.checkpoint.config().position_embedding_type == PositionEmbedding::Absolute
    }

    fn tensor(&self, name: &str) -> Result<Tensor, Error> {
        let (values, shape) = self.checkpoint.tensor(name)?;
        Tensor::from_vec(values, shape, self.device).map_err(engine)
    }
}

fn engine(error: candle_core::Error) -> Error {
    Error::Engine(error.to_string())
}

/// `x W^T + b` for `x` `[rows, in]`, with `W^T` `[in, out]` laid out contiguously: the product then sums every output in
/// the same order whatever the number of rows (candle's strided product does not for small matrices).
struct Linear {
    transposed: Tensor,
    bias: Tensor,
}

impl Linear {
    fn load(source: &Source<'_>, name: &str) -> Result<Self, Error> {
        Self::load_joined(source, &[name.to_string()])
    }

    /// Several layers of the same input as one product; outputs lie side by side.
    fn load_joined(source: &Source<'_>, names: &[String]) -> Result<Self, Error> {
        let all = |part: &str| {
            names.iter().map(|name| source.tensor(&format!("{name}.{part}"))).collect::<Result<Vec<_>, _>>()
        };
        let weight = Tensor::cat(&all("weight")?, 0).map_err(engine)?;
        let transposed = weight.t().and_then(|t| t.contiguous()).map_err(engine)?;
        Ok(Linear { transposed, bias: Tensor::cat(&all("bias")?, 0).map_err(engine)? })
    }

    fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        x.matmul(&self.transposed)?.broadcast_add(&self.bias)
    }
}
