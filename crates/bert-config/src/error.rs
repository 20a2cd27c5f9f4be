//! Why a configuration file could not be read at all.

use std::path::PathBuf;

/// The file could not be read; what is wrong *in* a file is reported as findings instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Reading failed.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The folder holds neither file.
    #[error("{} has neither `config.json` nor `bert_config.json`", folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
    },
}
