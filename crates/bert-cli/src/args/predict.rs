//! Arguments of `bert predict` and `bert embed`.

use std::path::PathBuf;

use bert_config::Task;
use bert_model::Aggregation;
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use super::RowArgs;
use crate::failure::Failure;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Truncate {
    /// A text that is too long is an error of its row
    Error,
    /// Cut its end; the row says so
    Right,
    /// Read it in windows (text and token classification)
    Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Function {
    None,
    Sigmoid,
    Softmax,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TopK {
    All,
    Best(usize),
}

impl TopK {
    /// As a number, bounded by what there is.
    pub(crate) fn of(self, all: usize) -> usize {
        match self {
            TopK::All => all,
            TopK::Best(k) => k.min(all),
        }
    }
}

fn top_k(text: &str) -> Result<TopK, String> {
    match (text, text.parse()) {
        ("all", _) => Ok(TopK::All),
        (_, Ok(k)) if k > 0 => Ok(TopK::Best(k)),
        _ => Err("a number from 1 on, or `all`".into()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct Predict {
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) options: TaskOptions,
}

/// What single tasks can be asked.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of single tasks")]
pub(crate) struct TaskOptions {
    /// What to do with texts past the limit [default: right]
    #[arg(long, value_enum)]
    pub(crate) truncation: Option<Truncate>,
    /// Text classification: the K best labels; question answering: the K best answers [default: 1]; fill-mask: the K best
    /// tokens [default: 5]
    #[arg(long, value_name = "K|all", value_parser = top_k)]
    pub(crate) top_k: Option<TopK>,
    /// Text classification, next sentence, multiple choice: print the logits
    #[arg(long)]
    pub(crate) logits: bool,
    /// Multi-label text classification: print the labels that score at least P
    #[arg(long, value_name = "P")]
    pub(crate) threshold: Option<f32>,
    /// Text classification: what turns logits into scores [default: as the configuration says]
    #[arg(long, value_enum, value_name = "F")]
    pub(crate) function_to_apply: Option<Function>,
    /// Token classification: how tokens become entities [default: none]
    #[arg(long, value_parser = PossibleValuesParser::new(Aggregation::names()))]
    pub(crate) aggregate: Option<String>,
    /// Token classification: leave out this label; may be repeated [default: O]
    #[arg(long, value_name = "LABEL")]
    pub(crate) ignore_label: Vec<String>,
    /// Tokens that windows share [default: 128, or half a window]; token classification: read long texts in windows
    #[arg(long, value_name = "N")]
    pub(crate) stride: Option<usize>,
    /// Question answering: ask this of every text
    #[arg(long, value_name = "Q")]
    pub(crate) question: Option<String>,
    /// Question answering: most tokens of an answer [default: 15]
    #[arg(long, value_name = "N")]
    pub(crate) max_answer_length: Option<usize>,
    /// Question answering: "there is no answer" is an answer too
    #[arg(long)]
    pub(crate) impossible: bool,
    /// Fill-mask: only these words may stand at the masks; may be repeated
    #[arg(long, value_name = "WORD")]
    pub(crate) target: Vec<String>,
}

impl TaskOptions {
    /// Refuses options of another task.
    pub(crate) fn check(&self, task: Task) -> Result<(), Failure> {
        use Task::{
            FillMask, MultipleChoice, NextSentence, QuestionAnswering, TextClassification, TokenClassification,
        };
        let rows: [(&str, bool, &[Task]); 11] = [
            ("--truncation", self.truncation.is_some() && task == QuestionAnswering, &[]),
            (
                "--truncation window",
                self.truncation == Some(Truncate::Window),
                &[TextClassification, TokenClassification],
            ),
            ("--top-k", self.top_k.is_some(), &[TextClassification, QuestionAnswering, FillMask]),
            ("--logits", self.logits, &[TextClassification, NextSentence, MultipleChoice]),
            ("--threshold", self.threshold.is_some(), &[TextClassification]),
            ("--function-to-apply", self.function_to_apply.is_some(), &[TextClassification]),
            (
                "--aggregate and --ignore-label",
                self.aggregate.is_some() || !self.ignore_label.is_empty(),
                &[TokenClassification],
            ),
            ("--stride", self.stride.is_some(), &[TextClassification, TokenClassification, QuestionAnswering]),
            ("--question", self.question.is_some(), &[QuestionAnswering]),
            (
                "--max-answer-length and --impossible",
                self.max_answer_length.is_some() || self.impossible,
                &[QuestionAnswering],
            ),
            ("--target", !self.target.is_empty(), &[FillMask]),
        ];
        match rows.iter().find(|(_, given, tasks)| *given && !tasks.contains(&task)) {
            Some((option, _, [])) => {
                Err(Failure::Usage(format!("{option} is not for {task}, which reads long texts in windows")))
            }
            Some((option, _, tasks)) => {
                let tasks: Vec<_> = tasks.iter().map(|t| t.name()).collect();
                Err(Failure::Usage(format!("{option} is for {}, this is {task}", tasks.join(", "))))
            }
            None => Ok(()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pooling {
    Cls,
    Mean,
    Max,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CutOrRefuse {
    /// A text that is too long is an error of its row
    Error,
    /// Cut its end; the row says so
    Right,
}

#[derive(Debug, Args)]
pub(crate) struct Embed {
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) options: EmbedOptions,
    /// What to do with texts past the limit
    #[arg(long, value_enum, default_value_t = CutOrRefuse::Right)]
    pub(crate) truncation: CutOrRefuse,
    /// Print how alike each text is to each text of this file (one a line, or JSON Lines with `text`), by the folder's
    /// similarity function; the texts of the file get the folder's default prompt
    #[arg(long, value_name = "FILE")]
    pub(crate) similarity: Option<PathBuf>,
}

/// How texts become embeddings.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of embeddings")]
pub(crate) struct EmbedOptions {
    /// How tokens become one vector; required where the folder does not say (`modules.json`)
    #[arg(long, value_enum)]
    pub(crate) pooling: Option<Pooling>,
    /// Bring every embedding to length 1
    #[arg(long)]
    pub(crate) normalize: bool,
    /// Put this prompt of the folder before every text [default: the folder's default prompt]
    #[arg(long, value_name = "NAME")]
    pub(crate) prompt: Option<String>,
}
