//! The names that other frameworks give to BERT's tensors, as PyTorch's.

use std::fmt;

/// Who named the tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Convention {
    /// Google's TensorFlow code of 2018: `bert/encoder/layer_0/attention/self/query/kernel`.
    Google,
    /// Flax: `bert/encoder/layer/0/attention/self/query/kernel`, `scale`, `embedding`.
    Flax,
    /// Keras classes of transformers: `bert/tf_bert_model/bert/encoder/layer_._0/.../kernel:0`.
    Keras,
}

impl fmt::Display for Convention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Convention::Google => "Google's TensorFlow code",
            Convention::Flax => "Flax",
            Convention::Keras => "transformers' TensorFlow classes",
        })
    }
}

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A tensor of the model, perhaps stored as its transpose.
    Tensor { name: String, transposed: bool },
    /// State of the training run.
    Skip,
}

/// Variables of the optimizer and counters (`optimization.py`, `run_classifier.py` of google-research/bert).
const TRAINING: [&str; 9] = [
    "adam_m",
    "adam_v",
    "AdamWeightDecayOptimizer",
    "AdamWeightDecayOptimizer_1",
    "global_step",
    "beta1_power",
    "beta2_power",
    "loss_scale",
    "good_steps",
];

/// Whole names that follow no rule: the heads of Google's fine-tuning scripts.
const GOOGLE_HEADS: [(&str, &str); 6] = [
    ("output_weights", "classifier.weight"),
    ("output_bias", "classifier.bias"),
    ("cls/squad/output_weights", "qa_outputs.weight"),
    ("cls/squad/output_bias", "qa_outputs.bias"),
    ("cls/seq_relationship/output_weights", "cls.seq_relationship.weight"),
    ("cls/predictions/output_bias", "cls.predictions.bias"),
];

/// Translates a name; `rank` is the number of extents.
pub(crate) fn translate(convention: Convention, name: &str, rank: usize) -> Meaning {
    match convention {
        Convention::Google => google(name, rank),
        Convention::Flax => {
            let name = name.strip_prefix("params/").unwrap_or(name);
            spelled(name.split('/').map(str::to_string).collect(), rank)
        }
        Convention::Keras => keras(name, rank),
    }
}

fn google(name: &str, rank: usize) -> Meaning {
    let name = name.strip_suffix(":0").unwrap_or(name);
    if name.split('/').any(|part| TRAINING.contains(&part)) {
        return Meaning::Skip;
    }
    if let Some((_, standard)) = GOOGLE_HEADS.iter().find(|(google, _)| *google == name) {
        return Meaning::Tensor { name: (*standard).to_string(), transposed: false };
    }
    let mut parts: Vec<String> = Vec::new();
    for part in name.split('/') {
        match part.strip_prefix("layer_").filter(|n| n.parse::<u32>().is_ok()) {
            Some(number) => parts.extend(["layer".to_string(), number.to_string()]),
            None => match part {
                "output_bias" => parts.push("bias".into()),
                "output_weights" => parts.push("weight".into()),
                _ => parts.push(part.to_string()),
            },
        }
    }
    if parts.last().is_some_and(|last| last.ends_with("_embeddings")) {
        parts.push("weight".into());
    }
    spelled(parts, rank)
}

/// As `convert_tf_weight_name_to_pt_weight_name` of `modeling_tf_pytorch_utils.py` (transformers 4.57.6): the first two
/// levels are Keras' layer and the model's class.
fn keras(name: &str, rank: usize) -> Meaning {
    let name = name.strip_suffix(":0").unwrap_or(name).replace("_._", "/");
    let parts: Vec<&str> = name.split('/').filter(|p| !p.is_empty()).collect();
    let inner = parts.get(2..).filter(|rest| !rest.is_empty()).unwrap_or(&parts);
    let inner = inner.iter().map(|part| part.rsplit("___").next().unwrap_or(part).to_string());
    spelled(inner.collect(), rank)
}

/// The last part in PyTorch's spelling.
fn spelled(mut parts: Vec<String>, rank: usize) -> Meaning {
    let mut transposed = false;
    if let Some(last) = parts.last_mut() {
        let renamed = match last.as_str() {
            "kernel" => {
                transposed = rank == 2;
                "weight"
            }
            "gamma" | "scale" | "embedding" | "embeddings" => "weight",
            "beta" => "bias",
            other => other,
        };
        *last = renamed.to_string();
    }
    Meaning::Tensor { name: parts.join("."), transposed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_translated() {
        use Convention::*;
        let cases = [
            (
                Google,
                "bert/encoder/layer_11/attention/self/query/kernel",
                2,
                "bert.encoder.layer.11.attention.self.query.weight",
                true,
            ),
            (
                Google,
                "bert/encoder/layer_0/output/LayerNorm/gamma",
                1,
                "bert.encoder.layer.0.output.LayerNorm.weight",
                false,
            ),
            (
                Google,
                "bert/encoder/layer_0/output/LayerNorm/beta",
                1,
                "bert.encoder.layer.0.output.LayerNorm.bias",
                false,
            ),
            (Google, "bert/embeddings/word_embeddings", 2, "bert.embeddings.word_embeddings.weight", false),
            (Google, "bert/pooler/dense/kernel", 2, "bert.pooler.dense.weight", true),
            (Google, "cls/predictions/output_bias", 1, "cls.predictions.bias", false),
            (Google, "cls/predictions/transform/dense/kernel", 2, "cls.predictions.transform.dense.weight", true),
            (Google, "cls/seq_relationship/output_weights", 2, "cls.seq_relationship.weight", false),
            (Google, "output_weights", 2, "classifier.weight", false),
            (Google, "cls/squad/output_bias", 1, "qa_outputs.bias", false),
            (
                Flax,
                "bert/encoder/layer/3/output/LayerNorm/scale",
                1,
                "bert.encoder.layer.3.output.LayerNorm.weight",
                false,
            ),
            (
                Flax,
                "params/bert/embeddings/word_embeddings/embedding",
                2,
                "bert.embeddings.word_embeddings.weight",
                false,
            ),
            (Flax, "classifier/kernel", 2, "classifier.weight", true),
            (Flax, "cls/predictions/bias", 1, "cls.predictions.bias", false),
            (
                Keras,
                "bert/tf_bert_model/bert/encoder/layer_._2/intermediate/dense/kernel:0",
                2,
                "bert.encoder.layer.2.intermediate.dense.weight",
                true,
            ),
            (
                Keras,
                "bert/tf_x/bert/embeddings/position_embeddings/embeddings:0",
                2,
                "bert.embeddings.position_embeddings.weight",
                false,
            ),
            (Keras, "mlm___cls/tf_x/mlm___cls/predictions/bias:0", 1, "cls.predictions.bias", false),
            (Keras, "classifier/tf_x/classifier/kernel:0", 2, "classifier.weight", true),
        ];
        for (convention, name, rank, wanted, turned) in cases {
            let meaning = translate(convention, name, rank);
            assert_eq!(meaning, Meaning::Tensor { name: wanted.into(), transposed: turned }, "{name}");
        }
        for name in ["bert/pooler/dense/kernel/adam_m", "global_step", "AdamWeightDecayOptimizer/x"] {
            assert_eq!(translate(Google, name, 2), Meaning::Skip, "{name}");
        }
    }
}
