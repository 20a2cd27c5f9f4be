//! Any form in, one clean form out: a folder with `config.json`, safetensors and the tokenizer's files.

mod place;
mod plan;
mod side;
mod verify;
mod weights;

use std::path::{Path, PathBuf};

use bert_weights::{DType, Fingerprint, Rounding, WriteError};

use crate::{Checkpoint, Error, Located};
use place::Staging;

/// How a checkpoint is written.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ConvertOptions {
    /// Element type of the weights; as they are where it is `None`.
    pub dtype: Option<DType>,
    /// Most bytes of tensors in one file; more give several files and an index. 5 GB where it is `None`, as transformers.
    pub max_shard_bytes: Option<u64>,
    /// Replace a folder that holds an earlier conversion.
    pub force: bool,
}

/// What a conversion wrote.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Conversion {
    /// The folder.
    pub folder: PathBuf,
    /// Files in it with their sizes, sorted.
    pub files: Vec<(String, u64)>,
    /// Tensors written.
    pub tensors: usize,
    /// Of these, as many have the very bytes that were read from the source.
    pub identical: usize,
    /// Names in the new file of tensors that an adapter changed.
    pub merged: Vec<String>,
    /// Names of the source that are other ones now.
    pub renamed: usize,
    /// Names of the source that were left out: no part of the model.
    pub left_out: Vec<String>,
    /// What rounding cost each tensor, where the element type changed.
    pub roundings: Vec<Rounding>,
    /// Fingerprint of the weights as written.
    pub weights: Fingerprint,
}

/// Writing a checkpoint failed; the output is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The folder is there already.
    #[error("{} exists; name a new folder, or add --force to replace an earlier conversion", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds what no conversion wrote.
    #[error("{} holds `{found}`, which no conversion writes; it is not replaced", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// A file in it.
        found: String,
    },
    /// The output is the input, or around it.
    #[error("{} is the input, or holds it; name another folder", path.display())]
    IsInput {
        /// The folder.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A tensor could not be written.
    #[error(transparent)]
    Weights(#[from] WriteError),
    /// The source could not be read.
    #[error(transparent)]
    Read(#[from] Error),
    /// What was written does not read back as it should; a bug.
    #[error("what was written does not read back as it should: {what}")]
    Differs {
        /// How.
        what: String,
    },
}

impl ConvertError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> ConvertError + '_ {
        move |source| ConvertError::Io { path: path.to_path_buf(), source }
    }
}

impl From<bert_weights::Error> for ConvertError {
    fn from(error: bert_weights::Error) -> Self {
        ConvertError::Read(error.into())
    }
}

/// Writes a verified checkpoint to a new folder, reads it back, compares, and only then gives the folder its name: killed
/// at any moment, the old state or the new one is there. Holds one tensor at a time. `located` tells which files lie
/// around it (a check gives it).
///
/// # Errors
/// When the folder may not be written, anything cannot be read or written, or what was written differs.
pub fn convert(
    checkpoint: &Checkpoint,
    located: &Located,
    folder: &Path,
    options: &ConvertOptions,
) -> Result<Conversion, ConvertError> {
    let staging = Staging::beside(folder, located, options.force)?;
    let root = located.sentence.as_deref().unwrap_or(&located.folder);
    // In an older layout of sentence-transformers the encoder lies in a folder of its own.
    let inside = located.folder.strip_prefix(root).unwrap_or(Path::new("")).to_path_buf();
    let encoder = staging.path().join(&inside);
    std::fs::create_dir_all(&encoder).map_err(ConvertError::io(&encoder))?;
    let plan = plan::Plan::new(checkpoint, options)?;
    let roundings = weights::write(&plan, &encoder)?;
    side::config(checkpoint, &plan, &encoder)?;
    side::tokenizer(checkpoint, located, &encoder)?;
    if located.sentence.is_some() {
        side::sentence(root, &inside, staging.path())?;
    }
    let (identical, weights) = verify::written(checkpoint, &plan, &encoder)?;
    let files = place::listing(staging.path())?;
    let conversion = Conversion {
        folder: folder.to_path_buf(),
        files,
        tensors: plan.tensors.len(),
        identical,
        merged: plan.merged(checkpoint),
        renamed: plan.renamed(),
        left_out: plan.left_out.clone(),
        roundings,
        weights,
    };
    staging.publish(folder)?;
    Ok(conversion)
}
