//! Tasks: a checkpoint, its head, and what the reference makes of the head's outputs; one a module.

mod answerer;
mod chooser;
mod classifier;
mod cross_encoder;
mod embedder;
mod mask_filler;
mod next_sentence;
mod tagger;

pub use answerer::{Answer, Answerer, Answers};
pub use chooser::{Choice, Chooser};
pub use classifier::{Classifier, Logits, Prediction};
pub use cross_encoder::{CrossEncoder, CrossScore};
pub use embedder::{Embedder, Embedding};
pub use mask_filler::{Fill, Fills, MaskFiller, MaskFills};
pub use next_sentence::{NextPrediction, NextSentence};
pub use tagger::{Aggregation, Entity, Tagger, Tags};
