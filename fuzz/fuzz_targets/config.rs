//! `config.json`: any bytes give findings; what is clean is written back to the same meaning.
#![no_main]

use bert_config::{BertConfig, diff};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let parsed = BertConfig::parse_bytes("config.json", bytes);
    for finding in parsed.report.findings() {
        finding.spans.iter().for_each(|s| drop(s.line_column()));
    }
    if let Ok((config, _)) = parsed.into_result() {
        let again = BertConfig::parse(&config.to_json()).into_result().expect("what we write is clean").0;
        assert!(diff(&config, &again).is_empty());
    }
});
