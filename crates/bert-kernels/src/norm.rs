//! LayerNorm (Ba et al. 2016) over rows, in two passes, the second corrected for the rounding of the first's mean (Chan et al.
//! 1983, "Algorithms for computing the sample variance").

use crate::simd::{Isa, Op, Simd};
use crate::team::parallel_chunks;

/// `(x - mean) / sqrt(variance + eps) * weight + bias`.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
    eps: f32,
}

impl LayerNorm {
    /// Rows are as long as `weight`; a shorter `bias` counts as followed by 0.
    pub fn new(weight: Vec<f32>, mut bias: Vec<f32>, eps: f32) -> Self {
        bias.resize(weight.len(), 0.0);
        LayerNorm { weight, bias, eps }
    }

    /// Values of a row.
    pub fn width(&self) -> usize {
        self.weight.len()
    }

    /// Normalises rows `[rows, width]` in place, in parallel.
    pub fn apply(&self, isa: Isa, rows: &mut [f32]) {
        self.each(isa, rows, None);
    }

    /// Adds `residual` `[rows, width]` to rows and normalises the sum.
    pub fn add_and_apply(&self, isa: Isa, rows: &mut [f32], residual: &[f32]) {
        self.each(isa, rows, Some(residual));
    }

    fn each(&self, isa: Isa, rows: &mut [f32], residual: Option<&[f32]>) {
        /// Fewer rows are not worth another thread's waking.
        const SOME: usize = 16;
        let width = self.width().max(1);
        parallel_chunks(rows, SOME * width, |i, rows| {
            let residual = residual.map(|r| &r[i * SOME * width..][..rows.len()]);
            isa.run(Rows { norm: self, rows, residual });
        });
    }
}

struct Rows<'a> {
    norm: &'a LayerNorm,
    rows: &'a mut [f32],
    residual: Option<&'a [f32]>,
}

impl Op for Rows<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.norm.width().max(1);
        for (i, row) in self.rows.chunks_exact_mut(width).enumerate() {
            let residual = match self.residual {
                Some(residual) => &residual[i * width..][..width],
                None => &[],
            };
            normalise(s, self.norm, row, residual);
        }
    }
}

/// One row, with a residual of its length or none.
#[inline(always)]
pub(crate) fn normalise<S: Simd>(s: S, norm: &LayerNorm, row: &mut [f32], residual: &[f32]) {
    let count = row.len() as f32;
    let steps = || (0..norm.weight.len()).step_by(S::LANES);
    let mut sum = s.splat(0.0);
    for at in steps() {
        let x = s.add(s.get(row, at, 0.0), s.get(residual, at, 0.0));
        s.put(row, at, x);
        sum = s.add(sum, x);
    }
    let mean = s.sum(sum) / count;
    let centre = s.splat(mean);
    let (mut squares, mut rest) = (s.splat(0.0), s.splat(0.0));
    for at in steps() {
        let d = s.sub(s.get(row, at, mean), centre);
        squares = s.fma(d, d, squares);
        rest = s.add(rest, d);
    }
    // What the rounded mean is off by: it matters where the mean is much larger than the spread.
    let shift = s.sum(rest) / count;
    let variance = s.sum(squares) / count - shift * shift;
    let (scale, shift) = (s.splat(1.0 / (variance + norm.eps).sqrt()), s.splat(shift));
    for at in steps() {
        let d = s.mul(s.sub(s.sub(s.get(row, at, 0.0), centre), shift), scale);
        s.put(row, at, s.fma(d, s.get(&norm.weight, at, 0.0), s.get(&norm.bias, at, 0.0)));
    }
}
