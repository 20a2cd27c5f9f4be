//! Input rows: texts from arguments, lines, JSON Lines, CSV. A row that cannot be read is a problem of that row.

mod delimited;
mod jsonl;
mod lines;

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::args::{InputFormat, Predict, RowFormat};
use crate::failure::Failure;

/// One input row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    pub(crate) text: String,
    pub(crate) pair: Option<String>,
    /// `id` and kept columns, in the order they were asked for.
    pub(crate) kept: Vec<(String, Value)>,
    /// Where it stands: `in.jsonl:7`.
    pub(crate) place: String,
}

/// A row that cannot be read.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) place: String,
    pub(crate) message: String,
}

/// A row, a row that cannot be read, or the end of everything.
pub(crate) type Item = Result<Result<Row, Problem>, Failure>;

/// Which columns are meant.
#[derive(Clone, Debug)]
pub(crate) struct Columns {
    text: String,
    /// The column of the second text, and whether it was asked for by name.
    pair: (String, bool),
    id: Option<String>,
    keep: Vec<String>,
}

impl Columns {
    /// Builds a row from a way to look up columns; `names` are there, for the message when one is missing.
    fn row(
        &self,
        place: String,
        get: impl Fn(&str) -> Option<Value>,
        names: &dyn Fn() -> String,
    ) -> Result<Row, Problem> {
        let problem = |message: String| Problem { place: place.clone(), message };
        let missing = |column: &str| problem(format!("there is no `{column}`; there are {}", names()));
        let text_of = |column: &str, value: Value| match value {
            Value::String(s) => Ok(s),
            Value::Number(n) => Ok(n.to_string()),
            other => Err(problem(format!("`{column}` is {other}, not a text"))),
        };
        let text = text_of(&self.text, get(&self.text).ok_or_else(|| missing(&self.text))?)?;
        let (pair_column, asked) = &self.pair;
        let pair = match get(pair_column).filter(|v| !v.is_null()) {
            Some(value) => Some(text_of(pair_column, value)?),
            None if *asked => return Err(missing(pair_column)),
            None => None,
        };
        let mut kept = Vec::new();
        let id = self.id.iter().map(|column| ("id".to_string(), column));
        for (name, column) in id.chain(self.keep.iter().map(|c| (c.clone(), c))) {
            kept.push((name, get(column).ok_or_else(|| missing(column))?));
        }
        Ok(Row { text, pair, kept, place })
    }
}

/// All rows of the arguments, in order.
pub(crate) fn open(args: &Predict) -> Result<Box<dyn Iterator<Item = Item>>, Failure> {
    let columns = Columns {
        text: args.text.clone(),
        pair: (args.pair.clone().unwrap_or_else(|| "pair".into()), args.pair.is_some()),
        id: args.id.clone(),
        keep: args.keep.clone(),
    };
    let (dashes, texts): (Vec<_>, Vec<_>) = args.texts.iter().partition(|t| *t == "-");
    let mut files: Vec<PathBuf> = args.input.clone();
    files.extend(dashes.first().map(|_| PathBuf::from("-")));
    if texts.is_empty() && files.is_empty() {
        if std::io::stdin().is_terminal() {
            return Err(Failure::Usage("name texts, or files with -i, or pipe lines into it".into()));
        }
        files.push(PathBuf::from("-"));
    }
    let mut parts: Vec<Box<dyn Iterator<Item = Item>>> = Vec::new();
    if !texts.is_empty() {
        let rows: Vec<Item> = texts
            .into_iter()
            .enumerate()
            .map(|(i, text)| Ok(Ok(Row { text: text.clone(), place: format!("text {}", i + 1), ..Row::default() })))
            .collect();
        parts.push(Box::new(rows.into_iter()));
    }
    for file in &files {
        parts.push(open_file(file, args, columns.clone())?);
    }
    Ok(Box::new(parts.into_iter().flatten()))
}

fn open_file(path: &Path, args: &Predict, columns: Columns) -> Result<Box<dyn Iterator<Item = Item>>, Failure> {
    let stdin = path == Path::new("-");
    let name = if stdin { "stdin".to_string() } else { path.display().to_string() };
    let source: Box<dyn Read> =
        if stdin { Box::new(std::io::stdin()) } else { Box::new(File::open(path).map_err(Failure::file(path))?) };
    let mut reader = BufReader::new(source);
    let format = match args.input_format {
        InputFormat::Auto if stdin => {
            let start = reader.fill_buf().map_err(Failure::file("stdin"))?;
            let object = start.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
            if object && args.format == Some(RowFormat::Jsonl) { InputFormat::Jsonl } else { InputFormat::Lines }
        }
        InputFormat::Auto => match path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
            Some("jsonl" | "ndjson" | "json") => InputFormat::Jsonl,
            Some("csv") => InputFormat::Csv,
            Some("tsv") => InputFormat::Tsv,
            _ => InputFormat::Lines,
        },
        given => given,
    };
    Ok(match format {
        InputFormat::Jsonl => Box::new(jsonl::rows(reader, name, columns)),
        InputFormat::Csv => Box::new(delimited::rows(reader, name, columns, b',')),
        InputFormat::Tsv => Box::new(delimited::rows(reader, name, columns, b'\t')),
        _ => Box::new(lines::rows(reader, name)),
    })
}
