//! `bert predict`: one row a text, in input order.

use std::io::{IsTerminal, Write};

use bert_config::ProblemType;
use bert_model::{BatchOptions, Classifier, Input, Prediction};
use bert_tok::Truncation;

use crate::args::{Global, OnError, Predict, RowFormat, TopK, Truncate};
use crate::failure::{Failure, Outcome};
use crate::output::{self, Sink};
use crate::progress::Progress;
use crate::rows::{self, Item, Problem, Row};

mod record;

use record::{Fields, Printer};

/// Rows read, computed and printed together: enough to fill batches, few enough to bound memory.
const CHUNK: usize = 256;

pub(crate) fn run(args: &Predict, global: &Global) -> Result<Outcome, Failure> {
    let format = output_format(args)?;
    let classifier = open(args, global)?;
    let fields = fields(args, &classifier)?;
    let rows = rows::open(args)?;
    let sink = Sink::open(args.output.as_deref(), args.force, &args.input)?;
    let total = args.input.is_empty().then_some(args.texts.len() as u64).filter(|n| *n > 1);
    let mut run = Run {
        args,
        classifier: &classifier,
        printer: Printer::new(sink, format, fields, args),
        progress: Progress::new(args.progress, global.quiet || total.is_none() && args.input.is_empty(), total),
        counts: Counts::default(),
    };
    run.all(rows)?;
    let Run { printer, progress, counts, .. } = run;
    printer.finish()?;
    progress.finish();
    if !global.quiet {
        counts.summary(args, &classifier);
    }
    Ok(Outcome::clean_if(counts.failed == 0))
}

fn output_format(args: &Predict) -> Result<RowFormat, Failure> {
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

/// Opens the classifier with the truncation and batches that were asked for.
fn open(args: &Predict, global: &Global) -> Result<Classifier, Failure> {
    if args.max_length.is_some_and(|n| n < 2) {
        return Err(Failure::Usage("--max-length must leave room for [CLS] and [SEP]".into()));
    }
    let truncation = match args.truncation {
        Truncate::Error => Truncation::Refuse,
        Truncate::Right => Truncation::LongestFirst,
    };
    let mut batch = BatchOptions::default();
    batch.batch_tokens = args.batch_tokens.unwrap_or(batch.batch_tokens).max(1);
    let classifier = crate::open::classifier(&args.checkpoint, &args.parts, global)?;
    let max_length = args.max_length.or(global.settings()?.max_length);
    Ok(classifier.truncation(truncation, max_length).batch_options(batch))
}

fn fields(args: &Predict, classifier: &Classifier) -> Result<Fields, Failure> {
    let multi = classifier.checkpoint().config().problem_type == Some(ProblemType::MultiLabel);
    if args.threshold.is_some() && !multi {
        return Err(Failure::Usage("--threshold is for multi-label checkpoints; this one has one label a text".into()));
    }
    let labels = classifier.labels().names().to_vec();
    let top = args.top_k.map(|k| match k {
        TopK::All => labels.len(),
        TopK::Best(k) => k.min(labels.len()),
    });
    Ok(Fields { labels, top, threshold: args.threshold, logits: args.logits })
}

#[derive(Default)]
struct Counts {
    rows: usize,
    failed: usize,
    truncated: usize,
}

impl Counts {
    fn summary(&self, args: &Predict, classifier: &Classifier) {
        if self.truncated > 0 {
            let limit = classifier.checkpoint().max_length();
            let limit = args.max_length.map_or(limit, |n| n.min(limit));
            output::remark(&format!("{} of {} texts truncated at {limit} tokens", self.truncated, self.rows));
        }
        if self.failed > 0 {
            output::remark(&format!("{} of {} rows failed", self.failed, self.rows));
        }
    }
}

struct Run<'a> {
    args: &'a Predict,
    classifier: &'a Classifier,
    printer: Printer,
    progress: Progress,
    counts: Counts,
}

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
        let inputs: Vec<_> = chunk
            .iter()
            .filter_map(|r| r.as_ref().ok())
            .map(|r| Input { text: &r.text, pair: r.pair.as_deref() })
            .collect();
        let mut results = self.classifier.classify_each(&inputs).into_iter();
        let (count, mut tokens) = (chunk.len(), 0);
        for row in &chunk {
            let result = match row {
                Ok(row) => match results.next() {
                    Some(Ok(prediction)) => Ok((row, prediction)),
                    Some(Err(error)) => Err((Some(row), row.place.clone(), error.to_string())),
                    None => Err((Some(row), row.place.clone(), "no result".to_string())),
                },
                Err(problem) => Err((None, problem.place.clone(), problem.message.clone())),
            };
            tokens += self.one(result)?;
        }
        self.progress.advance(count, tokens);
        self.printer.flush_if_interactive()
    }

    fn one(&mut self, result: Result<(&Row, Prediction), (Option<&Row>, String, String)>) -> Result<usize, Failure> {
        self.counts.rows += 1;
        match result {
            Ok((row, prediction)) => {
                self.counts.truncated += usize::from(prediction.truncated);
                self.printer.prediction(row, &prediction)?;
                Ok(prediction.tokens)
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
