//! `bert eval --expect`: our predictions against outputs made elsewhere.

use std::io::Write;

use bert_model::{Classifier, Input, Prediction};
use serde_json::{Value, json};

use crate::args::{Eval, Global, TextOrJson};
use crate::failure::{Failure, Outcome};
use crate::open;

/// What the comparison gave.
#[derive(Default)]
struct Tally {
    rows: usize,
    /// Largest difference, and the row it is in (from 1).
    largest: f64,
    largest_row: usize,
    past: usize,
    labels: usize,
    equal_labels: usize,
}

pub(crate) fn run(args: &Eval, global: &Global) -> Result<Outcome, Failure> {
    let text = std::fs::read_to_string(&args.expect).map_err(Failure::file(&args.expect))?;
    let classifier = open::classifier(&args.checkpoint, &args.parts, global)?;
    let mut tally = Tally::default();
    for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let place = format!("{}:{}", args.expect.display(), number + 1);
        let wrong = |what: String| Failure::Other(format!("{place}: {what}"));
        let row: Value = serde_json::from_str(line).map_err(|e| wrong(format!("not a JSON object: {e}")))?;
        let input = row.get("text").and_then(Value::as_str).ok_or_else(|| wrong("there is no `text`".into()))?;
        let input = Input { text: input, pair: row.get("pair").and_then(Value::as_str) };
        let prediction = classifier.classify(input).map_err(|e| wrong(e.to_string()))?;
        tally.compare(number + 1, &row, &prediction, &classifier, args.tolerance).map_err(wrong)?;
    }
    if tally.rows == 0 {
        return Err(Failure::Other(format!("{} has no rows", args.expect.display())));
    }
    tally.print(args)?;
    Ok(Outcome::clean_if(tally.past == 0 && tally.equal_labels == tally.labels))
}

impl Tally {
    fn compare(
        &mut self,
        number: usize,
        row: &Value,
        ours: &Prediction,
        classifier: &Classifier,
        tolerance: f64,
    ) -> Result<(), String> {
        let mut difference = None;
        let mut see =
            |d: f64| difference = Some(difference.map_or(d, |old: f64| if d > old || d.is_nan() { d } else { old }));
        for (field, values) in [("logits", &ours.logits), ("scores", &ours.scores)] {
            // `scores` may also be the ranked list of `bert predict --top-k`.
            let Some(theirs) =
                row.get(field).and_then(Value::as_array).filter(|list| list.iter().all(Value::is_number))
            else {
                continue;
            };
            if theirs.len() != values.len() {
                return Err(format!("`{field}` has {} numbers, the checkpoint {} labels", theirs.len(), values.len()));
            }
            theirs.iter().zip(values).for_each(|(b, a)| see((f64::from(*a) - b.as_f64().unwrap_or(f64::NAN)).abs()));
        }
        if let Some(score) = row.get("score").and_then(Value::as_f64) {
            let of = row
                .get("label")
                .and_then(Value::as_str)
                .and_then(|l| classifier.labels().id(l))
                .and_then(|id| ours.scores.get(id));
            see((f64::from(*of.unwrap_or(&ours.score)) - score).abs());
        }
        if let Some(label) = row.get("label").and_then(Value::as_str) {
            self.labels += 1;
            self.equal_labels += usize::from(label == ours.label);
        }
        self.rows += 1;
        let Some(difference) = difference else {
            return match row.get("label") {
                Some(_) => Ok(()),
                None => Err("there is nothing to compare: no `logits`, `scores`, `score` or `label`".into()),
            };
        };
        self.past += usize::from(difference > tolerance || difference.is_nan());
        if difference > self.largest || difference.is_nan() || self.largest_row == 0 {
            (self.largest, self.largest_row) = (difference, number);
        }
        Ok(())
    }

    fn print(&self, args: &Eval) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        if args.format == TextOrJson::Json {
            let record = json!({
                "schema": "bert.eval/1", "checkpoint": args.checkpoint.display().to_string(), "rows": self.rows,
                "tolerance": args.tolerance, "largest_difference": self.largest, "largest_row": self.largest_row,
                "rows_past_tolerance": self.past, "labels": self.labels, "equal_labels": self.equal_labels,
            });
            writeln!(out, "{record:#}")?;
            return Ok(());
        }
        writeln!(
            out,
            "{} rows, largest difference {:.2e} (line {}), {} past the tolerance {:e}",
            self.rows, self.largest, self.largest_row, self.past, args.tolerance
        )?;
        writeln!(out, "{} of {} labels equal", self.equal_labels, self.labels)?;
        Ok(())
    }
}
