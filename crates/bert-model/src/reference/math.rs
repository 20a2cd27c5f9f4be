//! Matrix product, LayerNorm and softmax as their definitions read.

use ndarray::{Array1, Array2, Axis};

use super::Source;
use crate::Error;

/// `y = x W^T + b`, `W` `[out, in]`.
pub(super) struct Dense {
    weight: Array2<f64>,
    bias: Array1<f64>,
}

impl Dense {
    pub(super) fn load(source: &Source<'_>, name: &str) -> Result<Self, Error> {
        Ok(Dense { weight: source.matrix(&format!("{name}.weight"))?, bias: source.vector(&format!("{name}.bias"))? })
    }

    pub(super) fn forward(&self, x: &Array2<f64>) -> Array2<f64> {
        let mut y = Array2::zeros((x.nrows(), self.weight.nrows()));
        for (input, mut output) in x.axis_iter(Axis(0)).zip(y.axis_iter_mut(Axis(0))) {
            for ((o, w), b) in output.iter_mut().zip(self.weight.axis_iter(Axis(0))).zip(&self.bias) {
                *o = b + w.iter().zip(input).map(|(w, x)| w * x).sum::<f64>();
            }
        }
        y
    }
}

/// `(x - mean) / sqrt(variance + eps) * weight + bias` over each row (Ba et al. 2016).
pub(super) struct LayerNorm {
    weight: Array1<f64>,
    bias: Array1<f64>,
    eps: f64,
}

impl LayerNorm {
    pub(super) fn load(source: &Source<'_>, name: &str) -> Result<Self, Error> {
        let eps = source.0.config().layer_norm_eps;
        Ok(LayerNorm {
            weight: source.vector(&format!("{name}.weight"))?,
            bias: source.vector(&format!("{name}.bias"))?,
            eps,
        })
    }

    pub(super) fn forward(&self, mut x: Array2<f64>) -> Array2<f64> {
        for mut row in x.axis_iter_mut(Axis(0)) {
            let n = row.len() as f64;
            let mean = row.sum() / n;
            let variance = row.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
            let scale = (variance + self.eps).sqrt();
            for ((v, w), b) in row.iter_mut().zip(&self.weight).zip(&self.bias) {
                *v = (*v - mean) / scale * w + b;
            }
        }
        x
    }
}

/// `e^x / sum(e^x)`, shifted by the maximum.
pub(super) fn softmax(scores: &mut [f64]) {
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|s| *s = (*s - max).exp());
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|s| *s /= sum);
}
