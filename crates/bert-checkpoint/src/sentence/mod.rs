//! sentence-transformers folders: what follows the encoder, read from `modules.json` and its neighbours and checked
//! against the encoder (files of sentence-transformers 5.2.3, and of 6 where they differ).

mod file;
mod modules;
mod read;
mod settings;

use bert_config::Activation;
use bert_weights::Weights;

pub(crate) use read::{encoder_folder, read};

/// What a sentence-transformers folder says beside its encoder.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SentenceModules {
    /// The modules after the encoder, in order; the first is a pooling.
    pub modules: Vec<SentenceModule>,
    /// Most tokens of a text, special ones included (`sentence_bert_config.json`).
    pub max_seq_length: Option<usize>,
    /// Whether texts are lower-cased before they reach the tokenizer (`do_lower_case` of the same file).
    pub lower_case: bool,
    /// Texts to put before an input, by name (`config_sentence_transformers.json`).
    pub prompts: Vec<(String, String)>,
    /// The prompt that is used when none is named.
    pub default_prompt: Option<String>,
    /// How embeddings are compared.
    pub similarity: Similarity,
    /// Columns of an embedding.
    pub dimension: usize,
}

impl SentenceModules {
    /// The text of a prompt.
    pub fn prompt(&self, name: &str) -> Option<&str> {
        self.prompts.iter().find(|(n, _)| n == name).map(|(_, text)| text.as_str())
    }
}

/// A module after the encoder.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SentenceModule {
    /// Tokens to one vector; several modes are laid side by side.
    Pooling {
        /// In the order of the result.
        modes: Vec<PoolingMode>,
        /// Whether the tokens of a prompt are pooled too.
        include_prompt: bool,
    },
    /// `activation(W x + b)`: tensors `linear.weight` `[out, in]`, and `linear.bias` `[out]` if it has one.
    Dense {
        /// The tensors.
        weights: Weights,
        /// Whether there is a bias.
        bias: bool,
        /// The activation.
        activation: Activation,
    },
    /// torch's LayerNorm with its epsilon of 1e-5: tensors `norm.weight` and `norm.bias`.
    LayerNorm {
        /// The tensors.
        weights: Weights,
    },
    /// To length 1.
    Normalize,
}

/// How tokens become one vector (`Pooling.py`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolingMode {
    /// The first token.
    Cls,
    /// The largest value of each column.
    Max,
    /// The mean.
    Mean,
    /// The sum over the root of the number of tokens.
    MeanSqrtLen,
    /// The mean, each token weighted by its number from 1.
    WeightedMean,
    /// The last token.
    LastToken,
}

impl PoolingMode {
    /// Mode, name, the switch of older files; in the order in which several are laid side by side.
    const TABLE: [(PoolingMode, &'static str, &'static str); 6] = [
        (PoolingMode::Cls, "cls", "pooling_mode_cls_token"),
        (PoolingMode::Max, "max", "pooling_mode_max_tokens"),
        (PoolingMode::Mean, "mean", "pooling_mode_mean_tokens"),
        (PoolingMode::MeanSqrtLen, "mean_sqrt_len_tokens", "pooling_mode_mean_sqrt_len_tokens"),
        (PoolingMode::WeightedMean, "weightedmean", "pooling_mode_weightedmean_tokens"),
        (PoolingMode::LastToken, "lasttoken", "pooling_mode_lasttoken"),
    ];

    /// Finds a mode by its name.
    pub fn from_name(name: &str) -> Option<PoolingMode> {
        Self::TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The name.
    pub fn name(self) -> &'static str {
        Self::TABLE.iter().find(|row| row.0 == self).map_or("mean", |row| row.1)
    }
}

/// How two embeddings are compared (`similarity_functions.py`); larger is more alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Similarity {
    /// Cosine of the angle.
    #[default]
    Cosine,
    /// Dot product.
    Dot,
    /// Negative Euclidean distance.
    Euclidean,
    /// Negative Manhattan distance.
    Manhattan,
}

impl Similarity {
    const TABLE: [(Similarity, &'static str); 4] = [
        (Similarity::Cosine, "cosine"),
        (Similarity::Dot, "dot"),
        (Similarity::Euclidean, "euclidean"),
        (Similarity::Manhattan, "manhattan"),
    ];

    /// Finds a function by its name.
    pub fn from_name(name: &str) -> Option<Similarity> {
        // Versions before 3 wrote the long name.
        let name = if name == "dot_product" { "dot" } else { name };
        Self::TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The name.
    pub fn name(self) -> &'static str {
        Self::TABLE.iter().find(|row| row.0 == self).map_or("cosine", |row| row.1)
    }
}
