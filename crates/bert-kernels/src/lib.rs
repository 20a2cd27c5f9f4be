//! CPU arithmetic for transformer encoders in f32.
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
