//! A linear layer on single rows, for heads: `y = W x + b` with `W` `[out, in]`.

use bert_checkpoint::Checkpoint;
use bert_weights::Weights;

use crate::Error;

#[derive(Clone, Debug)]
pub(crate) struct Linear {
    weight: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
}

/// Sums kept side by side: fixed, so that the order of additions never depends on anything but the length.
const LANES: usize = 16;

impl Linear {
    /// Loads `{name}.weight` and `{name}.bias`.
    pub(crate) fn load(checkpoint: &Checkpoint, name: &str) -> Result<Self, Error> {
        let (weight, shape) = checkpoint.tensor(&format!("{name}.weight"))?;
        let (bias, _) = checkpoint.tensor(&format!("{name}.bias"))?;
        Ok(Self::new(weight, shape, bias))
    }

    /// `weight` of this `shape`, `[out, in]`.
    pub(crate) fn new(weight: Vec<f32>, shape: &[usize], bias: Vec<f32>) -> Self {
        Linear { weight, bias, inputs: shape.last().copied().unwrap_or(0) }
    }

    /// A layer that lies in a file of its own, under the names that torch gives it in a module called `linear`.
    pub(crate) fn of_module(weights: &Weights, has_bias: bool) -> Result<Self, Error> {
        let (weight, shape) = tensor(weights, "linear.weight")?;
        let outputs = shape.first().copied().unwrap_or(0);
        let bias = if has_bias { tensor(weights, "linear.bias")?.0 } else { vec![0.0; outputs] };
        Ok(Self::new(weight, &shape, bias))
    }

    pub(crate) fn apply(&self, x: &[f32]) -> Vec<f32> {
        self.weight.chunks_exact(self.inputs.max(1)).zip(&self.bias).map(|(row, b)| dot(row, x) + b).collect()
    }
}

/// A tensor of a file by its own name, with its shape.
pub(crate) fn tensor(weights: &Weights, name: &str) -> Result<(Vec<f32>, Vec<usize>), Error> {
    let missing = || bert_weights::Error::NoTensor { name: name.to_string() };
    let view = weights.get(name).ok_or_else(missing)?;
    Ok((view.to_f32()?, view.info().shape.clone()))
}

pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (x, y) in a_chunks.iter().zip(b_chunks) {
        for ((s, x), y) in sums.iter_mut().zip(x).zip(y) {
            *s += x * y;
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_a_plain_f64_product() {
        for inputs in [1, 2, 15, 16, 17, 33, 768] {
            let value = |i: usize| ((i * 2_654_435_761) % 1000) as f32 / 500.0 - 1.0;
            let linear = Linear { weight: (0..3 * inputs).map(value).collect(), bias: vec![0.5, -1.0, 0.0], inputs };
            let x: Vec<f32> = (0..inputs).map(|i| value(i + 7)).collect();
            for (o, y) in linear.apply(&x).into_iter().enumerate() {
                let row = &linear.weight[o * inputs..(o + 1) * inputs];
                let exact: f64 = row.iter().zip(&x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum::<f64>()
                    + f64::from(linear.bias[o]);
                // 768 products below 1: rounding of f32 sums stays far under 1e-4.
                assert!((f64::from(y) - exact).abs() < 1e-4, "{inputs} inputs: {y} instead of {exact}");
            }
        }
    }
}
