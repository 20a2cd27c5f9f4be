//! The tensors each architecture has: one table of rows, from `modeling_bert.py` (transformers 4.57.6).

use bert_config::{Architecture, BertConfig, PositionEmbedding};

/// What an extent of a tensor counts, and so which field of the configuration it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Dim {
    /// `vocab_size`
    Vocab,
    /// `hidden_size`
    Hidden,
    /// `max_position_embeddings`
    Positions,
    /// `type_vocab_size`
    Types,
    /// `intermediate_size`
    Intermediate,
    /// `num_labels`
    Labels,
    /// Distances between two positions: `2 max_position_embeddings - 1`
    Distances,
    /// Columns of one head: `hidden_size / num_attention_heads`
    HeadSize,
    /// Fixed by the architecture.
    Fixed(usize),
}

impl Dim {
    /// The extent a configuration gives.
    pub fn size(self, config: &BertConfig) -> usize {
        match self {
            Dim::Vocab => config.vocab_size,
            Dim::Hidden => config.hidden_size,
            Dim::Positions => config.max_position_embeddings,
            Dim::Types => config.type_vocab_size,
            Dim::Intermediate => config.intermediate_size,
            Dim::Labels => config.labels().len(),
            Dim::Distances => (2 * config.max_position_embeddings).saturating_sub(1),
            Dim::HeadSize => config.head_size(),
            Dim::Fixed(n) => n,
        }
    }

    /// The field responsible, if the configuration decides.
    pub fn field(self) -> Option<&'static str> {
        match self {
            Dim::Vocab => Some("vocab_size"),
            Dim::Hidden => Some("hidden_size"),
            Dim::Positions => Some("max_position_embeddings"),
            Dim::Types => Some("type_vocab_size"),
            Dim::Intermediate => Some("intermediate_size"),
            Dim::Labels => Some("num_labels"),
            Dim::Distances => Some("max_position_embeddings"),
            Dim::HeadSize => Some("num_attention_heads"),
            Dim::Fixed(_) => None,
        }
    }

    /// The field responsible and the value it would need for an extent of `found`, if there is such a value.
    pub fn explained_by(self, found: usize, config: &BertConfig) -> Option<(&'static str, usize)> {
        let value = match self {
            Dim::Distances => (found % 2 == 1).then_some(found.div_ceil(2))?,
            Dim::HeadSize => {
                config.hidden_size.checked_div(found).filter(|heads| heads * found == config.hidden_size)?
            }
            _ => found,
        };
        Some((self.field()?, value))
    }
}

/// A part of the model that is there as a whole or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// Embedding tables and their LayerNorm.
    Embeddings,
    /// An encoder layer; the name holds `{i}`.
    Layer,
    /// Distance tables of an encoder layer with relative positions; the name holds `{i}`.
    Distances,
    /// The dense layer on the first token.
    Pooler,
    /// A classifier over the labels.
    Classifier,
    /// One score a choice.
    Choice,
    /// Start and end of an answer.
    Span,
    /// The masked LM head.
    Predictions,
    /// Is the second text the next one?
    NextSentence,
}

struct Row {
    part: Part,
    name: &'static str,
    dims: &'static [Dim],
    /// May be absent: tied to another tensor.
    tied: bool,
    /// Another name under which the same values may be stored instead.
    alias: Option<&'static str>,
}

const fn row(part: Part, name: &'static str, dims: &'static [Dim]) -> Row {
    Row { part, name, dims, tied: false, alias: None }
}

const fn tied(part: Part, name: &'static str, dims: &'static [Dim]) -> Row {
    Row { part, name, dims, tied: true, alias: None }
}

const fn either(part: Part, name: &'static str, alias: &'static str, dims: &'static [Dim]) -> Row {
    Row { part, name, dims, tied: false, alias: Some(alias) }
}

use Dim::{Fixed, HeadSize, Hidden, Intermediate, Labels, Positions, Types, Vocab};
use Part::{Choice, Classifier, Embeddings, Layer, NextSentence, Pooler, Predictions};

/// Tied to the word embeddings unless the configuration says otherwise.
const DECODER: &str = "cls.predictions.decoder.weight";
/// Saved with every model, read with absolute positions only.
const POSITIONS: &str = "bert.embeddings.position_embeddings.weight";

