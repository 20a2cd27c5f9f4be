//! Masked words (`pipelines/fill_mask.py`, transformers 4.57.6).

use std::ops::Range;
use std::sync::Arc;

use bert_config::Task;
use bert_tok::{EncodeOptions, Encoded};
use ndarray::ArrayView2;
use rayon::prelude::*;

use crate::heads::PredictionsHead;
use crate::runner::{Head, Runner, finite, single, task_handle, truncating};
use crate::scores::softmax;
use crate::{Error, Input, PredictError, Wanted};

/// A token for a mask.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fill {
    /// Its id.
    pub token: u32,
    /// Its text.
    pub token_str: String,
    /// Its probability among all tokens.
    pub score: f32,
    /// The text with this token in place of this mask, as the tokenizer writes it; other masks stay.
    pub sequence: String,
}

/// What may stand at one mask.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MaskFills {
    /// Bytes of the mask in the text.
    pub range: Range<usize>,
    /// Best first.
    pub fills: Vec<Fill>,
}

/// What may stand at the masks of one text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fills {
    /// In the order of the text. Each mask is judged by itself: these are no joint probabilities.
    pub masks: Vec<MaskFills>,
    /// Tokens of the input, special ones included, after truncation.
    pub tokens: usize,
    /// Whether the text was cut.
    pub truncated: bool,
}

/// A masked language model (`BertForMaskedLM`, `BertForPreTraining`).
///
/// ```
/// use bert_model::MaskFiller;
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/mask");
/// let filler = MaskFiller::open(folder)?.top_k(3);
/// let fills = filler.fill("the film was [MASK].")?;
/// for fill in &fills.masks[0].fills {
///     println!("{} {:.4}", fill.token_str, fill.score);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MaskFiller {
    runner: Runner,
    head: Arc<PredictionsHead>,
    top_k: usize,
    /// Sorted ids, if only some tokens may stand at the masks.
    targets: Option<Arc<Vec<u32>>>,
}

task_handle!(MaskFiller, Task::FillMask);
truncating!(MaskFiller);

/// Token and probability, best first.
type Ranked = Vec<(u32, f32)>;

impl MaskFiller {
    fn on(runner: Runner) -> Result<Self, Error> {
        let head = Arc::new(PredictionsHead::load(runner.checkpoint())?);
        Ok(MaskFiller { runner, head, top_k: 5, targets: None })
    }

    /// Most tokens for a mask; 5 unless said otherwise.
    pub fn top_k(mut self, top_k: usize) -> Self {
        self.top_k = top_k.max(1);
        self
    }

