//! LayerNorm against f64.

mod common;

use bert_kernels::LayerNorm;
use common::*;

#[test]
fn rows_of_all_widths_equal_the_formula() {
    for width in [1, 2, 7, 8, 15, 16, 17, 24, 33, 384, 768, 1000] {
        let (weight, bias) = (values(width, 1), values(width, 2));
        let x: Vec<f32> = values(37 * width, 3).into_iter().map(|v| 5.0 * v + 2.0).collect();
        let wide: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
        let exact: Vec<f64> = wide.chunks(width).flat_map(|row| norm(row, &weight, &bias, 1e-5)).collect();
        for isa in sets() {
            let mut rows = x.clone();
            LayerNorm::new(weight.clone(), bias.clone(), 1e-5).apply(isa, &mut rows);
            // Values up to 2 (768 of one row) from means that are off by a unit or two of 7.
            let worst = largest_difference(&rows, &exact);
            assert!(worst < 2e-6 * f64::from(width as u32).sqrt().max(2.0), "{} {width}: off by {worst}", isa.name());
        }
    }
}

/// A mean a thousand times the spread: a difference of squares would have lost every digit.
#[test]
fn a_large_mean_does_not_hide_the_spread() {
    let width = 768;
    let x: Vec<f32> = values(width, 3).into_iter().map(|v| v + 1000.0).collect();
    let wide: Vec<f64> = x.iter().map(|v| f64::from(*v)).collect();
    let exact = norm(&wide, &vec![1.0; width], &vec![0.0; width], 1e-12);
    for isa in sets() {
        let mut rows = x.clone();
        LayerNorm::new(vec![1.0; width], vec![0.0; width], 1e-12).apply(isa, &mut rows);
        // The mean is right to far below a unit of 1000 (6e-5), against a spread of 0.58.
        assert!(largest_difference(&rows, &exact) < 2e-6, "{}", isa.name());
    }
}

#[test]
fn a_residual_is_added_first() {
    for isa in sets() {
        let (a, b) = (values(50 * 40, 1), values(50 * 40, 2));
        let layer = LayerNorm::new(values(40, 3), values(40, 4), 1e-12);
        let mut sum: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
        layer.apply(isa, &mut sum);
        let mut rows = a;
        layer.add_and_apply(isa, &mut rows, &b);
        assert_eq!(rows, sum);
    }
}