const ROWS: &[Row] = &[
    row(Embeddings, "bert.embeddings.word_embeddings.weight", &[Vocab, Hidden]),
    row(Embeddings, POSITIONS, &[Positions, Hidden]),
    row(Embeddings, "bert.embeddings.token_type_embeddings.weight", &[Types, Hidden]),
    row(Embeddings, "bert.embeddings.LayerNorm.weight", &[Hidden]),
    row(Embeddings, "bert.embeddings.LayerNorm.bias", &[Hidden]),
    row(Layer, "bert.encoder.layer.{i}.attention.self.query.weight", &[Hidden, Hidden]),
    row(Layer, "bert.encoder.layer.{i}.attention.self.query.bias", &[Hidden]),
    row(Layer, "bert.encoder.layer.{i}.attention.self.key.weight", &[Hidden, Hidden]),
    row(Layer, "bert.encoder.layer.{i}.attention.self.key.bias", &[Hidden]),
    row(Layer, "bert.encoder.layer.{i}.attention.self.value.weight", &[Hidden, Hidden]),
    row(Layer, "bert.encoder.layer.{i}.attention.self.value.bias", &[Hidden]),
    row(Layer, "bert.encoder.layer.{i}.attention.output.dense.weight", &[Hidden, Hidden]),
    row(Layer, "bert.encoder.layer.{i}.attention.output.dense.bias", &[Hidden]),
    row(Layer, "bert.encoder.layer.{i}.attention.output.LayerNorm.weight", &[Hidden]),
    row(Layer, "bert.encoder.layer.{i}.attention.output.LayerNorm.bias", &[Hidden]),
    row(Layer, "bert.encoder.layer.{i}.intermediate.dense.weight", &[Intermediate, Hidden]),
    row(Layer, "bert.encoder.layer.{i}.intermediate.dense.bias", &[Intermediate]),
    row(Layer, "bert.encoder.layer.{i}.output.dense.weight", &[Hidden, Intermediate]),
    row(Layer, "bert.encoder.layer.{i}.output.dense.bias", &[Hidden]),
    row(Layer, "bert.encoder.layer.{i}.output.LayerNorm.weight", &[Hidden]),
    row(Layer, "bert.encoder.layer.{i}.output.LayerNorm.bias", &[Hidden]),
    row(
        Part::Distances,
        "bert.encoder.layer.{i}.attention.self.distance_embedding.weight",
        &[Dim::Distances, HeadSize],
    ),
    row(Pooler, "bert.pooler.dense.weight", &[Hidden, Hidden]),
    row(Pooler, "bert.pooler.dense.bias", &[Hidden]),
    row(Classifier, "classifier.weight", &[Labels, Hidden]),
    row(Classifier, "classifier.bias", &[Labels]),
    row(Choice, "classifier.weight", &[Fixed(1), Hidden]),
    row(Choice, "classifier.bias", &[Fixed(1)]),
    row(Part::Span, "qa_outputs.weight", &[Fixed(2), Hidden]),
    row(Part::Span, "qa_outputs.bias", &[Fixed(2)]),
    row(Predictions, "cls.predictions.transform.dense.weight", &[Hidden, Hidden]),
    row(Predictions, "cls.predictions.transform.dense.bias", &[Hidden]),
    row(Predictions, "cls.predictions.transform.LayerNorm.weight", &[Hidden]),
    row(Predictions, "cls.predictions.transform.LayerNorm.bias", &[Hidden]),
    either(Predictions, "cls.predictions.bias", "cls.predictions.decoder.bias", &[Vocab]),
    tied(Predictions, DECODER, &[Vocab, Hidden]),
    tied(Predictions, "cls.predictions.decoder.bias", &[Vocab]),
    row(NextSentence, "cls.seq_relationship.weight", &[Fixed(2), Hidden]),
    row(NextSentence, "cls.seq_relationship.bias", &[Fixed(2)]),
];

/// Parts of an architecture: those it needs, and those its files may hold besides without harm.
fn parts(architecture: Architecture) -> (&'static [Part], &'static [Part]) {
    match architecture {
        Architecture::Model => (&[Embeddings, Layer], &[Pooler]),
        Architecture::PreTraining => (&[Embeddings, Layer, Pooler, Predictions, NextSentence], &[]),
        Architecture::MaskedLm | Architecture::LmHead => (&[Embeddings, Layer, Predictions], &[Pooler]),
        Architecture::NextSentencePrediction => (&[Embeddings, Layer, Pooler, NextSentence], &[]),
        Architecture::SequenceClassification => (&[Embeddings, Layer, Pooler, Classifier], &[]),
        Architecture::MultipleChoice => (&[Embeddings, Layer, Pooler, Choice], &[]),
        Architecture::TokenClassification => (&[Embeddings, Layer, Classifier], &[Pooler]),
        Architecture::QuestionAnswering => (&[Embeddings, Layer, Part::Span], &[Pooler]),
        _ => (&[Embeddings, Layer], &[Pooler]),
    }
}

/// A tensor that a configuration and an architecture call for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TensorSpec {
    /// Standard name.
    pub name: String,
    /// Shape, `[out, in]` for the weights of linear layers.
    pub shape: Vec<usize>,
    /// What each extent counts.
    pub dims: &'static [Dim],
    /// The part of the model it belongs to.
    pub part: Part,
    /// Whether the model cannot run without it.
    pub required: bool,
    /// Another standard name under which the same values may be stored instead.
    pub alias: Option<&'static str>,
}

/// The tensors that belong to a configuration and an architecture, in the order of the forward pass; those that may be
/// absent are marked.
pub fn expected_tensors(config: &BertConfig, architecture: Architecture) -> impl Iterator<Item = TensorSpec> {
    let (needed, allowed) = parts(architecture);
    let relative = config.position_embedding_type != PositionEmbedding::Absolute;
    let distances = relative.then_some(&Part::Distances);
    let mut specs = Vec::new();
    for part in needed.iter().chain(distances).chain(allowed) {
        let required = !allowed.contains(part);
        let layers = if matches!(part, Layer | Part::Distances) { config.num_hidden_layers } else { 1 };
        for i in 0..layers {
            for row in ROWS.iter().filter(|r| r.part == *part) {
                specs.push(TensorSpec {
                    name: row.name.replace("{i}", &i.to_string()),
                    shape: row.dims.iter().map(|d| d.size(config)).collect(),
                    dims: row.dims,
                    part: *part,
                    required: required
                        && !(relative && row.name == POSITIONS)
                        && (!row.tied || (row.name == DECODER && !config.tie_word_embeddings)),
                    alias: row.alias,
                });
            }
        }
    }
    specs.into_iter()
}

/// The encoder layer a standard name belongs to.
pub fn layer_of(standard: &str) -> Option<usize> {
    let rest = standard.strip_prefix("bert.encoder.layer.")?;
    rest.split('.').next()?.parse().ok()
}
