//! Token classification: entities in a text (`pipelines/token_classification.py`, transformers 4.57.6).

mod group;

use std::ops::Range;
use std::sync::Arc;

use bert_config::Task;
use bert_tok::{Encoded, Windowed};

use ndarray::ArrayView2;

use crate::heads::TokenHead;
use crate::runner::{Each, Parts, Runner, single, task_handle, truncating};
use crate::scores::softmax;
use crate::{CharOffsets, Error, Input, PredictError, Wanted};
use group::{Grouper, Piece};

/// How tokens become entities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Aggregation {
    /// Every token by itself.
    #[default]
    None,
    /// Neighbouring tokens of one kind are one entity.
    Simple,
    /// As `Simple`, after each word has taken the label of its first token.
    First,
    /// As `Simple`, after each word has taken the label of the mean of its tokens' scores.
    Average,
    /// As `Simple`, after each word has taken the label of its surest token.
    Max,
}

impl Aggregation {
    const TABLE: [(Aggregation, &'static str); 5] = [
        (Aggregation::None, "none"),
        (Aggregation::Simple, "simple"),
        (Aggregation::First, "first"),
        (Aggregation::Average, "average"),
        (Aggregation::Max, "max"),
    ];

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::TABLE.iter().map(|row| row.1)
    }

    /// Finds a strategy by its name in transformers.
    pub fn from_name(name: &str) -> Option<Aggregation> {
        Self::TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }
}

/// A token or a group of tokens with its label.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entity {
    /// The label; of a group without `B-` or `I-`.
    pub label: String,
    /// Its score; of a group the mean.
    pub score: f32,
    /// The tokens as text, normalised as the tokenizer does; the text itself is at `range`.
    pub word: String,
    /// Bytes of the text.
    pub range: Range<usize>,
    /// Number of the token in the input, `[CLS]` being 0; `None` for groups.
    pub index: Option<usize>,
}

/// What was found in one text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Tags {
    /// In the order of the text.
    pub entities: Vec<Entity>,
    /// Tokens of the input, special ones included, after truncation.
    pub tokens: usize,
    /// Whether the text was cut.
    pub truncated: bool,
    /// Windows the text was read in.
    pub windows: usize,
}

/// A token classifier (`BertForTokenClassification`), such as a finder of names.
///
/// ```
/// use bert_model::{Aggregation, Tagger};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/token-five");
/// let tagger = Tagger::open(folder)?.aggregation(Aggregation::Simple);
/// let text = "John Smith met my sister in Berlin";
/// for entity in tagger.tag(text)?.entities {
///     println!("{} {:.4} {}", entity.label, entity.score, &text[entity.range]);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Tagger {
    runner: Runner,
    head: Arc<TokenHead>,
    aggregation: Aggregation,
    ignore: Vec<String>,
    stride: Option<usize>,
}

task_handle!(Tagger, Task::TokenClassification);
truncating!(Tagger);

impl Tagger {
    fn on(runner: Runner) -> Result<Self, Error> {
        let head = Arc::new(TokenHead::load(runner.checkpoint(), "classifier")?);
        Ok(Tagger { runner, head, aggregation: Aggregation::None, ignore: vec!["O".into()], stride: None })
    }

    /// How tokens become entities; [`Aggregation::None`] unless said otherwise, as in the reference.
    pub fn aggregation(mut self, aggregation: Aggregation) -> Self {
        self.aggregation = aggregation;
        self
    }

    /// Labels that are left out of the result; `O` unless said otherwise.
    pub fn ignore_labels(mut self, labels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.ignore = labels.into_iter().map(Into::into).collect();
        self
    }

    /// Reads long texts as windows that share `stride` tokens instead of cutting them. Of entities that overlap, found in
    /// the shared part by two windows, the longer one is kept, then the surer one: no entity up to `stride` tokens
    /// long is cut or doubled. Without aggregation each token is labelled by the window in which it stands
    /// furthest from an end (the reference has no windows without aggregation).
    pub fn windows(mut self, stride: usize) -> Self {
        self.stride = Some(stride);
        self
    }

    /// Finds the entities of a text.
    ///
    /// # Errors
    /// When the text cannot be encoded.
    pub fn tag(&self, text: &str) -> Result<Tags, PredictError> {
        single(self.tag_each(&[text]))
    }

    /// Finds the entities of many texts, in input order.
    ///
    /// # Errors
    /// The first text that fails.
    pub fn tag_batch<S: AsRef<str>>(&self, texts: &[S]) -> Result<Vec<Tags>, PredictError> {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        texts.chunks(self.runner.batch.batch_inputs.max(1)).flat_map(|chunk| self.tag_each(chunk)).collect()
    }

    /// Finds the entities of texts, one result each, in input order: a failure does not touch the others.
    pub fn tag_each(&self, texts: &[&str]) -> Vec<Result<Tags, PredictError>> {
        let mut starts = Vec::new();
        let rows = match self.stride {
            Some(stride) => texts.iter().map(|text| self.in_windows(text, stride, &mut starts)).collect(),
            None => {
                let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::from(*text)).collect();
                self.runner.encode(&inputs).into_iter().map(|e| e.map(|e| vec![e])).collect()
            }
        };
        starts.resize(texts.len(), vec![0]);
        let results = self.runner.run_rows(
            rows,
            &Each(Wanted::All, |hidden: ArrayView2<'_, f32>| {
                Ok(self.head.logits(hidden)?.iter().map(|logits| softmax(logits)).collect::<Vec<_>>())
            }),
        );
        let rows = results.into_iter().zip(texts).zip(starts);
        rows.map(|((parts, text), starts)| Ok(self.tags(text, parts?, &starts))).collect()
    }

    /// The windows of a text; where each starts in the text is added to `starts`.
    fn in_windows(
        &self,
        text: &str,
        stride: usize,
        starts: &mut Vec<Vec<usize>>,
    ) -> Result<Vec<Encoded>, PredictError> {
        let windows = self.runner.windows(text.into(), Windowed::First, self.runner.limit(), stride);
        starts.push(windows.iter().flatten().map(|w| w.first_token).collect());
        Ok(windows?.into_iter().map(|w| w.encoded).collect())
    }

    fn tags(&self, text: &str, parts: Parts<Vec<Vec<f32>>>, starts: &[usize]) -> Tags {
        let windows = parts.len();
        let first = parts.first().map(|(encoded, _)| encoded);
        let truncated = first.is_some_and(|e| e.truncated);
        let tokens = first.map_or(0, |e| if truncated { e.ids.len() } else { e.full_length });
        let checkpoint = self.checkpoint();
        let grouper = Grouper {
            tokenizer: checkpoint.tokenizer(),
            labels: checkpoint.config().labels(),
            aggregation: self.aggregation,
            ignore: &self.ignore,
        };
        let offsets = CharOffsets::new(text);
        let pieces: Vec<Vec<Piece>> = parts
            .into_iter()
            .zip(starts)
            .map(|((encoded, scores), start)| grouper.pieces(text, &offsets, &encoded, scores, *start))
            .collect();
        let entities = match self.aggregation {
            Aggregation::None => grouper.label(group::most_central(pieces)),
            _ => group::without_overlap(pieces.into_iter().map(|p| grouper.entities(p)).collect(), &offsets),
        };
        Tags { entities, tokens, truncated, windows }
    }
}
