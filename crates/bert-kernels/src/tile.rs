//! The inner loop of all products: a tile of rows by two vectors, its sums in registers.
//!
//! Rows of the left side lie in *blocks*: 16 values of each row side by side, a cache line a row, so that all addresses of
//! the loop differ by constants and rows of 3,072 values do not collide in the first cache. The right side lies in
//! *panels*: for each of its inputs two vectors of outputs.
#![allow(unsafe_code)]

use crate::simd::Simd;

/// Values of a row in a block.
pub(crate) const CHUNK: usize = 16;

/// Copies `rows` rows of `width` values, `stride` apart, into `ceil(width / 16) * rows * 16` values; the last block is
/// filled up with 0.
#[inline(always)]
pub(crate) fn block_rows<S: Simd>(s: S, from: &[f32], stride: usize, rows: usize, width: usize, to: &mut [f32]) {
    for (row, source) in from.chunks(stride).take(rows).enumerate() {
        let source = &source[..width];
        for (chunk, lines) in to.chunks_exact_mut(rows * CHUNK).take(width.div_ceil(CHUNK)).enumerate() {
            let line = &mut lines[row * CHUNK..(row + 1) * CHUNK];
            for at in (0..CHUNK).step_by(S::LANES) {
                s.put(line, at, s.get(source, chunk * CHUNK + at, 0.0));
            }
        }
    }
}

/// What a tile works on.
pub(crate) struct Tile {
    /// Blocked rows.
    pub(crate) a: *const f32,
    /// A panel from its first input on.
    pub(crate) b: *const f32,
    /// Inputs to sum over.
    pub(crate) inputs: usize,
    /// Where the sums go: a row every `stride` values.
    pub(crate) c: *mut f32,
    pub(crate) stride: usize,
    /// Whether to add to what is there.
    pub(crate) add: bool,
    /// What to bring nearer meanwhile, `step` values an input.
    pub(crate) ahead: *const f32,
    pub(crate) step: usize,
}

/// `rows` up to `S::ROWS`.
///
/// # Safety
/// `a` must hold `inputs` values of `rows` rows in blocks, `b` as many pairs of vectors; `c` must be valid for reads and
/// writes of two vectors every `stride` values, `rows` times.
#[inline(always)]
pub(crate) unsafe fn tile<S: Simd>(s: S, rows: usize, t: &Tile) {
    // SAFETY: the caller's.
    unsafe {
        match rows {
            1 => rows_of::<S, 1>(s, t),
            2 => rows_of::<S, 2>(s, t),
            3 => rows_of::<S, 3>(s, t),
            4 if S::ROWS >= 4 => rows_of::<S, 4>(s, t),
            5 if S::ROWS >= 5 => rows_of::<S, 5>(s, t),
            6 if S::ROWS >= 6 => rows_of::<S, 6>(s, t),
            7 if S::ROWS >= 7 => rows_of::<S, 7>(s, t),
            8 if S::ROWS >= 8 => rows_of::<S, 8>(s, t),
            9 if S::ROWS >= 9 => rows_of::<S, 9>(s, t),
            10 if S::ROWS >= 10 => rows_of::<S, 10>(s, t),
            11 if S::ROWS >= 11 => rows_of::<S, 11>(s, t),
            12 if S::ROWS >= 12 => rows_of::<S, 12>(s, t),
            13 if S::ROWS >= 13 => rows_of::<S, 13>(s, t),
            14 if S::ROWS >= 14 => rows_of::<S, 14>(s, t),
            _ => {}
        }
    }
}

/// Every sum is one chain of additions over the inputs, in their order, whatever the tile: a row's result does not depend
/// on its neighbours.
///
/// # Safety
/// As [`tile`].
#[inline(always)]
unsafe fn rows_of<S: Simd, const R: usize>(s: S, t: &Tile) {
    let mut sums = [[s.splat(0.0); 2]; R];
    let (mut a, mut b, mut ahead) = (t.a, t.b, t.ahead);
    // SAFETY: `a` and `b` stay inside what the caller vouched for; the step after the last read is never read.
    unsafe {
        for _ in 0..t.inputs / CHUNK {
            // Unrolled by hand: the loop's own arithmetic competes for the ports of the multiplications.
            for i in (0..CHUNK).step_by(4) {
                step(s, &mut sums, a.add(i), b);
                s.prefetch(ahead);
                step(s, &mut sums, a.add(i + 1), b.add(2 * S::LANES));
                s.prefetch(ahead.wrapping_add(t.step));
                step(s, &mut sums, a.add(i + 2), b.add(4 * S::LANES));
                s.prefetch(ahead.wrapping_add(2 * t.step));
                step(s, &mut sums, a.add(i + 3), b.add(6 * S::LANES));
                s.prefetch(ahead.wrapping_add(3 * t.step));
                b = b.add(8 * S::LANES);
                ahead = ahead.wrapping_add(4 * t.step);
            }
            a = a.add(R * CHUNK);
        }
        for i in 0..t.inputs % CHUNK {
            step(s, &mut sums, a.add(i), b);
            b = b.add(2 * S::LANES);
        }
        for (r, sum) in sums.iter().enumerate() {
            let c = t.c.add(r * t.stride);
            for (half, sum) in sum.iter().enumerate() {
                let at = c.add(half * S::LANES);
                let sum = if t.add { s.add(s.load(at), *sum) } else { *sum };
                s.store(at, sum);
            }
        }
    }
}

/// One input.
///
/// # Safety
/// `a` must be valid for reads of `R` values 16 apart, `b` of two vectors.
#[inline(always)]
unsafe fn step<S: Simd, const R: usize>(s: S, sums: &mut [[S::V; 2]; R], a: *const f32, b: *const f32) {
    // SAFETY: the caller's.
    unsafe {
        let (left, right) = (s.load(b), s.load(b.add(S::LANES)));
        for (r, sum) in sums.iter_mut().enumerate() {
            let x = s.splat(*a.add(r * CHUNK));
            sum[0] = s.fma(x, left, sum[0]);
            sum[1] = s.fma(x, right, sum[1]);
        }
    }
}
