//! Does the second text follow the first?

use std::sync::Arc;

use bert_config::Task;

use ndarray::ArrayView2;

use crate::heads::PooledHead;
use crate::runner::{Each, Runner, single, task_handle, truncating};
use crate::scores::softmax;
use crate::{Error, Input, PredictError, Wanted};

/// What was predicted for one pair.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NextPrediction {
    /// Whether the second text follows the first.
    pub is_next: bool,
    /// Probability of what was predicted.
    pub score: f32,
    /// Logits: it is next, it is not.
    pub logits: Vec<f32>,
    /// Tokens of the input, special ones included, after truncation.
    pub tokens: usize,
    /// Whether the input was cut.
    pub truncated: bool,
}

/// A judge of neighbouring texts (`BertForNextSentencePrediction`, `BertForPreTraining`).
///
/// ```
/// use bert_model::NextSentence;
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/next");
/// let judge = NextSentence::open(folder)?;
/// let prediction = judge.judge("The battery is good.", "It lasts two days.")?;
/// println!("{} {:.4}", prediction.is_next, prediction.score);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct NextSentence {
    runner: Runner,
    head: Arc<PooledHead>,
}

task_handle!(NextSentence, Task::NextSentence);
truncating!(NextSentence);

impl NextSentence {
    fn on(runner: Runner) -> Result<Self, Error> {
        let head = Arc::new(PooledHead::load(runner.checkpoint(), "cls.seq_relationship")?);
        Ok(NextSentence { runner, head })
    }

    /// Judges a pair.
    ///
    /// # Errors
    /// When the second text is empty, the pair cannot be encoded, or the model has one token type.
    pub fn judge(&self, first: &str, second: &str) -> Result<NextPrediction, PredictError> {
        single(self.judge_each(&[Input::from((first, second))]))
    }

    /// Judges many pairs, in input order.
    ///
    /// # Errors
    /// The first pair that fails.
    pub fn judge_batch<A: AsRef<str>, B: AsRef<str>>(
        &self,
        pairs: &[(A, B)],
    ) -> Result<Vec<NextPrediction>, PredictError> {
        let inputs: Vec<Input<'_>> = pairs.iter().map(|(a, b)| Input::from((a.as_ref(), b.as_ref()))).collect();
        inputs.chunks(self.runner.batch.batch_inputs.max(1)).flat_map(|chunk| self.judge_each(chunk)).collect()
    }

    /// Judges pairs, one result each, in input order: a failure does not touch the others.
    pub fn judge_each(&self, inputs: &[Input<'_>]) -> Vec<Result<NextPrediction, PredictError>> {
        let encoded = self.runner.encode(inputs).into_iter().zip(inputs);
        let pairs = encoded.map(|(encoded, input)| match input.pair {
            Some(pair) if !pair.is_empty() => encoded,
            _ => Err(PredictError::NoPair),
        });
        let results = self
            .runner
            .run_each(pairs.collect(), &Each(Wanted::First, |hidden: ArrayView2<'_, f32>| self.head.logits(hidden)));
        let prediction = |(encoded, logits): (bert_tok::Encoded, Vec<f32>)| {
            let scores = softmax(&logits);
            // Index 0 means "is next" (`BertForNextSentencePrediction`).
            let is_next = scores.first() > scores.get(1);
            let score = scores.get(usize::from(!is_next)).copied().unwrap_or_default();
            NextPrediction { is_next, score, logits, tokens: encoded.ids.len(), truncated: encoded.truncated }
        };
        results.into_iter().map(|result| result.map(prediction)).collect()
    }
}
