//! What the tensors reveal about a configuration that is lost.

use crate::{HeadEvidence, NameMap, TensorIndex, layer_of};

/// A field read off the tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveredField {
    /// Name in `config.json`.
    pub name: &'static str,
    /// Its value.
    pub value: usize,
    /// The tensor that shows it.
    pub evidence: String,
}

/// What is known and what cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// Fields with their evidence.
    pub fields: Vec<RecoveredField>,
    /// The head tensors.
    pub head: HeadEvidence,
    /// Fields that no shape shows.
    pub unknown: &'static [&'static str],
}

/// Field, standard name, axis.
const SHOWN: &[(&str, &str, usize)] = &[
    ("hidden_size", "bert.embeddings.word_embeddings.weight", 1),
    ("vocab_size", "bert.embeddings.word_embeddings.weight", 0),
    ("max_position_embeddings", "bert.embeddings.position_embeddings.weight", 0),
    ("type_vocab_size", "bert.embeddings.token_type_embeddings.weight", 0),
    ("intermediate_size", "bert.encoder.layer.0.intermediate.dense.weight", 0),
    ("num_labels", "classifier.weight", 0),
];

/// Reads the sizes of a configuration off the tensors of a file.
pub fn infer_config(index: &TensorIndex, names: &NameMap) -> Recovered {
    let mut fields = Vec::new();
    for (name, standard, axis) in SHOWN {
        if let Some(info) = names.in_file(standard).and_then(|file| index.get(file))
            && let Some(value) = info.shape.get(*axis)
        {
            fields.push(RecoveredField { name, value: *value, evidence: format!("{standard} {:?}", info.shape) });
        }
    }
    if let Some(last) = names.standard_names().filter_map(layer_of).max() {
        let evidence = "highest index in bert.encoder.layer.*".to_string();
        fields.push(RecoveredField { name: "num_hidden_layers", value: last + 1, evidence });
    }
    fields.extend(heads(&fields, index, names));
    let unknown: &[&str] = match fields.iter().any(|f| f.name == HEADS) {
        true => &["hidden_act", "layer_norm_eps", "position_embedding_type", "id2label"],
        false => &[HEADS, "hidden_act", "layer_norm_eps", "id2label"],
    };
    Recovered { fields, head: HeadEvidence::read(index, names), unknown }
}

const HEADS: &str = "num_attention_heads";

/// Tables of relative positions are as wide as one head: the only tensors that show the number of heads.
fn heads(fields: &[RecoveredField], index: &TensorIndex, names: &NameMap) -> Option<RecoveredField> {
    let standard = "bert.encoder.layer.0.attention.self.distance_embedding.weight";
    let info = index.get(names.in_file(standard)?)?;
    let hidden = fields.iter().find(|f| f.name == "hidden_size")?.value;
    let value = hidden.checked_div(*info.shape.get(1)?).filter(|heads| *heads > 0)?;
    Some(RecoveredField { name: HEADS, value, evidence: format!("{standard} {:?}", info.shape) })
}

impl Recovered {
    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<usize> {
        self.fields.iter().find(|f| f.name == name).map(|f| f.value)
    }
}
