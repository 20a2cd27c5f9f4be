//! What a checkpoint check needs to know about a tokenizer.

/// A special token: its text, and its id if the vocabulary has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpecialToken {
    /// Which one: `cls_token`, `sep_token` ...
    pub role: &'static str,
    /// Its text, such as `[CLS]`.
    pub text: String,
    /// Its id.
    pub id: Option<u32>,
}

/// The five special tokens of BERT.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpecialTokens {
    /// Stands for what the vocabulary cannot spell.
    pub unk: SpecialToken,
    /// Ends each text.
    pub sep: SpecialToken,
    /// Fills up shorter rows of a batch.
    pub pad: SpecialToken,
    /// Begins the input; classifiers read it.
    pub cls: SpecialToken,
    /// Stands for what is to be guessed.
    pub mask: SpecialToken,
}

impl SpecialTokens {
    pub(crate) fn named(name: impl Fn(&str, &str) -> String) -> Self {
        let token = |role: &'static str, default: &str| SpecialToken { role, text: name(role, default), id: None };
        SpecialTokens {
            unk: token("unk_token", "[UNK]"),
            sep: token("sep_token", "[SEP]"),
            pad: token("pad_token", "[PAD]"),
            cls: token("cls_token", "[CLS]"),
            mask: token("mask_token", "[MASK]"),
        }
    }

    /// All five.
    pub fn iter(&self) -> impl Iterator<Item = &SpecialToken> {
        [&self.unk, &self.sep, &self.pad, &self.cls, &self.mask].into_iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut SpecialToken> {
        [&mut self.unk, &mut self.sep, &mut self.pad, &mut self.cls, &mut self.mask].into_iter()
    }
}

/// Facts about a tokenizer, without the tokenizer.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TokenizerFacts {
    /// The file the vocabulary was read from: `tokenizer.json` or `vocab.txt`.
    pub file: &'static str,
    /// Entries of the vocabulary with added tokens: transformers' `len(tokenizer)`.
    pub size: usize,
    /// The largest id any text can produce.
    pub max_id: u32,
    /// The five special tokens.
    pub special: SpecialTokens,
    /// How many tokens count as special (they stand in the text unsplit and are never normalised).
    pub special_count: usize,
    /// Whether texts are lower-cased.
    pub lowercase: bool,
    /// Entries of the vocabulary, special tokens apart, that have an upper-case letter.
    pub uppercase_entries: usize,
    /// Entries of the vocabulary, special tokens apart, that have a letter.
    pub lettered_entries: usize,
    /// `model_max_length`, if it is a limit at all (unset is written as 1e30).
    pub model_max_length: Option<usize>,
    /// Largest token type that pairs use.
    pub pair_max_type: u32,
    /// Whether `padding_side` is left. Nothing is padded here, but the question-answering pipeline of transformers then
    /// puts the context before the question.
    pub pads_left: bool,
    /// `max_length` of truncation settings found in `tokenizer.json` (not applied).
    pub baked_truncation: Option<usize>,
    /// Whether padding settings were found in `tokenizer.json` (not applied).
    pub baked_padding: bool,
}
