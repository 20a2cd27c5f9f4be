//! Threads that stay together through many short parallel steps.
//!
//! An encoder of 12 layers has 84 of them, some of a tenth of a millisecond. A thread that goes to sleep after each must be
//! woken for the next, which costs as much as the step; here they wait for it awake, and only for as long as the team
//! lasts. The threads are those of the rayon pool: there is no other pool.
#![allow(unsafe_code)]

use std::cell::{Cell, UnsafeCell};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;

/// Looks for the next step before others are let ahead: some tens of microseconds.
const PATIENCE: u32 = 2_000;

/// What is to be done in a step: `0..count`, each once.
#[derive(Clone, Copy)]
struct Step {
    run: *const (dyn Fn(usize) + Sync),
    count: usize,
}

struct Team {
    /// Odd while a step is open to helpers.
    epoch: AtomicUsize,
    step: UnsafeCell<Option<Step>>,
    /// The next number to be taken.
    next: AtomicUsize,
    /// Helpers that may be looking at `step`.
    helpers: AtomicUsize,
    over: AtomicBool,
}

// SAFETY: `step` is written only while the epoch is even and `helpers` is 0, and read only between `helpers` being raised
// and lowered with an odd epoch seen in between; what it points to is `Sync`.
unsafe impl Sync for Team {}

thread_local! {
    /// The team that this thread leads.
    static LED: Cell<Option<*const Team>> = const { Cell::new(None) };
    /// Whether this thread is inside a step: steps do not nest.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` on a thread of the pool while the pool's other threads stay ready for its parallel steps. `work` must not
/// call rayon itself.
pub fn together<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if rayon::current_num_threads() == 1 || LED.get().is_some() || INSIDE.get() {
        return work();
    }
    let team = Team {
        epoch: AtomicUsize::new(0),
        step: UnsafeCell::new(None),
        next: AtomicUsize::new(0),
        helpers: AtomicUsize::new(0),
        over: AtomicBool::new(false),
    };
    rayon::scope(|scope| {
        (1..rayon::current_num_threads()).for_each(|_| scope.spawn(|_| team.help()));
        // Also when `work` panics: helpers leave, and the scope can end.
        let _over = OnDrop(|| {
            LED.set(None);
            team.over.store(true, Ordering::Release);
        });
        LED.set(Some(&raw const team));
        work()
    })
}

/// Runs `run` for each of `0..count`, in any order, on the threads of the team this thread leads, or of the pool.
pub fn parallel(count: usize, run: impl Fn(usize) + Sync) {
    if count <= 1 || INSIDE.get() {
        return (0..count).for_each(run);
    }
    match LED.get() {
        // SAFETY: `together` clears it before the team goes out of scope.
        Some(team) => unsafe { &*team }.lead(count, &run),
        None => (0..count).into_par_iter().with_max_len(1).for_each(&run),
    }
}

/// Threads that a parallel step has from here.
pub(crate) fn threads() -> usize {
    if INSIDE.get() { 1 } else { rayon::current_num_threads() }
}

/// As [`parallel`] over parts of a slice of `size` values, the last one shorter.
pub fn parallel_chunks<T: Send>(values: &mut [T], size: usize, run: impl Fn(usize, &mut [T]) + Sync) {
    let (size, length) = (size.max(1), values.len());
    let start = Start(values.as_mut_ptr());
    parallel(length.div_ceil(size), |number| {
        let first = number * size;
        // SAFETY: parts are disjoint and inside the slice, which is borrowed until all are done.
        let part = unsafe { std::slice::from_raw_parts_mut(start.at(first), size.min(length - first)) };
        run(number, part);
    });
}

struct Start<T>(*mut T);

// SAFETY: every part of the slice goes to one thread.
unsafe impl<T: Send> Sync for Start<T> {}

impl<T> Start<T> {
    fn at(&self, first: usize) -> *mut T {
        self.0.wrapping_add(first)
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl Team {
    /// Opens a step, takes part in it, and closes it when it is done.
    fn lead(&self, count: usize, run: &(dyn Fn(usize) + Sync)) {
        // SAFETY: only the lifetime changes: the step is closed, and no helper looks at it, before this function ends.
        let run: &'static (dyn Fn(usize) + Sync) = unsafe { std::mem::transmute(run) };
        let step = Step { run, count };
        // SAFETY: the epoch is even and no helper is here: the last step was closed below.
        unsafe { *self.step.get() = Some(step) };
        self.next.store(0, Ordering::Relaxed);
        self.epoch.fetch_add(1, Ordering::SeqCst);
        // Also when `run` panics here: what the step points to must not be left while helpers use it.
        let _closed = OnDrop(|| {
            self.epoch.fetch_add(1, Ordering::SeqCst);
            let mut patience = 0;
            while self.helpers.load(Ordering::SeqCst) != 0 {
                wait(&mut patience);
            }
        });
        self.take_part(step);
    }

    /// Takes numbers until there are no more.
    fn take_part(&self, step: Step) {
        INSIDE.set(true);
        let _outside = OnDrop(|| INSIDE.set(false));
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= step.count {
                break;
            }
            // SAFETY: the step is open, or cannot be left before this helper is: see `lead`.
            unsafe { (*step.run)(number) };
        }
    }

    fn help(&self) {
        let (mut done, mut patience) = (0, 0);
        while !self.over.load(Ordering::Acquire) {
            let epoch = self.epoch.load(Ordering::Acquire);
            if epoch.is_multiple_of(2) || epoch == done {
                wait(&mut patience);
                continue;
            }
            patience = 0;
            self.helpers.fetch_add(1, Ordering::SeqCst);
            let _gone = OnDrop(|| _ = self.helpers.fetch_sub(1, Ordering::SeqCst));
            // Still open after this helper was counted: the leader will wait for it.
            if self.epoch.load(Ordering::SeqCst) == epoch {
                // SAFETY: written before the epoch became odd, not written again while this helper is counted.
                if let Some(step) = unsafe { *self.step.get() } {
                    self.take_part(step);
                }
            }
            done = epoch;
        }
    }
}

/// Awake for a while, then letting others ahead.
fn wait(patience: &mut u32) {
    if *patience < PATIENCE {
        *patience += 1;
        std::hint::spin_loop();
    } else {
        std::thread::yield_now();
    }
}
