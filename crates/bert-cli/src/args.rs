//! Arguments.

mod predict;
mod rows;

use std::path::PathBuf;

use bert_config::Task;
use bert_diag::{Code, Levels};
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::failure::Failure;
use crate::settings::Settings;
pub(crate) use predict::{CutOrRefuse, Embed, EmbedOptions, Function, Pooling, Predict, TaskOptions, TopK, Truncate};
pub(crate) use rows::{InputFormat, OnError, ProgressMode, RowArgs};

/// Opens fine-tuned BERT checkpoints, proves that their parts belong together, and runs them.
///
/// Exit codes: 0 done and clean; 1 ran, and the answer is not clean (errors found, differences, refused, rows failed);
/// 2 could not do it; 101 a bug.
#[derive(Debug, Parser)]
#[command(name = "bert", version, propagate_version = true, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: Global,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what a checkpoint is
    Inspect(Inspect),
    /// Report everything that is wrong with checkpoints
    #[command(alias = "verify")]
    Check(Check),
    /// Explain a finding code, or list them all
    Explain(Explain),
    /// Compare two checkpoints
    Diff(Diff),
    /// Show how texts become ids
    Tokenize(Tokenize),
    /// Predict, one row a text
    Predict(Predict),
    /// Embed texts, or say how alike they are
    Embed(Embed),
    /// Compare predictions with outputs made elsewhere
    Eval(Eval),
    /// Rebuild a lost config.json from the other files
    RecoverConfig(RecoverConfig),
    /// Write a checkpoint of any form as one clean folder
    Convert(Convert),
    /// Show what the local cache of a model hub holds
    Cache {
        #[command(subcommand)]
        command: CacheCommand,
    },
    /// Print a completion script for a shell
    Completions { shell: clap_complete::Shell },
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// Say less: no progress, no summary
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Threads to compute with [default: what the machine or its container allows]
    #[arg(long, global = true, value_name = "N", env = "BERT_THREADS")]
    threads: Option<usize>,
    /// Read the settings of this file [default: the nearest bert.toml upwards]
    #[arg(long = "config", global = true, value_name = "FILE", env = "BERT_CONFIG", conflicts_with = "no_config")]
    settings: Option<PathBuf>,
    /// Read no bert.toml
    #[arg(long, global = true)]
    no_config: bool,
    /// Treat findings of this code as errors
    #[arg(short = 'D', long = "deny", global = true, value_name = "CODE", env = "BERT_DENY", value_delimiter = ',')]
    deny: Vec<String>,
    /// Treat findings of this code as warnings
    #[arg(short = 'W', long = "warn", global = true, value_name = "CODE", env = "BERT_WARN", value_delimiter = ',')]
    warn: Vec<String>,
    /// Do not report findings of this code (never an error)
    #[arg(short = 'A', long = "allow", global = true, value_name = "CODE", env = "BERT_ALLOW", value_delimiter = ',')]
    allow: Vec<String>,
    /// Treat all warnings as errors
    #[arg(long, global = true, env = "BERT_ERROR_ON_WARNING", value_parser = clap::builder::FalseyValueParser::new())]
    error_on_warning: bool,
    /// Exit 0 even when the answer is not clean
    #[arg(long, global = true)]
    pub(crate) exit_zero: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl Global {
    pub(crate) fn apply(&self) -> Result<(), Failure> {
        match self.color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::AlwaysAnsi.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        if let Some(threads) = self.threads {
            let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
            built.map_err(|e| Failure::Usage(format!("cannot use {threads} threads: {e}")))?;
        }
        Ok(())
    }

    /// The settings of the project.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        if self.no_config { Ok(Settings::default()) } else { Settings::read(self.settings.as_deref()) }
    }

    pub(crate) fn levels(&self) -> Result<Levels, Failure> {
        let file = self.settings()?;
        let code = |text: &String| {
            Code::find(text)
                .ok_or_else(|| Failure::Usage(format!("there is no finding code `{text}`; `bert explain` lists them")))
        };
        let refused = |e: bert_diag::CannotLower| Failure::Usage(e.to_string());
        let mut levels = Levels::default().deny_warnings(self.error_on_warning || file.error_on_warning);
        for text in file.allow.iter().chain(&self.allow) {
            levels = levels.allow(code(text)?).map_err(refused)?;
        }
        for text in file.warn.iter().chain(&self.warn) {
            levels = levels.warn(code(text)?).map_err(refused)?;
        }
        for text in file.deny.iter().chain(&self.deny) {
            levels = levels.deny(code(text)?);
        }
        Ok(levels)
    }
}

