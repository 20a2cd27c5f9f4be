//! Reads the `config.json` of a BERT checkpoint, says everything that is wrong with it, and compares two of them.
//!
//! Every field is a typed value that knows where it came from ([`Origin`]): given at these bytes, the reference's
//! default, or derived. All problems of a file are reported together, each with its place. Fields, defaults and meanings
//! follow `BertConfig` and `PretrainedConfig` of transformers 4.57.6.
//!
//! ```
//! use bert_config::{BertConfig, Origin};
//!
//! let parsed = BertConfig::parse(r#"{"model_type": "bert", "hidden_size": 384, "num_hidden_layers": 6}"#);
//! let config = parsed.into_result()?.0;
//! assert_eq!(config.hidden_size, 384);
//! assert_eq!(config.layer_norm_eps, 1e-12);
//! assert_eq!(config.origin("layer_norm_eps"), Origin::Default);
//! assert_eq!(config.labels().names(), ["LABEL_0", "LABEL_1"]);
//! # Ok::<(), bert_diag::Rejected>(())
//! ```
//!
//! # Guarding a configuration with a snapshot test
//!
//! [`diff`] says per field what changed and whether it affects inference. Its `Display` is stable, line by line, made
//! for snapshot tests:
//!
//! ```
//! use bert_config::{BertConfig, diff};
//!
//! let a = BertConfig::parse(r#"{"id2label": {"0": "bad", "1": "good"}, "layer_norm_eps": 1e-12}"#).into_result()?.0;
//! let b = BertConfig::parse(r#"{"id2label": {"0": "bad", "1": "very good"}, "hidden_dropout_prob": 0.2}"#).into_result()?.0;
//! let diff = diff(&a, &b);
//! insta::assert_snapshot!(diff, @r"
//! ~ 2  + 0  - 0  (22 equal)
//!   ~ /hidden_dropout_prob  0.1   ->  0.2        (training only)
//!   ~ /id2label/1           good  ->  very good
//! ");
//! # Ok::<(), bert_diag::Rejected>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod activation;
mod architecture;
mod check;
mod config;
mod cross_encoder;
mod diff;
mod error;
mod fields;
mod json;
mod known;
mod labels;
mod parse;
mod read;
mod value;

pub use activation::Activation;
pub use architecture::{Architecture, Task};
pub use config::{Origin, PositionEmbedding, ProblemType};
pub use diff::{Change, ChangeKind, ConfigDiff, diff};
pub use error::Error;
pub use fields::{BertConfig, Effect, Field};
pub use labels::{Labels, LabelsFrom};
pub use parse::Parsed;
