//! How fast values are checked, beside how fast this machine reads memory at all.
//!
//! `cargo run --release --package bert-weights --example bandwidth -- model.safetensors`
#![allow(clippy::print_stdout)]

use std::time::Instant;

use bert_weights::{Weights, check_values};
use rayon::prelude::*;

/// The best of several runs, in GB/s: noise only ever slows a run down.
fn best(bytes: u64, mut work: impl FnMut()) -> f64 {
    let seconds = (0..9).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    bytes as f64 / 1e9 / seconds.fold(f64::INFINITY, f64::min)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a safetensors file")?;
    let buffer = vec![1u64; 128 << 20 >> 1];
    let bytes = (buffer.len() * 8) as u64;
    let memory = best(bytes, || {
        let sum: u64 = buffer.par_chunks(1 << 17).map(|c| c.iter().fold(0u64, |a, b| a | b)).reduce(|| 0, |a, b| a | b);
        assert_eq!(sum, 1);
    });
    drop(buffer);
    let weights = Weights::open(&path)?;
    let size = weights.file_bytes();
    let names: Vec<&str> = weights.index().names().collect();
    let mut failed = false;
    let mapped = best(size, || failed |= check_values(&weights, names.iter().copied()).is_err());
    let opened = best(size, || {
        failed |= Weights::open(&path).and_then(|w| check_values(&w, w.index().names()).map(|c| c.len())).is_err();
    });
    if failed {
        return Err("the file could not be read".into());
    }
    println!(
        "memory read {memory:.1} GB/s; values checked at {mapped:.1} GB/s, with mapping the file anew {opened:.1} GB/s"
    );
    Ok(())
}
