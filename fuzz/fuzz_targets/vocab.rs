//! `vocab.txt` and `tokenizer_config.json`, parted at the first NUL byte.
#![no_main]

use bert_tok::{BertTokenizer, EncodeOptions, TokenizerFiles};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |b| *b == 0);
    let mut files = TokenizerFiles::default();
    files.vocab_txt = parts.next().map(<[u8]>::to_vec);
    files.tokenizer_config = parts.next().map(<[u8]>::to_vec);
    let opened = BertTokenizer::read(&files);
    if let Some(facts) = &opened.facts {
        drop(files.span_of("[CLS]", facts.max_id, ""));
    }
    if let Some(tokenizer) = opened.tokenizer {
        drop(tokenizer.encode("Great phones, wasn't it? 北京 [MASK]", &EncodeOptions::default()));
    }
});
