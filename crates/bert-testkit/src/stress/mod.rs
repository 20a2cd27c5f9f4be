//! The stress corpus of tokenisation: texts and tokenizers made by rule, the same in every run, so that only hashes of what
//! the reference makes of them are stored.

mod texts;
mod tokenizers;

pub use texts::texts;
pub use tokenizers::{StressTokenizer, tokenizers};

use std::path::Path;

/// Texts that are hashed together.
pub const CHUNK: usize = 100;

/// Writes `texts.json` and a folder for each tokenizer, for the reference to read.
pub fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("texts.json"), serde_json::to_vec(&texts())?)?;
    for tokenizer in tokenizers() {
        let folder = folder.join(tokenizer.name);
        std::fs::create_dir_all(&folder)?;
        for (name, bytes) in tokenizer.files {
            std::fs::write(folder.join(name), bytes)?;
        }
    }
    Ok(())
}

/// Whether a character is in the vocabularies: nearly all of planes 0 and 1, with gaps so that unknown words appear.
fn known(c: char) -> bool {
    (c as u32) < 0x20000 && !c.is_whitespace() && !c.is_control() && !(c as u32).is_multiple_of(61)
}

/// Characters in order, surrogates left out.
fn characters(range: std::ops::Range<u32>) -> impl Iterator<Item = char> {
    range.filter_map(char::from_u32)
}
