//! Activations on vectors, from one exponential and one tail of the normal distribution.

use crate::simd::{Isa, Op, Simd};

/// What follows a product, element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Activation {
    /// `x`
    Linear,
    /// `x Φ(x)`, Φ the normal distribution
    Gelu,
    /// `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`
    GeluTanh,
    /// `x sigmoid(1.702 x)`
    QuickGelu,
    /// `Gelu` clipped to -10..10
    Gelu10,
    /// `max(x, 0)`
    Relu,
    /// `max(x, 0)^2`
    Relu2,
    /// `x` clipped to 0..6
    Relu6,
    /// `x`, below 0 `0.01 x`
    LeakyRelu,
    /// `x sigmoid(x)`
    Silu,
    /// `x tanh(ln(1 + e^x))`
    Mish,
    /// `tanh(x)`
    Tanh,
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// `Φ((x - 0.707107) / 0.282095)`
    Laplace,
    /// `x clip(x + 3, 0, 6) / 6`
    HardSwish,
}

impl Activation {
    /// All of them.
    pub const ALL: [Activation; 15] = [
        Activation::Linear,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::QuickGelu,
        Activation::Gelu10,
        Activation::Relu,
        Activation::Relu2,
        Activation::Relu6,
        Activation::LeakyRelu,
        Activation::Silu,
        Activation::Mish,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Laplace,
        Activation::HardSwish,
    ];

    /// Applies it to values in place.
    ///
    /// Against the formula in f64 the error is at most 4 units of f32 at the size of the larger of 1, input and result
    /// (`4 * 2^-23 * max(1, |x|, |y|)`), for all inputs up to 1e18 in size; NaN stays NaN.
    pub fn apply(self, isa: Isa, values: &mut [f32]) {
        struct Apply<'a>(Activation, &'a mut [f32]);
        impl Op for Apply<'_> {
            type Out = ();
            #[inline(always)]
            fn run<S: Simd>(self, s: S) {
                for at in (0..self.1.len()).step_by(S::LANES) {
                    let y = activate(s, self.0, s.get(self.1, at, 0.0));
                    s.put(self.1, at, y);
                }
            }
        }
        isa.run(Apply(self, values));
    }
}

#[inline(always)]
pub(crate) fn activate<S: Simd>(s: S, activation: Activation, x: S::V) -> S::V {
    match activation {
        Activation::Linear => x,
        Activation::Gelu => gelu(s, x),
        Activation::GeluTanh => gelu_tanh(s, x),
        Activation::QuickGelu => s.mul(x, sigmoid(s, s.mul(x, s.splat(1.702)))),
        Activation::Gelu10 => s.max(s.splat(-10.0), s.min(s.splat(10.0), gelu(s, x))),
        Activation::Relu => relu(s, x),
        Activation::Relu2 => {
            let y = relu(s, x);
            s.mul(y, y)
        }
        Activation::Relu6 => s.min(s.splat(6.0), relu(s, x)),
        Activation::LeakyRelu => s.choose(s.splat(0.0), x, s.mul(x, s.splat(0.01)), x),
        Activation::Silu => s.mul(x, sigmoid(s, x)),
        Activation::Mish => mish(s, x),
        Activation::Tanh => tanh(s, x),
        Activation::Sigmoid => sigmoid(s, x),
        Activation::Laplace => {
            // The constants as the reference writes them, not the exact root.
            #[allow(clippy::approx_constant)]
            const MU: f32 = 0.707_107;
            let z = s.mul(s.sub(x, s.splat(MU)), s.splat(1.0 / 0.282_095));
            let tail = tail(s, s.abs(z));
            s.choose(z, s.splat(0.0), s.sub(s.splat(1.0), tail), tail)
        }
        Activation::HardSwish => {
            let clipped = s.max(s.splat(0.0), s.min(s.splat(6.0), s.add(x, s.splat(3.0))));
            s.mul(s.mul(x, clipped), s.splat(1.0 / 6.0))
        }
    }
}

/// `max(x, 0)`; NaN stays NaN as the second operand.
#[inline(always)]
fn relu<S: Simd>(s: S, x: S::V) -> S::V {
    s.max(s.splat(0.0), x)
}

/// `x - x Φ(-x)` above 0, `x Φ(x)` below: without cancellation on either side.
#[inline(always)]
fn gelu<S: Simd>(s: S, x: S::V) -> S::V {
    let size = s.abs(x);
    s.sub(relu(s, x), s.mul(size, tail(s, size)))
}

