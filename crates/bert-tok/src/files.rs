//! The files of a tokenizer, as bytes.

use std::path::Path;

use bert_diag::{Source, Span};

use crate::{Error, vocab};

/// The tokenizer files of a folder; each may be absent.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TokenizerFiles {
    /// `tokenizer.json`
    pub tokenizer_json: Option<Vec<u8>>,
    /// `vocab.txt`
    pub vocab_txt: Option<Vec<u8>>,
    /// `tokenizer_config.json`
    pub tokenizer_config: Option<Vec<u8>>,
    /// `special_tokens_map.json`
    pub special_tokens_map: Option<Vec<u8>>,
    /// `added_tokens.json`
    pub added_tokens: Option<Vec<u8>>,
}

impl TokenizerFiles {
    /// Names of the files looked for, in order of precedence.
    pub const NAMES: [&'static str; 5] =
        ["tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"];

    /// Reads the files of a folder.
    ///
    /// # Errors
    /// When a file is there but cannot be read.
    pub fn read(folder: impl AsRef<Path>) -> Result<Self, Error> {
        let read = |name: &str| {
            let path = folder.as_ref().join(name);
            match std::fs::read(&path) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound && !path.is_symlink() => Ok(None),
                Err(source) => Err(Error::Io { path, source }),
            }
        };
        Ok(TokenizerFiles {
            tokenizer_json: read("tokenizer.json")?,
            vocab_txt: read("vocab.txt")?,
            tokenizer_config: read("tokenizer_config.json")?,
            special_tokens_map: read("special_tokens_map.json")?,
            added_tokens: read("added_tokens.json")?,
        })
    }

    /// A span on the place that gives `token` its id `id`: an added token or a vocabulary entry of `tokenizer.json`, else
    /// a line of `vocab.txt`. Parses the file, so ask only for a finding.
    pub fn span_of(&self, token: &str, id: u32, label: &str) -> Option<Span> {
        let Some(json) = &self.tokenizer_json else {
            let text = std::str::from_utf8(self.vocab_txt.as_deref()?).ok()?;
            let at = vocab::line_range(text, id as usize)?;
            return Some(Span::primary(&Source::text("vocab.txt", text), at, label));
        };
        let text = std::str::from_utf8(json).ok()?;
        let root = bert_json::parse(text).ok()?;
        let added = root.get("added_tokens").and_then(|a| a.as_array()).unwrap_or_default();
        let added =
            added.iter().find(|t| t.get("content").and_then(|c| c.as_str()) == Some(token)).and_then(|t| t.get("id"));
        let value = added.or_else(|| root.get("model")?.get("vocab")?.get(token))?;
        Some(Span::primary(&Source::text("tokenizer.json", text), value.range.clone(), label))
    }

    /// The files that are there, by name.
    pub fn present(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let bytes = [
            &self.tokenizer_json,
            &self.vocab_txt,
            &self.tokenizer_config,
            &self.special_tokens_map,
            &self.added_tokens,
        ];
        Self::NAMES.into_iter().zip(bytes).filter_map(|(name, bytes)| Some((name, bytes.as_deref()?)))
    }

    /// Whether there is a vocabulary in any form.
    pub fn has_vocabulary(&self) -> bool {
        self.tokenizer_json.is_some() || self.vocab_txt.is_some()
    }
}
