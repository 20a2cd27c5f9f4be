//! One number each for configuration, weights and tokenizer, independent of the files they came in.

use bert_weights::{Fingerprint, expected_tensors, fingerprint};

use crate::{Checkpoint, Error};

/// The fingerprints of a checkpoint's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fingerprints {
    /// Of every field that bears on the outputs, and of the labels.
    pub config: Fingerprint,
    /// Of the tensors that the model needs, by their standard names: types, shapes, elements. Neither the container nor
    /// the order or the file's own names of the tensors matter.
    pub weights: Fingerprint,
    /// Of every token with its id, and of every part of the tokenizer; limits of length are no part of it.
    pub tokenizer: Fingerprint,
}

impl Fingerprints {
    /// The three as one.
    pub fn whole(&self) -> Fingerprint {
        Fingerprint::of(format!("{}{}{}", self.config, self.weights, self.tokenizer).as_bytes())
    }
}

impl Checkpoint {
    /// Computes the fingerprints; reads every needed tensor once.
    ///
    /// # Errors
    /// When a tensor cannot be read.
    pub fn fingerprints(&self) -> Result<Fingerprints, Error> {
        let needed: Vec<(String, String)> = expected_tensors(self.config(), self.architecture())
            .filter(|spec| spec.required)
            .filter_map(|spec| {
                let names = self.names();
                let file = names.in_file(&spec.name).or_else(|| names.in_file(spec.alias?))?.to_string();
                Some((spec.name, file))
            })
            .collect();
        Ok(Fingerprints {
            config: Fingerprint::of(self.config().identity().as_bytes()),
            weights: fingerprint(self.weights(), &needed)?,
            tokenizer: Fingerprint::of(self.tokenizer().identity().as_bytes()),
        })
    }
}
