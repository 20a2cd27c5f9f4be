//! Text classification.

use std::sync::Arc;

use bert_config::{Labels, Task};
use bert_tok::{Encoded, Windowed};
use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::heads::PooledHead;
use crate::runner::{Each, Parts, Runner, single, task_handle, truncating};
use crate::{Error, Input, PredictError, RowError, ScoreFunction, Wanted};

/// A text classifier (`BertForSequenceClassification`): one label, several labels, or a number.
///
/// `Send + Sync`, all methods take `&self`; cheap to clone.
///
/// ```
/// use bert_model::Classifier;
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/demo");
/// let classifier = Classifier::open(folder)?;
/// let prediction = classifier.classify("an utterly charming film")?;
/// assert_eq!(prediction.label, "positive");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Classifier {
    pub(super) runner: Runner,
    head: Arc<PooledHead>,
    function: ScoreFunction,
    stride: Option<usize>,
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
    /// Scores of all labels, by id; of a text in windows the means of the windows' scores.
    pub scores: Vec<f32>,
    /// Logits of all labels, by id; of a text in windows the means of the windows' logits.
    pub logits: Vec<f32>,
    /// Tokens of the input, special ones included, after truncation.
    pub tokens: usize,
    /// Whether the input was cut.
    pub truncated: bool,
    /// Windows the input was read in.
    pub windows: usize,
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

task_handle!(Classifier, Task::TextClassification);
truncating!(Classifier);

impl Classifier {
    fn on(runner: Runner) -> Result<Self, Error> {
        let head = Arc::new(PooledHead::load(runner.checkpoint(), "classifier")?);
        let function = ScoreFunction::of(runner.checkpoint().config());
        Ok(Classifier { runner, head, function, stride: None })
    }

    /// Reads long inputs as windows that share `stride` tokens instead of cutting them: scores are the means of the
    /// windows' scores, logits the means of their logits. Of a pair the second text is cut into windows.
    pub fn windows(mut self, stride: usize) -> Self {
        self.stride = Some(stride);
        self
    }

    /// Takes another function for the scores (`function_to_apply` of the reference's pipeline).
    pub fn function_to_apply(mut self, function: ScoreFunction) -> Self {
        self.function = function;
        self
    }

    /// The labels.
    pub fn labels(&self) -> &Labels {
        self.checkpoint().config().labels()
    }

    /// What turns logits into scores.
    pub fn score_function(&self) -> ScoreFunction {
        self.function
    }

