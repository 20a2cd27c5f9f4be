//! What the values of the tensors say: not a number, nothing but zeros, mean and spread.

use rayon::prelude::*;

use crate::{Error, Weights};

/// Figures of one tensor's values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TensorStats {
    /// Number of values.
    pub count: usize,
    /// Values that are NaN.
    pub nan: usize,
    /// Values that are infinite.
    pub infinite: usize,
    /// Index (row-major) of the first NaN or infinite value.
    pub first_bad: Option<usize>,
    /// Mean of the finite values.
    pub mean: f64,
    /// Standard deviation of the finite values.
    pub std: f64,
    /// Whether every value is zero.
    pub all_zero: bool,
}

/// Looks at every value of the named tensors, in parallel; tensors that are no float weights are left out.
///
/// # Errors
/// When the file was cut while it was open.
pub fn scan<'a>(
    weights: &Weights,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<(&'a str, TensorStats)>, Error> {
    let names: Vec<&str> =
        names.into_iter().filter(|n| weights.index().get(n).is_some_and(|info| info.dtype.is_weight())).collect();
    names
        .into_par_iter()
        .map(|name| {
            let view = weights.get(name).ok_or_else(|| Error::NoTensor { name: name.to_string() })?;
            Ok((name, stats(&view.to_f32()?)))
        })
        .collect()
}

/// Values summed in f32 before they go to f64: few enough to lose nothing that matters to a mean.
const BLOCK: usize = 64;

fn stats(values: &[f32]) -> TensorStats {
    let finite_sum: f64 = values
        .chunks(BLOCK)
        .map(|b| f64::from(b.iter().map(|v| if v.is_finite() { *v } else { 0.0 }).sum::<f32>()))
        .sum();
    let bad = values.iter().filter(|v| !v.is_finite()).count();
    let finite = values.len() - bad;
    let mean = if finite == 0 { 0.0 } else { finite_sum / finite as f64 };
    let centre = mean as f32;
    let square = |v: &f32| if v.is_finite() { (v - centre) * (v - centre) } else { 0.0 };
    let squares: f64 = values.chunks(BLOCK).map(|b| f64::from(b.iter().map(square).sum::<f32>())).sum();
    let nan = if bad == 0 { 0 } else { values.iter().filter(|v| v.is_nan()).count() };
    TensorStats {
        count: values.len(),
        nan,
        infinite: bad - nan,
        first_bad: if bad == 0 { None } else { values.iter().position(|v| !v.is_finite()) },
        mean,
        std: if finite == 0 { 0.0 } else { (squares / finite as f64).sqrt() },
        all_zero: values.iter().all(|v| *v == 0.0),
    }
}
