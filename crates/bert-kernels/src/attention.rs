//! Multi-head attention of packed sequences (Vaswani et al. 2017): `softmax(scale (Q K^T + distances)) V`, a sequence and
//! a head at a time, the queries in blocks whose scores stay in the second cache.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ops::Range;

use crate::activation::exp;
use crate::distances::{DistanceScratch, Distances};
use crate::pack::interleave;
use crate::plan::groups;
use crate::product::sums;
use crate::scratch::sized;
use crate::simd::{Isa, Op, Simd};
use crate::team::{parallel, threads};
use crate::tile::{CHUNK, block_rows};

/// Some columns of rows that lie `stride` values apart: head `h` has `head_size` columns from `first + h head_size` on.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// All values.
    pub values: &'a [f32],
    /// From a row to the next.
    pub stride: usize,
    /// The first column of the first head.
    pub first: usize,
}

impl<'a> Columns<'a> {
    /// From a head's first value in a row on.
    #[inline(always)]
    fn from(&self, row: usize, column: usize) -> &'a [f32] {
        self.values.get(row * self.stride + self.first + column..).unwrap_or_default()
    }
}

/// A sequence: which rows are its queries, and which its keys and values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Rows of the queries and of the result.
    pub queries: Range<usize>,
    /// Rows of keys and values.
    pub keys: Range<usize>,
    /// Position of each query among the keys, for relative positions; empty where they are `0..keys.len()`.
    pub positions: Vec<usize>,
}

impl Sequence {
    #[inline(always)]
    fn position(&self, query: usize) -> usize {
        self.positions.get(query).copied().unwrap_or(query)
    }
}

/// Attention with its sizes.
#[derive(Clone, Copy, Debug)]
pub struct Attention<'a> {
    /// The instruction set.
    pub isa: Isa,
    /// Number of heads.
    pub heads: usize,
    /// Columns of a head.
    pub head_size: usize,
    /// Relative positions that enter the scores.
    pub distances: Option<&'a Distances>,
}

/// Rows of queries whose scores are kept at a time.
const QUERIES: usize = 56;

impl Attention<'_> {
    /// Context of all queries, `[queries, heads * head_size]`, heads side by side. Every sequence attends to itself alone,
    /// and a query's result does not depend on what else is computed.
    ///
    /// # Panics
    /// When a sequence names rows that are not there.
    pub fn apply(&self, q: Columns<'_>, k: Columns<'_>, v: Columns<'_>, sequences: &[Sequence], out: &mut [f32]) {
        let width = self.heads * self.head_size;
        let parts = self.query_parts(sequences);
        let mut tasks = Vec::new();
        let mut rest = out;
        let mut done = 0;
        for sequence in sequences {
            let (_, others) = rest.split_at_mut((sequence.queries.start - done) * width);
            let (rows, others) = others.split_at_mut(sequence.queries.len() * width);
            (rest, done) = (others, sequence.queries.end);
            let base = rows.as_mut_ptr();
            for head in 0..self.heads {
                for part in groups(sequence.queries.len(), sequence.queries.len().div_ceil(parts).max(1)) {
                    tasks.push(Task { sequence, head, part, out: Rows(base) });
                }
            }
        }
        // The longest first: no thread is left alone with one at the end.
        tasks.sort_by_key(|t| std::cmp::Reverse(t.part.len() * t.sequence.keys.len()));
        let run = |task: &Task<'_>| {
            SCRATCH.with_borrow_mut(|scratch| self.isa.run(Work { attention: self, q, k, v, task, scratch }));
        };
        let products: usize = tasks.iter().map(|t| t.part.len() * t.sequence.keys.len()).sum();
        match products * self.head_size < (1 << 16) {
            true => tasks.iter().for_each(run),
            false => parallel(tasks.len(), |number| run(&tasks[number])),
        }
    }

    /// Parts that a sequence's queries are cut into, where sequences and heads alone do not keep all threads busy.
    fn query_parts(&self, sequences: &[Sequence]) -> usize {
        let tasks = (sequences.len() * self.heads).max(1);
        (2 * threads()).div_ceil(tasks)
    }
}

/// A head of some queries of a sequence.
struct Task<'a> {
    sequence: &'a Sequence,
    head: usize,
    part: Range<usize>,
    out: Rows,
}

