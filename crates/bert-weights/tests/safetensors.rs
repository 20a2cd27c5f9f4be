//! The reader against the library that writes the format, and the rules of `validate` over whole checkpoints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::HashMap;

use bert_config::{Architecture, BertConfig};
use bert_testkit::{Folder, fixtures};
use bert_weights::{DType, NameMap, Weights, expected_tensors, infer_config, scan, validate};
use proptest::prelude::*;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

#[test]
fn reads_what_the_library_reads() {
    for entry in std::fs::read_dir(fixtures().join("tiny")).unwrap() {
        let folder = entry.unwrap().path();
        // The old layout of sentence-transformers keeps the encoder in a folder of its own.
        let places = ["model.safetensors", "0_Transformer/model.safetensors"];
        let path = places.iter().map(|p| folder.join(p)).find(|p| p.exists()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let theirs = SafeTensors::deserialize(&bytes).unwrap();
        let ours = Weights::open(&path).unwrap();
        let mut names: Vec<_> = theirs.names().into_iter().map(ToString::to_string).collect();
        names.sort();
        assert_eq!(ours.index().names().collect::<Vec<_>>(), names);
        for name in &names {
            let (a, b) = (ours.get(name).unwrap(), theirs.tensor(name).unwrap());
            assert_eq!(a.info().shape, b.shape());
            assert_eq!(a.info().dtype.name(), format!("{:?}", b.dtype()));
            assert_eq!(a.bytes().unwrap(), b.data(), "{name}");
        }
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let metadata: HashMap<_, _> = metadata.metadata().clone().unwrap_or_default();
        assert_eq!(ours.index().metadata().clone().into_iter().collect::<HashMap<_, _>>(), metadata);
    }
}

#[test]
fn every_element_type_of_the_library_is_known() {
    for name in DType::names() {
        let dtype: Dtype = serde_json::from_value(name.into()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(DType::from_name(name).unwrap().bits(), dtype.bitsize() as u64, "{name}");
    }
}

/// The standard widths are exact; F64 rounds to nearest.
#[test]
fn values_are_widened_exactly() {
    let halves = [0.0f32, -1.5, 65504.0, 6.1e-5, 5.96e-8, f32::INFINITY];
    let f16: Vec<u8> = halves.iter().flat_map(|v| half::f16::from_f32(*v).to_le_bytes()).collect();
    let bf16: Vec<u8> = halves.iter().flat_map(|v| half::bf16::from_f32(*v).to_le_bytes()).collect();
    let f64: Vec<u8> = [0.1f64, 1e300, -2.5, 1e-300, 16777217.0, 3.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let views = [("f16", Dtype::F16, &f16), ("bf16", Dtype::BF16, &bf16), ("f64", Dtype::F64, &f64)];
    let views = views.map(|(name, dtype, data)| (name, TensorView::new(dtype, vec![2, 3], data).unwrap()));
    let weights = Weights::from_bytes(safetensors::serialize(views, None).unwrap()).unwrap();
    let values = |name: &str| weights.get(name).unwrap().to_f32().unwrap();
    for (i, v) in halves.iter().enumerate() {
        assert_eq!(values("f16")[i].to_bits(), half::f16::from_f32(*v).to_f32().to_bits());
        assert_eq!(values("bf16")[i].to_bits(), (u32::from(half::bf16::from_f32(*v).to_bits())) << 16);
    }
    assert_eq!(values("f64"), [0.1, f32::INFINITY, -2.5, 0.0, 16777216.0, 3.0]);
    assert_eq!(weights.get("f16").unwrap().to_array().unwrap().shape(), [2, 3]);
}

#[test]
fn a_copied_file_and_bytes_read_alike() {
    let path = fixtures().join("tiny/seq-three/model.safetensors");
    let mapped = Weights::open(&path).unwrap();
    let copied = Weights::open_copied(&path).unwrap();
    let bytes = Weights::from_bytes(std::fs::read(&path).unwrap()).unwrap();
    for (name, _) in mapped.index().iter() {
        let values = |w: &Weights| w.get(name).unwrap().to_f32().unwrap();
        assert!(values(&mapped) == values(&copied) && values(&mapped) == values(&bytes));
    }
    assert!(mapped.get("nope").is_none());
    assert!(Weights::open(fixtures().join("nope")).is_err());
    assert!(Weights::open(fixtures()).is_err(), "a folder is no file");
}

#[test]
fn the_schema_is_what_transformers_saved() {
    // The heads of tiny/* were named by hand; the demo was written by transformers' own save_pretrained.
    let config = BertConfig::from_path(fixtures().join("demo")).unwrap().value.unwrap();
    let weights = Weights::open(fixtures().join("demo/model.safetensors")).unwrap();
    let mut expected: Vec<_> =
        expected_tensors(&config, Architecture::SequenceClassification).map(|s| (s.name, s.shape)).collect();
    expected.sort();
    let found: Vec<_> = weights.index().iter().map(|(name, info)| (name.to_string(), info.shape.clone())).collect();
    assert_eq!(found, expected);
}

fn validated(folder: &Folder) -> bert_weights::ShapeReport {
    let config = BertConfig::from_path(folder.path()).unwrap().value.unwrap();
    let weights = Weights::open(folder.path().join("model.safetensors")).unwrap();
    validate(&config, Architecture::SequenceClassification, weights.index(), &NameMap::decide(weights.index().names()))
}

#[test]
fn missing_unexpected_and_mismatched_come_all_at_once() {
    let folder = Folder::copy("tiny/seq-three");
    folder.config("intermediate_size", serde_json::json!(64));
    folder.tensors(|t| {
        t.drop_all("pooler.dense.bias");
        t.rename("bert.encoder.layer.1.attention.self.key.weight", "bert.encoder.layer.1.attention.self.keys.weight");
        t.transpose("bert.embeddings.token_type_embeddings.weight");
        t.add("bert.embeddings.position_ids", &[1, 40], 0.0);
        t.add("cls.predictions.bias", &[3], 0.0);
        t.add("bert.encoder.layer.7.output.dense.bias", &[24], 0.0);
        t.add("stray", &[1], 0.0);
    });
    let report = validated(&folder);
    let missing: Vec<_> = report.missing.iter().map(|m| (m.spec.name.as_str(), m.did_you_mean.as_deref())).collect();
    assert_eq!(
        missing,
        [
            ("bert.encoder.layer.1.attention.self.key.weight", Some("bert.encoder.layer.1.attention.self.keys.weight")),
            ("bert.pooler.dense.bias", None),
        ]
    );
    let blamed: Vec<_> = report.mismatched.iter().filter_map(|m| m.field).collect();
    assert_eq!(blamed, [("intermediate_size", 40); 6]);
    let transposed: Vec<_> =
        report.mismatched.iter().filter(|m| m.transpose_fits).map(|m| m.spec.name.as_str()).collect();
    assert_eq!(transposed, ["bert.embeddings.token_type_embeddings.weight"]);
    assert_eq!(report.unexpected, ["bert.encoder.layer.1.attention.self.keys.weight", "stray"]);
    assert_eq!(report.harmless, ["bert.embeddings.position_ids"]);
    assert_eq!(report.other_heads, ["cls.predictions.bias"]);
    assert_eq!(report.extra_layers, [7]);
    assert!(!report.is_ok());
}

#[test]
fn the_masked_lm_bias_may_be_stored_under_either_name() {
    let folder = Folder::copy("tiny/pretraining");
    let missing = || {
        let config = BertConfig::from_path(folder.path()).unwrap().value.unwrap();
        let weights = Weights::open(folder.path().join("model.safetensors")).unwrap();
        let names = NameMap::decide(weights.index().names());
        validate(&config, Architecture::PreTraining, weights.index(), &names).missing.len()
    };
    assert_eq!(missing(), 0);
    folder.tensors(|t| t.rename("cls.predictions.bias", "cls.predictions.decoder.bias"));
    assert_eq!(missing(), 0);
    folder.tensors(|t| t.drop_all("cls.predictions.decoder.bias"));
    assert_eq!(missing(), 1);
}

#[test]
fn sizes_are_recovered_from_the_tensors() {
    let weights = Weights::open(fixtures().join("tiny/seq-odd-sizes/model.safetensors")).unwrap();
    let recovered = infer_config(weights.index(), &NameMap::decide(weights.index().names()));
    for (field, value) in [
        ("hidden_size", 15),
        ("intermediate_size", 7),
        ("num_hidden_layers", 1),
        ("max_position_embeddings", 40),
        ("type_vocab_size", 2),
        ("num_labels", 3),
    ] {
        assert_eq!(recovered.get(field), Some(value), "{field}");
    }
    assert!(recovered.unknown.contains(&"num_attention_heads"));
}

#[test]
fn statistics_equal_a_plain_f64_sum() {
    let weights = Weights::open(fixtures().join("demo/model.safetensors")).unwrap();
    for (name, stats) in scan(&weights, weights.index().names()).unwrap() {
        let values = weights.get(name).unwrap().to_f32().unwrap();
        let n = values.len() as f64;
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let std = (values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n).sqrt();
        // Sums of 64 numbers in f32 lose at most a few units in the last place.
        assert!(
            (stats.mean - mean).abs() < 1e-5 * (std + mean.abs()) && (stats.std - std).abs() < 1e-5 * std.max(1e-30),
            "{name}"
        );
        assert_eq!(
            (stats.check.nan, stats.check.infinite, stats.check.first_bad, stats.check.count),
            (0, 0, None, values.len())
        );
    }
}

proptest! {
    /// Write with the library, read with ours.
    #[test]
    fn any_file_the_library_writes_is_read_back(tensors in prop::collection::btree_map("[a-zA-Z0-9._\"\\\\é]{1,12}", (0usize..4, 0usize..4, any::<u8>()), 0..8)) {
        let data: Vec<_> = tensors.iter().map(|(name, (a, b, byte))| (name.clone(), vec![*a, *b], vec![*byte; a * b * 4])).collect();
        let views = data.iter().map(|(name, shape, bytes)| (name.clone(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
        let file = safetensors::serialize(views, None).unwrap();
        let weights = Weights::from_bytes(file).unwrap();
        prop_assert_eq!(weights.index().len(), data.len());
        for (name, shape, bytes) in &data {
            let view = weights.get(name).unwrap();
            prop_assert_eq!(&view.info().shape, shape);
            prop_assert_eq!(view.bytes().unwrap(), bytes.as_slice());
        }
    }

    /// Whatever is done to the header, we accept only what the library accepts.
    #[test]
    fn a_damaged_header_is_accepted_only_if_the_library_accepts_it(edits in prop::collection::vec((0usize..5000, any::<u8>()), 1..4)) {
        let mut bytes = std::fs::read(fixtures().join("tiny/seq-three/model.safetensors")).unwrap();
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize + 8;
        for (at, byte) in edits {
            bytes[at % header] = byte;
        }
        let theirs = SafeTensors::deserialize(&bytes).is_ok();
        let ours = Weights::from_bytes(bytes).is_ok();
        prop_assert!(theirs || !ours, "accepted what the library refuses");
    }
}