    /// Classifies one text, or a pair.
    ///
    /// # Errors
    /// When the input cannot be encoded, or a pair is given to a model with one token type.
    pub fn classify<'a>(&self, input: impl Into<Input<'a>>) -> Result<Prediction, PredictError> {
        single(self.classify_each(&[input.into()]))
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
        inputs.chunks(self.runner.batch.batch_inputs.max(1)).flat_map(|chunk| self.classify_each(chunk)).collect()
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
        self.logits_from(rows.len(), flat)
    }

    /// Logits of inputs that were tokenised elsewhere, `input_ids` and `token_type_ids` of each (missing types are 0),
    /// `[inputs, num_labels]`, in input order. Special tokens must be among the ids.
    ///
    /// # Errors
    /// When an input has no token, or an id, a type or the length is past the model's tables.
    pub fn logits_of_ids(&self, inputs: &[(&[u32], &[u32])]) -> Result<Logits, PredictError> {
        let encoded = inputs.iter().map(|(ids, type_ids)| self.runner.of_ids(ids, type_ids)).collect();
        let head = Each(Wanted::First, |hidden: ArrayView2<'_, f32>| self.head.logits(hidden));
        let rows = self.runner.run_each(encoded, &head);
        let flat = rows.into_iter().map(|row| Ok(row?.1)).collect::<Result<Vec<_>, PredictError>>()?.concat();
        self.logits_from(inputs.len(), flat)
    }

    fn logits_from(&self, inputs: usize, flat: Vec<f32>) -> Result<Logits, PredictError> {
        Array2::from_shape_vec((inputs, self.labels().len()), flat)
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
        let mut chunk =
            move || -> Vec<(S, Option<S>)> { inputs.by_ref().take(self.runner.batch.batch_inputs.max(1)).collect() };
        let mut encoded = None;
        std::iter::from_fn(move || {
            let current = match encoded.take() {
                Some(rows) => rows,
                None => self.encode(&views(&chunk())),
            };
            if current.is_empty() {
                return None;
            }
            // The next inputs are tokenised while these are computed.
            let next = chunk();
            let next = views(&next);
            let (results, ahead) = rayon::join(|| self.run(current), || self.encode(&next));
            encoded = Some(ahead);
            Some(results)
        })
        .flatten()
        .enumerate()
        .map(|(row, result)| result.map_err(|error| RowError { row, error }))
    }

    /// Classifies inputs, one result each, in input order: a failure does not touch the others.
    pub fn classify_each(&self, inputs: &[Input<'_>]) -> Vec<Result<Prediction, PredictError>> {
        self.run(self.encode(inputs))
    }

    /// The windows of each input; one for most.
    fn encode(&self, inputs: &[Input<'_>]) -> Vec<Result<Vec<Encoded>, PredictError>> {
        match self.stride {
            Some(stride) => inputs.iter().map(|input| self.in_windows(*input, stride)).collect(),
            None => self.runner.encode(inputs).into_iter().map(|e| e.map(|e| vec![e])).collect(),
        }
    }

    fn run(&self, rows: Vec<Result<Vec<Encoded>, PredictError>>) -> Vec<Result<Prediction, PredictError>> {
        let head = Each(Wanted::First, |hidden: ArrayView2<'_, f32>| self.head.logits(hidden));
        let results = self.runner.run_rows(rows, &head);
        results.into_iter().map(|parts| parts.map(|parts| self.prediction(&parts))).collect()
    }

    fn in_windows(&self, input: Input<'_>, stride: usize) -> Result<Vec<Encoded>, PredictError> {
        let windowed = if input.pair.is_some_and(|p| !p.is_empty()) { Windowed::Second } else { Windowed::First };
        let windows = self.runner.windows(input, windowed, self.runner.limit(), stride)?;
        Ok(windows.into_iter().map(|w| w.encoded).collect())
    }

    fn prediction(&self, parts: &Parts<Vec<f32>>) -> Prediction {
        let scores = mean(parts.iter().map(|(_, logits)| self.function.apply(logits)));
        let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        let (label_id, score) = best.map_or((0, 0.0), |(id, score)| (id, *score));
        let first = parts.first().map(|(encoded, _)| encoded);
        let truncated = first.is_some_and(|e| e.truncated);
        Prediction {
            label: self.labels().name(label_id).unwrap_or_default().to_string(),
            label_id,
            score,
            scores,
            logits: mean(parts.iter().map(|(_, logits)| logits.clone())),
            tokens: first.map_or(0, |e| if truncated { e.ids.len() } else { e.full_length }),
            truncated,
            windows: parts.len(),
        }
    }
}

fn views<S: AsRef<str>>(inputs: &[(S, Option<S>)]) -> Vec<Input<'_>> {
    inputs.iter().map(|(text, pair)| Input { text: text.as_ref(), pair: pair.as_ref().map(AsRef::as_ref) }).collect()
}

/// The mean of rows of one length; a single row stays as it is, to the last bit.
fn mean(mut rows: impl ExactSizeIterator<Item = Vec<f32>>) -> Vec<f32> {
    let count = rows.len() as f64;
    let Some(first) = rows.next() else { return Vec::new() };
    let sums = rows.fold(first.into_iter().map(f64::from).collect::<Vec<_>>(), |mut sums, row| {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(x));
        sums
    });
    sums.into_iter().map(|sum| (sum / count) as f32).collect()
}
