//! Products against plain f64 sums, on every instruction set of the machine.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use bert_kernels::{Activation, Isa, LayerNorm, PackedMatrix, Product, Residual};
use common::*;
use proptest::prelude::*;

/// Rounding of `inputs` additions of values below 1: each sum stays below `inputs`, and each of its additions may be off by
/// half a unit; they are chains of at most 256, then one of the parts.
fn tolerance(inputs: usize) -> f64 {
    let chain = inputs.min(256) as f64 + inputs.div_ceil(256) as f64;
    f64::from(f32::EPSILON) * (inputs as f64).sqrt() * chain.sqrt() + 1e-6
}

fn multiply(isa: Isa, x: &[f32], weight: &[f32], bias: &[f32], inputs: usize) -> Vec<f32> {
    let weight = PackedMatrix::from_rows(isa, weight, inputs);
    let mut out = vec![f32::NAN; x.len() / inputs * bias.len()];
    Product { weight: &weight, bias, activation: Activation::Linear }.apply(x, &mut out);
    out
}

#[test]
fn products_of_all_shapes_equal_plain_sums() {
    let mut shapes = vec![(1, 1, 1), (1, 768, 3), (2, 17, 33), (13, 31, 7), (97, 101, 103), (300, 64, 32)];
    // Around the tiles' rows, the panels' columns, the blocks of a line and the parts of 256 inputs.
    shapes.extend([1, 5, 6, 7, 12, 13, 14, 15, 16, 28, 29].map(|rows| (rows, 40, 48)));
    shapes.extend([1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65].map(|outputs| (9, 40, outputs)));
    shapes.extend([1, 2, 15, 16, 17, 255, 256, 257, 512, 700, 3072].map(|inputs| (9, inputs, 40)));
    shapes.push((1024, 96, 64));
    for (rows, inputs, outputs) in shapes {
        let (x, weight, bias) = (values(rows * inputs, 1), values(outputs * inputs, 2), values(outputs, 3));
        let exact = product(&x, &weight, &bias, inputs);
        for isa in sets() {
            for threads in [1, 3] {
                let ours = with_threads(threads, || multiply(isa, &x, &weight, &bias, inputs));
                let worst = largest_difference(&ours, &exact);
                let name = isa.name();
                assert!(worst <= tolerance(inputs), "{name} {rows} x {inputs} x {outputs}: off by {worst}");
            }
        }
    }
}

#[test]
fn a_row_does_not_depend_on_its_neighbours_or_the_threads() {
    let (inputs, outputs) = (300, 70);
    let (x, weight, bias) = (values(150 * inputs, 4), values(outputs * inputs, 5), values(outputs, 6));
    for isa in sets() {
        let all = with_threads(1, || multiply(isa, &x, &weight, &bias, inputs));
        for (rows, threads) in [(1, 1), (1, 4), (13, 2), (29, 1), (150, 2), (150, 7)] {
            for start in [0, 150 - rows] {
                let x = &x[start * inputs..(start + rows) * inputs];
                let some = with_threads(threads, || multiply(isa, x, &weight, &bias, inputs));
                assert_eq!(some, all[start * outputs..(start + rows) * outputs], "{} {rows} {threads}", isa.name());
            }
        }
    }
}

#[test]
fn a_residual_and_its_norm_follow_whether_rows_or_panels_are_cut() {
    let (inputs, outputs) = (48, 80);
    let (weight, bias) = (values(outputs * inputs, 7), values(outputs, 8));
    let (scale, shift) = (values(outputs, 9), values(outputs, 10));
    for rows in [1, 5, 16, 200, 400] {
        let (x, residual) = (values(rows * inputs, 11), values(rows * outputs, 12));
        let sums = product(&x, &weight, &bias, inputs);
        let sums: Vec<f64> = sums.iter().zip(&residual).map(|(a, b)| a + f64::from(*b)).collect();
        let exact: Vec<f64> = sums.chunks(outputs).flat_map(|row| norm(row, &scale, &shift, 1e-12)).collect();
        for isa in sets() {
            let packed = PackedMatrix::from_rows(isa, &weight, inputs);
            let product = Product { weight: &packed, bias: &bias, activation: Activation::Linear };
            let norm = LayerNorm::new(scale.clone(), shift.clone(), 1e-12);
            let run = |threads| {
                let mut out = vec![f32::NAN; rows * outputs];
                let residual = Residual { rows: &residual, norm: &norm };
                with_threads(threads, || product.apply_normed(&x, residual, &mut out));
                out
            };
            // Sums of size 4, normalised to about 1: some units of f32.
            assert!(largest_difference(&run(1), &exact) < 5e-6, "{} {rows}", isa.name());
            assert_eq!(run(1), run(2));
            assert_eq!(run(1), run(5));
        }
    }
}

#[test]
fn activations_follow_the_bias() {
    let (rows, inputs, outputs) = (20, 30, 50);
    let (x, weight, bias) = (values(rows * inputs, 1), values(outputs * inputs, 2), values(outputs, 3));
    for isa in sets() {
        let packed = PackedMatrix::from_rows(isa, &weight, inputs);
        let plain = multiply(isa, &x, &weight, &bias, inputs);
        for activation in Activation::ALL {
            let mut expected = plain.clone();
            activation.apply(isa, &mut expected);
            let mut out = vec![f32::NAN; rows * outputs];
            Product { weight: &packed, bias: &bias, activation }.apply(&x, &mut out);
            assert_eq!(out, expected, "{} {activation:?}", isa.name());
        }
    }
}

#[test]
fn nothing_times_nothing() {
    for isa in sets() {
        assert!(multiply(isa, &[], &values(8, 1), &[0.0; 2], 4).is_empty());
        // What an earlier product left in memory must not show.
        multiply(isa, &values(2 * 8, 1), &values(3 * 8, 2), &[9.0; 3], 8);
        let none = PackedMatrix::pack(isa, [3, 0], |_, _| Ok::<(), ()>(())).unwrap();
        let mut out = vec![f32::NAN; 6];
        Product { weight: &none, bias: &[1.0, 2.0, 3.0], activation: Activation::Linear }.apply(&[], &mut out);
        assert_eq!(out, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
    }
}

#[test]
fn not_a_number_stays_in_its_row() {
    for isa in sets() {
        let (mut x, weight) = (values(20 * 40, 1), values(33 * 40, 2));
        x[7 * 40 + 3] = f32::NAN;
        let out = multiply(isa, &x, &weight, &[0.0; 33], 40);
        for (row, values) in out.chunks(33).enumerate() {
            assert!(values.iter().all(|v| v.is_nan() == (row == 7)), "{} row {row}", isa.name());
        }
    }
}

#[test]
fn an_error_of_the_source_is_given_back() {
    let failing = |rows: std::ops::Range<usize>, _: &mut [f32]| if rows.contains(&40) { Err("row 40") } else { Ok(()) };
    for isa in sets() {
        assert_eq!(PackedMatrix::pack(isa, [100, 8], failing).err(), Some("row 40"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_product_equals_plain_sums(rows in 1usize..60, inputs in 1usize..600, outputs in 1usize..100, seed: u32) {
        let (x, weight, bias) = (values(rows * inputs, seed), values(outputs * inputs, !seed), values(outputs, 3));
        let exact = product(&x, &weight, &bias, inputs);
        for isa in sets() {
            let worst = largest_difference(&multiply(isa, &x, &weight, &bias, inputs), &exact);
            prop_assert!(worst <= tolerance(inputs), "{}: off by {worst}", isa.name());
        }
    }
}
