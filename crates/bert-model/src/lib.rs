//! Runs verified BERT checkpoints: text in, labels and scores out, as transformers computes them.
//!
//! ```
//! use bert_model::Classifier;
//!
//! # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/demo");
//! let classifier = Classifier::open(folder)?; // verifies config, weights, tokenizer, head; else a report
//! let prediction = classifier.classify("an utterly charming film")?; // &self, Send + Sync
//! assert_eq!(prediction.label, "positive");
//! for p in classifier.classify_batch(["great phone", "it broke after a day"])? {
//!     println!("{} {:.4}", p.label, p.score);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What a file means was settled in `bert-checkpoint`; nothing here reads a configuration again. The seam between heads
//! and arithmetic is [`Encoder`]: a [`PackedBatch`] of tokens in, hidden states `[total_tokens, hidden_size]` out,
//! without padding, so that a text's result does not depend on its neighbours in a batch.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

mod activation;
mod batch;
#[cfg(feature = "candle")]
mod candle;
mod decide;
mod encoder;
mod error;
mod heads;
mod input;
mod linear;
mod native;
mod offsets;
mod proof;
mod reference;
mod runner;
mod scores;
mod similarity;
mod tasks;

pub use batch::BatchOptions;
#[cfg(feature = "candle")]
pub use candle::CandleEncoder;
pub use decide::{Decision, GoldenRow, decide};
pub use encoder::{Encoder, PackedBatch, Wanted};
pub use error::{Error, PredictError, RowError};
pub use input::Input;
pub use native::NativeEncoder;
pub use offsets::CharOffsets;
pub use proof::{Proof, compare_engines};
pub use reference::ReferenceEncoder;
pub use scores::ScoreFunction;
pub use similarity::similarity;
pub use tasks::{
    Aggregation, Answer, Answerer, Answers, Choice, Chooser, Classifier, CrossEncoder, CrossScore, Embedder, Embedding,
    Entity, Fill, Fills, Logits, MaskFiller, MaskFills, NextPrediction, NextSentence, Prediction, Tagger, Tags,
};
