//! The table of named corruptions.

mod containers;
mod parts;

use std::sync::LazyLock;

use crate::Folder;

/// One way to break a checkpoint.
#[derive(Clone, Copy)]
pub struct Corruption {
    /// Its name; also the name of its snapshot.
    pub name: &'static str,
    /// The row of the bad-input catalogue, 0 for what goes beyond it.
    pub row: u32,
    /// The fixture it starts from.
    pub fixture: &'static str,
    /// What is done.
    pub apply: fn(&Folder),
    /// The code that must be among the findings.
    pub code: &'static str,
    /// Words that must stand in that finding.
    pub words: &'static [&'static str],
}

const fn on(
    fixture: &'static str,
    name: &'static str,
    row: u32,
    code: &'static str,
    words: &'static [&'static str],
    apply: fn(&Folder),
) -> Corruption {
    Corruption { name, row, fixture, apply, code, words }
}

/// Every corruption: of the parts of a folder, and of the containers of its weights.
pub static CORRUPTIONS: LazyLock<Vec<Corruption>> = LazyLock::new(|| [parts::PARTS, containers::CONTAINERS].concat());
