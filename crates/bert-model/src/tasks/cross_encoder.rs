//! Cross-encoders: a score for a pair of texts (`CrossEncoder.py`, sentence-transformers 5.2.3).

use std::path::Path;
use std::sync::Arc;

use bert_checkpoint::Checkpoint;
use bert_tok::Truncation;

use super::{Classifier, Prediction};
use crate::{BatchOptions, Encoder, Error, Input, PredictError, ScoreFunction};

/// The score of one pair.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CrossScore {
    /// The score: the logit after the activation that the file names, sigmoid where it names none.
    pub score: f32,
    /// The logit.
    pub logit: f32,
    /// Tokens of the pair, special ones included, after truncation.
    pub tokens: usize,
    /// Whether the pair was cut.
    pub truncated: bool,
}

/// A scorer of pairs, such as a query and a passage: a `BertForSequenceClassification` with one label.
///
/// ```
/// use bert_model::CrossEncoder;
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/cross-identity");
/// let scorer = CrossEncoder::open(folder)?;
/// let ranked = scorer.rank("great phone", &["the battery lasts two days", "a charming film"])?;
/// println!("passage {} is best, score {:.4}", ranked[0].0, ranked[0].1.score);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CrossEncoder(Classifier);

impl CrossEncoder {
    /// Opens and verifies a checkpoint folder.
    ///
    /// # Errors
    /// When the checkpoint is refused (the error holds the report), or has not one label.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Classifier::open(path)?.try_into()
    }

    /// Runs a checkpoint on an encoder of the caller's choice.
    ///
    /// # Errors
    /// When the checkpoint is no text classifier with one label.
    pub fn with_encoder(checkpoint: Checkpoint, encoder: Arc<dyn Encoder>) -> Result<Self, Error> {
        Classifier::with_encoder(checkpoint, encoder)?.try_into()
    }

    /// Cuts or refuses pairs past `max_length` tokens, special ones included; never past the model's own limit.
    pub fn truncation(self, truncation: Truncation, max_length: Option<usize>) -> Self {
        CrossEncoder(self.0.truncation(truncation, max_length))
    }

    /// How inputs are batched.
    pub fn batch_options(self, options: BatchOptions) -> Self {
        CrossEncoder(self.0.batch_options(options))
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        self.0.checkpoint()
    }

    /// What turns the logit into the score.
    pub fn score_function(&self) -> ScoreFunction {
        self.0.score_function()
    }

    /// Scores a pair.
    ///
    /// # Errors
    /// When the pair cannot be encoded, or the model has one token type.
    pub fn score(&self, first: &str, second: &str) -> Result<CrossScore, PredictError> {
        crate::runner::single(self.score_each(&[Input::from((first, second))]))
    }

    /// Scores many pairs, in input order.
    ///
    /// # Errors
    /// The first pair that fails.
    pub fn score_batch<A: AsRef<str>, B: AsRef<str>>(&self, pairs: &[(A, B)]) -> Result<Vec<CrossScore>, PredictError> {
        let inputs: Vec<Input<'_>> = pairs.iter().map(|(a, b)| Input::from((a.as_ref(), b.as_ref()))).collect();
        inputs.chunks(self.0.runner.batch.batch_inputs.max(1)).flat_map(|chunk| self.score_each(chunk)).collect()
    }

    /// Scores pairs, one result each, in input order: a failure does not touch the others.
    pub fn score_each(&self, inputs: &[Input<'_>]) -> Vec<Result<CrossScore, PredictError>> {
        let results = self.0.classify_each(inputs).into_iter().zip(inputs);
        let score = |p: Prediction| CrossScore {
            score: p.score,
            logit: p.logits.first().copied().unwrap_or_default(),
            tokens: p.tokens,
            truncated: p.truncated,
        };
        results
            .map(|(result, input)| match input.pair {
                Some(_) => result.map(score),
                None => Err(PredictError::NoPair),
            })
            .collect()
    }

    /// Passages by their score for a query, best first: number and score.
    ///
    /// # Errors
    /// The first passage that fails.
    pub fn rank<S: AsRef<str>>(&self, query: &str, passages: &[S]) -> Result<Vec<(usize, CrossScore)>, PredictError> {
        let pairs: Vec<(&str, &str)> = passages.iter().map(|p| (query, p.as_ref())).collect();
        let mut ranked: Vec<_> = self.score_batch(&pairs)?.into_iter().enumerate().collect();
        ranked.sort_by(|a, b| b.1.score.total_cmp(&a.1.score));
        Ok(ranked)
    }
}

impl TryFrom<Classifier> for CrossEncoder {
    type Error = Error;

    fn try_from(classifier: Classifier) -> Result<Self, Error> {
        match classifier.labels().len() {
            1 => Ok(CrossEncoder(classifier)),
            labels => Err(Error::NotCrossEncoder { labels }),
        }
    }
}

impl TryFrom<Checkpoint> for CrossEncoder {
    type Error = Error;

    fn try_from(checkpoint: Checkpoint) -> Result<Self, Error> {
        Classifier::try_from(checkpoint)?.try_into()
    }
}
