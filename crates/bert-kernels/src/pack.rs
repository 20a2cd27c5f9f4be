//! Weights laid out for the inner loop, once.

use std::ops::Range;

use rayon::prelude::*;

use crate::buffer::Buffer;
use crate::simd::{Isa, MOST_LANES, Op, Simd};

/// A matrix `[outputs, inputs]` (as linear layers are stored) in panels: for each group of outputs that two vectors hold,
/// input after input, its weights side by side. The last panel is filled up with 0.
pub struct PackedMatrix {
    isa: Isa,
    outputs: usize,
    inputs: usize,
    panels: Buffer,
}

impl PackedMatrix {
    /// Packs a matrix whose rows `rows` writes: it is called in parallel, each time for some consecutive rows, and gets
    /// `[rows, inputs]` to fill. So weights of any type and file are converted on the way and never held twice.
    ///
    /// # Errors
    /// The first one of `rows`.
    pub fn pack<E: Send>(
        isa: Isa,
        [outputs, inputs]: [usize; 2],
        rows: impl Fn(Range<usize>, &mut [f32]) -> Result<(), E> + Sync,
    ) -> Result<Self, E> {
        let (_, width) = isa.tile();
        let mut panels = Buffer::zeroed(outputs.div_ceil(width) * width * inputs);
        if inputs > 0 {
            panels.values_mut().par_chunks_mut(width * inputs).enumerate().try_for_each_init(
                || vec![0.0; width * inputs],
                |values, (number, panel)| {
                    let first = number * width;
                    let count = width.min(outputs - first);
                    let values = &mut values[..count * inputs];
                    rows(first..first + count, values)?;
                    isa.run(Interleave { rows: values, inputs, panel });
                    Ok(())
                },
            )?;
        }
        Ok(PackedMatrix { isa, outputs, inputs, panels })
    }

    /// Packs `[outputs, inputs]` that lie in memory.
    pub fn from_rows(isa: Isa, weight: &[f32], inputs: usize) -> Self {
        let outputs = weight.len().checked_div(inputs).unwrap_or(0);
        let copy = |rows: Range<usize>, to: &mut [f32]| {
            to.copy_from_slice(&weight[rows.start * inputs..rows.end * inputs]);
            Ok::<(), std::convert::Infallible>(())
        };
        match Self::pack(isa, [outputs, inputs], copy) {
            Ok(packed) => packed,
            Err(never) => match never {},
        }
    }

    /// Rows of the matrix: values of a result.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Columns of the matrix: values of an input.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The instruction set it is packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Number of panels.
    pub(crate) fn panels(&self) -> usize {
        self.outputs.div_ceil(self.isa.tile().1)
    }

    /// All panels, one after the other.
    pub(crate) fn values(&self) -> &[f32] {
        self.panels.values()
    }
}

struct Interleave<'a> {
    rows: &'a [f32],
    inputs: usize,
    panel: &'a mut [f32],
}

impl Op for Interleave<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        interleave(s, self.rows, self.inputs, self.rows.len() / self.inputs, self.inputs, self.panel);
    }
}

impl std::fmt::Debug for PackedMatrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PackedMatrix({} x {}, {})", self.outputs, self.inputs, self.isa.name())
    }
}

/// `count` rows of `inputs` values, `stride` apart, to a panel `[inputs, two vectors]`, by square blocks.
#[inline(always)]
pub(crate) fn interleave<S: Simd>(s: S, rows: &[f32], stride: usize, count: usize, inputs: usize, panel: &mut [f32]) {
    let width = 2 * S::LANES;
    for column in (0..count).step_by(S::LANES) {
        for first in (0..inputs).step_by(S::LANES) {
            let mut block = [s.splat(0.0); MOST_LANES];
            for (i, vector) in block.iter_mut().enumerate().take(S::LANES.min(count - column)) {
                let at = (column + i) * stride;
                *vector = s.get(&rows[at..at + inputs], first, 0.0);
            }
            s.transpose(&mut block);
            for (vector, line) in block.iter().zip(panel[first * width..].chunks_exact_mut(width)).take(S::LANES) {
                s.put(line, column, *vector);
            }
        }
    }
}
