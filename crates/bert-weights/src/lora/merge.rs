//! One adapted tensor, computed when it is read.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::{Error, Weights};

/// A base tensor and what an adapter adds to it.
#[derive(Clone, Debug)]
pub(crate) struct Adapted {
    pub(crate) base: Weights,
    /// The base tensor's name in its index.
    pub(crate) name: String,
    pub(crate) adapter: Weights,
    pub(crate) update: Update,
}

/// What is added; names are those of the adapter's index.
#[derive(Clone, Debug)]
pub(crate) enum Update {
    /// `W + scale B A`, with `A [r, in]` and `B [out, r]`; then, with DoRA, every row at the length `magnitude` gives.
    Linear { a: String, b: String, scale: f64, magnitude: Option<String> },
    /// `W + scale (B A)^T`, with `A [r, rows]` and `B [columns, r]`: an embedding table.
    Embedding { a: String, b: String, scale: f64 },
    /// `bias + scale b`, where B has a bias of its own.
    Bias { b: String, scale: f64 },
}

impl Adapted {
    fn tensor(weights: &Weights, name: &str) -> Result<Vec<f32>, Error> {
        let view = weights.get(name).ok_or_else(|| Error::NoTensor { name: name.to_string() })?;
        view.to_f32()
    }

    fn matrix(weights: &Weights, name: &str) -> Result<Array2<f32>, Error> {
        let missing = || Error::NoTensor { name: name.to_string() };
        let view = weights.get(name).ok_or_else(missing)?;
        let [rows, columns] = view.info().shape.as_slice() else { return Err(missing()) };
        Array2::from_shape_vec((*rows, *columns), view.to_f32()?).map_err(|_| missing())
    }

    fn rows(&self) -> Result<Array2<f32>, Error> {
        Self::matrix(&self.base, &self.name)
    }

    /// The adapted elements as little-endian f32.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Error> {
        let values: Vec<f32> = match &self.update {
            Update::Bias { b, scale } => {
                let (base, bias) = (Self::tensor(&self.base, &self.name)?, Self::tensor(&self.adapter, b)?);
                base.iter().zip(&bias).map(|(x, y)| (f64::from(*x) + scale * f64::from(*y)) as f32).collect()
            }
            Update::Linear { a, b, scale, magnitude } => {
                let (a, b) = (Self::matrix(&self.adapter, a)?, Self::matrix(&self.adapter, b)?);
                let lengths = magnitude.as_ref().map(|name| Self::tensor(&self.adapter, name)).transpose()?;
                added(self.rows()?, a.view(), b.view(), *scale, lengths.as_deref())
            }
            Update::Embedding { a, b, scale } => {
                let (a, b) = (Self::matrix(&self.adapter, a)?, Self::matrix(&self.adapter, b)?);
                added(self.rows()?, b.t(), a.t(), *scale, None)
            }
        };
        Ok(values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub(crate) fn release(&self) {
        if let Some(view) = self.base.get(&self.name) {
            view.release();
        }
    }
}

/// `base + scale (b a)` with `a [r, in]` and `b [out, r]`, each row at its length where lengths are given. A row at a time
/// and in f64, so that neither memory nor the order of summation shows.
fn added(
    mut base: Array2<f32>,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    scale: f64,
    lengths: Option<&[f32]>,
) -> Vec<f32> {
    let a = a.mapv(f64::from);
    let mut sum = Array1::<f64>::zeros(base.ncols());
    for (i, (mut row, weights)) in base.axis_iter_mut(Axis(0)).zip(b.axis_iter(Axis(0))).enumerate() {
        sum.zip_mut_with(&row, |x, base| *x = f64::from(*base));
        for (weight, direction) in weights.iter().zip(a.axis_iter(Axis(0))) {
            sum.scaled_add(scale * f64::from(*weight), &direction);
        }
        if let Some(length) = lengths.and_then(|l| l.get(i)) {
            let norm = sum.iter().map(|v| v * v).sum::<f64>().sqrt();
            sum.mapv_inplace(|v| v / norm * f64::from(*length));
        }
        row.zip_mut_with(&sum, |to, from| *to = *from as f32);
    }
    base.into_raw_vec_and_offset().0
}
