//! Rows through a model: read, compute, print, in input order; a row that fails does not touch the others.

mod printer;

use std::io::{IsTerminal, Write};

use serde_json::{Map, Value};

use crate::args::{Global, OnError, RowArgs, RowFormat};
use crate::failure::{Failure, Outcome};
use crate::output::{self, Sink};
use crate::progress::Progress;
use crate::rows::{self, Item, Problem, Row, Shape};
use printer::Printer;

pub(crate) use printer::number;

/// Rows read, computed and printed together: enough to fill batches, few enough to bound memory.
const CHUNK: usize = 256;

/// What is done with rows.
pub(crate) trait Work {
    /// Which texts a row has.
    fn shape(&self) -> Shape;
    /// Fields of a record between the texts and `tokens`, in order.
    fn columns(&self) -> Vec<&'static str>;
    /// Results of rows, one each, in order.
    fn run(&self, rows: &[&Row]) -> Vec<Result<Made, String>>;
    /// Most tokens of a text.
    fn limit(&self) -> usize;
}

/// What was made of one row.
pub(crate) struct Made {
    /// The fields of [`Work::columns`].
    pub(crate) fields: Vec<(&'static str, Value)>,
    /// The same for people, on one line.
    pub(crate) line: String,
    pub(crate) tokens: usize,
    pub(crate) truncated: bool,
}

impl Made {
    /// The record without the texts it was made from.
    pub(crate) fn record(&self) -> Map<String, Value> {
        let mut record: Map<String, Value> = self.fields.iter().map(|(k, v)| ((*k).to_string(), v.clone())).collect();
        record.insert("tokens".into(), self.tokens.into());
        record.insert("truncated".into(), self.truncated.into());
        record
    }
}

/// Does the work on all rows of the arguments.
pub(crate) fn run(work: &dyn Work, args: &RowArgs, global: &Global) -> Result<Outcome, Failure> {
    let format = output_format(args)?;
    let rows = rows::open(args, &work.shape())?;
    let sink = Sink::open(args.output.as_deref(), args.force, &args.input)?;
    let total = args.input.is_empty().then_some(args.texts.len() as u64).filter(|n| *n > 1);
    let mut run = Run {
        args,
        work,
        printer: Printer::new(sink, format, work, args),
        progress: Progress::new(args.progress, global.quiet || total.is_none() && args.input.is_empty(), total),
        counts: Counts::default(),
    };
    run.all(rows)?;
    let Run { printer, progress, counts, .. } = run;
    printer.finish()?;
    progress.finish();
    if !global.quiet {
        counts.summary(work.limit());
    }
    Ok(Outcome::clean_if(counts.failed == 0))
}

fn output_format(args: &RowArgs) -> Result<RowFormat, Failure> {
    if let Some(format) = args.format {
        return Ok(format);
    }
    match args.output.as_ref().and_then(|p| p.extension()).and_then(|e| e.to_str()) {
        Some("jsonl" | "ndjson") => Ok(RowFormat::Jsonl),
        Some("csv") => Ok(RowFormat::Csv),
        Some(other) => {
            Err(Failure::Usage(format!("`.{other}` files are not written; use .jsonl or .csv, or say --format")))
        }
        None if args.output.is_none() && std::io::stdout().is_terminal() => Ok(RowFormat::Text),
        None => Ok(RowFormat::Jsonl),
    }
}

#[derive(Default)]
struct Counts {
    rows: usize,
    failed: usize,
    truncated: usize,
}

impl Counts {
    fn summary(&self, limit: usize) {
        if self.truncated > 0 {
            output::remark(&format!("{} of {} texts truncated at {limit} tokens", self.truncated, self.rows));
        }
        if self.failed > 0 {
            output::remark(&format!("{} of {} rows failed", self.failed, self.rows));
        }
    }
}

struct Run<'a> {
    args: &'a RowArgs,
    work: &'a dyn Work,
    printer: Printer,
    progress: Progress,
    counts: Counts,
}

/// A row that failed: the row if it could be read, its place, why.
type Failed<'r> = (Option<&'r Row>, String, String);

impl Run<'_> {
    fn all(&mut self, mut rows: impl Iterator<Item = Item>) -> Result<(), Failure> {
        loop {
            let chunk: Vec<Result<Row, Problem>> = rows.by_ref().take(CHUNK).collect::<Result<_, _>>()?;
            if chunk.is_empty() {
                return Ok(());
            }
            self.chunk(chunk)?;
        }
    }

    fn chunk(&mut self, chunk: Vec<Result<Row, Problem>>) -> Result<(), Failure> {
        let sound: Vec<&Row> = chunk.iter().filter_map(|r| r.as_ref().ok()).collect();
        let mut results = self.work.run(&sound).into_iter();
        let (count, mut tokens) = (chunk.len(), 0);
        for row in &chunk {
            let result = match row {
                Ok(row) => match results.next() {
                    Some(Ok(made)) => Ok((row, made)),
                    Some(Err(error)) => Err((Some(row), row.place.clone(), error)),
                    None => Err((Some(row), row.place.clone(), "no result".to_string())),
                },
                Err(problem) => Err((None, problem.place.clone(), problem.message.clone())),
            };
            tokens += self.one(result)?;
        }
        self.progress.advance(count, tokens);
        self.printer.flush_if_interactive()
    }

    fn one(&mut self, result: Result<(&Row, Made), Failed<'_>>) -> Result<usize, Failure> {
        self.counts.rows += 1;
        match result {
            Ok((row, made)) => {
                self.counts.truncated += usize::from(made.truncated);
                self.printer.made(row, &made)?;
                Ok(made.tokens)
            }
            Err((row, place, message)) => {
                self.counts.failed += 1;
                match self.args.on_error {
                    OnError::Fail => {
                        // What was computed before is not lost.
                        self.printer.flush()?;
                        Err(Failure::Other(format!(
                            "{place}: {message}; the rows before it are printed (see --on-error)"
                        )))
                    }
                    OnError::Skip => {
                        output::remark(&format!("left out {place}: {message}"));
                        Ok(0)
                    }
                    OnError::Null => self.printer.failure(row, &format!("{place}: {message}")).map(|()| 0),
                }
            }
        }
    }
}

/// Flushes a writer, naming its file when that fails.
fn flush(sink: &mut Sink) -> Result<(), Failure> {
    sink.flush().map_err(|e| sink.explain(e))
}
