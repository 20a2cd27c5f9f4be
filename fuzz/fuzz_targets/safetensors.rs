//! A weight file: any bytes give an index or findings; every tensor of an index can be read.
#![no_main]

use bert_weights::{HeadEvidence, NameMap, Weights, infer_config};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(weights) = Weights::from_bytes(bytes.to_vec()) else { return };
    let names = NameMap::decide(weights.index().names());
    HeadEvidence::read(weights.index(), &names);
    infer_config(weights.index(), &names);
    for (name, _) in weights.index().iter() {
        weights.index().entry_span(name, "").map(|s| s.line_column());
        drop(weights.get(name).map(|t| t.to_f32()));
    }
});
