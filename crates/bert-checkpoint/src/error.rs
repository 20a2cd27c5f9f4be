//! Why a checkpoint could not be opened.

use std::path::PathBuf;

use bert_diag::Rejected;

/// A checkpoint could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is nothing at this path.
    #[error("there is no folder or file `{}`{}", path.display(), tried_text(tried))]
    NotFound {
        /// The path.
        path: PathBuf,
        /// Where else it was looked for, when it could be a name in the local cache.
        tried: Vec<String>,
    },
    /// A file or folder is there but could not be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The checkpoint is not sound; the report names everything that is wrong.
    #[error(transparent)]
    Rejected(#[from] Rejected),
}

fn tried_text(tried: &[String]) -> String {
    match tried {
        [] => String::new(),
        tried => format!("; tried {}", tried.join("; ")),
    }
}
