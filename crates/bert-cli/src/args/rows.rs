//! Arguments of the commands that go through rows: where rows come from, and where results go.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Parts, RowFormat};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    /// By the file's extension; stdin: JSON Lines when the first line is an object and --format is jsonl, else lines
    Auto,
    /// One text a line
    Lines,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated with a header
    Csv,
    /// Tab-separated with a header
    Tsv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Stop at the first row that fails
    Fail,
    /// Print the row with nulls and the error
    Null,
    /// Leave the row out
    Skip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressMode {
    Auto,
    Never,
    Json,
}

/// Rows in, rows out.
#[derive(Debug, Args)]
pub(crate) struct RowArgs {
    /// Checkpoint folder
    #[arg(value_name = "CKPT")]
    pub(crate) checkpoint: PathBuf,
    /// Texts, or `-` for lines of stdin
    #[arg(value_name = "TEXT")]
    pub(crate) texts: Vec<String>,
    /// Read rows from this file (.jsonl, .csv, .tsv, else one text a line), or `-` for stdin; may be repeated
    #[arg(short, long, value_name = "FILE")]
    pub(crate) input: Vec<PathBuf>,
    /// How to read the input
    #[arg(long, value_enum, default_value_t = InputFormat::Auto)]
    pub(crate) input_format: InputFormat,
    /// Column or field of the text [default: `text`; question answering: `question`]
    #[arg(long, value_name = "COL")]
    pub(crate) text: Option<String>,
    /// Column or field of the second text [default: `pair`, where a row has it; question answering: `context`]
    #[arg(long, value_name = "COL")]
    pub(crate) pair: Option<String>,
    /// Column to copy to each row as `id`
    #[arg(long, value_name = "COL")]
    pub(crate) id: Option<String>,
    /// Column to copy to each row; may be repeated
    #[arg(long, value_name = "COL")]
    pub(crate) keep: Vec<String>,
    /// Most tokens of a text, special ones included [default: the model's limit]
    #[arg(long, value_name = "N")]
    pub(crate) max_length: Option<usize>,
    /// What to do with rows that fail
    #[arg(long, value_enum, default_value_t = OnError::Fail)]
    pub(crate) on_error: OnError,
    /// Write to this file (format by extension), or `-` for stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite the output file
    #[arg(long)]
    pub(crate) force: bool,
    /// How rows are printed [default: text on a terminal, else jsonl]
    #[arg(long, visible_alias = "output-format", value_enum)]
    pub(crate) format: Option<RowFormat>,
    /// Most tokens computed at once
    #[arg(long, value_name = "N")]
    pub(crate) batch_tokens: Option<usize>,
    /// How progress is shown on stderr
    #[arg(long, value_enum, default_value_t = ProgressMode::Auto)]
    pub(crate) progress: ProgressMode,
    #[command(flatten)]
    pub(crate) parts: Parts,
}
