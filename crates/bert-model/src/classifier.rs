//! Text classification.

use std::path::Path;
use std::sync::Arc;

use bert_checkpoint::Checkpoint;
use bert_config::{Architecture, Labels, Task};
use bert_tok::{EncodeOptions, Encoded, Truncation};
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use crate::heads::SequenceHead;
use crate::{
    BatchOptions, CandleEncoder, Encoder, Error, Input, PackedBatch, PredictError, RowError, ScoreFunction, batch,
};

/// A text classifier (`BertForSequenceClassification`): one label, several labels, or a number.
///
/// `Send + Sync`, all methods take `&self`; cheap to clone.
#[derive(Clone)]
pub struct Classifier {
    checkpoint: Checkpoint,
    encoder: Arc<dyn Encoder>,
    head: Arc<SequenceHead>,
    function: ScoreFunction,
    encode: EncodeOptions,
    batch: BatchOptions,
}

/// What was predicted for one input.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Prediction {
    /// Name of the best label.
    pub label: String,
    /// Its id.
    pub label_id: usize,
    /// Its score.
    pub score: f32,
    /// Scores of all labels, by id.
    pub scores: Vec<f32>,
    /// Logits of all labels, by id.
    pub logits: Vec<f32>,
    /// Tokens of the input, special ones included, after truncation.
    pub tokens: usize,
    /// Whether the input was cut.
    pub truncated: bool,
}

impl Prediction {
    /// Ids and scores, best first, equal scores by id.
    pub fn ranked(&self) -> Vec<(usize, f32)> {
        let mut ranked: Vec<_> = self.scores.iter().copied().enumerate().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked
    }
}

/// Logits of several inputs, `[inputs, num_labels]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits(Array2<f32>);

impl Logits {
    /// All of them.
    pub fn view(&self) -> ArrayView2<'_, f32> {
        self.0.view()
    }

    /// Those of one input.
    pub fn row(&self, input: usize) -> ArrayView1<'_, f32> {
        self.0.row(input)
    }
}

