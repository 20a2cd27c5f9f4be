//! PyTorch's files: a pickle that describes tensors, and their storages beside it (`torch/serialization.py`, 2.9).

mod legacy;
mod state;
mod storage;
mod zipped;

use super::pickle::Problem;
use super::trouble::{Trouble, foreign};
use crate::map::Bytes;
use crate::{Error, ForeignFile, TensorIndex, sniff};

/// Reads the index of a `.bin`, `.pt`, `.pth` or `.ckpt`.
pub(crate) fn read_index(bytes: &Bytes) -> Result<TensorIndex, Error> {
    foreign(bytes, &[ForeignFile::Zip, ForeignFile::Pickle])?;
    let file = bytes.name();
    let index = match sniff(bytes.get(0..bytes.len().min(512))?) {
        Some(ForeignFile::Zip) => zipped::read(&file, bytes),
        Some(ForeignFile::Pickle) => legacy::read(&file, bytes),
        _ if super::is_safetensors(bytes)? => Err(Trouble::NoModel {
            message: format!("`{file}` is a safetensors file under the name of a PyTorch one"),
            notes: vec!["other loaders go by the name and fail".into()],
            help: "rename it to `model.safetensors`".into(),
        }),
        _ => Err(Trouble::Broken("it is neither a zip archive nor a pickle stream".into())),
    };
    index.map_err(|trouble| trouble.into_error(&file))
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Refused(global) => {
                let name = global.to_string();
                let mut notes =
                    vec!["torch.load would import that module and call it, unless told weights_only=True".to_string()];
                if ["Bert", "torch.nn.", "transformers."].iter().any(|part| name.contains(part)) {
                    notes.push("a whole module was pickled, not its state dict; only its own code can open it".into());
                }
                Trouble::Refused { what: format!("its pickle names `{name}`"), notes }
            }
            Problem::Instruction { at, code, name } => Trouble::Refused {
                what: format!("its pickle holds the instruction {name} ({code:#04x}) at byte {at}"),
                notes: Vec::new(),
            },
            Problem::Broken { at, what } => Trouble::Broken(format!("the pickle breaks at byte {at}: {what}")),
        }
    }
}
