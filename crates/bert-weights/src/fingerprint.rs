//! One number for what weights are, whatever file they lie in.

use std::fmt;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{Error, Weights};

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Fingerprint {
        Fingerprint(Sha256::digest(bytes).into())
    }

    /// The first 16 hexadecimal digits: enough to tell the checkpoints of a team apart.
    pub fn short(&self) -> String {
        self.to_string().chars().take(16).collect()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The fingerprint of named tensors: pairs of the name that counts and the name in the index. It depends on names, types,
/// shapes and elements, and on nothing of the container, nor on the order of the tensors.
///
/// # Errors
/// When a tensor is missing or cannot be read.
pub fn fingerprint(weights: &Weights, tensors: &[(String, String)]) -> Result<Fingerprint, Error> {
    let mut digests = tensors
        .par_iter()
        .map(|(name, in_index)| {
            let view = weights.get(in_index).ok_or_else(|| Error::NoTensor { name: in_index.clone() })?;
            let mut hash = Sha256::new();
            hash.update(format!("{name}\0{}\0{:?}\0", view.info().dtype, view.info().shape));
            hash.update(&view.bytes()?);
            view.release();
            Ok(<[u8; 32]>::from(hash.finalize()))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    digests.sort_unstable();
    Ok(Fingerprint::of(&digests.concat()))
}
