//! CPU arithmetic for transformer encoders in f32: linear layers with packed weights and what follows them, attention
//! without padding, LayerNorm, activations.
//!
//! ```
//! use bert_kernels::{Activation, Isa, PackedMatrix, Product};
//!
//! // A linear layer of 3 inputs and 2 outputs, packed once for the widest vectors of this machine ...
//! let weight = PackedMatrix::from_rows(Isa::best(), &[1.0, 0.0, 0.0, 0.0, 1.0, 1.0], 3);
//! let layer = Product { weight: &weight, bias: &[0.0, -10.0], activation: Activation::Relu };
//! // ... and applied to 2 rows: act(x W^T + b)
//! let mut out = [0.0; 4];
//! layer.apply(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &mut out);
//! assert_eq!(out, [1.0, 0.0, 4.0, 1.0]);
//! ```
//!
//! The instruction set ([`Isa`]: AVX-512, AVX2 with FMA, NEON, or plain Rust) is found at run time; a build needs no flag.
//! A row's result is the same to the last bit whatever rows lie beside it and however many threads work: every sum is one
//! chain of additions in parts of 256. Work is shared among the threads of the current rayon pool; [`together`] keeps them
//! awake through many short steps.
//!
//! Slices of the wrong length are a mistake of the caller and panic; nothing here reads a file.
#![deny(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    reason = "lengths are checked where a kernel is entered; no file's number is an index"
)]

mod activation;
mod attention;
mod buffer;
mod distances;
pub mod machine;
mod norm;
mod pack;
mod plan;
mod product;
mod scratch;
mod simd;
mod table;
mod team;
mod tile;

pub use activation::Activation;
pub use attention::{Attention, Columns, Sequence};
pub use distances::Distances;
pub use norm::LayerNorm;
pub use pack::PackedMatrix;
pub use plan::rows_to_keep_together;
pub use product::{Product, Residual};
pub use scratch::sized;
pub use simd::Isa;
pub use table::Table;
pub use team::{parallel, parallel_chunks, together};
