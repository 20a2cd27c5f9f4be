//! What every task stands on: texts to tokens, tokens through the encoder in batches, a head on each input's rows.

use std::sync::Arc;

use bert_checkpoint::Checkpoint;
use bert_config::Task;
use bert_tok::{EncodeOptions, Encoded, Truncation, Window, WindowOptions, Windowed};
use ndarray::{ArrayView2, Axis, Slice};
use rayon::prelude::*;

use crate::batch::{self, Equal};
use crate::{BatchOptions, Encoder, Error, Input, NativeEncoder, PackedBatch, PredictError, Wanted};

/// A checkpoint and the encoder that runs it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Runner {
    checkpoint: Checkpoint,
    encoder: Arc<dyn Encoder>,
    /// Most tokens of an input, as asked for.
    limit: usize,
    /// Most tokens the model takes.
    most: usize,
    truncation: Truncation,
    pub(crate) batch: BatchOptions,
}

/// The encoded parts of one input (windows, choices; one for most) with what the head made of each.
pub(crate) type Parts<T> = Vec<(Encoded, T)>;

impl Runner {
    /// Stands a checkpoint on the default encoder.
    pub(crate) fn open(checkpoint: Checkpoint, task: Task) -> Result<Self, Error> {
        let encoder = Arc::new(NativeEncoder::load(&checkpoint)?);
        Self::new(checkpoint, encoder, task)
    }

    pub(crate) fn new(checkpoint: Checkpoint, encoder: Arc<dyn Encoder>, task: Task) -> Result<Self, Error> {
        if !checkpoint.can(task) {
            return Err(Error::other_task(&checkpoint, task));
        }
        let most = checkpoint.max_length();
        Ok(Runner {
            checkpoint,
            encoder,
            limit: most,
            most,
            truncation: Truncation::default(),
            batch: BatchOptions::default(),
        })
    }

    pub(crate) fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Most tokens of an input.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn set_truncation(&mut self, truncation: Truncation, max_length: Option<usize>) {
        self.truncation = truncation;
        self.limit = max_length.map_or(self.most, |n| n.min(self.most));
    }

    /// Takes this limit for the tokenizer's; never past the positions.
    pub(crate) fn set_most(&mut self, most: usize) {
        self.most = most.min(self.checkpoint.config().max_position_embeddings);
        self.limit = self.most;
    }

    /// Encodes inputs, cutting or refusing long ones.
    pub(crate) fn encode(&self, inputs: &[Input<'_>]) -> Vec<Result<Encoded, PredictError>> {
        let texts: Vec<_> = inputs.iter().map(|i| (i.text, i.pair)).collect();
        let options = EncodeOptions { max_length: Some(self.limit), truncation: self.truncation };
        let encoded = self.checkpoint.tokenizer().encode_batch(&texts, &options);
        encoded.into_iter().map(|encoded| self.sound(encoded?)).collect()
    }

    /// Encodes an input as overlapping windows of at most `max_length` tokens.
    pub(crate) fn windows(
        &self,
        input: Input<'_>,
        windowed: Windowed,
        max_length: usize,
        stride: usize,
    ) -> Result<Vec<Window>, PredictError> {
        let options = WindowOptions { max_length: max_length.min(self.limit), stride };
        let windows = self.checkpoint.tokenizer().encode_windows(input.text, input.pair, windowed, &options)?;
        for window in &windows {
            self.types_are_held(&window.encoded)?;
        }
        Ok(windows)
    }

    /// An input that was tokenised elsewhere.
    pub(crate) fn of_ids(&self, ids: &[u32], type_ids: &[u32]) -> Result<Encoded, PredictError> {
        if ids.is_empty() {
            return Err(PredictError::Empty { what: "input" });
        }
        let mut encoded = Encoded::default();
        encoded.ids = ids.to_vec();
        encoded.type_ids = type_ids.to_vec();
        self.sound(encoded)
    }

    fn sound(&self, encoded: Encoded) -> Result<Encoded, PredictError> {
        self.types_are_held(&encoded)?;
        Ok(encoded)
    }

    fn types_are_held(&self, encoded: &Encoded) -> Result<(), PredictError> {
        let held = self.checkpoint.config().type_vocab_size;
        match encoded.type_ids.iter().copied().max() {
            Some(needed) if needed as usize >= held => Err(PredictError::NoSecondTokenType { needed, held }),
            _ => Ok(()),
        }
    }

    /// Runs one encoded input each; a failure does not touch the others.
    pub(crate) fn run_each<T: Send>(
        &self,
        inputs: Vec<Result<Encoded, PredictError>>,
        head: &impl Head<T>,
    ) -> Vec<Result<(Encoded, T), PredictError>> {
        let rows = inputs.into_iter().map(|input| input.map(|encoded| vec![encoded])).collect();
        let one = |mut parts: Parts<T>| parts.pop().ok_or_else(no_result);
        self.run_rows(rows, head).into_iter().map(|row| row.and_then(one)).collect()
    }

    /// Runs inputs of several parts, each part once however often it comes.
    pub(crate) fn run_rows<T: Send>(
        &self,
        rows: Vec<Result<Vec<Encoded>, PredictError>>,
        head: &impl Head<T>,
    ) -> Vec<Result<Parts<T>, PredictError>> {
        let parts: Vec<&Encoded> = rows.iter().flatten().flatten().collect();
        let mut results: Vec<Option<Result<T, PredictError>>> = parts.iter().map(|_| None).collect();
        for batch in batch::schedule(&parts, self.batch.batch_tokens) {
            self.run(&parts, &batch, head, &mut results);
        }
        let mut results = results.into_iter();
        let mut next = |encoded: Encoded| Ok((encoded, results.next().flatten().unwrap_or_else(|| Err(no_result()))?));
        rows.into_iter()
            // Every part takes its result, also after one of its row has failed.
            .map(|row| row.and_then(|parts| parts.into_iter().map(&mut next).collect::<Vec<_>>().into_iter().collect()))
            .collect()
    }

    /// Runs the inputs of one batch and puts their results where they belong.
    fn run<T: Send>(
        &self,
        parts: &[&Encoded],
        batch: &[Equal],
        head: &impl Head<T>,
        results: &mut [Option<Result<T, PredictError>>],
    ) {
        let mut packed = PackedBatch::default();
        let firsts = batch.iter().filter_map(|equal| parts.get(equal.first));
        firsts.for_each(|input| packed.push_wanting(&input.ids, &input.type_ids, &head.wanted(input)));
        let encoded = self.encoder.encode(&packed);
        let ranges: Vec<_> = packed.wanted_ranges().collect();
        let all = || batch.iter().zip(&ranges).flat_map(|(equal, range)| equal.all().map(move |i| (i, range.clone())));
        let numbers: Vec<usize> = all().map(|(i, _)| i).collect();
        let values = match &encoded {
            Ok(hidden) => {
                let rows_of = |rows: std::ops::Range<usize>| hidden.slice_axis(Axis(0), Slice::from(rows));
                let inputs: Vec<_> = all().filter_map(|(i, range)| Some((*parts.get(i)?, rows_of(range)))).collect();
                head.apply(&inputs)
            }
            Err(error) => numbers.iter().map(|_| Err(error.clone())).collect(),
        };
        for (number, value) in numbers.into_iter().zip(values) {
            if let Some(place) = results.get_mut(number) {
                *place = Some(value);
            }
        }
    }
}

/// What a task computes from hidden states.
pub(crate) trait Head<T: Send>: Sync {
    /// The tokens that it reads.
    fn wanted(&self, input: &Encoded) -> Wanted;

