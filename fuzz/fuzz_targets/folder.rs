//! A whole folder: files in the order below, parted by the bytes `\0--\0`; an empty part is an absent file.
#![no_main]

use bert_checkpoint::Checkpoint;

const FILES: [&str; 5] = ["config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "model.safetensors"];
const PART: &[u8] = b"\0--\0";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut rest = bytes;
    for (i, name) in FILES.iter().enumerate() {
        let end = rest.windows(PART.len()).position(|w| w == PART).filter(|_| i + 1 < FILES.len());
        let (part, after) = end.map_or((rest, &[][..]), |at| (&rest[..at], &rest[at + PART.len()..]));
        rest = after;
        if !part.is_empty() {
            std::fs::write(folder.path().join(name), part).expect("a file");
        }
    }
    let checked = Checkpoint::builder(folder.path()).check().expect("the folder can be read");
    assert_eq!(checked.checkpoint.is_some(), checked.report.is_ok());
});
