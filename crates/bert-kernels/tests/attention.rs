//! Attention against plain f64 loops.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use bert_kernels::{Attention, Columns, Distances, Isa, Sequence};
use common::*;
use proptest::prelude::*;

#[derive(Clone, Copy)]
struct Case {
    heads: usize,
    size: usize,
    /// Vectors of distances: how many positions, and whether they meet the keys as well.
    relative: Option<(usize, bool)>,
}

impl Case {
    fn width(&self) -> usize {
        self.heads * self.size
    }

    fn table(&self) -> Vec<f32> {
        self.relative.map_or(Vec::new(), |(positions, _)| values((2 * positions - 1) * self.size, 77))
    }

    /// Softmax of the scores times the values, one query and head after the other.
    fn exact(&self, qkv: &[f32], lengths: &[usize]) -> Vec<f64> {
        let (width, size, table) = (self.width(), self.size, self.table());
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let head = |row: usize, part: usize, h: usize| &qkv[row * 3 * width + part * width + h * size..][..size];
        let mut out = Vec::new();
        let mut first = 0;
        for length in lengths {
            for query in 0..*length {
                for h in 0..self.heads {
                    let q = head(first + query, 0, h);
                    let score = |key: usize| {
                        let k = head(first + key, 1, h);
                        let mut score = dot(q, k);
                        if let Some((positions, keys)) = self.relative {
                            let d = &table[(query + positions - 1 - key) * size..][..size];
                            score += dot(q, d) + if keys { dot(k, d) } else { 0.0 };
                        }
                        score / (size as f64).sqrt()
                    };
                    let scores: Vec<f64> = (0..*length).map(score).collect();
                    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let weights: Vec<f64> = scores.iter().map(|s| (s - highest).exp()).collect();
                    let sum: f64 = weights.iter().sum();
                    out.extend((0..size).map(|c| {
                        let weighted = |(key, w): (usize, &f64)| w / sum * f64::from(head(first + key, 2, h)[c]);
                        weights.iter().enumerate().map(weighted).sum::<f64>()
                    }));
                }
            }
            first += length;
        }
        out
    }

    /// All queries, or those at `positions` of every sequence.
    fn ours(&self, isa: Isa, qkv: &[f32], lengths: &[usize], positions: Option<&[usize]>) -> Vec<f32> {
        let width = self.width();
        let distances = self.relative.map(|(_, keys)| Distances::new(isa, &self.table(), self.size, keys));
        let attention = Attention { isa, heads: self.heads, head_size: self.size, distances: distances.as_ref() };
        let columns = |part: usize| Columns { values: qkv, stride: 3 * width, first: part * width };
        let (mut sequences, mut q, mut first, mut done) = (Vec::new(), Vec::new(), 0, 0);
        for length in lengths {
            let wanted = positions.map_or((0..*length).collect(), <[usize]>::to_vec);
            for position in &wanted {
                q.extend_from_slice(&qkv[(first + position) * 3 * width..][..width]);
            }
            let queries = done..done + wanted.len();
            done = queries.end;
            sequences.push(Sequence { queries, keys: first..first + length, positions: wanted });
            first += length;
        }
        let mut out = vec![f32::NAN; done * width];
        let q = Columns { values: &q, stride: width, first: 0 };
        attention.apply(q, columns(1), columns(2), &sequences, &mut out);
        out
    }
}

const RELATIVE: [Option<(usize, bool)>; 3] = [None, Some((70, false)), Some((70, true))];

/// Values are averages of numbers below 1 with weights that are right to a few units.
const TOLERANCE: f64 = 2e-6;

#[test]
fn sequences_of_all_lengths_equal_plain_loops() {
    for relative in RELATIVE {
        for (heads, size) in [(1, 1), (3, 8), (2, 17), (2, 32), (1, 64), (1, 100)] {
            let case = Case { heads, size, relative };
            for lengths in [vec![1], vec![2, 1, 3], vec![16, 15, 17], vec![31, 33], vec![70], vec![5, 0, 6]] {
                let qkv = values(lengths.iter().sum::<usize>() * 3 * case.width(), 9);
                let exact = case.exact(&qkv, &lengths);
                for isa in sets() {
                    let worst = largest_difference(&case.ours(isa, &qkv, &lengths, None), &exact);
                    let name = isa.name();
                    assert!(worst < TOLERANCE, "{name} {heads} x {size} {lengths:?} {relative:?}: off by {worst}");
                }
            }
        }
    }
}

#[test]
fn long_sequences_go_in_blocks() {
    let case = Case { heads: 2, size: 16, relative: Some((300, true)) };
    let qkv = values(300 * 3 * case.width(), 9);
    let exact = case.exact(&qkv, &[300]);
    for isa in sets() {
        for threads in [1, 2, 9] {
            let ours = with_threads(threads, || case.ours(isa, &qkv, &[300], None));
            assert!(largest_difference(&ours, &exact) < TOLERANCE, "{} {threads}", isa.name());
        }
    }
}

#[test]
fn a_sequence_does_not_depend_on_its_neighbours_the_threads_or_what_else_is_asked_for() {
    for relative in RELATIVE {
        let case = Case { heads: 3, size: 16, relative };
        let (width, lengths) = (case.width(), [21, 64, 40]);
        let qkv = values(125 * 3 * width, 5);
        for isa in sets() {
            let all = with_threads(1, || case.ours(isa, &qkv, &lengths, None));
            assert_eq!(all, with_threads(4, || case.ours(isa, &qkv, &lengths, None)));
            let alone = case.ours(isa, &qkv[21 * 3 * width..85 * 3 * width], &[64], None);
            assert_eq!(alone, all[21 * width..85 * width], "{}", isa.name());
            let some = case.ours(isa, &qkv, &lengths, Some(&[0, 7, 20]));
            let expected: Vec<f32> = [0, 21, 85]
                .iter()
                .flat_map(|first| [0, 7, 20].map(|p| &all[(first + p) * width..(first + p + 1) * width]))
                .flatten()
                .copied()
                .collect();
            assert_eq!(some, expected, "{}", isa.name());
        }
    }
}

/// Scores of several thousands: only differences from the highest enter the exponential.
#[test]
fn large_scores_do_not_overflow() {
    let case = Case { heads: 1, size: 4, relative: None };
    let qkv: Vec<f32> = values(10 * 12, 3).into_iter().map(|v| 100.0 * v).collect();
    let exact = case.exact(&qkv, &[10]);
    for isa in sets() {
        // Scores of 2e4 are rounded to 2e-3, and so are the weights' exponents.
        let worst = largest_difference(&case.ours(isa, &qkv, &[10], None), &exact);
        assert!(worst < 0.5, "{}: off by {worst}", isa.name());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_batch_equals_plain_loops(
        lengths in prop::collection::vec(1usize..40, 1..5),
        heads in 1usize..4,
        size in 1usize..40,
        relative in prop::sample::select(RELATIVE.to_vec()),
        seed: u32,
    ) {
        let case = Case { heads, size, relative };
        let qkv = values(lengths.iter().sum::<usize>() * 3 * case.width(), seed);
        let exact = case.exact(&qkv, &lengths);
        for isa in sets() {
            let worst = largest_difference(&case.ours(isa, &qkv, &lengths, None), &exact);
            prop_assert!(worst < TOLERANCE, "{}: off by {worst}", isa.name());
        }
    }
}
