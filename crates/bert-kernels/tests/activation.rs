//! Activations against their formulas in f64, with the bound that their documentation states.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::f64::consts::{FRAC_2_PI, FRAC_2_SQRT_PI, SQRT_2};

use bert_kernels::Activation;
use common::*;

/// The formulas as `activations.py` (transformers 4.57.6) writes them.
fn exact(activation: Activation, x: f64) -> f64 {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let normal = |x: f64| 0.5 * (1.0 + erf(x / SQRT_2));
    match activation {
        Activation::Linear => x,
        // Below 0 by the complement, whose digits the sum would lose.
        Activation::Gelu => x * if x < 0.0 { 0.5 * erfc(-x / SQRT_2) } else { normal(x) },
        Activation::GeluTanh => 0.5 * x * (1.0 + (FRAC_2_PI.sqrt() * (x + 0.044715 * x.powi(3))).tanh()),
        Activation::QuickGelu => x * sigmoid(1.702 * x),
        Activation::Gelu10 => exact(Activation::Gelu, x).clamp(-10.0, 10.0),
        Activation::Relu => x.max(0.0),
        Activation::Relu2 => x.max(0.0).powi(2),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::LeakyRelu => {
            if x < 0.0 {
                0.01 * x
            } else {
                x
            }
        }
        Activation::Silu => x * sigmoid(x),
        Activation::Mish => x * (x.max(0.0) + (-x.abs()).exp().ln_1p()).tanh(),
        Activation::Tanh => x.tanh(),
        Activation::Sigmoid => sigmoid(x),
        #[allow(clippy::approx_constant, reason = "as the reference writes it")]
        Activation::Laplace => 0.5 * (1.0 + erf((x - 0.707107) / (0.282095 * SQRT_2))),
        Activation::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
        other => unreachable!("{other:?}"),
    }
}

/// Power series below 3, continued fraction above (Abramowitz and Stegun 7.1.6, 7.1.14), to about 1e-15.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    if a >= 3.0 {
        return (1.0 - erfc(a)).copysign(x);
    }
    let (mut term, mut sum, mut n) = (a, a, 0.0);
    while term > 1e-18 * sum {
        n += 1.0;
        term *= 2.0 * a * a / (2.0 * n + 1.0);
        sum += term;
    }
    (FRAC_2_SQRT_PI * (-a * a).exp() * sum).copysign(x)
}

fn erfc(x: f64) -> f64 {
    if x < 3.0 {
        return 1.0 - erf(x);
    }
    let fraction = (1..=60).rev().fold(0.0, |f, k| f64::from(k) / 2.0 / (x + f));
    (-x * x).exp() * FRAC_2_SQRT_PI / 2.0 / (x + fraction)
}

/// Every 4,099th bit pattern (a prime: all exponents and signs) up to 1e18, and a fine grid where the curves bend.
fn inputs() -> Vec<f32> {
    let patterns = (0..=u32::MAX).step_by(4099).map(f32::from_bits).filter(|x| x.abs() <= 1e18);
    patterns.chain((-200_000..=200_000).map(|i| i as f32 / 10_000.0)).collect()
}

#[test]
fn every_activation_keeps_its_bound() {
    let x = inputs();
    for isa in sets() {
        for activation in Activation::ALL {
            let mut y = x.clone();
            activation.apply(isa, &mut y);
            for (x, y) in x.iter().zip(y) {
                let exact = exact(activation, f64::from(*x));
                // The stated bound. 1e36 of `relu2` is still a number of f32.
                let bound = 4.0 * f64::from(f32::EPSILON) * exact.abs().max(f64::from(x.abs())).max(1.0);
                let name = isa.name();
                assert!(
                    (f64::from(y) - exact).abs() <= bound,
                    "{name} {activation:?}({x:e}) = {y:e}, exactly {exact:e}"
                );
            }
        }
    }
}

/// What matters most by itself, where a network's values are: a quarter of that bound.
#[test]
fn gelu_is_exact_to_a_unit() {
    let x: Vec<f32> = (-80_000..=80_000).map(|i| i as f32 / 10_000.0).collect();
    for isa in sets() {
        let mut y = x.clone();
        Activation::Gelu.apply(isa, &mut y);
        for (x, y) in x.iter().zip(y) {
            let exact = exact(Activation::Gelu, f64::from(*x));
            let bound = f64::from(f32::EPSILON) * exact.abs().max(1.0);
            assert!((f64::from(y) - exact).abs() <= bound, "{} gelu({x}) = {y}, exactly {exact}", isa.name());
        }
    }
}

#[test]
fn what_is_not_a_number_stays_so_and_short_slices_are_whole() {
    for isa in sets() {
        for activation in Activation::ALL {
            for length in [0, 1, 3, 4, 7, 8, 15, 16, 17, 33] {
                let mut y = vec![f32::NAN; length];
                activation.apply(isa, &mut y);
                assert!(y.iter().all(|v| v.is_nan()), "{} {activation:?}", isa.name());
                let mut ones = vec![1.0; length];
                activation.apply(isa, &mut ones);
                assert!(ones.windows(2).all(|w| w[0] == w[1]), "{} {activation:?} {length}", isa.name());
            }
        }
    }
}
