//! Checks across files: one function a question, one module a pair of witnesses.

mod config;
mod names;
mod places;
mod shapes;
mod tokenizer;
mod values;
mod votes;

use bert_config::{Architecture, BertConfig};
use bert_weights::{NameMap, Weights};

pub(crate) use config::config_missing;
pub(crate) use names::names;
pub(crate) use places::{other_files, places};
pub(crate) use shapes::shapes;
pub(crate) use tokenizer::tokenizer;
pub(crate) use values::{checksums, dtypes, stated_dtype, values};
pub(crate) use votes::label_votes;

/// What the checks of the weights know.
pub(crate) struct Facts<'a> {
    pub(crate) config: &'a BertConfig,
    pub(crate) architecture: Architecture,
    pub(crate) weights: &'a Weights,
    pub(crate) names: &'a NameMap,
    /// Tokens of the tokenizer, the third witness of the vocabulary's size.
    pub(crate) tokenizer_size: Option<usize>,
    /// The head was found and confirmed; else its absence is already reported.
    pub(crate) head_is_sound: bool,
}

impl Facts<'_> {
    /// Whether a field that decides shapes could not be read: comparing shapes would then accuse the innocent.
    pub(crate) fn sizes_are_broken(&self) -> bool {
        [
            "vocab_size",
            "hidden_size",
            "num_hidden_layers",
            "intermediate_size",
            "max_position_embeddings",
            "type_vocab_size",
        ]
        .iter()
        .any(|field| self.config.is_broken(field))
    }
}
