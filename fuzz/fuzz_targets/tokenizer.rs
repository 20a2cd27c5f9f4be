//! `tokenizer.json`: any bytes give a tokenizer or findings; a tokenizer encodes without a panic.
#![no_main]

use bert_tok::{BertTokenizer, EncodeOptions, TokenizerFiles};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut files = TokenizerFiles::default();
    files.tokenizer_json = Some(bytes.to_vec());
    if let Some(tokenizer) = BertTokenizer::read(&files).tokenizer {
        for text in ["Great phones, wasn't it?", "北京 [MASK] \u{301}\0", ""] {
            drop(tokenizer.encode(text, &EncodeOptions::default()));
            drop(tokenizer.encode_pair(text, "x", &EncodeOptions { max_length: Some(6), ..Default::default() }));
        }
    }
});
