//! Relative positions: a learned vector a distance enters the scores (Shaw et al. 2018 for the queries; Huang et al. 2020,
//! method 4, for queries and keys).

use crate::pack::PackedMatrix;
use crate::plan::groups;
use crate::product::sums;
use crate::scratch::sized;
use crate::simd::{Isa, Simd};
use crate::tile::{CHUNK, block_rows};

/// The vectors of all distances.
#[derive(Debug)]
pub struct Distances {
    /// Row `j` is the distance `positions - 1 - j` from key to query: for one query, the rows of its keys follow each other.
    table: PackedMatrix,
    positions: usize,
    keys: bool,
}

#[derive(Default)]
pub(crate) struct DistanceScratch {
    products: Vec<f32>,
    blocked: Vec<f32>,
}

impl Distances {
    /// `table` is `[2 positions - 1, head_size]`, the distance -(positions - 1) first; `keys` says whether it meets the
    /// keys as well (`relative_key_query`).
    pub fn new(isa: Isa, table: &[f32], head_size: usize, keys: bool) -> Self {
        let rows = table.len().checked_div(head_size).unwrap_or(0);
        let reversed: Vec<f32> = table.chunks_exact(head_size.max(1)).rev().flatten().copied().collect();
        Distances { table: PackedMatrix::from_rows(isa, &reversed, head_size), positions: rows.div_ceil(2), keys }
    }

    /// Row of the first key for a query at `position`: key `r` has row `first + r`.
    #[inline(always)]
    fn first(&self, position: usize) -> usize {
        (self.positions - 1).saturating_sub(position)
    }

    /// Adds `q . d`, and with keys `k . d`, to the scores `[queries, stride]` of blocked queries at `positions`.
    #[inline(always)]
    #[allow(clippy::too_many_arguments, reason = "private, and all of them are the caller's loop variables")]
    pub(crate) fn add<'a, S: Simd>(
        &self,
        s: S,
        scratch: &mut DistanceScratch,
        queries: &[f32],
        positions: &[usize],
        key: impl Fn(usize) -> &'a [f32],
        key_stride: usize,
        keys: usize,
        scores: &mut [f32],
        stride: usize,
    ) {
        let (Some(low), Some(high)) = (positions.iter().min(), positions.iter().max()) else { return };
        let (from, to) = (self.first(*high), self.first(*low));
        let products = &mut scratch.products;
        let (start, row) = self.products(s, queries, positions.len(), from..to + keys, products);
        for (i, position) in positions.iter().enumerate() {
            let products = &products[i * row + self.first(*position) - start..];
            for (score, product) in scores[i * stride..][..keys].iter_mut().zip(products) {
                *score += product;
            }
        }
        if !self.keys {
            return;
        }
        let size = self.table.inputs();
        for group in groups(keys, S::ROWS) {
            let blocked = sized(&mut scratch.blocked, group.len() * size.div_ceil(CHUNK) * CHUNK);
            block_rows(s, key(group.start), key_stride, group.len(), size, blocked);
            let products = &mut scratch.products;
            let (start, row) = self.products(s, blocked, group.len(), from + group.start..to + group.end, products);
            for (i, position) in positions.iter().enumerate() {
                for (k, score) in scores[i * stride..][group.clone()].iter_mut().enumerate() {
                    *score += products[k * row + self.first(*position) + group.start + k - start];
                }
            }
        }
    }

    /// Products of blocked rows with the table's rows of a range; gives the row where they start and their stride.
    #[inline(always)]
    fn products<S: Simd>(
        &self,
        s: S,
        blocked: &[f32],
        rows: usize,
        range: std::ops::Range<usize>,
        products: &mut Vec<f32>,
    ) -> (usize, usize) {
        let (width, size) = (2 * S::LANES, self.table.inputs());
        let panels = range.start / width..range.end.div_ceil(width).min(self.table.panels());
        let stride = panels.len() * width;
        let products = sized(products, rows * stride);
        for (number, panel) in panels.clone().enumerate() {
            let panel = &self.table.values()[panel * width * size..(panel + 1) * width * size];
            sums(s, blocked, rows, size, panel, &mut products[number * width..], stride);
        }
        (panels.start * width, stride)
    }
}
