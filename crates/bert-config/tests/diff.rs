//! The semantic diff on pairs of fixtures: its `Display` is what snapshot tests of users rely on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bert_config::{BertConfig, ConfigDiff, Effect, diff};

fn fixture(name: &str) -> BertConfig {
    let path = format!("{}/../../fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    BertConfig::from_path(path).unwrap().into_result().unwrap().0
}

fn parsed(text: &str) -> BertConfig {
    BertConfig::parse(text).into_result().unwrap().0
}

#[test]
fn another_size_and_other_labels() {
    insta::assert_snapshot!(diff(&fixture("tiny/seq-three"), &fixture("demo")), @r#"
    ~ 9  + 4  - 0  (14 equal)
      + /classifier_dropout       0.2  (training only)
      + /dtype                    float32  (no effect at inference)
      ~ /hidden_size              24     ->  128
      ~ /id2label/0               angry  ->  negative
      ~ /id2label/1               calm   ->  neutral
      ~ /id2label/2               happy  ->  positive
      ~ /intermediate_size        40     ->  512
      ~ /max_position_embeddings  40     ->  128
      ~ /num_attention_heads      3      ->  4
      ~ /num_hidden_layers        2      ->  4
      + /problem_type             single_label_classification
      + /use_cache                true  (no effect at inference)
      ~ /vocab_size               235    ->  6000
    "#);
}

#[test]
fn another_epsilon() {
    insta::assert_snapshot!(diff(&fixture("tiny/seq-eps-default"), &fixture("tiny/seq-eps-1e-5")), @r#"
    ~ 1  + 0  - 0  (25 equal)
      ~ /layer_norm_eps  1e-12  ->  1e-5
    "#);
}

#[test]
fn one_label_instead_of_three() {
    insta::assert_snapshot!(diff(&fixture("tiny/seq-three"), &fixture("tiny/seq-regression")), @r#"
    ~ 1  + 1  - 2  (22 equal)
      ~ /id2label/0    angry  ->  score
      - /id2label/1    calm
      - /id2label/2    happy
      + /problem_type  regression
    "#);
}

#[test]
fn a_google_archive_and_a_modern_file() {
    insta::assert_snapshot!(diff(&fixture("tiny/seq-google"), &fixture("tiny/seq-default")), @r#"
    ~ 0  + 2  - 3  (23 equal)
      + /architectures         ["BertForSequenceClassification"]
      - /directionality        bidi  (no effect at inference)
      - /pooler_fc_size        768  (no effect at inference)
      - /pooler_type           first_token_transform  (no effect at inference)
      + /transformers_version  4.57.6  (no effect at inference)
    "#);
}

#[test]
fn names_of_the_same_activation_are_equal() {
    assert!(diff(&fixture("tiny/act-gelu-new"), &fixture("tiny/act-gelu-accurate")).is_empty());
    assert!(!diff(&fixture("tiny/act-gelu-new"), &fixture("tiny/act-relu")).is_empty());
}

#[test]
fn a_field_that_is_absent_equals_its_default() {
    let explicit = r#"{"hidden_act": "gelu", "layer_norm_eps": 1e-12, "num_hidden_layers": 12, "classifier_dropout": null, "torch_dtype": null,
        "id2label": {"0": "LABEL_0", "1": "LABEL_1"}, "is_decoder": false}"#;
    let diff = diff(&parsed("{}"), &parsed(explicit));
    assert!(diff.is_empty(), "{diff}");
}

#[test]
fn a_diff_with_itself_is_empty() {
    for name in ["demo", "tiny/seq-google", "tiny/seq-multi-label"] {
        assert_eq!(diff(&fixture(name), &fixture(name)).to_string().lines().count(), 1, "{name}");
    }
}

#[test]
fn effects_are_told_apart() {
    let effect =
        |a: &str, b: &str| -> Vec<Effect> { diff(&parsed(a), &parsed(b)).changes.iter().map(|c| c.effect).collect() };
    assert_eq!(effect("{}", r#"{"hidden_dropout_prob": 0.2}"#), [Effect::TrainingOnly]);
    assert_eq!(effect("{}", r#"{"use_cache": true}"#), [Effect::None]);
    assert_eq!(effect("{}", r#"{"layer_norm_eps": 1e-5}"#), [Effect::Inference]);
    assert!(!diff(&parsed("{}"), &parsed(r#"{"use_cache": true}"#)).affects_inference());
}

#[cfg(feature = "serde")]
#[test]
fn the_serde_form_has_every_change() {
    let diff: ConfigDiff = diff(&parsed("{}"), &parsed(r#"{"layer_norm_eps": 1e-5}"#));
    let value = serde_json::to_value(&diff).unwrap();
    assert_eq!(
        value["changes"][0],
        serde_json::json!({"pointer": "/layer_norm_eps", "kind": "changed", "before": "1e-12", "after": "1e-5", "effect": "inference"})
    );
}
