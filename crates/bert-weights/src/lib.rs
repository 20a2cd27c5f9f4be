//! Reads the weights of a BERT checkpoint from any container and proves that they fit a configuration.
//!
//! Safetensors, PyTorch's zip archives and older pickle streams, sharded files, TensorFlow bundles, Flax and Keras files
//! are read by this crate alone; tensors are mapped, and copied only where they are compressed, strided or transposed. Names are mapped to the standard ones from the whole key set, never by trial on the first tensor, and
//! [`validate`] reports missing, unexpected and mismatched tensors all at once.
//!
//! ```
//! use bert_config::{Architecture, BertConfig};
//! use bert_weights::{NameMap, Weights, validate};
//!
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/seq-three/");
//! # let path = |name: &str| format!("{folder}{name}");
//! let weights = Weights::open(path("model.safetensors"))?;
//! let names = NameMap::decide(weights.index().names());
//! let config = BertConfig::from_path(path("config.json"))?.into_result()?.0;
//! let shapes = validate(&config, Architecture::SequenceClassification, weights.index(), &names);
//! assert!(shapes.is_ok());
//! let classifier = weights.get("classifier.weight").unwrap();
//! assert_eq!(classifier.to_array()?.shape(), [3, config.hidden_size]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Mapped files
//!
//! With the feature `mmap` (default) the file is mapped. The length is checked again before every read, so a file that
//! was cut meanwhile is an error; a process that cuts it *during* a read can still raise SIGBUS, as with every mapped
//! file. Where others can write to the file, use [`Weights::open_copied`], which reads it into memory once.
#![deny(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod checksum;
mod convention;
mod diff;
mod dtype;
mod error;
mod evidence;
mod fingerprint;
mod index;
mod infer;
mod lora;
mod map;
mod names;
mod place;
mod scan;
mod schema;
mod sniff;
mod source;
mod tensor;
mod validate;
mod write;

pub use checksum::differing_checksums;
pub use convention::Convention;
pub use diff::{TensorChange, TensorDiff, WeightsDiff, diff};
pub use dtype::DType;
pub use error::Error;
pub use evidence::HeadEvidence;
pub use fingerprint::{Fingerprint, fingerprint};
pub use index::{Container, Provenance, TensorIndex, TensorInfo};
pub use infer::{Recovered, RecoveredField, infer_config};
pub use lora::{AdapterConfig, AdapterSummary, apply_adapter};
pub use names::{Collision, NameMap};
pub use scan::{TensorStats, ValueCheck, check_values, scan};
pub use schema::{Dim, Part, TensorSpec, expected_tensors, layer_of};
pub use sniff::{ForeignFile, sniff};
pub use tensor::{TensorView, Values, Weights};
pub use validate::{Mismatch, Missing, ShapeReport, validate};
pub use write::{Rounding, WriteError, WriteTensor, write_safetensors};
