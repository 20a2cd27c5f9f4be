//! What differs between the tensors of two files, a tensor at a time.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::{DType, Error, NameMap, Weights};

/// How a tensor differs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TensorChange {
    /// Only in the second file.
    Added,
    /// Only in the first file.
    Removed,
    /// Another shape.
    Shape {
        /// In the first file.
        before: Vec<usize>,
        /// In the second file.
        after: Vec<usize>,
    },
    /// Other values.
    Values {
        /// Largest difference of two elements.
        max_abs: f64,
        /// Norm of the difference over the norm of the first.
        relative: f64,
    },
}

/// One tensor that differs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TensorDiff {
    /// Standard name.
    pub name: String,
    /// How it differs.
    pub change: TensorChange,
}

/// The differences of two files.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct WeightsDiff {
    /// Tensors that differ, by standard name.
    pub changes: Vec<TensorDiff>,
    /// Standard names of tensors with equal values (within the tolerance).
    pub equal: Vec<String>,
    /// Tensors stored under another name in each: first file, second file.
    pub renamed: Vec<(String, String)>,
    /// Tensors stored in another type in each.
    pub recast: Vec<(String, DType, DType)>,
}

impl WeightsDiff {
    /// Whether the files hold the same tensors with the same values; names and types of storage may differ.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// Compares two files tensor by tensor under their standard names, in parallel; never holds more than two tensors a
/// thread. Elements count as equal when they differ by at most `tolerance` (0: bit-identical values).
///
/// # Errors
/// When a file was cut while it was open.
pub fn diff(a: (&Weights, &NameMap), b: (&Weights, &NameMap), tolerance: f64) -> Result<WeightsDiff, Error> {
    let names: BTreeSet<&str> = a.1.standard_names().chain(b.1.standard_names()).collect();
    let names: Vec<&str> = names.into_iter().collect();
    let compared: Vec<One> = names.par_iter().map(|name| one(name, a, b, tolerance)).collect::<Result<_, _>>()?;
    let mut diff = WeightsDiff::default();
    for (name, one) in names.into_iter().zip(compared) {
        match one.change {
            Some(change) => diff.changes.push(TensorDiff { name: name.to_string(), change }),
            None => diff.equal.push(name.to_string()),
        }
        diff.renamed.extend(one.renamed);
        diff.recast.extend(one.recast.map(|(x, y)| (name.to_string(), x, y)));
    }
    Ok(diff)
}

#[derive(Default)]
struct One {
    change: Option<TensorChange>,
    renamed: Option<(String, String)>,
    recast: Option<(DType, DType)>,
}

fn one(name: &str, a: (&Weights, &NameMap), b: (&Weights, &NameMap), tolerance: f64) -> Result<One, Error> {
    let view = |(weights, names): (&'_ Weights, &'_ NameMap)| {
        names.in_file(name).map(str::to_string).filter(|f| weights.get(f).is_some())
    };
    let (in_a, in_b) = match (view(a), view(b)) {
        (Some(in_a), Some(in_b)) => (in_a, in_b),
        (None, _) => return Ok(One { change: Some(TensorChange::Added), ..One::default() }),
        (_, None) => return Ok(One { change: Some(TensorChange::Removed), ..One::default() }),
    };
    let missing = |name: &str| Error::NoTensor { name: name.to_string() };
    let x = a.0.get(&in_a).ok_or_else(|| missing(&in_a))?;
    let y = b.0.get(&in_b).ok_or_else(|| missing(&in_b))?;
    let mut one = One {
        renamed: (in_a != in_b).then(|| (in_a.clone(), in_b.clone())),
        recast: (x.info().dtype != y.info().dtype).then(|| (x.info().dtype, y.info().dtype)),
        change: None,
    };
    if x.info().shape != y.info().shape {
        one.change = Some(TensorChange::Shape { before: x.info().shape.clone(), after: y.info().shape.clone() });
    } else if one.recast.is_some() || x.bytes()? != y.bytes()? {
        one.change = values(&x.to_f32().or_else(|_| widen(&x))?, &y.to_f32().or_else(|_| widen(&y))?, tolerance);
    }
    Ok(one)
}

/// Tensors that are no weights (position ids) are compared byte by byte.
fn widen(view: &crate::TensorView<'_>) -> Result<Vec<f32>, Error> {
    Ok(view.bytes()?.iter().map(|b| f32::from(*b)).collect())
}

fn values(a: &[f32], b: &[f32], tolerance: f64) -> Option<TensorChange> {
    let (mut max_abs, mut squares, mut norm) = (0.0f64, 0.0f64, 0.0f64);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (f64::from(*x), f64::from(*y));
        let d = (x - y).abs();
        if d > max_abs || d.is_nan() && !(x.is_nan() && y.is_nan()) {
            max_abs = d;
        }
        squares += d * d;
        norm += x * x;
    }
    if max_abs <= tolerance && a.len() == b.len() {
        return None;
    }
    Some(TensorChange::Values { max_abs, relative: (squares / norm.max(f64::MIN_POSITIVE)).sqrt() })
}
