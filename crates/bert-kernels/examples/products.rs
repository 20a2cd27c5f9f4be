//! GFLOP/s of products beside what the machine can do: `cargo run --release --example products`.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use bert_kernels::{Activation, Isa, PackedMatrix, Product, machine};

/// Weights are used in turn, so that they come from memory as in a model.
const COPIES: usize = 12;
const SHAPES: [[usize; 3]; 9] = [
    [1024, 768, 2304],
    [1024, 768, 768],
    [1024, 768, 3072],
    [1024, 3072, 768],
    [128, 768, 3072],
    [128, 3072, 768],
    [16, 768, 3072],
    [16, 3072, 768],
    [1, 768, 3072],
];

fn main() {
    let isa = Isa::best();
    let (flops, bytes) = (machine::fma_flops(isa, 9) / 1e9, machine::read_bandwidth(isa, 400 << 20, 5) / 1e9);
    println!("{}: peak {flops:.0} GFLOP/s, {bytes:.1} GB/s", isa.name());
    for [rows, inputs, outputs] in SHAPES {
        let weights: Vec<_> =
            (0..COPIES).map(|_| PackedMatrix::from_rows(isa, &vec![0.01; outputs * inputs], inputs)).collect();
        let (bias, x) = (vec![0.0; outputs], vec![0.5; rows * inputs]);
        let mut out = vec![0.0; rows * outputs];
        let mut round = || {
            let started = Instant::now();
            for weight in &weights {
                Product { weight, bias: &bias, activation: Activation::Linear }.apply(&x, &mut out);
            }
            started.elapsed().as_secs_f64() / COPIES as f64
        };
        let mut times: Vec<f64> = (0..7).map(|_| round()).collect();
        times.sort_by(f64::total_cmp);
        let median = times.get(3).copied().unwrap_or(f64::NAN);
        let done = 2.0 * (rows * inputs * outputs) as f64 / median / 1e9;
        let read = (4 * inputs * outputs) as f64 / median / 1e9;
        println!(
            "{rows:4} x {inputs:4} x {outputs:4}: {done:5.0} GFLOP/s ({:.0} %), {read:4.1} GB/s",
            100.0 * done / flops
        );
    }
}
