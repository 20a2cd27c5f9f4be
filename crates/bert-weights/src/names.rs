//! From the names in a file to the standard ones (those of `modeling_bert.py`), decided from the whole key set.

use std::collections::BTreeMap;

/// The tensor every encoder has exactly once; what stands before it is the encoder's prefix.
const ANCHOR: &str = "embeddings.word_embeddings.weight";

/// Standard name -> name in the file, and how the one became the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameMap {
    to_file: BTreeMap<String, String>,
    /// What stands before the encoder's names in the file: `bert.` as the standard has it, nothing when the encoder
    /// itself was saved, or a wrapper's prefix.
    pub encoder_prefix: Option<String>,
    /// What a wrapper put before the names outside the encoder, such as `module.`; mostly empty.
    pub wrapper_prefix: String,
    /// Prefixes under which the file holds a head each, when there are several and nothing tells which one is meant.
    pub rival_heads: Vec<String>,
    /// Names in the file that say `gamma` or `beta` on a LayerNorm, read as `weight` and `bias`.
    pub legacy: Vec<String>,
    /// Names of the file that mean the same tensor.
    pub collisions: Vec<Collision>,
    /// Prefixes under which the file holds a whole encoder each, when there are several.
    pub rival_prefixes: Vec<String>,
}

/// Two names of the file that mean one tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collision {
    /// The standard name.
    pub standard: String,
    /// The names in the file.
    pub in_file: [String; 2],
}

impl NameMap {
    /// Decides the mapping for these names of a file.
    pub fn decide<'a>(names: impl IntoIterator<Item = &'a str>) -> NameMap {
        let names: Vec<&str> = names.into_iter().collect();
        let mut anchors: Vec<&str> =
            names.iter().filter_map(|n| n.strip_suffix(ANCHOR)).filter(|p| p.is_empty() || p.ends_with('.')).collect();
        anchors.sort_unstable();
        let mut map = NameMap::default();
        let encoder = match anchors.as_slice() {
            [one] => Some(*one),
            [] => guess_prefix(&names),
            several => {
                map.rival_prefixes = several.iter().map(ToString::to_string).collect();
                // The standard prefix is kept, so that what is not ambiguous is still checked.
                several.iter().copied().find(|p| *p == "bert.")
            }
        };
        map.encoder_prefix = encoder.map(str::to_string);
        let around = encoder.and_then(|p| p.strip_suffix("bert.")).filter(|w| w.is_empty() || w.ends_with('.'));
        let heads = head_prefixes(&names);
        map.wrapper_prefix = match (heads.as_slice(), around) {
            (several, Some(around)) if several.is_empty() || several.contains(&around) => around,
            ([one], _) => one,
            ([], None) => "",
            (several, _) if several.contains(&"") => "",
            (several, _) => {
                map.rival_heads = several.iter().map(ToString::to_string).collect();
                ""
            }
        }
        .to_string();
        for name in names {
            map.insert(name);
        }
        map
    }

    fn insert(&mut self, name: &str) {
        let (renamed, legacy) = modern_layer_norm(name);
        if legacy {
            self.legacy.push(name.to_string());
        }
        let standard = self.standard_name(&renamed);
        match self.to_file.get(&standard) {
            Some(first) => {
                self.collisions.push(Collision { standard, in_file: [first.clone(), name.to_string()] });
            }
            None => _ = self.to_file.insert(standard, name.to_string()),
        }
    }

    fn standard_name(&self, name: &str) -> String {
        if let Some(rest) = self.encoder_prefix.as_deref().and_then(|p| name.strip_prefix(p))
            && is_encoder_name(rest)
        {
            return format!("bert.{rest}");
        }
        name.strip_prefix(self.wrapper_prefix.as_str()).unwrap_or(name).to_string()
    }

    /// The name in the file of a standard name.
    pub fn in_file(&self, standard: &str) -> Option<&str> {
        self.to_file.get(standard).map(String::as_str)
    }

    /// All pairs (standard name, name in the file), by standard name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.to_file.iter().map(|(s, f)| (s.as_str(), f.as_str()))
    }

    /// All standard names.
    pub fn standard_names(&self) -> impl Iterator<Item = &str> {
        self.to_file.keys().map(String::as_str)
    }

    /// Whether any name was changed for its prefix.
    pub fn changes_prefix(&self) -> bool {
        self.encoder_prefix.as_deref().is_some_and(|p| p != "bert.")
    }
}

/// What stands before the names of heads, in every form the file has it.
fn head_prefixes<'a>(names: &[&'a str]) -> Vec<&'a str> {
    const HEADS: [&str; 4] = [
        "classifier.weight",
        "qa_outputs.weight",
        "cls.predictions.transform.dense.weight",
        "cls.seq_relationship.weight",
    ];
    let mut found: Vec<&str> = names
        .iter()
        .filter_map(|name| HEADS.iter().find_map(|head| name.strip_suffix(head)))
        .filter(|p| p.is_empty() || p.ends_with('.'))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Without the word embeddings the prefix still shows on the other encoder tensors.
