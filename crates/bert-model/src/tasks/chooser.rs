//! Multiple choice: which of several second texts goes with the first?

use std::sync::Arc;

use bert_config::Task;

use ndarray::ArrayView2;

use crate::heads::PooledHead;
use crate::runner::{Each, Parts, Runner, single, task_handle, truncating};
use crate::scores::softmax;
use crate::{Error, Input, PredictError, Wanted};

/// What was chosen.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Choice {
    /// Number of the best candidate, from 0.
    pub choice: usize,
    /// Its score.
    pub score: f32,
    /// Scores of all candidates; they sum to 1.
    pub scores: Vec<f32>,
    /// Logits of all candidates.
    pub logits: Vec<f32>,
    /// Tokens of all candidates with the text, special ones included, after truncation.
    pub tokens: usize,
    /// Whether a candidate was cut.
    pub truncated: bool,
}

/// A model that chooses (`BertForMultipleChoice`).
///
/// ```
/// use bert_model::Chooser;
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/choice");
/// let chooser = Chooser::open(folder)?;
/// let choice = chooser.choose("it broke after one day", &["a great phone", "a bad phone"])?;
/// println!("{} {:.4}", choice.choice, choice.score);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Chooser {
    runner: Runner,
    head: Arc<PooledHead>,
}

task_handle!(Chooser, Task::MultipleChoice);
truncating!(Chooser);

impl Chooser {
    fn on(runner: Runner) -> Result<Self, Error> {
        let head = Arc::new(PooledHead::load(runner.checkpoint(), "classifier")?);
        Ok(Chooser { runner, head })
    }

    /// Chooses among at least two candidates.
    ///
    /// # Errors
    /// When there are fewer, a candidate cannot be encoded, or the model has one token type.
    pub fn choose<S: AsRef<str>>(&self, text: &str, choices: &[S]) -> Result<Choice, PredictError> {
        let choices: Vec<&str> = choices.iter().map(AsRef::as_ref).collect();
        single(self.choose_each(&[(text, &choices)]))
    }

    /// Chooses for many texts, in input order.
    ///
    /// # Errors
    /// The first text that fails.
    pub fn choose_batch(&self, inputs: &[(&str, &[&str])]) -> Result<Vec<Choice>, PredictError> {
        inputs.chunks(self.runner.batch.batch_inputs.max(1)).flat_map(|chunk| self.choose_each(chunk)).collect()
    }

    /// Chooses for texts with their candidates, one result each, in input order: a failure does not touch the others.
    pub fn choose_each(&self, inputs: &[(&str, &[&str])]) -> Vec<Result<Choice, PredictError>> {
        let rows = inputs.iter().map(|(text, choices)| self.encode(text, choices)).collect();
        let results =
            self.runner.run_rows(rows, &Each(Wanted::First, |hidden: ArrayView2<'_, f32>| self.head.logits(hidden)));
        results.into_iter().map(|parts| parts.map(|parts| choice(&parts))).collect()
    }

    fn encode(&self, text: &str, choices: &[&str]) -> Result<Vec<bert_tok::Encoded>, PredictError> {
        if choices.len() < 2 {
            return Err(PredictError::TooFewChoices { found: choices.len() });
        }
        let inputs: Vec<Input<'_>> = choices.iter().map(|c| Input { text, pair: Some(c) }).collect();
        self.runner.encode(&inputs).into_iter().collect()
    }
}

fn choice(parts: &Parts<Vec<f32>>) -> Choice {
    let logits: Vec<f32> = parts.iter().flat_map(|(_, logits)| logits.first().copied()).collect();
    let scores = softmax(&logits);
    let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    let (choice, score) = best.map_or((0, 0.0), |(i, score)| (i, *score));
    let tokens = parts.iter().map(|(encoded, _)| encoded.ids.len()).sum();
    let truncated = parts.iter().any(|(encoded, _)| encoded.truncated);
    Choice { choice, score, scores, logits, tokens, truncated }
}
