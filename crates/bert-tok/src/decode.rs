//! Ids and tokens back to text.

use tokenizers::Decoder;

use crate::BertTokenizer;

/// Artefacts of splitting that transformers mends where `clean_up_tokenization_spaces` says so
/// (`clean_up_tokenization`, `tokenization_utils_base.py`, 4.57.6), in its order.
const ARTEFACTS: [(&str, &str); 10] = [
    (" .", "."),
    (" ?", "?"),
    (" !", "!"),
    (" ,", ","),
    (" ' ", "'"),
    (" n't", "n't"),
    (" 'm", "'m"),
    (" 's", "'s"),
    (" 've", "'ve"),
    (" 're", "'re"),
];

impl BertTokenizer {
    /// The text of these ids, as `decode` of transformers gives it: pieces joined, spaces before punctuation removed.
    /// Ids without a token are left out.
    pub fn decode(&self, ids: &[u32], skip_special_tokens: bool) -> String {
        let text = self.inner().decode(ids, skip_special_tokens).unwrap_or_default();
        match self.clean_up {
            true => ARTEFACTS.iter().fold(text, |text, (from, to)| text.replace(from, to)),
            false => text,
        }
    }

    /// Tokens joined to a text (`convert_tokens_to_string` of transformers).
    pub fn join_tokens(&self, tokens: Vec<String>) -> String {
        match self.inner().get_decoder() {
            Some(decoder) => decoder.decode(tokens).unwrap_or_default(),
            None => tokens.join(" "),
        }
    }
}
