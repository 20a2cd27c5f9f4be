//! Proof by running: the engine against the f64 reference on fixed inputs.

use bert_checkpoint::Checkpoint;
use bert_tok::EncodeOptions;

use crate::{Encoder, Error, NativeEncoder, PackedBatch, PredictError, ReferenceEncoder};

/// What running the encoder twice gave.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Proof {
    /// Inputs that were run.
    pub inputs: usize,
    /// Their tokens.
    pub tokens: usize,
    /// Largest difference of two hidden states.
    pub largest_difference: f32,
    /// Largest hidden state, for scale.
    pub largest_value: f32,
}

/// Sentences that every vocabulary can take: words, digits, marks, an unknown word, an empty text.
const SENTENCES: [&str; 4] =
    ["The quick brown fox jumps over the lazy dog.", "it was 7 o'clock, wasn't it?", "Ünïcödé 北京 🙂 [MASK]", ""];

impl Proof {
    /// Whether the two agree: within a thousandth of the largest value, a hundred times what f32 loses over twelve layers,
    /// and a thousandth of what a wrong epsilon, activation or order of heads makes.
    pub fn holds(&self) -> bool {
        self.largest_difference.is_finite() && self.largest_difference <= 1e-3 * self.largest_value.max(1.0)
    }
}

/// Runs fixed sentences through the engine and through [`ReferenceEncoder`], which share no arithmetic.
///
/// # Errors
/// When the weights cannot be read or an encoder fails.
pub fn compare_engines(checkpoint: &Checkpoint) -> Result<Proof, Error> {
    let failed = |e: PredictError| Error::Engine(e.to_string());
    let options = EncodeOptions { max_length: Some(checkpoint.max_length().min(32)), ..EncodeOptions::default() };
    let mut batch = PackedBatch::default();
    for sentence in SENTENCES {
        let encoded = checkpoint.tokenizer().encode(sentence, &options).map_err(|e| Error::Engine(e.to_string()))?;
        batch.push(&encoded.ids, &encoded.type_ids);
    }
    let ours = NativeEncoder::load(checkpoint)?.encode(&batch).map_err(failed)?;
    let reference = ReferenceEncoder::load(checkpoint)?.encode(&batch).map_err(failed)?;
    // `max` would pass over NaN; a difference that is no number must show.
    let largest =
        |values: &mut dyn Iterator<Item = f32>| values.fold(0.0f32, |a, b| if b > a || b.is_nan() { b } else { a });
    Ok(Proof {
        inputs: batch.len(),
        tokens: batch.total_tokens(),
        largest_difference: largest(&mut ours.iter().zip(&reference).map(|(a, b)| (a - b).abs())),
        largest_value: largest(&mut reference.iter().map(|v| v.abs())),
    })
}
