//! Why weights could not be opened or read.

use std::path::PathBuf;

use bert_diag::Rejected;

use crate::DType;

/// Opening or reading weights failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a sound weight file; the report says why.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The file became shorter after it was opened.
    #[error("{} was changed while it was open: {expected} bytes became {found}; open it again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its length when it was opened.
        expected: u64,
        /// Its length now.
        found: u64,
    },
    /// The tensor's elements are not numbers by themselves.
    #[error(
        "tensor `{name}` holds {dtype} elements, which cannot be read as f32 weights; save the model as F32, F16 or BF16"
    )]
    NotAWeight {
        /// The tensor.
        name: String,
        /// Its type.
        dtype: DType,
    },
    /// There is no such tensor.
    #[error("there is no tensor `{name}`")]
    NoTensor {
        /// The name asked for.
        name: String,
    },
}