    /// One result an input, of the hidden states `[wanted, hidden]` of each.
    fn apply(&self, inputs: &[(&Encoded, ArrayView2<'_, f32>)]) -> Vec<Result<T, PredictError>>;
}

/// A head that looks at one input at a time and always at the same of its tokens.
pub(crate) struct Each<F>(pub(crate) Wanted, pub(crate) F);

impl<T: Send, F: Fn(ArrayView2<'_, f32>) -> Result<T, PredictError> + Sync> Head<T> for Each<F> {
    fn wanted(&self, _: &Encoded) -> Wanted {
        self.0.clone()
    }

    fn apply(&self, inputs: &[(&Encoded, ArrayView2<'_, f32>)]) -> Vec<Result<T, PredictError>> {
        inputs.par_iter().map(|(_, hidden)| (self.1)(*hidden)).collect()
    }
}

fn no_result() -> PredictError {
    PredictError::Engine("no result".into())
}

/// The first input's result, or the first failure of many.
pub(crate) fn single<T>(mut results: Vec<Result<T, PredictError>>) -> Result<T, PredictError> {
    results.pop().unwrap_or_else(|| Err(no_result()))
}

/// Logits that are numbers.
pub(crate) fn finite(logits: Vec<f32>) -> Result<Vec<f32>, PredictError> {
    match logits.iter().all(|x| x.is_finite()) {
        true => Ok(logits),
        false => Err(PredictError::NotFinite(logits.iter().map(ToString::to_string).collect())),
    }
}

/// What all task types have in common: opening, batches, the checkpoint, `Debug`.
macro_rules! task_handle {
    ($name:ident, $task:expr) => {
        impl $name {
            /// Opens and verifies a checkpoint folder for this task.
            ///
            /// # Errors
            /// When the checkpoint is refused (the error holds the report), or cannot do this task.
            pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self, $crate::Error> {
                bert_checkpoint::Checkpoint::builder(path).task($task).open()?.try_into()
            }

            /// Runs a checkpoint on an encoder of the caller's choice.
            ///
            /// # Errors
            /// When the checkpoint cannot do this task, or its head cannot be read.
            pub fn with_encoder(
                checkpoint: bert_checkpoint::Checkpoint,
                encoder: std::sync::Arc<dyn $crate::Encoder>,
            ) -> Result<Self, $crate::Error> {
                Self::on($crate::runner::Runner::new(checkpoint, encoder, $task)?)
            }

            /// How inputs are batched.
            pub fn batch_options(mut self, options: $crate::BatchOptions) -> Self {
                self.runner.batch = options;
                self
            }

            /// The checkpoint.
            pub fn checkpoint(&self) -> &bert_checkpoint::Checkpoint {
                self.runner.checkpoint()
            }

            /// Most tokens of an input, special ones included.
            pub fn max_length(&self) -> usize {
                self.runner.limit()
            }
        }

        impl TryFrom<bert_checkpoint::Checkpoint> for $name {
            type Error = $crate::Error;

            fn try_from(checkpoint: bert_checkpoint::Checkpoint) -> Result<Self, $crate::Error> {
                Self::on($crate::runner::Runner::open(checkpoint, $task)?)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("architecture", &self.checkpoint().architecture())
                    .field("max_length", &self.max_length())
                    .finish_non_exhaustive()
            }
        }
    };
}

/// Tasks whose long inputs are cut or refused.
macro_rules! truncating {
    ($name:ident) => {
        impl $name {
            /// Cuts or refuses inputs past `max_length` tokens, special ones included; never past the model's own limit.
            pub fn truncation(mut self, truncation: bert_tok::Truncation, max_length: Option<usize>) -> Self {
                self.runner.set_truncation(truncation, max_length);
                self
            }
        }
    };
}

pub(crate) use {task_handle, truncating};
