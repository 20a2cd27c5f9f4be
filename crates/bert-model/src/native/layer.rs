//! Encoder layers: attention, then feed-forward, each with residual and LayerNorm.

use std::cell::RefCell;

use bert_kernels::{
    Attention, Columns, Distances, Isa, LayerNorm, Sequence, parallel_chunks, rows_to_keep_together, sized,
};

use super::source::activation;
use super::{Dense, Source};
use crate::{Error, PackedBatch};

#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) hidden: usize,
    pub(super) heads: usize,
}

/// Memory of one batch; what is past a batch's values is left from an earlier one.
#[derive(Default)]
pub(super) struct Workspace {
    /// Input and output of a layer, `[tokens, hidden]`.
    pub(super) hidden: Vec<f32>,
    /// Query, key and value of each token side by side.
    projected: Vec<f32>,
    /// Queries of the last layer.
    queries: Vec<f32>,
    context: Vec<f32>,
    rest: RestWorkspace,
}

/// Memory of what follows the attention.
#[derive(Default)]
struct RestWorkspace {
    attended: Vec<f32>,
    intermediate: Vec<f32>,
}

thread_local! {
    /// That of rows which go through the rest of a layer together.
    static TOGETHER: RefCell<RestWorkspace> = RefCell::default();
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
    fn finish(&self, context: &[f32], hidden: &mut [f32], work: &mut RestWorkspace) {
        let width = self.attention_norm.width().max(1);
        let Some(rows) = rows_to_keep_together(self.isa, hidden.len() / width) else {
            return self.finish_rows(context, hidden, work);
        };
        parallel_chunks(hidden, rows * width, |part, hidden| {
            let context = context.get(part * rows * width..).and_then(|c| c.get(..hidden.len())).unwrap_or_default();
            TOGETHER.with_borrow_mut(|work| self.finish_rows(context, hidden, work));
        });
    }

    fn finish_rows(&self, context: &[f32], hidden: &mut [f32], work: &mut RestWorkspace) {
        let attended = sized(&mut work.attended, hidden.len());
        self.attention_output.apply_normed(context, hidden, &self.attention_norm, attended);
        let intermediate = self.intermediate.apply_activated(attended, self.activation, &mut work.intermediate);
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

    /// `tokens` rows of `work.hidden` are the layer's input and become its output.
    pub(super) fn forward(&self, shape: Shape, sequences: &[Sequence], tokens: usize, work: &mut Workspace) {
        let hidden = sized(&mut work.hidden, tokens * shape.hidden);
        let values = self.projections.apply(hidden, &mut work.projected);
        let columns = |part: usize| Columns { values, stride: 3 * shape.hidden, first: part * shape.hidden };
        let context = sized(&mut work.context, hidden.len());
        self.rest.attend(shape, [columns(0), columns(1), columns(2)], sequences, context);
        self.rest.finish(context, hidden, &mut work.rest);
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
        let all = sized(&mut work.hidden, batch.total_tokens() * shape.hidden);
        let values = self.keys.apply(all, &mut work.projected);
        let mut hidden = picked(all, shape.hidden, batch);
        let queries = self.query.apply(&hidden, &mut work.queries);
        let columns = |part: usize| Columns { values, stride: 2 * shape.hidden, first: part * shape.hidden };
        let q = Columns { values: queries, stride: shape.hidden, first: 0 };
        let sequences: Vec<Sequence> = batch
            .ranges()
            .zip(batch.wanted_ranges())
            .zip(batch.positions())
            .map(|((keys, queries), positions)| Sequence { queries, keys, positions: positions.to_vec() })
            .collect();
        let context = sized(&mut work.context, hidden.len());
        self.rest.attend(shape, [q, columns(0), columns(1)], &sequences, context);
        self.rest.finish(context, &mut hidden, &mut work.rest);
        hidden
    }
}

/// The rows that a batch asks for.
pub(super) fn picked(hidden: &[f32], width: usize, batch: &PackedBatch) -> Vec<f32> {
    let row = |row: usize| hidden.get(row * width..(row + 1) * width).unwrap_or_default();
    batch.wanted_rows().flat_map(|r| row(r).iter().copied()).collect()
}
