//! Input rows: texts from arguments, lines, JSON Lines, CSV. A row that cannot be read is a problem of that row.

mod delimited;
mod jsonl;
mod lines;

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use bert_model::Input;

use crate::args::{InputFormat, RowArgs, RowFormat};
use crate::failure::Failure;

/// One input row.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    /// The text; of a question and its context, the question.
    pub(crate) text: String,
    pub(crate) pair: Option<String>,
    pub(crate) choices: Vec<String>,
    /// `id` and kept columns, in the order they were asked for.
    pub(crate) kept: Vec<(String, Value)>,
    /// Where it stands: `in.jsonl:7`.
    pub(crate) place: String,
}

impl Row {
    pub(crate) fn input(&self) -> Input<'_> {
        Input { text: &self.text, pair: self.pair.as_deref() }
    }
}

/// Which texts rows have, under which names if they are not given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    text: &'static str,
    pair: &'static str,
    pair_needed: bool,
    /// Asked of every row; rows then hold the second text only.
    question: Option<String>,
    /// Whether rows have candidates in `choices`.
    pub(crate) choices: bool,
}

impl Shape {
    /// `text`, and `pair` where a row has it.
    pub(crate) fn text() -> Self {
        Shape { text: "text", pair: "pair", ..Shape::default() }
    }

    /// `text` and `pair`.
    pub(crate) fn pair() -> Self {
        Shape { pair_needed: true, ..Shape::text() }
    }

    /// `question` and `context`; `context` alone (or a bare text) where the question is given for all.
    pub(crate) fn question(question: Option<String>) -> Self {
        Shape { text: "question", pair: "context", pair_needed: true, question, choices: false }
    }

    /// `text` and `choices`.
    pub(crate) fn choices() -> Self {
        Shape { choices: true, ..Shape::text() }
    }

    /// A row that is one bare text: an argument, or a line.
    fn bare(&self, text: String, place: String) -> Result<Row, Problem> {
        match &self.question {
            Some(question) => Ok(Row { text: question.clone(), pair: Some(text), place, ..Row::default() }),
            None if self.pair_needed || self.choices => {
                let names = if self.choices { "choices" } else { self.pair };
                let message =
                    format!("a text alone is not enough: give JSON Lines or CSV with `{}` and `{names}`", self.text);
                let hint = if self.text == "question" { ", or ask all texts the same with --question" } else { "" };
                Err(Problem { place, message: format!("{message}{hint}") })
            }
            None => Ok(Row { text, place, ..Row::default() }),
        }
    }
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
    shape: Shape,
    text: String,
    /// The column of the second text, and whether a row must have it.
    pair: (String, bool),
    id: Option<String>,
    keep: Vec<String>,
}

impl Columns {
    /// The texts alone, under the names of the shape.
    fn of(shape: &Shape) -> Self {
        let pair = (shape.pair.to_string(), shape.pair_needed);
        Columns { text: shape.text.into(), pair, id: None, keep: Vec::new(), shape: shape.clone() }
    }

    /// A row from a JSON object.
    fn object(&self, place: String, map: &Map<String, Value>) -> Result<Row, Problem> {
        let names = || bert_diag::listed(map.keys().map(|k| format!("`{k}`")), 12);
        // What `bert predict` printed can be read again: it calls a question `text` and its context `pair`.
        let printed = |column: &str| match (self.shape.text, column) {
            ("question", "question") => map.get("text"),
            ("question", "context") => map.get("pair"),
            _ => None,
        };
        self.row(place, |column| map.get(column).or_else(|| printed(column)).cloned(), &names)
    }

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
        let text = match &self.shape.question {
            Some(question) => question.clone(),
            None => text_of(&self.text, get(&self.text).ok_or_else(|| missing(&self.text))?)?,
        };
        let (pair_column, needed) = &self.pair;
        let pair = match get(pair_column).filter(|v| !v.is_null()) {
            Some(value) => Some(text_of(pair_column, value)?),
            None if *needed => return Err(missing(pair_column)),
            None => None,
        };
        let choices = match self.shape.choices {
            true => list_of(get("choices").ok_or_else(|| missing("choices"))?).map_err(problem)?,
            false => Vec::new(),
        };
        let mut kept = Vec::new();
        let id = self.id.iter().map(|column| ("id".to_string(), column));
        for (name, column) in id.chain(self.keep.iter().map(|c| (c.clone(), c))) {
            kept.push((name, get(column).ok_or_else(|| missing(column))?));
        }
        Ok(Row { text, pair, choices, kept, place })
    }
}

/// All rows of the arguments, in order.
pub(crate) fn open(args: &RowArgs, shape: &Shape) -> Result<Box<dyn Iterator<Item = Item>>, Failure> {
    let columns = columns(args, shape);
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
            .map(|(i, text)| Ok(shape.bare(text.clone(), format!("text {}", i + 1))))
            .collect();
        parts.push(Box::new(rows.into_iter()));
    }
    for file in &files {
        parts.push(open_file(file, args.input_format, args.format, columns.clone())?);
    }
    Ok(Box::new(parts.into_iter().flatten()))
}

/// The texts of a file, by its extension.
pub(crate) fn texts_of(file: &Path) -> Result<Box<dyn Iterator<Item = Item>>, Failure> {
    open_file(file, InputFormat::Auto, None, Columns::of(&Shape::text()))
}

/// The texts of a record, under the names of the shape.
pub(crate) fn of_record(record: &Map<String, Value>, shape: &Shape) -> Result<Row, Problem> {
    Columns::of(shape).object(String::new(), record)
}

fn columns(args: &RowArgs, shape: &Shape) -> Columns {
    // Where the question is given for all, `--text` names the column of the context.
    let (text, pair) = match shape.question {
        Some(_) => (&None, args.text.as_ref().or(args.pair.as_ref())),
        None => (&args.text, args.pair.as_ref()),
    };
    Columns {
        text: text.clone().unwrap_or_else(|| shape.text.into()),
        pair: (pair.cloned().unwrap_or_else(|| shape.pair.into()), pair.is_some() || shape.pair_needed),
        id: args.id.clone(),
        keep: args.keep.clone(),
        shape: shape.clone(),
    }
}

/// A list of texts; a column of CSV holds it as JSON.
fn list_of(value: Value) -> Result<Vec<String>, String> {
    let value = match &value {
        Value::String(json) => serde_json::from_str(json).unwrap_or(value),
        _ => value,
    };
    let texts: Option<Vec<String>> =
        value.as_array().and_then(|list| list.iter().map(|v| v.as_str().map(str::to_string)).collect());
    texts.ok_or_else(|| format!("`choices` is {value}, not a list of texts"))
}

fn open_file(
    path: &Path,
    input_format: InputFormat,
    output_format: Option<RowFormat>,
    columns: Columns,
) -> Result<Box<dyn Iterator<Item = Item>>, Failure> {
    let stdin = path == Path::new("-");
    let name = if stdin { "stdin".to_string() } else { path.display().to_string() };
    let source: Box<dyn Read> =
        if stdin { Box::new(std::io::stdin()) } else { Box::new(File::open(path).map_err(Failure::file(path))?) };
    let mut reader = BufReader::new(source);
    let format = match input_format {
        InputFormat::Auto if stdin => {
            let start = reader.fill_buf().map_err(Failure::file("stdin"))?;
            let object = start.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
            if object && output_format == Some(RowFormat::Jsonl) { InputFormat::Jsonl } else { InputFormat::Lines }
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
        _ => Box::new(lines::rows(reader, name, columns.shape)),
    })
}