fn guess_prefix<'a>(names: &[&'a str]) -> Option<&'a str> {
    const PARTS: [&str; 3] = [
        "embeddings.position_embeddings.weight",
        "encoder.layer.0.attention.self.query.weight",
        "encoder.layer.0.output.dense.weight",
    ];
    PARTS.iter().find_map(|part| {
        let mut found = names.iter().filter_map(|n| n.strip_suffix(part)).filter(|p| p.is_empty() || p.ends_with('.'));
        found.next().filter(|_| found.next().is_none())
    })
}

/// Whether a name without prefix is one of the encoder's.
fn is_encoder_name(name: &str) -> bool {
    ["embeddings.", "encoder.", "pooler."].iter().any(|p| name.starts_with(p))
}

/// `LayerNorm.gamma` -> `LayerNorm.weight`, `LayerNorm.beta` -> `LayerNorm.bias`: only as the last parts of a name.
/// (transformers 4 renames every key that contains the word, which damages names such as `gamma_head`.)
fn modern_layer_norm(name: &str) -> (String, bool) {
    for (old, new) in [("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")] {
        if let Some(stem) = name.strip_suffix(old)
            && (stem.is_empty() || stem.ends_with('.'))
        {
            return (format!("{stem}{new}"), true);
        }
    }
    (name.to_string(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(names: &[&str]) -> NameMap {
        NameMap::decide(names.iter().copied())
    }

    /// encoder prefix, head prefix in the file -> both end up standard.
    #[test]
    fn prefixes_are_decided_from_the_word_embeddings() {
        for (encoder, head) in [
            ("bert.", ""),
            ("", ""),
            ("module.bert.", "module."),
            ("_orig_mod.bert.", "_orig_mod."),
            ("model.bert.", "model."),
            ("base_model.model.bert.", "base_model.model."),
            ("bert_model.", ""),
            ("net.", ""),
            ("module.", "module."),
            ("module._orig_mod.encoder.", "module._orig_mod.head."),
            ("lit.net.bert.", "lit.net."),
            ("lit.encoder.", "lit."),
        ] {
            let names = [
                format!("{encoder}embeddings.word_embeddings.weight"),
                format!("{encoder}encoder.layer.0.output.dense.bias"),
                format!("{encoder}pooler.dense.weight"),
                format!("{head}classifier.weight"),
            ];
            let map = NameMap::decide(names.iter().map(String::as_str));
            let wanted = [
                "bert.embeddings.word_embeddings.weight",
                "bert.encoder.layer.0.output.dense.bias",
                "bert.pooler.dense.weight",
            ];
            for (standard, file) in wanted.iter().zip(&names) {
                assert_eq!(map.in_file(standard), Some(file.as_str()), "{encoder:?}");
            }
            assert_eq!(map.in_file("classifier.weight"), Some(names[3].as_str()), "{encoder:?}");
            assert_eq!(map.changes_prefix(), encoder != "bert.");
        }
    }

    #[test]
    fn gamma_and_beta_are_renamed_on_layer_norms_only() {
        let map = map(&[
            "bert.embeddings.word_embeddings.weight",
            "bert.embeddings.LayerNorm.gamma",
            "bert.embeddings.LayerNorm.beta",
            "gamma_head.beta",
            "MyLayerNorm.gamma",
        ]);
        assert_eq!(map.in_file("bert.embeddings.LayerNorm.weight"), Some("bert.embeddings.LayerNorm.gamma"));
        assert_eq!(map.in_file("bert.embeddings.LayerNorm.bias"), Some("bert.embeddings.LayerNorm.beta"));
        assert_eq!(map.in_file("gamma_head.beta"), Some("gamma_head.beta"));
        assert_eq!(map.in_file("MyLayerNorm.gamma"), Some("MyLayerNorm.gamma"));
        assert_eq!(map.legacy.len(), 2);
    }

    #[test]
    fn two_names_for_one_tensor_collide() {
        let map = map(&[
            "bert.embeddings.LayerNorm.gamma",
            "bert.embeddings.LayerNorm.weight",
            "bert.embeddings.word_embeddings.weight",
        ]);
        assert_eq!(map.collisions.len(), 1);
        assert_eq!(map.collisions[0].standard, "bert.embeddings.LayerNorm.weight");
    }

    #[test]
    fn two_heads_under_prefixes_of_their_own_are_rivals() {
        let map = map(&["encoder.embeddings.word_embeddings.weight", "a.classifier.weight", "b.classifier.weight"]);
        assert_eq!(map.rival_heads, ["a.", "b."]);
        assert_eq!(map.in_file("classifier.weight"), None);
    }

    #[test]
    fn two_encoders_are_rivals() {
        let map = map(&["bert.embeddings.word_embeddings.weight", "embeddings.word_embeddings.weight"]);
        assert_eq!(map.rival_prefixes, ["", "bert."]);
    }
}
