//! Checksums that a container keeps of its tensors, compared with the bytes.

use rayon::prelude::*;

use crate::place::Storage;
use crate::{Error, Weights};

/// A checksum of stored bytes.
#[derive(Clone, Debug)]
pub(crate) struct Checksum {
    /// The tensor whose bytes they are.
    pub(crate) tensor: String,
    pub(crate) storage: Storage,
    pub(crate) sum: Sum,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Sum {
    /// CRC-32 of a zip entry's content.
    Zip(u32),
    /// Masked CRC-32C of a TensorFlow bundle.
    TensorFlow(u32),
}

/// The stored form of a CRC-32C (`crc::Mask` of TensorFlow).
pub(crate) fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Names of tensors whose bytes do not have the checksum that their container keeps; empty where it keeps none. Reads
/// every such byte once, in parallel.
///
/// # Errors
/// When a file was cut while it was open, or compressed bytes are damaged.
pub fn differing_checksums(weights: &Weights) -> Result<Vec<String>, Error> {
    let differing = weights.index().checksums.par_iter().map(|check| {
        let bytes = check.storage.read(&weights.files)?;
        let holds = match check.sum {
            Sum::Zip(sum) => crc32fast::hash(&bytes) == sum,
            Sum::TensorFlow(sum) => masked(crc32c::crc32c(&bytes)) == sum,
        };
        check.storage.release(&weights.files);
        Ok((!holds).then(|| check.tensor.clone()))
    });
    let mut names: Vec<String> = differing.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect();
    names.sort();
    Ok(names)
}
