//! The activations of the reference's table.

/// An activation function by its name in transformers' `activations.py` (4.57.6), names that mean the same merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Activation {
    /// `x/2 (1 + erf(x/sqrt 2))`, exactly.
    Gelu,
    /// `x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`.
    GeluTanh,
    /// The tanh form with the constant 0.7978845608.
    GeluFast,
    /// `x sigmoid(1.702 x)`.
    QuickGelu,
    /// Exact GELU clipped to -10..=10.
    Gelu10,
    /// `max(x, 0)`.
    Relu,
    /// `max(x, 0)^2`.
    Relu2,
    /// `min(max(x, 0), 6)`.
    Relu6,
    /// `x` above zero, `0.01 x` below.
    LeakyRelu,
    /// `x sigmoid(x)`.
    Silu,
    /// `x tanh(ln(1 + e^x))`.
    Mish,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// The identity.
    Linear,
    /// `1/2 (1 + erf((x - 0.707107) / (0.282095 sqrt 2)))`.
    Laplace,
    /// `x min(max(x + 3, 0), 6) / 6`.
    HardSwish,
}

use Activation::*;

/// Name in the configuration, function.
const TABLE: &[(&str, Activation)] = &[
    ("gelu", Gelu),
    ("gelu_python", Gelu),
    ("gelu_new", GeluTanh),
    ("gelu_pytorch_tanh", GeluTanh),
    ("gelu_python_tanh", GeluTanh),
    ("gelu_accurate", GeluTanh),
    ("gelu_fast", GeluFast),
    ("quick_gelu", QuickGelu),
    ("gelu_10", Gelu10),
    ("relu", Relu),
    ("relu2", Relu2),
    ("relu6", Relu6),
    ("leaky_relu", LeakyRelu),
    ("silu", Silu),
    ("swish", Silu),
    ("mish", Mish),
    ("tanh", Tanh),
    ("sigmoid", Sigmoid),
    ("linear", Linear),
    ("laplace", Laplace),
    ("hardswish", HardSwish),
];

/// Class of `torch.nn` with its default arguments, function.
const TORCH: &[(&str, Activation)] = &[
    ("Identity", Linear),
    ("Sigmoid", Sigmoid),
    ("Tanh", Tanh),
    ("ReLU", Relu),
    ("ReLU6", Relu6),
    ("LeakyReLU", LeakyRelu),
    ("GELU", Gelu),
    ("SiLU", Silu),
    ("Mish", Mish),
    ("Hardswish", HardSwish),
];

impl Activation {
    /// Finds the function a configuration means by this name; case matters, as in the reference.
    pub fn from_name(name: &str) -> Option<Activation> {
        TABLE.iter().find(|(n, _)| *n == name).map(|(_, a)| *a)
    }

    /// Finds the function that a class of torch computes, such as `torch.nn.modules.activation.Tanh`: modules around an
    /// encoder name their activation by class.
    pub fn from_torch_class(class: &str) -> Option<Activation> {
        let name = class.strip_prefix("torch.nn.")?.rsplit('.').next()?;
        TORCH.iter().find(|(n, _)| *n == name).map(|(_, a)| *a)
    }

    /// Names of the classes of torch that are known.
    pub fn torch_classes() -> impl Iterator<Item = &'static str> {
        TORCH.iter().map(|(name, _)| *name)
    }

    /// All names a configuration may use.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|(name, _)| *name)
    }

    /// The first name of the function.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|(_, a)| *a == self).map_or("gelu", |(name, _)| name)
    }
}
