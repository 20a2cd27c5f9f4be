//! Parallel steps of a team: every number once, also when steps are short, nested, many teams run, or one panics.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use bert_kernels::{parallel, parallel_chunks, together};
use common::with_threads;

/// Counts how often each number of a step is run.
fn step(count: usize) {
    let times: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
    parallel(count, |number| _ = times[number].fetch_add(1, Ordering::Relaxed));
    assert!(times.iter().all(|t| t.load(Ordering::Relaxed) == 1), "of {count}");
}

#[test]
fn every_number_is_run_once_and_done_when_the_step_ends() {
    for threads in [1, 2, 3, 8] {
        with_threads(threads, || {
            // Without a team, with one, and with one after the other.
            step(100);
            for _ in 0..3 {
                together(|| (0..2000).for_each(|i| step(i % 7)));
            }
        });
    }
}

#[test]
fn parts_of_a_slice_are_disjoint_and_whole() {
    with_threads(4, || {
        together(|| {
            for length in [0, 1, 9, 10, 11, 1000] {
                let mut values = vec![0usize; length];
                parallel_chunks(&mut values, 10, |part, values| {
                    values.iter_mut().enumerate().for_each(|(i, v)| *v += part * 10 + i + 1);
                });
                assert!(values.iter().enumerate().all(|(i, v)| *v == i + 1));
            }
        });
    });
}

#[test]
fn a_step_inside_a_step_is_run_by_its_thread() {
    with_threads(3, || {
        together(|| {
            let done = AtomicUsize::new(0);
            parallel(5, |_| {
                together(|| parallel(7, |_| _ = done.fetch_add(1, Ordering::Relaxed)));
            });
            assert_eq!(done.into_inner(), 35);
        });
    });
}

#[test]
fn many_teams_share_a_pool() {
    with_threads(2, || {
        rayon::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|_| together(|| (0..50).for_each(|_| step(5))));
            }
        });
    });
    // From threads that are not the pool's.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| pool.install(|| together(|| (0..50).for_each(|_| step(5)))));
        }
    });
}

#[test]
fn a_panic_in_a_step_comes_out_and_the_pool_lives_on() {
    with_threads(4, || {
        for bad in 0..16 {
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                together(|| {
                    step(16);
                    parallel(16, |number| assert!(number != bad, "number {number}"));
                });
            }));
            assert!(panicked.is_err());
            together(|| step(16));
        }
    });
}