impl Classifier {
    /// Opens and verifies a checkpoint folder.
    ///
    /// # Errors
    /// When the checkpoint is refused (the error holds the report), or is no text classifier.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Checkpoint::builder(path).task(Task::TextClassification).open()?.try_into()
    }

    /// Runs a checkpoint on an encoder of the caller's choice.
    ///
    /// # Errors
    /// When the checkpoint is no text classifier.
    pub fn with_encoder(checkpoint: Checkpoint, encoder: Arc<dyn Encoder>) -> Result<Self, Error> {
        if checkpoint.architecture() != Architecture::SequenceClassification {
            return Err(Error::other_task(&checkpoint, Task::TextClassification));
        }
        Ok(Classifier {
            head: Arc::new(SequenceHead::load(&checkpoint)?),
            function: ScoreFunction::of(checkpoint.config()),
            encode: EncodeOptions { max_length: Some(checkpoint.max_length()), ..EncodeOptions::default() },
            batch: BatchOptions::default(),
            checkpoint,
            encoder,
        })
    }

    /// Cuts or refuses inputs past `max_length` tokens, special ones included; never past the model's own limit.
    pub fn truncation(mut self, truncation: Truncation, max_length: Option<usize>) -> Self {
        let limit = self.checkpoint.max_length();
        self.encode = EncodeOptions { max_length: Some(max_length.map_or(limit, |n| n.min(limit))), truncation };
        self
    }

    /// How inputs are batched.
    pub fn batch_options(mut self, options: BatchOptions) -> Self {
        self.batch = options;
        self
    }

    /// The labels.
    pub fn labels(&self) -> &Labels {
        self.checkpoint.config().labels()
    }

    /// What turns logits into scores.
    pub fn score_function(&self) -> ScoreFunction {
        self.function
    }

    /// The checkpoint.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Classifies one text, or a pair.
    ///
    /// # Errors
    /// When the input cannot be encoded, or a pair is given to a model with one token type.
    pub fn classify<'a>(&self, input: impl Into<Input<'a>>) -> Result<Prediction, PredictError> {
        let mut rows = self.classify_each(&[input.into()]);
        rows.pop().unwrap_or_else(|| Err(PredictError::Engine("no result".into())))
    }

    /// Classifies many inputs; results in input order.
    ///
    /// # Errors
    /// The first input that fails. Use [`Classifier::stream`] to keep the others.
    pub fn classify_batch<'a, I>(&self, inputs: I) -> Result<Vec<Prediction>, PredictError>
    where
        I: IntoIterator,
        I::Item: Into<Input<'a>>,
    {
        let inputs: Vec<Input<'a>> = inputs.into_iter().map(Into::into).collect();
        inputs.chunks(self.batch.batch_inputs.max(1)).flat_map(|chunk| self.classify_each(chunk)).collect()
    }

    /// Logits of many inputs, `[inputs, num_labels]`, in input order.
    ///
    /// # Errors
    /// As [`Classifier::classify_batch`].
    pub fn logits<'a, I>(&self, inputs: I) -> Result<Logits, PredictError>
    where
        I: IntoIterator,
        I::Item: Into<Input<'a>>,
    {
        let rows = self.classify_batch(inputs)?;
        let flat = rows.iter().flat_map(|p| p.logits.iter().copied()).collect();
        Array2::from_shape_vec((rows.len(), self.labels().len()), flat)
            .map(Logits)
            .map_err(|e| PredictError::Engine(e.to_string()))
    }

    /// Classifies an endless sequence in bounded memory: one result an input, in order, failures included.
    pub fn stream<'s, I, S>(&'s self, inputs: I) -> impl Iterator<Item = Result<Prediction, RowError>> + 's
    where
        I: IntoIterator<Item = (S, Option<S>)>,
        I::IntoIter: 's,
        S: AsRef<str> + 's,
    {
        let mut inputs = inputs.into_iter().fuse();
        let chunk_size = self.batch.batch_inputs.max(1);
        std::iter::from_fn(move || {
            let chunk: Vec<_> = inputs.by_ref().take(chunk_size).collect();
            if chunk.is_empty() {
                return None;
            }
            let views: Vec<_> = chunk
                .iter()
                .map(|(text, pair)| Input { text: text.as_ref(), pair: pair.as_ref().map(AsRef::as_ref) })
                .collect();
            Some(self.classify_each(&views))
        })
        .flatten()
        .enumerate()
        .map(|(row, result)| result.map_err(|error| RowError { row, error }))
    }

    /// Classifies inputs, one result each, in input order: a failure does not touch the others.
    pub fn classify_each(&self, inputs: &[Input<'_>]) -> Vec<Result<Prediction, PredictError>> {
        let encoded = self.encode(inputs);
        let sound: Vec<&Encoded> = encoded.iter().filter_map(|e| e.as_ref().ok()).collect();
        let lengths: Vec<usize> = sound.iter().map(|e| e.ids.len()).collect();
        let mut logits = Vec::with_capacity(sound.len());
        for range in batch::split(&lengths, self.batch.batch_tokens) {
            let part = sound.get(range.clone()).unwrap_or_default();
            match self.run(part) {
                Ok(rows) => logits.extend(rows.into_iter().map(Ok)),
                Err(error) => logits.extend(part.iter().map(|_| Err(error.clone()))),
            }
        }
        let mut logits = logits.into_iter();
        encoded
            .into_iter()
            .map(|encoded| {
                let encoded = encoded?;
                let logits = logits.next().unwrap_or_else(|| Err(PredictError::Engine("no result".into())))?;
                self.prediction(&encoded, logits)
            })
            .collect()
    }

    fn encode(&self, inputs: &[Input<'_>]) -> Vec<Result<Encoded, PredictError>> {
        let texts: Vec<_> = inputs.iter().map(|i| (i.text, i.pair)).collect();
        let types = self.checkpoint.config().type_vocab_size;
        let encoded = self.checkpoint.tokenizer().encode_batch(&texts, &self.encode);
        encoded
            .into_iter()
            .map(|encoded| {
                let encoded = encoded?;
                match encoded.type_ids.iter().copied().max() {
                    Some(needed) if needed as usize >= types => {
                        Err(PredictError::NoSecondTokenType { needed, held: types })
                    }
                    _ => Ok(encoded),
                }
            })
            .collect()
    }

    /// Logits of encoded inputs, one row each.
    fn run(&self, inputs: &[&Encoded]) -> Result<Vec<Vec<f32>>, PredictError> {
        let batch = PackedBatch::new(inputs.iter().copied());
        let hidden = self.encoder.encode(&batch)?;
        let logits = self.head.logits(&batch, hidden.view())?;
        Ok(logits.axis_iter(Axis(0)).map(|row| row.to_vec()).collect())
    }

    fn prediction(&self, encoded: &Encoded, logits: Vec<f32>) -> Result<Prediction, PredictError> {
        if logits.iter().any(|x| !x.is_finite()) {
            return Err(PredictError::NotFinite(logits.iter().map(ToString::to_string).collect()));
        }
        let scores = self.function.apply(&logits);
        let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        let (label_id, score) = best.map_or((0, 0.0), |(id, score)| (id, *score));
        Ok(Prediction {
            label: self.labels().name(label_id).unwrap_or_default().to_string(),
            label_id,
            score,
            scores,
            logits,
            tokens: encoded.ids.len(),
            truncated: encoded.truncated,
        })
    }
}

impl TryFrom<Checkpoint> for Classifier {
    type Error = Error;

    fn try_from(checkpoint: Checkpoint) -> Result<Self, Error> {
        let encoder = CandleEncoder::load(&checkpoint)?;
        Self::with_encoder(checkpoint, Arc::new(encoder))
    }
}

impl std::fmt::Debug for Classifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Classifier")
            .field("labels", &self.labels().names())
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}
