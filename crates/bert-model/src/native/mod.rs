//! The encoder on bert-kernels: the default on a CPU.
//!
//! Tokens of a batch lie end to end, so nothing is computed for padding; weights are packed once, when the encoder is
//! loaded; the last layer computes the rows that are asked for, and of the others only what those attend to.

mod embeddings;
mod layer;
mod source;

use std::sync::{Mutex, PoisonError};

use bert_checkpoint::Checkpoint;
use bert_kernels::{Isa, Sequence, sized};
use ndarray::Array2;

use crate::{Encoder, Error, PackedBatch, PredictError};
use embeddings::Embeddings;
use layer::{LastLayer, Layer, Shape, Workspace};
pub(crate) use source::{Dense, Source, activation};

/// The encoder stack in f32 on the CPU, with the widest vectors the machine has.
pub struct NativeEncoder {
    isa: Isa,
    embeddings: Embeddings,
    layers: Vec<Layer>,
    /// `None` for an encoder without layers.
    last: Option<LastLayer>,
    shape: Shape,
    /// Memory of earlier batches, used again.
    workspaces: Mutex<Vec<Workspace>>,
}

impl NativeEncoder {
    /// Loads the encoder of a verified checkpoint, in parallel. Memory: the weights as f32, once.
    ///
    /// # Errors
    /// When the weights cannot be read.
    pub fn load(checkpoint: &Checkpoint) -> Result<Self, Error> {
        Self::load_for(checkpoint, Isa::best())
    }

    /// Names of the instruction sets that this machine has, widest first: of `avx512`, `avx2`, `neon` and `portable`.
    pub fn available_instructions() -> Vec<&'static str> {
        Isa::available().into_iter().map(Isa::name).collect()
    }

    /// As [`NativeEncoder::load`], for the instruction set of this name instead of the widest.
    ///
    /// # Errors
    /// When this machine does not have it, or the weights cannot be read.
    pub fn load_with_instructions(checkpoint: &Checkpoint, name: &str) -> Result<Self, Error> {
        let known = || Self::available_instructions().join(", ");
        let isa = Isa::available().into_iter().find(|isa| isa.name() == name);
        Self::load_for(checkpoint, isa.ok_or_else(|| Error::Engine(format!("no {name} here; there is: {}", known())))?)
    }

    fn load_for(checkpoint: &Checkpoint, isa: Isa) -> Result<Self, Error> {
        let source = Source { checkpoint, isa };
        let config = checkpoint.config();
        let before_last = config.num_hidden_layers.saturating_sub(1);
        let name = |i: usize| format!("bert.encoder.layer.{i}");
        Ok(NativeEncoder {
            isa,
            embeddings: Embeddings::load(&source)?,
            layers: (0..before_last).map(|i| Layer::load(&source, &name(i))).collect::<Result<_, _>>()?,
            last: match config.num_hidden_layers {
                0 => None,
                _ => Some(LastLayer::load(&source, &name(before_last))?),
            },
            shape: Shape { hidden: config.hidden_size, heads: config.num_attention_heads },
            workspaces: Mutex::default(),
        })
    }

    /// Name of the instruction set that it runs with.
    pub fn instructions(&self) -> &'static str {
        self.isa.name()
    }

    fn forward(&self, batch: &PackedBatch, work: &mut Workspace) -> Result<Vec<f32>, PredictError> {
        let sequences: Vec<Sequence> =
            batch.ranges().map(|r| Sequence { queries: r.clone(), keys: r, positions: Vec::new() }).collect();
        let tokens = batch.total_tokens();
        let hidden = sized(&mut work.hidden, tokens * self.shape.hidden);
        self.embeddings.forward(self.isa, batch, hidden)?;
        let Some(last) = &self.last else { return Ok(layer::picked(hidden, self.shape.hidden, batch)) };
        for layer in &self.layers {
            layer.forward(self.shape, &sequences, tokens, work);
        }
        Ok(last.forward(self.shape, batch, work))
    }
}

impl Encoder for NativeEncoder {
    fn encode(&self, batch: &PackedBatch) -> Result<Array2<f32>, PredictError> {
        let engine = |e: ndarray::ShapeError| PredictError::Engine(e.to_string());
        if batch.total_tokens() == 0 {
            return Ok(Array2::zeros((0, self.shape.hidden)));
        }
        let locked = || self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        let mut work = locked().pop().unwrap_or_default();
        let rows = bert_kernels::together(|| self.forward(batch, &mut work));
        locked().push(work);
        Array2::from_shape_vec((batch.wanted(), self.shape.hidden), rows?).map_err(engine)
    }

    fn hidden_size(&self) -> usize {
        self.shape.hidden
    }
}
