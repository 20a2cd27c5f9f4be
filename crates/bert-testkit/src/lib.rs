//! Named corruptions of good checkpoints, for the tests of the other crates.
//!
//! Broken inputs are made here from `fixtures/tiny`, not committed. [`CORRUPTIONS`] is one table: a name, the row of the
//! bad-input catalogue it stands for, what is done to a good checkpoint, and the code that must be reported.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // only tests use it

mod archive;
mod corruptions;
mod folder;
pub mod stress;
mod tensors;

pub use archive::{archive_entries, stored_archive};
pub use corruptions::{CORRUPTIONS, Corruption};
pub use folder::{Folder, copy_folder, fixtures};
pub use tensors::Tensors;
