//! Two records of one row: numbers within a tolerance, everything else equal.

use serde_json::{Map, Value};

/// Most differences that are named.
const NAMED: usize = 10;

/// What comparisons gave.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) rows: usize,
    /// Largest difference of a number, and the line it is in.
    pub(super) largest: f64,
    pub(super) largest_line: usize,
    /// Rows with a number past the tolerance.
    pub(super) past: usize,
    /// Strings, offsets, ids and lengths of lists, and how many of them are equal.
    pub(super) exact: usize,
    pub(super) equal: usize,
    /// The first differences, for people.
    pub(super) named: Vec<String>,
}

impl Tally {
    pub(super) fn clean(&self) -> bool {
        self.past == 0 && self.equal == self.exact
    }

    /// Compares the fields that both records have.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub(super) fn row(
        &mut self,
        line: usize,
        ours: &Map<String, Value>,
        theirs: &Map<String, Value>,
        tolerance: f64,
    ) -> Result<(), String> {
        let shared: Vec<_> = ours.iter().filter_map(|(key, a)| theirs.get(key).map(|b| (key, a, b))).collect();
        if shared.is_empty() {
            let fields: Vec<_> = ours.keys().map(|k| format!("`{k}`")).collect();
            return Err(format!("there is nothing to compare: it has none of {}", fields.join(", ")));
        }
        let mut row = RowTally { tally: self, line, tolerance, past: false };
        for (key, a, b) in shared {
            row.value(key, a, b);
        }
        let past = row.past;
        self.rows += 1;
        self.past += usize::from(past);
        Ok(())
    }
}

struct RowTally<'t> {
    tally: &'t mut Tally,
    line: usize,
    tolerance: f64,
    past: bool,
}

impl RowTally<'_> {
    fn value(&mut self, path: &str, ours: &Value, theirs: &Value) {
        match (ours, theirs) {
            (Value::Array(a), Value::Array(b)) => {
                self.same(&format!("length of {path}"), &a.len().into(), &b.len().into());
                for (i, (a, b)) in a.iter().zip(b).enumerate() {
                    self.value(&format!("{path}[{i}]"), a, b);
                }
            }
            (Value::Object(a), Value::Object(b)) => {
                for (key, a) in a {
                    if let Some(b) = b.get(key) {
                        self.value(&format!("{path}.{key}"), a, b);
                    }
                }
            }
            // Whole numbers count something or name something; they are not measured.
            (Value::Number(a), Value::Number(b)) if a.is_f64() => self.number(path, a.as_f64(), b.as_f64()),
            _ => self.same(path, ours, theirs),
        }
    }

    fn number(&mut self, path: &str, ours: Option<f64>, theirs: Option<f64>) {
        let (ours, theirs) = (ours.unwrap_or(f64::NAN), theirs.unwrap_or(f64::NAN));
        let difference = (ours - theirs).abs();
        let past = difference > self.tolerance || difference.is_nan();
        if past {
            self.name(format!("`{path}` is {ours}, expected {theirs}"));
        }
        self.past |= past;
        let tally = &mut self.tally;
        if difference > tally.largest || difference.is_nan() || tally.largest_line == 0 {
            (tally.largest, tally.largest_line) = (difference, self.line);
        }
    }

    fn same(&mut self, path: &str, ours: &Value, theirs: &Value) {
        self.tally.exact += 1;
        if ours == theirs {
            self.tally.equal += 1;
        } else {
            self.name(format!("`{path}` is {ours}, expected {theirs}"));
        }
    }

    fn name(&mut self, difference: String) {
        if self.tally.named.len() < NAMED {
            self.tally.named.push(format!("line {}: {difference}", self.line));
        }
    }
}
