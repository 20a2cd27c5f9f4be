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
        Activation::Mish => x * softplus(x)?.tanh()?,
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

/// `ln(1 + e^x)` without overflow: `max(x, 0) + ln(1 + e^-|x|)`.
fn softplus(x: &Tensor) -> Result<Tensor> {
    x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?
}
