//! How a prediction is printed: the records of the command line's contract.

use std::io::{IsTerminal, Write};

use bert_model::Prediction;
use serde_json::{Map, Value, json};

use super::flush;
use crate::args::{Predict, RowFormat};
use crate::failure::Failure;
use crate::output::Sink;
use crate::rows::Row;

/// Which fields a row has.
pub(super) struct Fields {
    pub(super) labels: Vec<String>,
    pub(super) top: Option<usize>,
    pub(super) threshold: Option<f32>,
    pub(super) logits: bool,
}

/// Prints rows.
pub(super) struct Printer {
    sink: Sink,
    format: RowFormat,
    fields: Fields,
    kept: Vec<String>,
    /// Whether the header of a CSV is still to be written.
    header_due: bool,
    interactive: bool,
    several: bool,
}

impl Printer {
    pub(super) fn new(sink: Sink, format: RowFormat, fields: Fields, args: &Predict) -> Self {
        let kept = args.id.iter().map(|_| "id".to_string()).chain(args.keep.iter().cloned()).collect();
        let interactive = matches!(sink, Sink::Stdout(_)) && std::io::stdout().is_terminal();
        let several = args.texts.len() > 1 || !args.input.is_empty();
        Printer { sink, format, fields, kept, header_due: true, interactive, several }
    }

    pub(super) fn finish(mut self) -> Result<(), Failure> {
        if self.format == RowFormat::Csv && self.header_due {
            self.csv_header()?;
        }
        self.sink.finish()
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        flush(&mut self.sink)
    }

    pub(super) fn flush_if_interactive(&mut self) -> Result<(), Failure> {
        if self.interactive { self.flush() } else { Ok(()) }
    }

    fn line(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.sink, "{line}").map_err(|e| self.sink.explain(e))
    }

    pub(super) fn prediction(&mut self, row: &Row, prediction: &Prediction) -> Result<(), Failure> {
        match self.format {
            RowFormat::Jsonl => {
                let record = self.record(row, prediction);
                self.line(&Value::Object(record).to_string())
            }
            RowFormat::Text => {
                let line = self.text(row, prediction);
                self.line(&line)
            }
            RowFormat::Csv => {
                let record = self.record(row, prediction);
                self.csv_row(&record)
            }
        }
    }

    /// A row that failed, with nulls in place of a prediction.
    pub(super) fn failure(&mut self, row: Option<&Row>, error: &str) -> Result<(), Failure> {
        let mut record = self.start(row);
        record.insert("label".into(), Value::Null);
        record.insert("score".into(), Value::Null);
        record.insert("error".into(), error.into());
        match self.format {
            RowFormat::Jsonl => self.line(&Value::Object(record).to_string()),
            RowFormat::Text => self.line(&format!("error  {error}")),
            RowFormat::Csv => self.csv_row(&record),
        }
    }

    /// Kept columns and texts.
    fn start(&self, row: Option<&Row>) -> Map<String, Value> {
        let mut record = Map::new();
        let Some(row) = row else {
            record.insert("text".into(), Value::Null);
            return record;
        };
        record.extend(row.kept.iter().cloned());
        record.insert("text".into(), row.text.clone().into());
        if let Some(pair) = &row.pair {
            record.insert("pair".into(), pair.clone().into());
        }
        record
    }

    fn record(&self, row: &Row, prediction: &Prediction) -> Map<String, Value> {
        let mut record = self.start(Some(row));
        let name = |id: usize| self.fields.labels.get(id).cloned().unwrap_or_default();
        record.insert("label".into(), prediction.label.clone().into());
        record.insert("score".into(), number(prediction.score));
        if let Some(k) = self.fields.top {
            let best = prediction.ranked().into_iter().take(k);
            record.insert(
                "scores".into(),
                best.map(|(id, score)| json!({"label": name(id), "score": number(score)})).collect(),
            );
        }
        if let Some(threshold) = self.fields.threshold {
            let above = prediction.ranked().into_iter().filter(|(_, score)| *score >= threshold);
            record.insert("labels".into(), above.map(|(id, _)| Value::from(name(id))).collect());
        }
        if self.fields.logits {
            record.insert("logits".into(), prediction.logits.iter().map(|x| number(*x)).collect());
        }
        record.insert("tokens".into(), prediction.tokens.into());
        record.insert("truncated".into(), prediction.truncated.into());
        record
    }

    fn text(&self, row: &Row, prediction: &Prediction) -> String {
        let name = |id: usize| self.fields.labels.get(id).map_or("", String::as_str);
        let mut line = match (self.fields.top, self.fields.threshold) {
            (_, Some(threshold)) => {
                let above: Vec<_> = prediction
                    .ranked()
                    .into_iter()
                    .filter(|(_, s)| *s >= threshold)
                    .map(|(id, s)| format!("{} {s:.4}", name(id)))
                    .collect();
                if above.is_empty() { "(none)".to_string() } else { above.join("  ") }
            }
            (Some(k), _) => prediction
                .ranked()
                .into_iter()
                .take(k)
                .map(|(id, s)| format!("{} {s:.4}", name(id)))
                .collect::<Vec<_>>()
                .join("  "),
            _ => format!("{}  {:.4}", prediction.label, prediction.score),
        };
        if self.fields.logits {
            line.push_str(&format!("  {:?}", prediction.logits));
        }
        if prediction.truncated {
            line.push_str("  (truncated)");
        }
        if self.several {
            let one_line: String = row.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            line.push_str(&format!("  {one_line}"));
        }
        line
    }

    fn csv_columns(&self) -> Vec<String> {
        let fixed = ["text", "pair", "label", "score"].iter().map(ToString::to_string);
        let mut columns: Vec<String> = self.kept.iter().cloned().chain(fixed).collect();
        columns.extend(self.fields.top.map(|_| "scores".to_string()));
        columns.extend(self.fields.threshold.map(|_| "labels".to_string()));
        columns.extend(self.fields.logits.then(|| "logits".to_string()));
        columns.extend(["tokens", "truncated", "error"].iter().map(ToString::to_string));
        columns
    }

    fn csv_header(&mut self) -> Result<(), Failure> {
        self.header_due = false;
        let columns = self.csv_columns();
        self.csv_fields(&columns)
    }

    /// Nested values are written as JSON.
    fn csv_row(&mut self, record: &Map<String, Value>) -> Result<(), Failure> {
        if self.header_due {
            self.csv_header()?;
        }
        let cell = |column: &String| match record.get(column) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(s)) => s.clone(),
            Some(other) => other.to_string(),
        };
        let cells: Vec<String> = self.csv_columns().iter().map(cell).collect();
        self.csv_fields(&cells)
    }

    fn csv_fields(&mut self, fields: &[String]) -> Result<(), Failure> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let written = writer
            .write_record(fields)
            .map_err(|e| e.to_string())
            .and_then(|()| writer.into_inner().map_err(|e| e.to_string()));
        let bytes = written.map_err(Failure::Other)?;
        self.sink.write_all(&bytes).map_err(|e| self.sink.explain(e))
    }
}

/// The shortest digits that read back as the same f32.
fn number(x: f32) -> Value {
    x.to_string().parse::<f64>().ok().and_then(serde_json::Number::from_f64).map_or(Value::Null, Value::Number)
}
