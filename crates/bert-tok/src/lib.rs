//! Binds the tokenizer files of a BERT checkpoint.
//!
//! From `tokenizer.json`, else from `vocab.txt` with its companions, as `BertTokenizerFast` of transformers 4.57.6 does,
//! minus what it does silently: truncation and padding baked into the file are reported and never applied, a vocabulary
//! that cannot produce a legal input is refused, and [`TokenizerFacts`] say what a checkpoint check needs to know
//! (largest id, special ids, casing, limits). The `tokenizers` crate stays private.
//!
//! ```
//! use bert_tok::{BertTokenizer, EncodeOptions};
//!
//! let tokenizer = BertTokenizer::from_parts(None, Some("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ngreat\nphone\n##s\n"))?;
//! let encoded = tokenizer.encode("Great phones", &EncodeOptions::default())?;
//! assert_eq!(encoded.ids, [2, 5, 6, 7, 3]);
//! assert_eq!(encoded.offsets[3], 11..12); // bytes of the text: the `s`
//! assert_eq!(tokenizer.token(6).as_deref(), Some("phone"));
//! # Ok::<(), bert_tok::Error>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod build;
mod decode;
mod diff;
mod encode;
mod error;
mod facts;
mod files;
mod judge;
mod pipeline;
mod settings;
mod tokenizer;
mod vocab;
mod windows;

pub use diff::{TokenizerDiff, diff};
pub use encode::{EncodeOptions, Encoded, Truncation};
pub use error::{EncodeError, Error};
pub use facts::{SpecialToken, SpecialTokens, TokenizerFacts};
pub use files::TokenizerFiles;
pub use tokenizer::{BertTokenizer, Opened};
pub use windows::{Window, WindowOptions, Windowed};
