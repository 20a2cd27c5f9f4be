//! `act(x W^T + b)`, and the same with a residual and LayerNorm while the rows are in the cache.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ops::Range;

use crate::activation::{Activation, activate};
use crate::norm::{LayerNorm, normalise};
use crate::pack::PackedMatrix;
use crate::plan::{Plan, groups};
use crate::scratch::sized;
use crate::simd::{Op, Simd};
use crate::team::parallel;
use crate::tile::{CHUNK, Tile, block_rows, tile};

/// Inputs summed at a time: two vectors of each are 32 KiB, and stay in the first cache while all rows pass.
pub(crate) const DEPTH: usize = 256;

/// A linear layer, with what follows it.
#[derive(Clone, Copy, Debug)]
pub struct Product<'a> {
    /// `W`, `[outputs, inputs]`.
    pub weight: &'a PackedMatrix,
    /// `b`, `[outputs]`.
    pub bias: &'a [f32],
    /// What follows, element by element.
    pub activation: Activation,
}

/// Rows that are added to a product's before LayerNorm.
#[derive(Clone, Copy, Debug)]
pub struct Residual<'a> {
    /// `[rows, outputs]`.
    pub rows: &'a [f32],
    /// The norm of the sum.
    pub norm: &'a LayerNorm,
}

impl Product<'_> {
    /// `out = act(x W^T + b)`; `x` `[rows, inputs]`, `out` `[rows, outputs]`.
    ///
    /// Every value is the same chain of additions whatever the number of rows and threads.
    ///
    /// # Panics
    /// When `x`, `out` or the bias have another length than the weight says.
    pub fn apply(&self, x: &[f32], out: &mut [f32]) {
        self.run(x, None, out);
    }

    /// `out = norm(act(x W^T + b) + residual)`.
    ///
    /// # Panics
    /// As [`Product::apply`], and when the residual has another length than `out`.
    pub fn apply_normed(&self, x: &[f32], residual: Residual<'_>, out: &mut [f32]) {
        assert_eq!(residual.rows.len(), out.len(), "a residual of `out`'s length");
        assert_eq!(residual.norm.width(), self.weight.outputs(), "a norm of `out`'s width");
        self.run(x, Some(residual), out);
    }

    fn run(&self, x: &[f32], residual: Option<Residual<'_>>, out: &mut [f32]) {
        let (inputs, outputs) = (self.weight.inputs(), self.weight.outputs());
        let rows = out.len().checked_div(outputs).unwrap_or(0);
        assert_eq!(out.len(), rows * outputs, "`out` has whole rows");
        assert_eq!(x.len(), rows * inputs, "`x` has as many rows as `out`");
        assert_eq!(self.bias.len(), outputs, "a bias an output");
        let plan = Plan::new(rows, inputs, self.weight.panels(), residual.is_some(), self.weight.isa());
        let whole = residual.filter(|_| plan.whole_rows());
        let shared = Shared(out.as_mut_ptr());
        let task = |(rows, panels): (Range<usize>, Range<usize>)| {
            let part = Part { product: self, x, residual: whole, out: shared, rows, panels };
            SCRATCH.with_borrow_mut(|scratch| self.weight.isa().run(Work { part, scratch }));
        };
        parallel(plan.tasks(), |number| task(plan.task(number)));
        if let (Some(residual), None) = (residual, whole) {
            residual.norm.add_and_apply(self.weight.isa(), out, residual.rows);
        }
    }
}

/// The result, written by all tasks, each in a rectangle of its own.
#[derive(Clone, Copy)]
struct Shared(*mut f32);

// SAFETY: tasks of a plan have disjoint rectangles, and all end before the slice's borrow does.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

#[derive(Default)]
struct Scratch {
    /// Blocked rows.
    a: Vec<f32>,
    /// Sums of a panel, `[rows, two vectors]`.
    c: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Some rows and some panels of a product.
struct Part<'a> {
    product: &'a Product<'a>,
    x: &'a [f32],
    residual: Option<Residual<'a>>,
    out: Shared,
    rows: Range<usize>,
    panels: Range<usize>,
}

struct Work<'a> {
    part: Part<'a>,
    scratch: &'a mut Scratch,
}

