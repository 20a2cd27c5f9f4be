#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::print_stdout)]
#![allow(dead_code, reason = "each test binary uses its part")]
//! What the parity tests share: goldens, comparisons, and a tally of differences.

mod agree;

#[allow(unused_imports)]
pub use agree::{Case, Kind, cases, engines};
pub use bert_testkit::fixtures;
use serde_json::Value;

/// The project's goal for f32 engines; the fixtures' weights are fifteen times larger than trained ones and still meet it.
pub const TOLERANCE: f64 = 2e-5;

pub fn golden(name: &str) -> Value {
    let path = fixtures().join("golden").join(format!("{name}.json"));
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&bytes).unwrap()
}

pub fn rows(golden: &Value) -> &[Value] {
    golden["rows"].as_array().unwrap()
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// One line of the parity table: the largest difference, held to the tolerance, and what was equal.
pub struct Tally {
    what: String,
    largest: f64,
    numbers: usize,
    exact: usize,
}

impl Tally {
    pub fn new(what: impl Into<String>) -> Self {
        Tally { what: what.into(), largest: 0.0, numbers: 0, exact: 0 }
    }

    /// A string, an offset, a count.
    pub fn same<T: PartialEq + std::fmt::Debug>(&mut self, ours: T, theirs: T, context: &Value) {
        assert_eq!(ours, theirs, "{}: {context}", self.what);
        self.exact += 1;
    }

    pub fn near(&mut self, ours: f32, theirs: &Value, context: &Value) {
        let theirs = theirs.as_f64().unwrap();
        // Numbers far above 1, such as dot products of unscaled embeddings, have as much less room after the point.
        let difference = (f64::from(ours) - theirs).abs() / theirs.abs().max(1.0);
        assert!(difference <= TOLERANCE, "{}: {ours} instead of {theirs} in {context}", self.what);
        self.largest = self.largest.max(difference);
        self.numbers += 1;
    }

    pub fn all(&mut self, ours: &[f32], theirs: &Value, context: &Value) {
        let list = theirs.as_array().unwrap();
        assert_eq!(ours.len(), list.len(), "{}: {context}", self.what);
        ours.iter().zip(list).for_each(|(a, b)| self.near(*a, b, context));
    }

    /// Prints the line; a table that compared nothing is no proof.
    pub fn done(self) {
        assert!(self.numbers > 0, "{} compared nothing", self.what);
        println!("| {} | {} | {:.1e} | {} |", self.what, self.numbers, self.largest, self.exact);
    }
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A number of the golden row, if it has one.
pub fn count(row: &Value, key: &str) -> Option<usize> {
    row[key].as_u64().map(|n| n as usize)
}

pub fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_string()).collect()
}
