//! Which files of a folder are which.

pub(crate) mod adapter;
pub(crate) mod hub;
mod trainer;
mod weights;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bert_diag::listed;

use crate::Error;
pub(crate) use trainer::step;
pub use trainer::{Chosen, TrainerState};
pub use weights::WeightsPlace;

/// The parts of a checkpoint as they lie on disk.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Located {
    /// The folder.
    pub folder: PathBuf,
    /// Names in it, sorted.
    pub listing: Vec<String>,
    /// `config.json`, else `bert_config.json`.
    pub config: Option<PathBuf>,
    /// Where the weights are.
    pub weights: WeightsPlace,
    /// The folder with `modules.json` if this is the encoder of a sentence-transformers folder.
    pub sentence: Option<PathBuf>,
    /// Another folder that has the tokenizer, when this one has none.
    pub tokenizer: Option<PathBuf>,
    /// Which of a training run's checkpoints this is, when the run's folder was named.
    pub chosen: Option<Chosen>,
    /// What the trainer wrote about the run, if it did.
    pub trainer: Option<TrainerState>,
}

impl Located {
    /// Looks at a folder, at a weight file whose folder holds the rest, or at a name in the local cache.
    pub(crate) fn find(path: &Path) -> Result<Located, Error> {
        let io = |path: &Path| {
            let path = path.to_path_buf();
            move |source| Error::Io { path, source }
        };
        let path = &match std::fs::metadata(path) {
            Ok(_) => path.to_path_buf(),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !path.is_symlink() => elsewhere(path)?,
            Err(e) => return Err(io(path)(e)),
        };
        let is_folder = std::fs::metadata(path).map_err(io(path))?.is_dir();
        let folder = match is_folder {
            true => path.as_path(),
            false => path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")),
        };
        let mut listing = BTreeSet::new();
        for entry in std::fs::read_dir(folder).map_err(io(folder))? {
            listing.insert(entry.map_err(io(folder))?.file_name().to_string_lossy().into_owned());
        }
        let has = |name: &str| listing.contains(name);
        let sentence = (is_folder && has("modules.json")).then(|| folder.to_path_buf());
        if sentence.is_some()
            && !has("config.json")
            && let Some(encoder) = crate::sentence::encoder_folder(folder)?
        {
            return Ok(Located { sentence, ..Self::find(&encoder)? });
        }
        let weights = if is_folder { weights::in_folder(folder, &listing) } else { weights::at(path) };
        if is_folder
            && weights == WeightsPlace::None
            && !has("adapter_config.json")
            && let Some(chosen) = trainer::choose(folder, &listing)
        {
            let inner = Self::find(&folder.join(&chosen.name))?;
            return Ok(Located { chosen: Some(chosen), ..inner });
        }
        let config = ["config.json", "bert_config.json"].iter().find(|n| has(n)).map(|n| folder.join(n));
        Ok(Located {
            folder: folder.to_path_buf(),
            tokenizer: trainer::tokenizer_elsewhere(folder, &listing),
            trainer: TrainerState::read(folder),
            listing: listing.into_iter().collect(),
            config,
            weights,
            sentence,
            chosen: None,
        })
    }

    /// The folder that has the tokenizer.
    pub(crate) fn tokenizer_folder(&self) -> &Path {
        self.tokenizer.as_deref().unwrap_or(&self.folder)
    }

    /// What the folder holds, for messages.
    pub(crate) fn found(&self) -> String {
        if self.listing.is_empty() {
            "the folder is empty".to_string()
        } else {
            format!("found: {}", listed(&self.listing, 12))
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.listing.iter().any(|l| l == name)
    }

    /// Whether the folder holds changes to another model's weights and no weights of its own.
    pub(crate) fn is_adapter(&self) -> bool {
        self.weights == WeightsPlace::None && self.has("adapter_config.json")
    }

    pub(crate) fn is_empty_of_parts(&self) -> bool {
        let tokenizer = bert_tok::TokenizerFiles::NAMES.iter().any(|n| self.has(n));
        self.config.is_none() && self.weights == WeightsPlace::None && !tokenizer && !self.has("adapter_config.json")
    }
}

/// A path that is not there: the stem of a TensorFlow bundle, or a name in the local cache.
fn elsewhere(path: &Path) -> Result<PathBuf, Error> {
    let bundle = PathBuf::from(format!("{}.index", path.display()));
    if path.file_name().is_some_and(|n| n.to_string_lossy().contains(".ckpt")) && bundle.is_file() {
        return Ok(bundle);
    }
    match path.to_str().and_then(hub::Name::parse) {
        Some(name) => hub::snapshot(&name),
        None => Err(Error::NotFound { path: path.to_path_buf(), tried: Vec::new() }),
    }
}
