//! Values and plain f64 arithmetic to judge the kernels by.
#![allow(dead_code, unreachable_pub, reason = "every test binary uses some of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use bert_kernels::Isa;

/// Values between -1 and 1, the same for the same seed.
pub fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 * 2.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Every set of this machine; the portable one is always among them.
pub fn sets() -> Vec<Isa> {
    Isa::available()
}

/// `x W^T + b` in f64, `[rows, outputs]`.
pub fn product(x: &[f32], weight: &[f32], bias: &[f32], inputs: usize) -> Vec<f64> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let row = |x: &[f32]| -> Vec<f64> {
        (0..bias.len()).map(|o| dot(x, &weight[o * inputs..(o + 1) * inputs]) + f64::from(bias[o])).collect()
    };
    x.chunks(inputs).flat_map(row).collect()
}

/// LayerNorm of one row in f64.
pub fn norm(x: &[f64], weight: &[f32], bias: &[f32], eps: f64) -> Vec<f64> {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    let scale = 1.0 / (variance + eps).sqrt();
    let affine = weight.iter().zip(bias);
    x.iter().zip(affine).map(|(v, (w, b))| (v - mean) * scale * f64::from(*w) + f64::from(*b)).collect()
}

/// The largest difference; NaN counts as infinite.
pub fn largest_difference(ours: &[f32], exact: &[f64]) -> f64 {
    assert_eq!(ours.len(), exact.len());
    let difference = |(a, b): (&f32, &f64)| {
        let d = (f64::from(*a) - b).abs();
        if d.is_nan() { f64::INFINITY } else { d }
    };
    ours.iter().zip(exact).map(difference).fold(0.0, f64::max)
}

/// Runs with a pool of so many threads.
pub fn with_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}
