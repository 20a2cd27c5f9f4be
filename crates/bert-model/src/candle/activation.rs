//! The reference's activations in candle's operations.

use std::f64::consts::{FRAC_2_PI, SQRT_2};

use bert_config::Activation;
use candle_core::{Result, Tensor};

// Laplace's constants are written as the reference writes them, not as the exact roots.
#[allow(clippy::approx_constant)]
pub(super) fn apply(activation: Activation, x: &Tensor) -> Result<Tensor> {
    match activation {
        Activation::Gelu => x.gelu_erf(),
        Activation::GeluTanh => gelu_tanh(x, FRAC_2_PI.sqrt()),
        Activation::GeluFast => gelu_tanh(x, 0.797_884_560_8),
        Activation::QuickGelu => x * sigmoid(&(x * 1.702)?)?,
        Activation::Gelu10 => x.gelu_erf()?.clamp(-10.0, 10.0),
        Activation::Relu => x.relu(),
        Activation::Relu2 => x.relu()?.sqr(),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::LeakyRelu => x.maximum(&(x * 0.01)?),
        Activation::Silu => x * sigmoid(x)?,
        Activation::Mish => mish(x),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => sigmoid(x),
        Activation::Linear => Ok(x.clone()),
        Activation::Laplace => (((x - 0.707_107)? / (0.282_095 * SQRT_2))?.erf()? + 1.0)? * 0.5,
        Activation::HardSwish => (x * (x + 3.0)?.clamp(0.0, 6.0)?)? / 6.0,
        other => candle_core::bail!("activation {other:?} is not implemented"),
    }
}

fn gelu_tanh(x: &Tensor, constant: f64) -> Result<Tensor> {
    let inner = ((x + (x.sqr()? * x)?.affine(0.044_715, 0.0)?)? * constant)?;
    (x * 0.5)? * (inner.tanh()? + 1.0)?
}

/// `1 / (1 + e^-x)`; overflow of the exponential gives the right 0.
fn sigmoid(x: &Tensor) -> Result<Tensor> {
    (x.neg()?.exp()? + 1.0)?.recip()
}

/// `x tanh(ln(1 + e^x))`. With `t = e^x` the tanh is `n / (n + 2)` for `n = t (t + 2)`, which keeps its digits where the
/// logarithm would lose them; from 20 on it is 1 in f32.
fn mish(x: &Tensor) -> Result<Tensor> {
    let t = x.minimum(20.0)?.exp()?;
    let n = (&t * (&t + 2.0)?)?;
    x * (&n / (&n + 2.0)?)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    use crate::activation::exact;

    #[test]
    fn every_activation_equals_its_formula_in_f64() {
        let xs: Vec<f32> = (-120..=120).map(|i| i as f32 / 10.0).collect();
        let x = Tensor::new(xs.as_slice(), &Device::Cpu).unwrap();
        for name in Activation::names() {
            let activation = Activation::from_name(name).unwrap();
            let values: Vec<f32> = apply(activation, &x).unwrap().to_vec1().unwrap();
            for (x, y) in xs.iter().zip(values) {
                let exact = exact(activation, f64::from(*x));
                // Four units in the last place of f32 at the size of the input (12) and of its square (144).
                let tolerance = 4.0 * f64::from(f32::EPSILON) * exact.abs().max(1.0);
                assert!((f64::from(y) - exact).abs() <= tolerance, "{name}({x}) = {y}, exactly {exact}");
            }
        }
    }

    #[test]
    fn large_inputs_do_not_overflow() {
        let x = Tensor::new(&[-200.0f32, 200.0], &Device::Cpu).unwrap();
        for (activation, expected) in
            [(Activation::Silu, [0.0, 200.0]), (Activation::Mish, [0.0, 200.0]), (Activation::Sigmoid, [0.0, 1.0])]
        {
            let values: Vec<f32> = apply(activation, &x).unwrap().to_vec1().unwrap();
            assert!(
                values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-30f32.max(b * f32::EPSILON)),
                "{activation:?}: {values:?}"
            );
        }
    }
}
