//! One encoder layer: every token looks at every token, then each by itself goes through two dense layers.

use bert_config::{Activation, PositionEmbedding};
use ndarray::{Array2, ArrayView1, Axis, Slice};

use super::Source;
use super::math::{Dense, LayerNorm, softmax};
use crate::{Error, activation};

pub(super) struct Layer {
    query: Dense,
    key: Dense,
    value: Dense,
    attention_output: Dense,
    attention_norm: LayerNorm,
    intermediate: Dense,
    activation: Activation,
    output: Dense,
    output_norm: LayerNorm,
    heads: usize,
    /// A vector a distance, and how it is used; `None` with absolute positions.
    distances: Option<(Array2<f64>, PositionEmbedding)>,
}

impl Layer {
    pub(super) fn load(source: &Source<'_>, name: &str) -> Result<Self, Error> {
        let dense = |part: &str| Dense::load(source, &format!("{name}.{part}"));
        let kind = source.0.config().position_embedding_type;
        let distances = match kind {
            PositionEmbedding::Absolute => None,
            kind => Some((source.matrix(&format!("{name}.attention.self.distance_embedding.weight"))?, kind)),
        };
        let norm = |part: &str| LayerNorm::load(source, &format!("{name}.{part}"));
        Ok(Layer {
            query: dense("attention.self.query")?,
            key: dense("attention.self.key")?,
            value: dense("attention.self.value")?,
            attention_output: dense("attention.output.dense")?,
            attention_norm: norm("attention.output.LayerNorm")?,
            intermediate: dense("intermediate.dense")?,
            activation: source.0.config().hidden_act,
            output: dense("output.dense")?,
            output_norm: norm("output.LayerNorm")?,
            heads: source.0.config().num_attention_heads,
            distances,
        })
    }

    pub(super) fn forward(&self, x: &Array2<f64>) -> Array2<f64> {
        let attended = self.attention_norm.forward(self.attention_output.forward(&self.attend(x)) + x);
        let expanded = self.intermediate.forward(&attended).mapv(|v| activation::exact(self.activation, v));
        self.output_norm.forward(self.output.forward(&expanded) + &attended)
    }

    /// `softmax(Q K^T / sqrt(d)) V` for each head, heads side by side.
    fn attend(&self, x: &Array2<f64>) -> Array2<f64> {
        let (q, k, v) = (self.query.forward(x), self.key.forward(x), self.value.forward(x));
        let (tokens, size) = (x.nrows(), x.ncols() / self.heads.max(1));
        let mut context = Array2::zeros((tokens, x.ncols()));
        for head in 0..self.heads {
            let columns =
                |x: &Array2<f64>| x.slice_axis(Axis(1), Slice::from(head * size..(head + 1) * size)).to_owned();
            let (q, k, v) = (columns(&q), columns(&k), columns(&v));
            for (token, query) in q.rows().into_iter().enumerate() {
                let score =
                    |(other, key)| (query.dot(&key) + self.distance(token, other, query, key)) / (size as f64).sqrt();
                let mut weights: Vec<f64> = k.rows().into_iter().enumerate().map(score).collect();
                softmax(&mut weights);
                let mut row = context.row_mut(token);
                let mut part = row.slice_axis_mut(Axis(0), Slice::from(head * size..(head + 1) * size));
                for (weight, value) in weights.iter().zip(v.rows()) {
                    part.scaled_add(*weight, &value);
                }
            }
        }
        context
    }

    /// `q . d` with relative keys, `q . d + k . d` with relative keys and queries, `d` the vector of the distance
    /// between the two tokens.
    fn distance(&self, token: usize, other: usize, query: ArrayView1<'_, f64>, key: ArrayView1<'_, f64>) -> f64 {
        let Some((table, kind)) = &self.distances else { return 0.0 };
        let zero = table.nrows() / 2;
        let vector = table.row(zero + token - other);
        match kind {
            PositionEmbedding::RelativeKeyQuery => query.dot(&vector) + key.dot(&vector),
            _ => query.dot(&vector),
        }
    }
}
