//! Sentence embeddings.

use std::sync::Arc;

use bert_checkpoint::{Checkpoint, PoolingMode, Similarity};
use bert_config::Task;
use bert_tok::EncodeOptions;

use ndarray::ArrayView2;

use crate::heads::SentenceHead;
use crate::runner::{Each, Runner, single, task_handle, truncating};
use crate::similarity::similarity;
use crate::{Encoder, Error, Input, NativeEncoder, PredictError};

/// The embedding of one text.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Embedding {
    /// The vector.
    pub values: Vec<f32>,
    /// Tokens of the input, special ones and the prompt included, after truncation.
    pub tokens: usize,
    /// Whether the input was cut.
    pub truncated: bool,
}

/// A sentence encoder: a sentence-transformers folder with the modules it names, or a bare encoder with a pooling that
/// the caller names.
///
/// ```
/// use bert_model::Embedder;
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/sentence-mean");
/// let embedder = Embedder::open(folder)?;
/// let a = embedder.embed("great phone")?;
/// let b = embedder.embed("nice movie")?;
/// println!("{} columns, similarity {:.4}", a.values.len(), embedder.similarity(&a.values, &b.values));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Embedder {
    runner: Runner,
    head: Arc<SentenceHead>,
    prompt: String,
    /// Tokens of the prompt, `[CLS]` included.
    prompt_tokens: usize,
    lower_case: bool,
    similarity: Similarity,
    trims: bool,
}

task_handle!(Embedder, Task::FeatureExtraction);
truncating!(Embedder);

impl Embedder {
    /// The modules of the folder; [`Error::NoPooling`] where it names none.
    fn on(mut runner: Runner) -> Result<Self, Error> {
        let checkpoint = runner.checkpoint().clone();
        let sentence = checkpoint.sentence().ok_or(Error::NoPooling)?;
        let head = SentenceHead::load(&sentence.modules)?.ok_or(Error::NoPooling)?;
        if let Some(most) = sentence.max_seq_length {
            runner.set_most(most);
        }
        let embedder = Embedder {
            runner,
            head: Arc::new(head),
            prompt: String::new(),
            prompt_tokens: 0,
            lower_case: sentence.lower_case,
            similarity: sentence.similarity,
            trims: true,
        };
        match &sentence.default_prompt {
            Some(name) => embedder.prompt(name),
            None => Ok(embedder),
        }
    }

    /// Opens a bare encoder and pools its tokens in this way; modules that the folder names are not run.
    ///
    /// # Errors
    /// When the checkpoint is refused.
    pub fn open_pooled(path: impl AsRef<std::path::Path>, mode: PoolingMode) -> Result<Self, Error> {
        Self::pooled(Checkpoint::builder(path).task(Task::FeatureExtraction).open()?, mode)
    }

    /// As [`Embedder::open_pooled`], on a checkpoint that is open.
    ///
    /// # Errors
    /// When the weights cannot be read.
    pub fn pooled(checkpoint: Checkpoint, mode: PoolingMode) -> Result<Self, Error> {
        let encoder = Arc::new(NativeEncoder::load(&checkpoint)?);
        Self::pooled_with_encoder(checkpoint, encoder, mode)
    }

    /// As [`Embedder::pooled`], on an encoder of the caller's choice.
    ///
    /// # Errors
    /// As [`Embedder::pooled`].
    pub fn pooled_with_encoder(
        checkpoint: Checkpoint,
        encoder: Arc<dyn Encoder>,
        mode: PoolingMode,
    ) -> Result<Self, Error> {
        Ok(Embedder {
            runner: Runner::new(checkpoint, encoder, Task::FeatureExtraction)?,
            head: Arc::new(SentenceHead::pooling(mode)),
            prompt: String::new(),
            prompt_tokens: 0,
            lower_case: false,
            similarity: Similarity::default(),
            trims: false,
        })
    }