    /// Lets only these words stand at the masks; their probabilities stay those among all tokens. A word that is no
    /// token stands for its first piece, as in the reference.
    ///
    /// # Errors
    /// When there is no word, or one has no token at all.
    pub fn targets<S: AsRef<str>>(mut self, words: &[S]) -> Result<Self, PredictError> {
        let mut ids = words.iter().map(|w| self.target(w.as_ref())).collect::<Result<Vec<_>, _>>()?;
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Err(PredictError::NoTarget { target: String::new() });
        }
        self.targets = Some(Arc::new(ids));
        Ok(self)
    }

    /// The token that stands for a target word.
    ///
    /// # Errors
    /// When it has none.
    pub fn target(&self, word: &str) -> Result<u32, PredictError> {
        let tokenizer = self.checkpoint().tokenizer();
        if let Some(id) = tokenizer.token_id(word) {
            return Ok(id);
        }
        let encoded = tokenizer.encode(word, &EncodeOptions::default())?;
        let first = encoded.ids.iter().zip(&encoded.sequences).find(|(_, sequence)| sequence.is_some());
        first.map(|(id, _)| *id).ok_or_else(|| PredictError::NoTarget { target: word.into() })
    }

    /// Fills the masks of a text.
    ///
    /// # Errors
    /// When the text has no mask, or cannot be encoded.
    pub fn fill(&self, text: &str) -> Result<Fills, PredictError> {
        single(self.fill_each(&[text]))
    }

    /// Fills the masks of many texts, in input order.
    ///
    /// # Errors
    /// The first text that fails.
    pub fn fill_batch<S: AsRef<str>>(&self, texts: &[S]) -> Result<Vec<Fills>, PredictError> {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        texts.chunks(self.runner.batch.batch_inputs.max(1)).flat_map(|chunk| self.fill_each(chunk)).collect()
    }

    /// Fills the masks of texts, one result each, in input order: a failure does not touch the others.
    pub fn fill_each(&self, texts: &[&str]) -> Vec<Result<Fills, PredictError>> {
        let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::from(*text)).collect();
        let encoded = self.runner.encode(&inputs).into_iter().map(|e| self.with_mask(e?)).collect();
        let results = self.runner.run_each(encoded, &Masks(self));
        results.into_iter().map(|result| result.map(|(encoded, ranked)| self.fills(&encoded, ranked))).collect()
    }

    /// Places of the masks among the tokens.
    fn masks<'e>(&self, encoded: &'e Encoded) -> impl Iterator<Item = usize> + 'e {
        let mask = self.checkpoint().tokenizer().facts().special.mask.id;
        encoded.ids.iter().enumerate().filter(move |(_, id)| mask == Some(**id)).map(|(at, _)| at)
    }

    fn with_mask(&self, encoded: Encoded) -> Result<Encoded, PredictError> {
        if self.masks(&encoded).next().is_some() {
            return Ok(encoded);
        }
        let mask = self.checkpoint().tokenizer().facts().special.mask.text.clone();
        Err(PredictError::NoMask { mask, tokens: encoded.ids.len(), truncated: encoded.truncated })
    }

    fn rank(&self, logits: Vec<f32>) -> Result<Ranked, PredictError> {
        let logits = finite(logits)?;
        let probabilities = softmax(&logits);
        let of = |id: &u32| Some((*id, *probabilities.get(*id as usize)?));
        let mut ranked: Ranked = match &self.targets {
            Some(ids) => ids.iter().filter_map(of).collect(),
            None => (0..).zip(probabilities.iter().copied()).collect(),
        };
        let better = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if self.top_k < ranked.len() {
            ranked.select_nth_unstable_by(self.top_k, better);
            ranked.truncate(self.top_k);
        }
        ranked.sort_by(better);
        Ok(ranked)
    }

    fn fills(&self, encoded: &Encoded, masks: Vec<(usize, Ranked)>) -> Fills {
        let tokenizer = self.checkpoint().tokenizer();
        let alone = masks.len() == 1;
        let pad = tokenizer.facts().special.pad.id;
        let sequence = |at: usize, id: u32| {
            let put = encoded.ids.iter().enumerate().map(|(i, held)| if i == at { id } else { *held });
            let ids: Vec<u32> = put.filter(|id| Some(*id) != pad).collect();
            // Several masks: special tokens stay, so that the other masks can be seen.
            tokenizer.decode(&ids, alone)
        };
        let masks = masks
            .into_iter()
            .map(|(at, ranked)| MaskFills {
                range: encoded.offsets.get(at).cloned().unwrap_or_default(),
                fills: ranked
                    .into_iter()
                    .map(|(id, score)| Fill {
                        token: id,
                        token_str: tokenizer.decode(&[id], false),
                        score,
                        sequence: sequence(at, id),
                    })
                    .collect(),
            })
            .collect();
        Fills { masks, tokens: encoded.ids.len(), truncated: encoded.truncated }
    }
}

/// The masks of many texts at once: every product with the vocabulary reads its whole matrix.
struct Masks<'a>(&'a MaskFiller);

impl Masks<'_> {
    /// Masks whose logits are kept at a time: 4 MB for a vocabulary of 30,000.
    const TOGETHER: usize = 32;

    /// What may stand at each mask, of their hidden states.
    fn ranked(&self, hidden: &[f32], width: usize) -> Vec<Result<Ranked, PredictError>> {
        let head = &self.0.head;
        let some = hidden.chunks(Self::TOGETHER * width.max(1));
        some.flat_map(|hidden| {
            let logits = head.logits(hidden);
            let rows = logits.par_chunks(head.vocabulary().max(1));
            rows.map(|logits| self.0.rank(logits.to_vec())).collect::<Vec<_>>()
        })
        .collect()
    }
}

impl Head<Vec<(usize, Ranked)>> for Masks<'_> {
    fn wanted(&self, input: &Encoded) -> Wanted {
        Wanted::At(self.0.masks(input).collect())
    }

    fn apply(&self, inputs: &[(&Encoded, ArrayView2<'_, f32>)]) -> Vec<Result<Vec<(usize, Ranked)>, PredictError>> {
        let width = inputs.first().map_or(0, |(_, hidden)| hidden.ncols());
        let hidden: Vec<f32> = inputs.iter().flat_map(|(_, hidden)| hidden.iter().copied()).collect();
        let mut ranked = self.ranked(&hidden, width).into_iter();
        let one = |(encoded, _): &(&Encoded, _)| {
            // Every mask takes its result, also after one of its text has failed.
            let masks: Vec<_> = self.0.masks(encoded).zip(ranked.by_ref()).collect();
            masks.into_iter().map(|(at, ranked)| Ok((at, ranked?))).collect()
        };
        inputs.iter().map(one).collect()
    }
}