/// Where the parts of a checkpoint come from, and what is asked of it.
#[derive(Debug, Args)]
pub(crate) struct Parts {
    /// What the checkpoint is for [default: as its configuration says, confirmed by the tensors]
    #[arg(long, env = "BERT_TASK", value_parser = PossibleValuesParser::new(Task::all().map(Task::name)))]
    pub(crate) task: Option<String>,
    /// Take the configuration from this file
    #[arg(long, value_name = "FILE")]
    pub(crate) model_config: Option<PathBuf>,
    /// Take the tokenizer from this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) tokenizer: Option<PathBuf>,
    /// The base of the LoRA adapter that CKPT is [default: by the adapter's name for it, in the local cache]
    #[arg(long, value_name = "CKPT", conflicts_with = "adapter")]
    pub(crate) base: Option<PathBuf>,
    /// Put the LoRA adapter of this folder on top of CKPT
    #[arg(long, value_name = "DIR", visible_alias = "merge-adapter")]
    pub(crate) adapter: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WeightType {
    F32,
    F16,
    Bf16,
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// Checkpoint of any form
    #[arg(value_name = "CKPT")]
    pub(crate) checkpoint: PathBuf,
    /// The new folder
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Element type of the weights [default: as they are]
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<WeightType>,
    /// Most bytes of one weight file, such as 500MB or 2GiB; more give several files and an index
    #[arg(long, value_name = "SIZE", default_value = "5GB")]
    pub(crate) max_shard_size: String,
    /// Today's names for tensors that have TensorFlow-era ones (always done; findings that name this flag can be pasted)
    #[arg(long)]
    pub(crate) rename_legacy: bool,
    /// Replace a folder that holds an earlier conversion
    #[arg(long)]
    pub(crate) force: bool,
    #[arg(long, visible_alias = "output-format", value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
    #[command(flatten)]
    pub(crate) parts: Parts,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// List the models, and which of them can be opened
    Ls {
        #[arg(long, visible_alias = "output-format", value_enum, default_value_t = TextOrJson::Text)]
        format: TextOrJson,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckLevel {
    /// JSON and tensor headers only
    Header,
    /// Every value as well
    Weights,
    /// One forward pass as well, through two independent implementations
    Run,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Checkpoint folder
    #[arg(value_name = "CKPT")]
    pub(crate) checkpoint: PathBuf,
    /// List the tensors
    #[arg(long)]
    pub(crate) tensors: bool,
    /// Mean, spread and oddities of every tensor's values
    #[arg(long)]
    pub(crate) stats: bool,
    #[arg(long, visible_alias = "output-format", value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
    #[command(flatten)]
    pub(crate) parts: Parts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextOrJson {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Checkpoint folders
    #[arg(value_name = "CKPT", required = true)]
    pub(crate) checkpoints: Vec<PathBuf>,
    /// State a value the checkpoint must have: a config field, num_labels, id2label.N, task, tokenizer.size
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) expect: Vec<String>,
    /// State a configuration whose given fields the checkpoint must have
    #[arg(long, value_name = "FILE")]
    pub(crate) expect_config: Option<PathBuf>,
    /// Apply the fixes that keep the meaning of the checkpoint, to a copy (-o DIR) or in place (--write)
    #[arg(long)]
    pub(crate) fix: bool,
    /// With --fix: change the checkpoint itself
    #[arg(long, requires = "fix", conflicts_with = "output")]
    pub(crate) write: bool,
    /// With --fix: copy the checkpoint to this new folder and change the copy
    #[arg(short, long, value_name = "DIR", requires = "fix")]
    pub(crate) output: Option<PathBuf>,
    /// Also print the fingerprints of configuration, weights and tokenizer
    #[arg(long)]
    pub(crate) hashes: bool,
    /// How much is read
    #[arg(long, value_enum, default_value_t = CheckLevel::Weights)]
    pub(crate) level: CheckLevel,
    #[arg(long, visible_alias = "output-format", value_enum, default_value_t = CheckFormat::Full)]
    pub(crate) format: CheckFormat,
    #[command(flatten)]
    pub(crate) parts: Parts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// Annotated excerpts
    Full,
    /// One line a finding
    Concise,
    /// One object a checkpoint, a list for several
    Json,
    /// One object a finding
    Jsonl,
    /// SARIF 2.1.0, for code scanning services
    Sarif,
    /// GitHub workflow commands
    Github,
    /// JUnit XML
    Junit,
}

#[derive(Debug, Args)]
pub(crate) struct Eval {
    /// Checkpoint folder
    #[arg(value_name = "CKPT")]
    pub(crate) checkpoint: PathBuf,
    /// JSON Lines with the texts and what was predicted elsewhere, in the fields that `bert predict` or `bert embed` prints
    #[arg(long, value_name = "FILE")]
    pub(crate) expect: PathBuf,
    /// Largest difference of a number that still counts as equal
    #[arg(long, value_name = "X", default_value_t = 1e-4)]
    pub(crate) tolerance: f64,
    #[arg(long, visible_alias = "output-format", value_enum, default_value_t = TextOrJson::Text)]
    pub(crate) format: TextOrJson,
    /// Most tokens of a text, special ones included [default: the model's limit]
    #[arg(long, value_name = "N")]
    pub(crate) max_length: Option<usize>,
    #[command(flatten)]
    pub(crate) parts: Parts,
    #[command(flatten)]
    pub(crate) options: TaskOptions,
    #[command(flatten)]
    pub(crate) embed: EmbedOptions,
}

#[derive(Debug, Args)]
pub(crate) struct RecoverConfig {
    /// Checkpoint folder, or its weight file
    #[arg(value_name = "CKPT")]
    pub(crate) checkpoint: PathBuf,
    /// What the checkpoint is for, where its tensors leave it open
    #[arg(long, value_parser = PossibleValuesParser::new(Task::all().map(Task::name)))]
    pub(crate) task: Option<String>,
    /// File with a label name a line, in order of their ids
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Checkpoint (or configuration file) of the same base, for what no tensor shows
    #[arg(long, value_name = "CKPT")]
    pub(crate) like: Option<PathBuf>,
    /// State a field
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Decide what no file shows by outputs of the original: JSON Lines with `text` (and `pair`) and `logits`
    #[arg(long, value_name = "FILE")]
    pub(crate) golden: Option<PathBuf>,
    /// Write `config.json` into the checkpoint folder
    #[arg(long, conflicts_with = "output")]
    pub(crate) write: bool,
    /// Write to this file
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Code such as X003, or its name; without it all codes are listed
    pub(crate) code: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// Checkpoint folder, or a configuration file
    pub(crate) a: PathBuf,
    /// The other one
    pub(crate) b: PathBuf,
    /// What to compare
    #[arg(long, value_enum)]
    pub(crate) only: Option<DiffPart>,
    /// Weights that differ by at most this count as equal
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    pub(crate) tolerance: f64,
    /// Also list every tensor, not only groups
    #[arg(long)]
    pub(crate) all: bool,
    #[arg(long, visible_alias = "output-format", value_enum, default_value_t = DiffFormat::Text)]
    pub(crate) format: DiffFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffPart {
    Config,
    Weights,
    Tokenizer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    Text,
    Json,
    Markdown,
}

#[derive(Debug, Args)]
pub(crate) struct Tokenize {
    /// Checkpoint or tokenizer folder
    #[arg(value_name = "CKPT")]
    pub(crate) checkpoint: PathBuf,
    /// Texts; without them, lines of stdin
    #[arg(value_name = "TEXT")]
    pub(crate) texts: Vec<String>,
    /// Second text of a pair
    #[arg(long, value_name = "TEXT")]
    pub(crate) pair: Option<String>,
    #[arg(long, visible_alias = "output-format", value_enum)]
    pub(crate) format: Option<RowFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    Text,
    Jsonl,
    Csv,
}