    /// Puts the folder's prompt of this name before every text.
    ///
    /// # Errors
    /// When the folder has no such prompt.
    pub fn prompt(mut self, name: &str) -> Result<Self, Error> {
        let sentence = self.checkpoint().sentence();
        let text = sentence.and_then(|s| s.prompt(name)).map(str::to_string);
        let known = || sentence.iter().flat_map(|s| s.prompts.iter().map(|(n, _)| n.clone())).collect();
        self.prompt = text.ok_or_else(|| Error::NoPrompt { name: name.into(), known: known() })?;
        self.prompt_tokens = self.count_prompt()?;
        Ok(self)
    }

    /// Tokens of the prompt with `[CLS]`, without `[SEP]` (`SentenceTransformer._get_prompt_length`).
    fn count_prompt(&self) -> Result<usize, Error> {
        if self.prompt.is_empty() {
            return Ok(0);
        }
        let encoded = self.checkpoint().tokenizer().encode(&self.prepared(&self.prompt), &EncodeOptions::default());
        let encoded = encoded.map_err(|e| Error::Engine(e.to_string()))?;
        Ok(encoded.ids.len() - usize::from(encoded.sequences.last() == Some(&None)))
    }

    /// Brings every embedding to length 1.
    pub fn normalize(mut self) -> Self {
        self.head = Arc::new(SentenceHead::clone(&self.head).normalized());
        self
    }

    /// Embeds a text.
    ///
    /// # Errors
    /// When the text cannot be encoded.
    pub fn embed(&self, text: &str) -> Result<Embedding, PredictError> {
        single(self.embed_each(&[text.into()]))
    }

    /// Embeds many texts, in input order.
    ///
    /// # Errors
    /// The first text that fails.
    pub fn embed_batch<S: AsRef<str>>(&self, texts: &[S]) -> Result<Vec<Embedding>, PredictError> {
        let inputs: Vec<Input<'_>> = texts.iter().map(|t| Input::from(t.as_ref())).collect();
        inputs.chunks(self.runner.batch.batch_inputs.max(1)).flat_map(|chunk| self.embed_each(chunk)).collect()
    }

    /// Embeds texts or pairs, one result each, in input order: a failure does not touch the others.
    pub fn embed_each(&self, inputs: &[Input<'_>]) -> Vec<Result<Embedding, PredictError>> {
        let texts: Vec<(String, Option<String>)> = inputs
            .iter()
            .map(|i| (self.prepared(&format!("{}{}", self.prompt, i.text)), i.pair.map(|p| self.prepared(p))))
            .collect();
        let prepared: Vec<Input<'_>> = texts.iter().map(|(text, pair)| Input { text, pair: pair.as_deref() }).collect();
        let results = self.runner.run_each(
            self.runner.encode(&prepared),
            &Each(self.head.wanted(), |hidden: ArrayView2<'_, f32>| self.head.embed(hidden, self.prompt_tokens)),
        );
        let embedding = |(encoded, values): (bert_tok::Encoded, Vec<f32>)| Embedding {
            values,
            tokens: encoded.ids.len(),
            truncated: encoded.truncated,
        };
        results.into_iter().map(|result| result.map(embedding)).collect()
    }

    /// A text as sentence-transformers hands it to the tokenizer (`Transformer.tokenize`).
    fn prepared(&self, text: &str) -> String {
        // Python's `strip` also takes the four separators below the space.
        let blank = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
        let text = if self.trims { text.trim_matches(blank) } else { text };
        if self.lower_case { text.to_lowercase() } else { text.to_string() }
    }

    /// How the folder compares embeddings; cosine unless it says otherwise.
    pub fn similarity_function(&self) -> Similarity {
        self.similarity
    }

    /// How alike two embeddings are, by the folder's function; larger is more alike.
    pub fn similarity(&self, a: &[f32], b: &[f32]) -> f32 {
        similarity(self.similarity, a, b)
    }
}