/// `Φ(-t) = erfc(t / sqrt 2) / 2` for `t >= 0`, as `2^p(t)` with a polynomial for its binary logarithm: fitted on 0..6 to
/// the smallest largest error of `t Φ(-t)`, which is 1.6e-10 there; it goes on falling beyond (below 2^-37 at 7).
#[inline(always)]
fn tail<S: Simd>(s: S, t: S::V) -> S::V {
    const P: [f32; 11] = [
        -0.999_999_98,
        -1.151_104_5,
        -0.459_221_7,
        -0.052_427_873,
        0.006_907_147,
        5.339_800_4e-5,
        -0.000_318_272_18,
        9.240_474e-5,
        -1.472_881_2e-5,
        1.329_911_5e-6,
        -5.312_308_6e-8,
    ];
    exp2(s, horner(s, &P, t))
}

#[inline(always)]
fn horner<S: Simd, const N: usize>(s: S, coefficients: &[f32; N], x: S::V) -> S::V {
    let mut sum = s.splat(coefficients[N - 1]);
    for i in (0..N - 1).rev() {
        sum = s.fma(sum, x, s.splat(coefficients[i]));
    }
    sum
}

/// Powers of 2 from -126 to 127.
#[inline(always)]
fn within_exponents<S: Simd>(s: S, y: S::V) -> S::V {
    s.max(s.splat(-126.0), s.min(s.splat(127.0), y))
}

/// `2^f` for `f` from -0.5 to 0.5: a polynomial of degree 6, off by at most 1.9e-9 of the value.
#[inline(always)]
fn exp2_fraction<S: Simd>(s: S, f: S::V) -> S::V {
    const P: [f32; 7] =
        [1.0, std::f32::consts::LN_2, 0.240_226_47, 0.055_503_29, 0.009_618_489, 0.001_339_993_1, 0.000_153_458_12];
    horner(s, &P, f)
}

/// `2^y`; below -126 it stays there, far from anything that is added to it.
#[inline(always)]
fn exp2<S: Simd>(s: S, y: S::V) -> S::V {
    let y = within_exponents(s, y);
    let n = s.round(y);
    s.scale(exp2_fraction(s, s.sub(y, n)), n)
}

/// `e^x`, off by at most 2 units of the last place between -87 and 88, where `2^n` fits (portable: by 2^-21 of the
/// value); beyond it stays at the end. The logarithm enters in two parts, so that large `x` lose no digits.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    const REST: f32 = 1.925_963e-8;
    let x = s.max(s.splat(-87.0), s.min(s.splat(88.0), x));
    let n = s.round(s.mul(x, s.splat(LOG2_E)));
    let f = s.fma(x, s.splat(LOG2_E), s.sub(s.splat(0.0), n));
    let f = s.fma(x, s.splat(REST), f);
    s.scale(exp2_fraction(s, f), n)
}

#[inline(always)]
fn sigmoid<S: Simd>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    s.div(one, s.add(one, exp(s, s.sub(s.splat(0.0), x))))
}

/// `(1 - e^-2|x|) / (1 + e^-2|x|)` with the sign of `x`.
#[inline(always)]
fn tanh<S: Simd>(s: S, x: S::V) -> S::V {
    let (zero, one) = (s.splat(0.0), s.splat(1.0));
    let t = exp(s, s.mul(s.abs(x), s.splat(-2.0)));
    let size = s.div(s.sub(one, t), s.add(one, t));
    s.choose(zero, x, s.sub(zero, size), size)
}

#[inline(always)]
fn gelu_tanh<S: Simd>(s: S, x: S::V) -> S::V {
    // sqrt(2/pi)
    const ROOT: f32 = 0.797_884_6;
    let cube = s.mul(s.mul(x, x), x);
    let inner = s.mul(s.splat(ROOT), s.fma(cube, s.splat(0.044_715), x));
    // 0.5 (1 + tanh(u)) = sigmoid(2 u)
    s.mul(x, sigmoid(s, s.add(inner, inner)))
}

/// With `t = e^x` the tanh is `n / (n + 2)` for `n = t (t + 2)`, which keeps its digits where the logarithm would lose
/// them; from 20 on it is 1 in f32.
#[inline(always)]
fn mish<S: Simd>(s: S, x: S::V) -> S::V {
    let t = exp(s, s.min(s.splat(20.0), x));
    let n = s.mul(t, s.add(t, s.splat(2.0)));
    s.mul(x, s.div(n, s.add(n, s.splat(2.0))))
}
