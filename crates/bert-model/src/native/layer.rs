//! Encoder layers: attention, then feed-forward, each with residual and LayerNorm.

use bert_kernels::{Attention, Columns, Distances, Isa, LayerNorm, Sequence};

use super::source::activation;
use super::{Dense, Source};
use crate::{Error, PackedBatch};

#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) hidden: usize,
    pub(super) heads: usize,
}

/// Memory of one batch.
#[derive(Default)]
pub(super) struct Workspace {
    /// Input and output of a layer, `[tokens, hidden]`.
    pub(super) hidden: Vec<f32>,
    /// Query, key and value of each token side by side.
    projected: Vec<f32>,
    /// Queries of the last layer.
    queries: Vec<f32>,
    context: Vec<f32>,
    attended: Vec<f32>,
    intermediate: Vec<f32>,
}

/// What follows the projections.
struct Rest {
    isa: Isa,
    distances: Option<Distances>,
    attention_output: Dense,
    attention_norm: LayerNorm,
    intermediate: Dense,
    activation: bert_kernels::Activation,
    output: Dense,
    output_norm: LayerNorm,
}

impl Rest {
    fn load(source: &Source<'_>, name: &str) -> Result<Self, Error> {
        Ok(Rest {
            isa: source.isa,
            distances: source.distances(&format!("{name}.attention"))?,
            attention_output: source.dense(&format!("{name}.attention.output.dense"))?,
            attention_norm: source.norm(&format!("{name}.attention.output.LayerNorm"))?,
            intermediate: source.dense(&format!("{name}.intermediate.dense"))?,
            activation: activation(source.checkpoint.config().hidden_act)?,
            output: source.dense(&format!("{name}.output.dense"))?,
            output_norm: source.norm(&format!("{name}.output.LayerNorm"))?,
        })
    }

    /// Context of `[q, k, v]` for `rows` queries.
    fn attend(&self, shape: Shape, qkv: [Columns<'_>; 3], sequences: &[Sequence], context: &mut [f32]) {
        let [q, k, v] = qkv;
        let head_size = shape.hidden.checked_div(shape.heads).unwrap_or(0);
        let attention = Attention { isa: self.isa, heads: shape.heads, head_size, distances: self.distances.as_ref() };
        attention.apply(q, k, v, sequences, context);
    }

    /// From the context to the layer's output; `hidden` is its input and becomes its output.
    fn finish(&self, work: &mut Workspace) {
        let Workspace { hidden, context, attended, intermediate, .. } = work;
        self.attention_output.apply_normed(context, hidden, &self.attention_norm, attended);
        self.intermediate.apply_activated(attended, self.activation, intermediate);
        self.output.apply_normed(intermediate, attended, &self.output_norm, hidden);
    }
}

/// A layer that computes all tokens.
pub(super) struct Layer {
    /// Query, key and value as one product.
    projections: Dense,
    rest: Rest,
}

impl Layer {
    pub(super) fn load(source: &Source<'_>, name: &str) -> Result<Self, Error> {
        let parts = ["query", "key", "value"].map(|part| format!("{name}.attention.self.{part}"));
        Ok(Layer { projections: source.joined(&parts)?, rest: Rest::load(source, name)? })
    }

    pub(super) fn forward(&self, shape: Shape, sequences: &[Sequence], work: &mut Workspace) {
        self.projections.apply(&work.hidden, &mut work.projected);
        let values = work.projected.as_slice();
        let columns = |part: usize| Columns { values, stride: 3 * shape.hidden, first: part * shape.hidden };
        work.context.resize(work.hidden.len(), 0.0);
        self.rest.attend(shape, [columns(0), columns(1), columns(2)], sequences, &mut work.context);
        self.rest.finish(work);
    }
}

/// The last layer: keys and values of all tokens, all else of the rows that are asked for.
pub(super) struct LastLayer {
    query: Dense,
    /// Key and value as one product.
    keys: Dense,
    rest: Rest,
}

impl LastLayer {
    pub(super) fn load(source: &Source<'_>, name: &str) -> Result<Self, Error> {
        let part = |part: &str| format!("{name}.attention.self.{part}");
        Ok(LastLayer {
            query: source.dense(&part("query"))?,
            keys: source.joined(&[part("key"), part("value")])?,
            rest: Rest::load(source, name)?,
        })
    }

    /// The rows that are asked for, `[wanted, hidden]`.
    pub(super) fn forward(&self, shape: Shape, batch: &PackedBatch, work: &mut Workspace) -> Vec<f32> {
        self.keys.apply(&work.hidden, &mut work.projected);
        if batch.wanted() < batch.total_tokens() {
            work.hidden = picked(&work.hidden, shape.hidden, batch);
        }
        self.query.apply(&work.hidden, &mut work.queries);
        let values = work.projected.as_slice();
        let columns = |part: usize| Columns { values, stride: 2 * shape.hidden, first: part * shape.hidden };
        let q = Columns { values: &work.queries, stride: shape.hidden, first: 0 };
        let sequences: Vec<Sequence> = batch
            .ranges()
            .zip(batch.wanted_ranges())
            .zip(batch.positions())
            .map(|((keys, queries), positions)| Sequence { queries, keys, positions: positions.to_vec() })
            .collect();
        work.context.resize(work.hidden.len(), 0.0);
        self.rest.attend(shape, [q, columns(0), columns(1)], &sequences, &mut work.context);
        self.rest.finish(work);
        work.hidden.clone()
    }
}

/// The rows that a batch asks for.
pub(super) fn picked(hidden: &[f32], width: usize, batch: &PackedBatch) -> Vec<f32> {
    let row = |row: usize| hidden.get(row * width..(row + 1) * width).unwrap_or_default();
    batch.wanted_rows().flat_map(|r| row(r).iter().copied()).collect()
}
