//! The tokenizer.

use std::path::Path;

use bert_diag::{Code, Finding, Report, Source, Span};
use serde_json::Value;
use tokenizers::Tokenizer;

use crate::build::{Built, build};
use crate::settings::Settings;
use crate::{Error, SpecialTokens, TokenizerFacts, TokenizerFiles, judge};

/// A BERT tokenizer: text to ids. `Send + Sync`; encoding takes `&self`.
pub struct BertTokenizer {
    inner: Tokenizer,
    facts: TokenizerFacts,
    pub(crate) truncate_left: bool,
    pub(crate) clean_up: bool,
}

/// What opening gave: a tokenizer unless it cannot be used, and every finding.
pub struct Opened {
    /// The tokenizer; `None` when the report has an error.
    pub tokenizer: Option<BertTokenizer>,
    /// What is known about it even if it cannot be used.
    pub facts: Option<TokenizerFacts>,
    /// All findings.
    pub report: Report,
}

impl BertTokenizer {
    /// Opens the tokenizer of a folder.
    ///
    /// # Errors
    /// When a file cannot be read, or the files are no sound BERT tokenizer ([`Error::Rejected`] holds every finding).
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::sound(Self::read(&TokenizerFiles::read(folder)?))
    }

    /// Builds a tokenizer from the content of `tokenizer.json`, or of `vocab.txt`.
    ///
    /// # Errors
    /// When they are no sound BERT tokenizer.
    pub fn from_parts(tokenizer_json: Option<&[u8]>, vocab_txt: Option<&str>) -> Result<Self, Error> {
        let files = TokenizerFiles {
            tokenizer_json: tokenizer_json.map(<[u8]>::to_vec),
            vocab_txt: vocab_txt.map(|v| v.as_bytes().to_vec()),
            ..TokenizerFiles::default()
        };
        Self::sound(Self::read(&files))
    }

    fn sound(opened: Opened) -> Result<Self, Error> {
        opened.report.into_result()?;
        opened
            .tokenizer
            .ok_or_else(|| Error::Rejected(bert_diag::Rejected::new([Finding::new(Code::T002, Code::T002.summary())])))
    }

    /// Builds and judges a tokenizer; never fails, everything that is wrong is in the report.
    pub fn read(files: &TokenizerFiles) -> Opened {
        let mut report = Report::default();
        if !files.has_vocabulary() {
            let finding = Finding::new(Code::T001, "there is neither `tokenizer.json` nor `vocab.txt`")
                .span(Span::whole(&Source::name_only("."), "no vocabulary"))
                .help("copy the tokenizer files of the training run or the base model, or name a folder: `--tokenizer DIR`");
            report.push(finding);
            return Opened { tokenizer: None, facts: None, report };
        }
        let settings = Settings::read(files, &mut report);
        judge::class(&settings, &mut report);
        judge::contradictions(&settings, &mut report);
        let names = SpecialTokens::named(|role, default| settings.special(role, default));
        let Some(built) = build(files, &settings, &names, &mut report) else {
            return Opened { tokenizer: None, facts: None, report };
        };
        let tokenizer = BertTokenizer::assemble(built, names, &settings);
        judge::added_ids(&tokenizer, &settings, &mut report);
        judge::judge(&tokenizer, files, &mut report);
        let facts = tokenizer.facts.clone();
        Opened { tokenizer: Some(tokenizer).filter(|_| report.is_ok()), facts: Some(facts), report }
    }

    fn assemble(built: Built, mut special: SpecialTokens, settings: &Settings) -> BertTokenizer {
        let inner = built.tokenizer;
        for token in special.iter_mut() {
            token.id = inner.token_to_id(&token.text);
        }
        let decoder = inner.get_added_tokens_decoder();
        let pair_max_type = pair_types(&inner);
        let facts = TokenizerFacts {
            file: built.file,
            size: built.census.size,
            max_id: built.census.max_id,
            special_count: decoder.values().filter(|t| t.special).count(),
            lowercase: built.lowercase,
            uppercase_entries: built.census.uppercase,
            lettered_entries: built.census.lettered,
            // transformers writes int(1e30) for "no limit".
            model_max_length: settings.model_max_length.filter(|n| (1.0..1e12).contains(n)).map(|n| n as usize),
            pair_max_type,
            pads_left: settings.pads_left,
            baked_truncation: built.baked_truncation.and_then(|n| usize::try_from(n).ok()),
            baked_padding: built.baked_padding,
            special,
        };
        BertTokenizer { inner, facts, truncate_left: settings.truncate_left, clean_up: settings.clean_up }
    }

    pub(crate) fn inner(&self) -> &Tokenizer {
        &self.inner
    }

    /// What a checkpoint check needs to know.
    pub fn facts(&self) -> &TokenizerFacts {
        &self.facts
    }

    /// The largest id any text can produce.
    pub fn max_id(&self) -> u32 {
        self.facts.max_id
    }

    /// Entries of the vocabulary with added tokens: transformers' `len(tokenizer)`.
    pub fn vocab_size(&self) -> usize {
        self.facts.size
    }

    pub(crate) fn model_vocab_size(&self) -> usize {
        self.inner.get_vocab_size(false)
    }

    /// The id of a token.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The token of an id.
    pub fn token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The tokenizer as the text of a `tokenizer.json`, without truncation or padding.
    pub fn to_json(&self) -> String {
        // The library writes plain data; it has no reason to fail.
        self.inner.to_string(true).unwrap_or_default()
    }

    /// A text that is the same for two tokenizers when they make the same ids of every text, whatever files they were
    /// read from: every token with its id, and every part. Limits of length are no part of it.
    pub fn identity(&self) -> String {
        let mut text = String::new();
        for (id, token) in self.tokens_from(0) {
            text.push_str(&format!("{id}\t{token}\n"));
        }
        let tree: Value =
            self.inner.to_string(false).ok().and_then(|s| serde_json::from_str(&s).ok()).unwrap_or_default();
        for part in ["normalizer", "pre_tokenizer", "post_processor"] {
            text.push_str(&format!("{part}\t{}\n", tree.get(part).unwrap_or(&Value::Null)));
        }
        text
    }

    /// All tokens whose id is `first` or above, by id.
    pub fn tokens_from(&self, first: u32) -> Vec<(u32, String)> {
        let mut found: Vec<_> =
            self.inner.get_vocab(true).into_iter().filter(|(_, id)| *id >= first).map(|(t, id)| (id, t)).collect();
        found.sort();
        found
    }
}

impl std::fmt::Debug for BertTokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BertTokenizer").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// The largest token type in the pair template.
fn pair_types(inner: &Tokenizer) -> u32 {
    let empty = || tokenizers::Encoding::default();
    inner
        .post_process(empty(), Some(empty()), true)
        .ok()
        .and_then(|e| e.get_type_ids().iter().copied().max())
        .unwrap_or(0)
}
