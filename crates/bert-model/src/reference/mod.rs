//! The encoder a second time, in plain f64 loops written from the paper (Devlin et al. 2018; Vaswani et al. 2017): slow,
//! and without a line of arithmetic in common with the engine, so that it can judge it.

mod layer;
mod math;

use bert_checkpoint::Checkpoint;
use bert_config::PositionEmbedding;
use ndarray::{Array1, Array2, Axis};

use crate::{Encoder, Error, PackedBatch, PredictError};
use layer::Layer;
use math::LayerNorm;

/// The encoder stack in f64, one token after the other.
pub struct ReferenceEncoder {
    words: Array2<f64>,
    /// `None` with relative positions.
    positions: Option<Array2<f64>>,
    max_positions: usize,
    types: Array2<f64>,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

/// Where tensors come from.
struct Source<'a>(&'a Checkpoint);

impl Source<'_> {
    fn matrix(&self, name: &str) -> Result<Array2<f64>, Error> {
        let (values, shape) = self.0.tensor(name)?;
        let (rows, columns) = (shape.first().copied().unwrap_or(0), shape.get(1).copied().unwrap_or(0));
        let values = values.into_iter().map(f64::from).collect();
        Array2::from_shape_vec((rows, columns), values).map_err(|e| Error::Engine(format!("{name}: {e}")))
    }

    fn vector(&self, name: &str) -> Result<Array1<f64>, Error> {
        Ok(self.0.tensor(name)?.0.into_iter().map(f64::from).collect())
    }
}

impl ReferenceEncoder {
    /// Loads the encoder of a verified checkpoint; takes twice the memory of f32 weights.
    ///
    /// # Errors
    /// When the weights cannot be read.
    pub fn load(checkpoint: &Checkpoint) -> Result<Self, Error> {
        let source = Source(checkpoint);
        let table = |name: &str| source.matrix(&format!("bert.embeddings.{name}_embeddings.weight"));
        let absolute = checkpoint.config().position_embedding_type == PositionEmbedding::Absolute;
        let layers = 0..checkpoint.config().num_hidden_layers;
        Ok(ReferenceEncoder {
            words: table("word")?,
            positions: absolute.then(|| table("position")).transpose()?,
            max_positions: checkpoint.config().max_position_embeddings,
            types: table("token_type")?,
            norm: LayerNorm::load(&source, "bert.embeddings.LayerNorm")?,
            layers: layers
                .map(|i| Layer::load(&source, &format!("bert.encoder.layer.{i}")))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Sum of the three embeddings of each token, normalised: `[tokens, hidden]`.
    fn embed(&self, ids: &[u32], type_ids: &[u32]) -> Result<Array2<f64>, PredictError> {
        let past = |what: &str, id: usize| PredictError::Engine(format!("{what} {id} is past its table"));
        let mut x = Array2::zeros((ids.len(), self.words.ncols()));
        for (position, (id, kind)) in ids.iter().zip(type_ids).enumerate() {
            let (id, kind) = (*id as usize, *kind as usize);
            if id >= self.words.nrows() {
                return Err(past("token id", id));
            }
            if kind >= self.types.nrows() {
                return Err(past("token type", kind));
            }
            if position >= self.max_positions {
                return Err(past("position", position));
            }
            let mut sum = &self.words.row(id) + &self.types.row(kind);
            if let Some(positions) = &self.positions {
                sum += &positions.row(position);
            }
            x.row_mut(position).assign(&sum);
        }
        Ok(self.norm.forward(x))
    }
}

impl Encoder for ReferenceEncoder {
    fn encode(&self, batch: &PackedBatch) -> Result<Array2<f32>, PredictError> {
        let mut out = Array2::zeros((0, self.hidden_size()));
        for range in batch.ranges() {
            let part = |list: &[u32]| list.get(range.clone()).unwrap_or_default().to_vec();
            let mut x = self.embed(&part(batch.ids()), &part(batch.type_ids()))?;
            for layer in &self.layers {
                x = layer.forward(&x);
            }
            let rows = x.mapv(|v| v as f32);
            out.append(Axis(0), rows.view()).map_err(|e| PredictError::Engine(e.to_string()))?;
        }
        Ok(batch.pick(out))
    }

    fn hidden_size(&self) -> usize {
        self.words.ncols()
    }
}
