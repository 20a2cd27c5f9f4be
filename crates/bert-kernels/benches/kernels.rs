//! Kernels one by one: `cargo bench -p bert-kernels`. Speeds are in values a second; a product's are its multiply-adds, half of
//! its floating-point operations.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use bert_kernels::{Activation, Attention, Columns, Isa, LayerNorm, PackedMatrix, Product, Residual, Sequence};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

fn main() {
    println!("{}, {} threads", Isa::best().name(), rayon::current_num_threads());
    divan::main();
}

fn values(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i % 97) as f32 / 97.0 - 0.5).collect()
}

/// Weights that are used in turn, so that they come from memory as in a model.
const COPIES: usize = 12;

#[divan::bench(args = [(1, 768, 3072), (16, 768, 3072), (16, 3072, 768), (128, 768, 768), (128, 768, 3072), (128, 3072, 768), (1024, 768, 2304), (1024, 768, 768), (1024, 768, 3072), (1024, 3072, 768), (1024, 384, 1536)])]
fn product(bencher: Bencher<'_, '_>, (rows, inputs, outputs): (usize, usize, usize)) {
    let weight = values(inputs * outputs);
    let weights: Vec<_> = (0..COPIES).map(|_| PackedMatrix::from_rows(Isa::best(), &weight, inputs)).collect();
    let (x, bias, mut out) = (values(rows * inputs), values(outputs), vec![0.0; rows * outputs]);
    let mut turn = weights.iter().cycle();
    bencher.counter(ItemsCount::new(rows * inputs * outputs)).bench_local(|| {
        let weight = turn.next().unwrap();
        Product { weight, bias: &bias, activation: Activation::Linear }.apply(black_box(&x), &mut out);
    });
}

#[divan::bench]
fn product_with_norm(bencher: Bencher<'_, '_>) {
    let weight = PackedMatrix::from_rows(Isa::best(), &values(768 * 768), 768);
    let (x, residual, bias, mut out) = (values(1024 * 768), values(1024 * 768), values(768), vec![0.0; 1024 * 768]);
    let norm = LayerNorm::new(values(768), values(768), 1e-12);
    bencher.counter(ItemsCount::new(1024usize * 768 * 768)).bench_local(|| {
        let product = Product { weight: &weight, bias: &bias, activation: Activation::Linear };
        product.apply_normed(black_box(&x), Residual { rows: &residual, norm: &norm }, &mut out);
    });
}

#[divan::bench(args = [(1, 16, 64), (1, 128, 64), (8, 128, 64), (1, 512, 64), (8, 128, 32), (1, 512, 32)])]
fn attention(bencher: Bencher<'_, '_>, (texts, length, size): (usize, usize, usize)) {
    const HEADS: usize = 12;
    let width = HEADS * size;
    let qkv = values(texts * length * 3 * width);
    let sequences: Vec<Sequence> = (0..texts)
        .map(|i| i * length..(i + 1) * length)
        .map(|rows| Sequence { queries: rows.clone(), keys: rows, positions: Vec::new() })
        .collect();
    let columns = |part: usize| Columns { values: &qkv, stride: 3 * width, first: part * width };
    let mut out = vec![0.0; texts * length * width];
    let attention = Attention { isa: Isa::best(), heads: HEADS, head_size: size, distances: None };
    bencher.counter(ItemsCount::new(2 * texts * HEADS * length * length * size)).bench_local(|| {
        attention.apply(columns(0), columns(1), columns(2), black_box(&sequences), &mut out);
    });
}

#[divan::bench(args = Activation::ALL)]
fn activation(bencher: Bencher<'_, '_>, activation: Activation) {
    let mut x = values(1 << 16);
    bencher.counter(ItemsCount::new(x.len())).bench_local(|| activation.apply(Isa::best(), black_box(&mut x)));
}

#[divan::bench(args = [384, 768])]
fn layer_norm(bencher: Bencher<'_, '_>, width: usize) {
    let norm = LayerNorm::new(values(width), values(width), 1e-12);
    let mut rows = values(256 * width);
    bencher.counter(ItemsCount::new(rows.len())).bench_local(|| norm.apply(Isa::best(), black_box(&mut rows)));
}

#[divan::bench]
fn pack(bencher: Bencher<'_, '_>) {
    let weight = values(768 * 3072);
    bencher.counter(ItemsCount::new(weight.len())).bench_local(|| PackedMatrix::from_rows(Isa::best(), &weight, 768));
}
