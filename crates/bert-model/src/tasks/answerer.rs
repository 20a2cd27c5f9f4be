//! Extractive question answering (`pipelines/question_answering.py`, transformers 4.57.6; version 5 dropped it).

mod spans;

use std::ops::Range;
use std::sync::Arc;

use bert_config::Task;
use bert_tok::{EncodeError, Encoded, Windowed};

use ndarray::ArrayView2;

use crate::heads::TokenHead;
use crate::runner::{Each, Parts, Runner, single, task_handle};
use crate::{Error, Input, PredictError, Wanted};
use spans::Collected;

/// Part of the context that answers the question.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// The text; empty for "there is no answer".
    pub text: String,
    /// Probability that the answer starts and ends there, summed over places with the same text.
    pub score: f32,
    /// Bytes of the context.
    pub range: Range<usize>,
}

/// The answers to one question.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answers {
    /// Best first; fewer than asked for when the context has no more.
    pub answers: Vec<Answer>,
    /// Tokens of question and context, special ones included.
    pub tokens: usize,
    /// Windows the context was read in.
    pub windows: usize,
}

/// A model that finds answers in a context (`BertForQuestionAnswering`).
///
/// ```
/// use bert_model::Answerer;
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/answer-cased");
/// let answerer = Answerer::open(folder)?;
/// let context = "The battery lasts two days. My sister bought it in Berlin.";
/// for answer in answerer.answer("How long does it last?", context)?.answers {
///     println!("{:.4} {}", answer.score, &context[answer.range]);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Answerer {
    runner: Runner,
    head: Arc<TokenHead>,
    top_k: usize,
    max_answer_length: usize,
    impossible: bool,
    align_to_words: bool,
    window: Option<usize>,
    stride: Option<usize>,
}

/// Tokens of a window, as the reference's pipeline.
const WINDOW: usize = 384;
/// Tokens that neighbouring windows share at most.
const STRIDE: usize = 128;

task_handle!(Answerer, Task::QuestionAnswering);

impl Answerer {
    fn on(runner: Runner) -> Result<Self, Error> {
        let head = Arc::new(TokenHead::load(runner.checkpoint(), "qa_outputs")?);
        Ok(Answerer {
            runner,
            head,
            top_k: 1,
            max_answer_length: 15,
            impossible: false,
            align_to_words: true,
            window: None,
            stride: None,
        })
    }

    /// Most answers of a question; 1 unless said otherwise.
    pub fn top_k(mut self, top_k: usize) -> Self {
        self.top_k = top_k.max(1);
        self
    }

    /// Most tokens of an answer; 15 unless said otherwise.
    pub fn max_answer_length(mut self, tokens: usize) -> Self {
        self.max_answer_length = tokens.max(1);
        self
    }

    /// Whether "there is no answer" is one of the answers, for models trained with unanswerable questions.
    pub fn impossible(mut self, yes: bool) -> Self {
        self.impossible = yes;
        self
    }

    /// Whether answers are widened to whole words; yes unless said otherwise.
    pub fn align_to_words(mut self, yes: bool) -> Self {
        self.align_to_words = yes;
        self
    }

    /// Reads long contexts in windows of at most `max_length` tokens, the question and special tokens included, that
    /// share `stride` tokens. Without it windows have 384 tokens, or as many as the model takes, and share 128, or half.
    pub fn windows(mut self, max_length: Option<usize>, stride: Option<usize>) -> Self {
        (self.window, self.stride) = (max_length, stride);
        self
    }

    /// Answers a question.
    ///
    /// # Errors
    /// When question or context is empty, or the question leaves no room for the context.
    pub fn answer(&self, question: &str, context: &str) -> Result<Answers, PredictError> {
        single(self.answer_each(&[(question, context)]))
    }

    /// Answers many questions, each about its context, in input order.
    ///
    /// # Errors
    /// The first question that fails.
    pub fn answer_batch<Q: AsRef<str>, C: AsRef<str>>(&self, inputs: &[(Q, C)]) -> Result<Vec<Answers>, PredictError> {
        let inputs: Vec<(&str, &str)> = inputs.iter().map(|(q, c)| (q.as_ref(), c.as_ref())).collect();
        inputs.chunks(self.runner.batch.batch_inputs.max(1)).flat_map(|chunk| self.answer_each(chunk)).collect()
    }

    /// Answers questions `(question, context)`, one result each, in input order: a failure does not touch the others.
    pub fn answer_each(&self, inputs: &[(&str, &str)]) -> Vec<Result<Answers, PredictError>> {
        let rows = inputs.iter().map(|(question, context)| self.encode(question, context)).collect();
        let results =
            self.runner.run_rows(rows, &Each(Wanted::All, |hidden: ArrayView2<'_, f32>| self.head.logits(hidden)));
        results.into_iter().zip(inputs).map(|(parts, (_, context))| Ok(self.answers(context, &parts?))).collect()
    }

    /// Whether the question comes first. A tokenizer that pads on the left makes the reference put the context first.
    fn question_first(&self) -> bool {
        !self.checkpoint().tokenizer().facts().pads_left
    }

    fn encode(&self, question: &str, context: &str) -> Result<Vec<Encoded>, PredictError> {
        let most = self.window.unwrap_or(WINDOW).min(self.runner.limit());
        let stride = self.stride.unwrap_or(STRIDE.min(most / 2));
        let blank = |text: &str| text.chars().all(char::is_whitespace);
        for (text, what) in [(question, "question"), (context, "context")] {
            if blank(text) {
                return Err(PredictError::Empty { what });
            }
        }
        let (input, windowed) = match self.question_first() {
            true => (Input { text: question, pair: Some(context) }, Windowed::Second),
            false => (Input { text: context, pair: Some(question) }, Windowed::First),
        };
        let windows = match self.runner.windows(input, windowed, most, stride) {
            // A long question leaves windows shorter than a stride that nobody asked for.
            Err(PredictError::Encode(EncodeError::StrideTooLong { room, .. })) if self.stride.is_none() => {
                self.runner.windows(input, windowed, most, room / 2)
            }
            Err(PredictError::Encode(EncodeError::CannotTruncate { limit })) => {
                Err(PredictError::QuestionTooLong { limit })
            }
            result => result,
        };
        Ok(windows?.into_iter().map(|w| w.encoded).collect())
    }

    fn answers(&self, context: &str, parts: &Parts<Vec<Vec<f32>>>) -> Answers {
        // Some candidates become one when they are widened to words.
        let candidates = if self.align_to_words { self.top_k.saturating_mul(2).saturating_add(10) } else { self.top_k };
        let cls = self.checkpoint().tokenizer().facts().special.cls.id;
        let mut collected = Collected::new(context, self.question_first(), self.align_to_words);
        for (encoded, logits) in parts {
            let spans = spans::Window::new(encoded, logits, self.question_first(), cls);
            collected.nothing(spans.nothing());
            for span in spans.best(candidates, self.max_answer_length) {
                collected.add(encoded, &span);
            }
        }
        Answers {
            answers: collected.best(self.top_k, self.impossible),
            tokens: parts.first().map_or(0, |(encoded, _)| encoded.full_length),
            windows: parts.len(),
        }
    }
}
