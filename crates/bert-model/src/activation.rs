//! The activations as `activations.py` (transformers 4.57.6) writes them, in f64: for the reference encoder, and for the
//! few rows that heads work on. The engine has its own.

use std::f64::consts::{FRAC_2_PI, FRAC_2_SQRT_PI, SQRT_2};

use bert_config::Activation;

pub(crate) fn exact(activation: Activation, x: f64) -> f64 {
    let gelu = |x: f64| 0.5 * x * (1.0 + erf(x / SQRT_2));
    let tanh_form = |c: f64| 0.5 * x * (1.0 + (c * (x + 0.044715 * x.powi(3))).tanh());
    match activation {
        Activation::Gelu => gelu(x),
        Activation::GeluTanh => tanh_form(FRAC_2_PI.sqrt()),
        Activation::GeluFast => tanh_form(0.797_884_560_8),
        Activation::QuickGelu => x * sigmoid(1.702 * x),
        Activation::Gelu10 => gelu(x).clamp(-10.0, 10.0),
        Activation::Relu => x.max(0.0),
        Activation::Relu2 => x.max(0.0).powi(2),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::LeakyRelu if x < 0.0 => 0.01 * x,
        Activation::LeakyRelu => x,
        Activation::Silu => x * sigmoid(x),
        Activation::Mish => x * (x.max(0.0) + (-x.abs()).exp().ln_1p()).tanh(),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => sigmoid(x),
        Activation::Linear => x,
        // The constants as the reference writes them, not the exact roots.
        #[allow(clippy::approx_constant)]
        Activation::Laplace => 0.5 * (1.0 + erf((x - 0.707_107) / (0.282_095 * SQRT_2))),
        Activation::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        // The enum may grow in a later version of bert-config; NaN shows at once.
        _ => f64::NAN,
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The error function: its power series below 3, the continued fraction of its complement above (Abramowitz and Stegun
/// 7.1.6 and 7.1.14), to about 1e-15.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    if a < 3.0 {
        let (mut term, mut sum, mut n) = (a, a, 0.0);
        while term.abs() > 1e-18 * sum.abs() {
            n += 1.0;
            term *= 2.0 * a * a / (2.0 * n + 1.0);
            sum += term;
        }
        return (FRAC_2_SQRT_PI * (-a * a).exp() * sum).copysign(x);
    }
    let fraction = (1..=60).rev().fold(0.0, |f, k| f64::from(k) / 2.0 / (a + f));
    (1.0 - (-a * a).exp() * FRAC_2_SQRT_PI / 2.0 / (a + fraction)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::erf;

    /// Values of DLMF, table 7.14 and beyond, to all their digits.
    #[test]
    fn erf_equals_its_table() {
        for (x, y) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (2.0, 0.995_322_265_018_952_7),
            (3.0, 0.999_977_909_503_001_4),
            (4.0, 0.999_999_984_582_742_1),
            (-1.0, -0.842_700_792_949_714_9),
        ] {
            assert!((erf(x) - y).abs() < 1e-15, "erf({x}) = {}", erf(x));
        }
    }
}