impl Op for Work<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Work { part, scratch } = self;
        let (weight, width) = (part.product.weight, 2 * S::LANES);
        let (inputs, outputs, count) = (weight.inputs(), weight.outputs(), part.rows.len());
        let blocked = inputs.div_ceil(CHUNK) * CHUNK;
        let (a, c) = (sized(&mut scratch.a, count * blocked), sized(&mut scratch.c, count * width));
        for group in groups(count, S::ROWS) {
            let from = &part.x[(part.rows.start + group.start) * inputs..];
            block_rows(s, from, inputs.max(1), group.len(), inputs, &mut a[group.start * blocked..]);
        }
        for panel in part.panels.clone() {
            let values = &weight.values()[panel * width * inputs..(panel + 1) * width * inputs];
            part.expect_panel(s, panel);
            sums(s, a, count, inputs, values, c, width);
            part.finish_panel(s, panel, c);
        }
        if let Some(residual) = part.residual {
            for row in part.rows.clone() {
                // SAFETY: the row is this task's alone, and inside `out`.
                let out = unsafe { std::slice::from_raw_parts_mut(part.out.0.add(row * outputs), outputs) };
                normalise(s, residual.norm, out, &residual.rows[row * outputs..(row + 1) * outputs]);
            }
        }
    }
}

impl Part<'_> {
    /// Brings near where a panel's results will be written, so that the stores need not wait.
    #[inline(always)]
    fn expect_panel<S: Simd>(&self, s: S, panel: usize) {
        let (outputs, width) = (self.product.weight.outputs(), 2 * S::LANES);
        for row in self.rows.clone() {
            let at = self.out.0.wrapping_add(row * outputs + panel * width);
            (0..width).step_by(CHUNK).for_each(|line| s.prefetch(at.wrapping_add(line)));
        }
    }

    /// Adds the bias, applies the activation, writes the rows' part of the result.
    #[inline(always)]
    fn finish_panel<S: Simd>(&self, s: S, panel: usize, sums: &[f32]) {
        macro_rules! with {
            ($($name:ident)*) => {
                match self.product.activation {
                    $(Activation::$name => self.finish_with(s, Activation::$name, panel, sums),)*
                }
            };
        }
        // One loop an activation, so that none asks which it is.
        with!(Linear Gelu GeluTanh QuickGelu Gelu10 Relu Relu2 Relu6 LeakyRelu Silu Mish Tanh Sigmoid Laplace HardSwish);
    }

    #[inline(always)]
    fn finish_with<S: Simd>(&self, s: S, activation: Activation, panel: usize, sums: &[f32]) {
        let (outputs, width) = (self.product.weight.outputs(), 2 * S::LANES);
        let first = panel * width;
        let columns = width.min(outputs - first);
        let bias = &self.product.bias[first..first + columns];
        for (row, sums) in self.rows.clone().zip(sums.chunks_exact(width)) {
            // SAFETY: these columns of this row are this task's alone, and inside `out`.
            let out = unsafe { std::slice::from_raw_parts_mut(self.out.0.add(row * outputs + first), columns) };
            for at in [0, S::LANES] {
                let y = s.add(s.get(sums, at, 0.0), s.get(bias, at, 0.0));
                s.put(out, at, activate(s, activation, y));
            }
        }
    }
}

/// The product of blocked rows and one panel, `[rows, stride]`: the panel some inputs at a time, all rows past each part.
#[inline(always)]
pub(crate) fn sums<S: Simd>(s: S, a: &[f32], rows: usize, inputs: usize, panel: &[f32], c: &mut [f32], stride: usize) {
    let width = 2 * S::LANES;
    let blocked = inputs.div_ceil(CHUNK) * CHUNK;
    assert!(a.len() >= rows * blocked && panel.len() >= inputs * width);
    assert!(rows == 0 || c.len() >= (rows - 1) * stride + width);
    if inputs == 0 {
        // No part is summed, and `c` holds what an earlier product left.
        c.fill(0.0);
    }
    let alone = rows <= S::ROWS;
    for first in (0..inputs).step_by(DEPTH) {
        let depth = DEPTH.min(inputs - first);
        let b = panel[first * width..].as_ptr();
        let next = b.wrapping_add(depth * width);
        for (number, group) in groups(rows, S::ROWS).enumerate() {
            // The next part is brought near while this one is used: a line an input, by the first groups that pass.
            let (ahead, step) = match number * CHUNK < width {
                true if alone => (next, width),
                true => (next.wrapping_add(number * depth * CHUNK), CHUNK),
                false => (b, 0),
            };
            let a = a[group.start * blocked + first * group.len()..].as_ptr();
            let t = Tile {
                a,
                b,
                inputs: depth,
                c: c[group.start * stride..].as_mut_ptr(),
                stride,
                add: first > 0,
                ahead,
                step,
            };
            // SAFETY: the assertions above; groups cover `rows`, parts cover `inputs`; `first` is a multiple of 16.
            unsafe { tile(s, group.len(), &t) };
        }
    }
}
