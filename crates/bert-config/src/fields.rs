//! The table of fields: name, type, default, legal values, effect. A new field is one row here and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bert_diag::Source;
use bert_json::Value;

use crate::config::{PositionEmbedding, ProblemType};
use crate::value::{FieldType, Legal, Wrong};
use crate::{Activation, Labels};

/// What a field changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The outputs of the model, or how they are named.
    Inference,
    /// Only training.
    TrainingOnly,
    /// Nothing.
    None,
}

/// One row of the table.
pub struct Field {
    /// Name in `config.json`.
    pub name: &'static str,
    /// What it changes.
    pub effect: Effect,
    pub(crate) read: fn(&mut BertConfig, &Value) -> Result<bool, Wrong>,
    pub(crate) json: fn(&BertConfig) -> String,
}

macro_rules! fields {
    ($($(#[doc = $doc:literal])* $name:ident $(as $alias:literal)?: $type:ty = $default:expr, $legal:expr, $effect:ident;)*) => {
        /// A BERT configuration: what `config.json` says, completed by the reference's defaults.
        ///
        /// Fields may be changed freely; `labels` and provenance are reached by methods.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct BertConfig {
            $($(#[doc = $doc])* pub $name: $type,)*
            pub(crate) labels: Labels,
            pub(crate) score_activation: Option<Activation>,
            pub(crate) source: Source,
            pub(crate) given: BTreeMap<String, Range<usize>>,
            pub(crate) broken: BTreeSet<String>,
            /// Entries of the label maps as written, whether or not they could be read.
            pub(crate) map_entries: BTreeMap<String, usize>,
            /// Fields outside the table, as canonical JSON.
            pub(crate) others: BTreeMap<String, String>,
        }

        impl Default for BertConfig {
            /// BERT-base uncased without a head, as the reference's `BertConfig()`.
            fn default() -> Self {
                BertConfig {
                    $($name: $default,)*
                    labels: Labels::default(),
                    score_activation: None,
                    source: Source::name_only("config.json"),
                    given: BTreeMap::new(),
                    broken: BTreeSet::new(),
                    map_entries: BTreeMap::new(),
                    others: BTreeMap::new(),
                }
            }
        }

        /// Every field with a typed value, in the order of the table.
        pub(crate) const FIELDS: &[Field] = &[$(Field {
            name: stringify!($name),
            effect: Effect::$effect,
            read: |config, value| {
                let read = <$type as FieldType>::read(value, $legal)?;
                config.$name = read.value;
                Ok(read.integral_float)
            },
            json: |config| config.$name.json(),
        }),*];

        /// Other names of fields.
        pub(crate) const ALIASES: &[(&str, &str)] = &[$($(($alias, stringify!($name)),)?)*];
    };
}

// Bounds far above any model, low enough that nothing derived from them overflows or is worth allocating for.
const MAX_SIZE: u64 = 1 << 28;
const MAX_LAYERS: u64 = 4096;

fields! {
    /// The family; absent in files of 2018 and 2019, which are all BERT's.
    model_type: Option<String> = Some("bert".to_string()), Legal::Any, Inference;
    /// The class that saved the checkpoint comes first.
    architectures: Vec<String> = Vec::new(), Legal::Any, Inference;
    /// Rows of the word embedding table.
    vocab_size: usize = 30522, Legal::Count(MAX_SIZE), Inference;
    /// Width of the hidden states.
    hidden_size: usize = 768, Legal::Count(MAX_SIZE), Inference;
    /// Number of encoder layers.
    num_hidden_layers: usize = 12, Legal::Count(MAX_LAYERS), Inference;
    /// Attention heads per layer; divides `hidden_size`.
    num_attention_heads: usize = 12, Legal::Count(MAX_SIZE), Inference;
    /// Width of the feed-forward layers.
    intermediate_size: usize = 3072, Legal::Count(MAX_SIZE), Inference;
    /// Longest input in tokens.
    max_position_embeddings: usize = 512, Legal::Count(MAX_SIZE), Inference;
    /// Rows of the token type table.
    type_vocab_size: usize = 2, Legal::Count(MAX_SIZE), Inference;
    /// Activation of the feed-forward layers.
    hidden_act: Activation = Activation::Gelu, Legal::Any, Inference;
    /// Epsilon under the root of every LayerNorm.
    layer_norm_eps: f64 = 1e-12, Legal::Epsilon, Inference;
    /// How positions enter the attention.
    position_embedding_type: PositionEmbedding = PositionEmbedding::Absolute, Legal::Any, Inference;
    /// Id of the padding token; no influence on the outputs, since padding is masked.
    pad_token_id: Option<u32> = Some(0), Legal::Id, None;
    /// What the outputs of a sequence classifier mean.
    problem_type: Option<ProblemType> = None, Legal::Any, Inference;
    /// Masks the future.
    is_decoder: bool = false, Legal::Any, Inference;
    /// Adds attention over another encoder's output.
    add_cross_attention: bool = false, Legal::Any, Inference;
    /// Whether the masked LM decoder is the word embedding table.
    tie_word_embeddings: bool = true, Legal::Any, Inference;
    /// Dropout of hidden states in training.
    hidden_dropout_prob: f64 = 0.1, Legal::Probability, TrainingOnly;
    /// Dropout of attention weights in training.
    attention_probs_dropout_prob: f64 = 0.1, Legal::Probability, TrainingOnly;
    /// Dropout before a classifier in training; null means `hidden_dropout_prob`.
    classifier_dropout: Option<f64> = None, Legal::Probability, TrainingOnly;
    /// Standard deviation of fresh weights.
    initializer_range: f64 = 0.02, Legal::Any, TrainingOnly;
    /// Element type the weights were saved in.
    dtype as "torch_dtype": Option<String> = None, Legal::Any, None;
}
