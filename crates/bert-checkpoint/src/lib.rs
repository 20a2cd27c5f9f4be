//! Opens a BERT checkpoint folder and proves that configuration, weights and tokenizer belong together.
//!
//! [`Checkpoint::open`] gives a checkpoint that is what its files say, or a report that names everything that is wrong,
//! where, and how to mend it. Nothing half-loaded escapes: there is no checkpoint beside a report with errors.
//!
//! ```
//! use bert_checkpoint::{Checkpoint, Error};
//!
//! # let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny");
//! let checkpoint = Checkpoint::open(format!("{fixtures}/seq-three"))?;
//! assert_eq!(checkpoint.config().labels().names(), ["angry", "calm", "happy"]);
//!
//! // The weights of one run with the configuration of another:
//! let mixed = Checkpoint::builder(format!("{fixtures}/seq-three"))
//!     .model_config(format!("{fixtures}/seq-default/config.json"))
//!     .open();
//! let Err(Error::Rejected(rejected)) = mixed else { panic!("must be refused") };
//! assert!(rejected.to_string().contains("the classifier has 3 outputs but the configuration declares 2 labels"));
//! # Ok::<(), Error>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod checkpoint;
mod checks;
mod convert;
mod diff;
mod error;
mod expect;
mod fingerprints;
mod head;
mod locate;
mod recover;
mod sentence;

pub use builder::{CheckpointBuilder, Level};
pub use checkpoint::{Checked, Checkpoint, Parts};
pub use convert::{Conversion, ConvertError, ConvertOptions, convert};
pub use diff::{CheckpointDiff, DiffOptions, diff};
pub use error::Error;
pub use expect::Expectations;
pub use fingerprints::Fingerprints;
pub use locate::hub::{CachedModel, cache_folder, cached_models};
pub use locate::{Chosen, Located, TrainerState, WeightsPlace};
pub use recover::{Certainty, RecoverOptions, RecoveredValue, Recovery, recover};
pub use sentence::{PoolingMode, SentenceModule, SentenceModules, Similarity};
