//! How rows are printed: the records of the command line's contract.

use std::io::{IsTerminal, Write};

use serde_json::{Map, Value};

use super::{Made, Work, flush};
use crate::args::{RowArgs, RowFormat};
use crate::failure::Failure;
use crate::output::Sink;
use crate::rows::{Row, Shape};

/// Prints rows.
pub(super) struct Printer {
    sink: Sink,
    format: RowFormat,
    fields: Vec<&'static str>,
    shape: Shape,
    kept: Vec<String>,
    /// Whether the header of a CSV is still to be written.
    header_due: bool,
    interactive: bool,
    several: bool,
}

impl Printer {
    pub(super) fn new(sink: Sink, format: RowFormat, work: &dyn Work, args: &RowArgs) -> Self {
        let kept = args.id.iter().map(|_| "id".to_string()).chain(args.keep.iter().cloned()).collect();
        let interactive = matches!(sink, Sink::Stdout(_)) && std::io::stdout().is_terminal();
        let several = args.texts.len() > 1 || !args.input.is_empty();
        let (fields, shape) = (work.columns(), work.shape());
        Printer { sink, format, fields, shape, kept, header_due: true, interactive, several }
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

    pub(super) fn made(&mut self, row: &Row, made: &Made) -> Result<(), Failure> {
        let mut record = self.start(Some(row));
        record.extend(made.record());
        let line = self.text(row, made);
        self.print(record, &line)
    }

    /// A row that failed, with nulls in place of results.
    pub(super) fn failure(&mut self, row: Option<&Row>, error: &str) -> Result<(), Failure> {
        let mut record = self.start(row);
        record.extend(self.fields.iter().map(|field| ((*field).to_string(), Value::Null)));
        record.insert("error".into(), error.into());
        self.print(record, &format!("error  {error}"))
    }

    /// A record, or `line` where people read it.
    fn print(&mut self, record: Map<String, Value>, line: &str) -> Result<(), Failure> {
        match self.format {
            RowFormat::Jsonl => self.line(&Value::Object(record).to_string()),
            RowFormat::Csv => self.csv_row(&record),
            RowFormat::Text => self.line(line),
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
        if self.shape.choices {
            record.insert("choices".into(), row.choices.clone().into());
        }
        record
    }

    fn text(&self, row: &Row, made: &Made) -> String {
        let mut line = made.line.clone();
        if made.truncated {
            line.push_str("  (truncated)");
        }
        if self.several {
            line.push_str("  ");
            line.push_str(&row.text);
        }
        line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }

    fn csv_columns(&self) -> Vec<String> {
        let choices = self.shape.choices.then_some("choices");
        let texts = ["text", "pair"].into_iter().chain(choices);
        let own = texts.chain(self.fields.iter().copied()).chain(["tokens", "truncated", "error"]);
        self.kept.iter().cloned().chain(own.map(str::to_string)).collect()
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
pub(crate) fn number(x: f32) -> Value {
    x.to_string().parse::<f64>().ok().and_then(serde_json::Number::from_f64).map_or(Value::Null, Value::Number)
}