/// Where the result of the sequence's first query begins.
struct Rows(*mut f32);

// SAFETY: tasks write disjoint columns of disjoint rows, inside a slice that is borrowed until all have ended.
unsafe impl Send for Rows {}
// SAFETY: as above.
unsafe impl Sync for Rows {}

#[derive(Default)]
struct Scratch {
    keys: Vec<f32>,
    values: Vec<f32>,
    blocked: Vec<f32>,
    scores: Vec<f32>,
    context: Vec<f32>,
    inverse: Vec<f32>,
    distances: DistanceScratch,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

struct Work<'a> {
    attention: &'a Attention<'a>,
    q: Columns<'a>,
    k: Columns<'a>,
    v: Columns<'a>,
    task: &'a Task<'a>,
    scratch: &'a mut Scratch,
}

impl Op for Work<'_> {
    type Out = ();
    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        self.expect(s);
        self.pack_keys(s);
        self.pack_values(s);
        for part in groups(self.task.part.len(), QUERIES) {
            let queries = self.task.part.start + part.start..self.task.part.start + part.end;
            self.score(s, &queries);
            self.soften(s, queries.len());
            self.gather(s, &queries);
        }
    }
}

impl Work<'_> {
    #[inline(always)]
    fn sizes<S: Simd>(&self) -> (usize, usize, usize) {
        (self.task.sequence.keys.len(), self.attention.head_size, 2 * S::LANES)
    }

    #[inline(always)]
    fn column(&self) -> usize {
        self.task.head * self.attention.head_size
    }

    /// Brings near what is read after the keys, and where the result will be written: rows are far apart, and no
    /// processor guesses the next.
    #[inline(always)]
    fn expect<S: Simd>(&self, s: S) {
        let (column, size) = (self.column(), self.attention.head_size);
        let lines = |row: &[f32]| (0..size).step_by(CHUNK).for_each(|at| s.prefetch(row.as_ptr().wrapping_add(at)));
        let Sequence { queries, keys, .. } = self.task.sequence;
        keys.clone().for_each(|row| lines(self.v.from(row, column)));
        let part = &self.task.part;
        (queries.start + part.start..queries.start + part.end).for_each(|row| lines(self.q.from(row, column)));
        let width = self.attention.heads * size;
        for query in part.clone() {
            let out = self.task.out.0.wrapping_add(query * width + column);
            (0..size).step_by(CHUNK).for_each(|at| s.prefetch(out.wrapping_add(at)));
        }
    }

    /// Keys as panels: the outputs of the first product.
    #[inline(always)]
    fn pack_keys<S: Simd>(&mut self, s: S) {
        let (keys, size, width) = self.sizes::<S>();
        let column = self.column();
        let panels = sized(&mut self.scratch.keys, keys.div_ceil(width) * width * size);
        for (number, panel) in panels.chunks_exact_mut((width * size).max(1)).enumerate() {
            let first = number * width;
            let rows = self.k.from(self.task.sequence.keys.start + first, column);
            interleave(s, rows, self.k.stride, width.min(keys - first), size, panel);
        }
    }

    /// Values as panels: the inputs of the second product.
    #[inline(always)]
    fn pack_values<S: Simd>(&mut self, s: S) {
        let (keys, size, width) = self.sizes::<S>();
        let column = self.column();
        let panels = sized(&mut self.scratch.values, size.div_ceil(width) * width * keys);
        for (number, panel) in panels.chunks_exact_mut((width * keys).max(1)).enumerate() {
            let first = number * width;
            let count = width.min(size - first);
            for (key, line) in panel.chunks_exact_mut(width).enumerate() {
                let row = self.v.from(self.task.sequence.keys.start + key, column + first);
                for half in [0, S::LANES] {
                    s.put(line, half, s.get(&row[..count], half, 0.0));
                }
            }
        }
    }

    /// `Q K^T + distances`, `[queries, keys up to whole panels]`.
    #[inline(always)]
    fn score<S: Simd>(&mut self, s: S, queries: &Range<usize>) {
        let (keys, size, width) = self.sizes::<S>();
        let (stride, sequence) = (keys.div_ceil(width) * width, self.task.sequence);
        self.block_queries(s, queries);
        let Scratch { keys: packed, blocked, scores, distances, .. } = &mut *self.scratch;
        let scores = sized(scores, queries.len() * stride);
        let panels = packed.chunks_exact((width * size).max(1)).take(keys.div_ceil(width));
        for (number, panel) in panels.enumerate() {
            sums(s, blocked, queries.len(), size, panel, &mut scores[number * width..], stride);
        }
        let Some(table) = self.attention.distances else { return };
        let positions: Vec<usize> = queries.clone().map(|q| sequence.position(q)).collect();
        let k = Columns { first: self.k.first + self.task.head * size, ..self.k };
        let key = |key: usize| k.from(sequence.keys.start + key, 0);
        table.add(s, distances, blocked, &positions, key, self.k.stride, keys, scores, stride);
    }

    #[inline(always)]
    fn block_queries<S: Simd>(&mut self, s: S, queries: &Range<usize>) {
        let size = self.attention.head_size;
        let (blocked, column) = (size.div_ceil(CHUNK) * CHUNK, self.column());
        let to = sized(&mut self.scratch.blocked, queries.len() * blocked);
        for group in groups(queries.len(), S::ROWS) {
            let row = self.task.sequence.queries.start + queries.start + group.start;
            let from = self.q.from(row, column);
            block_rows(s, from, self.q.stride, group.len(), size, &mut to[group.start * blocked..]);
        }
    }

    /// Scores to `e^(scale (score - highest))`, and one over the sum of each row.
    #[inline(always)]
    fn soften<S: Simd>(&mut self, s: S, queries: usize) {
        let (keys, size, width) = self.sizes::<S>();
        let stride = keys.div_ceil(width) * width;
        let scale = s.splat(1.0 / (size as f32).sqrt());
        let Scratch { scores, inverse, .. } = &mut *self.scratch;
        inverse.clear();
        for row in scores.chunks_exact_mut(stride.max(1)).take(queries) {
            row[keys..].fill(f32::NEG_INFINITY);
            let mut highest = s.splat(f32::NEG_INFINITY);
            for some in row.chunks_exact(S::LANES) {
                highest = s.max(highest, s.first(some));
            }
            let highest = s.splat(s.highest(highest));
            let mut sum = s.splat(0.0);
            for some in row.chunks_exact_mut(S::LANES) {
                let e = exp(s, s.mul(s.sub(s.first(some), highest), scale));
                s.put(some, 0, e);
                sum = s.add(sum, e);
            }
            // What is past the keys was e^-87 each, far below the digits of a sum that is at least 1.
            inverse.push(1.0 / s.sum(sum));
        }
    }

    /// The weighted values, into the result.
    #[inline(always)]
    fn gather<S: Simd>(&mut self, s: S, queries: &Range<usize>) {
        let (keys, size, width) = self.sizes::<S>();
        let (stride, blocked_keys) = (keys.div_ceil(width) * width, keys.div_ceil(CHUNK) * CHUNK);
        let (column, row_width) = (self.column(), self.attention.heads * size);
        let Scratch { values, blocked, scores, context, inverse, .. } = &mut *self.scratch;
        let blocked = sized(blocked, queries.len() * blocked_keys);
        for group in groups(queries.len(), S::ROWS) {
            let from = &scores[group.start * stride..];
            block_rows(s, from, stride.max(1), group.len(), keys, &mut blocked[group.start * blocked_keys..]);
        }
        let context = sized(context, queries.len() * width);
        for (number, panel) in values.chunks_exact((width * keys).max(1)).take(size.div_ceil(width)).enumerate() {
            let first = number * width;
            let count = width.min(size - first);
            sums(s, blocked, queries.len(), keys, panel, context, width);
            for ((query, sums), inverse) in queries.clone().zip(context.chunks_exact(width)).zip(inverse.iter()) {
                let at = query * row_width + column + first;
                // SAFETY: this task alone writes these columns of this row, which the slice of its sequence holds.
                let out = unsafe { std::slice::from_raw_parts_mut(self.task.out.0.add(at), count) };
                for half in [0, S::LANES] {
                    s.put(out, half, s.mul(s.get(sums, half, 0.0), s.splat(*inverse)));
                }
            }
        }
    }
}
