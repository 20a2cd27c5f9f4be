//! What the machine itself can do, to set results beside: measured, not looked up.

use std::hint::black_box;
use std::time::Instant;

use rayon::prelude::*;

use crate::simd::{Isa, Op, Simd};

/// Multiplications and additions a second that all threads of the pool reach together with chains of fused
/// multiply-adds in registers: the median of `rounds` rounds of about 20 ms.
pub fn fma_flops(isa: Isa, rounds: usize) -> f64 {
    const STEPS: usize = 2_000_000;
    median(rounds, || {
        let started = Instant::now();
        let flops: f64 = rayon::broadcast(|_| isa.run(Chains(STEPS))).into_iter().sum();
        flops / started.elapsed().as_secs_f64()
    })
}

/// Bytes a second that all threads of the pool read together from `bytes` of memory: the median of `rounds` rounds.
pub fn read_bandwidth(isa: Isa, bytes: usize, rounds: usize) -> f64 {
    let values = vec![1.0f32; bytes / size_of::<f32>()];
    let part = values.len().div_ceil(rayon::current_num_threads()).max(1);
    median(rounds, || {
        let started = Instant::now();
        values.par_chunks(part).for_each(|part| _ = black_box(isa.run(Read(part))));
        size_of_val(values.as_slice()) as f64 / started.elapsed().as_secs_f64()
    })
}

fn median(rounds: usize, mut measure: impl FnMut() -> f64) -> f64 {
    let mut results: Vec<f64> = (0..rounds.max(1)).map(|_| measure()).collect();
    results.sort_by(f64::total_cmp);
    results.get(results.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Twelve chains, more than the units times their latency; gives the operations done.
struct Chains(usize);

impl Op for Chains {
    type Out = f64;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        const CHAINS: usize = 12;
        let (factor, term) = (s.splat(black_box(0.999)), s.splat(black_box(1e-3)));
        let mut sums = [s.splat(black_box(1.0)); CHAINS];
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = s.fma(*sum, factor, term);
            }
        }
        let total = sums.into_iter().fold(s.splat(0.0), |a, b| s.add(a, b));
        black_box(s.sum(total));
        (self.0 * CHAINS * S::LANES * 2) as f64
    }
}

struct Read<'a>(&'a [f32]);

impl Op for Read<'_> {
    type Out = f32;
    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        const CHAINS: usize = 8;
        let mut sums = [s.splat(0.0); CHAINS];
        for values in self.0.chunks_exact(CHAINS * S::LANES) {
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = s.add(*sum, s.get(values, i * S::LANES, 0.0));
            }
        }
        sums.into_iter().map(|v| s.sum(v)).sum()
    }
}
