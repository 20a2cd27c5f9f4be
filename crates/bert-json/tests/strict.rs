//! The oracle for what is JSON is serde_json.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use bert_json::{MAX_DEPTH, NotText, decode, duplicate_keys, parse};
use proptest::prelude::*;

const SAMPLE: &str =
    r#"{"a": [1, -2.5e3, true, null, "x\u00e9\n\"", {}], "b": {"c": "\ud83d\ude42", "d": []}, "e": 0}"#;

fn serde_accepts(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}

#[test]
fn accepts_and_refuses_what_serde_json_does() {
    for text in [
        SAMPLE,
        "{}",
        "[]",
        "1",
        "-0",
        "1.5",
        "1e5",
        "\"\"",
        "null",
        " true ",
        "[1,]",
        "{\"a\":1,}",
        "{,}",
        "[1 2]",
        "{\"a\" 1}",
        "01",
        "+1",
        ".5",
        "5.",
        "0x10",
        "NaN",
        "Infinity",
        "-Infinity",
        "'a'",
        "{a: 1}",
        "// x\n1",
        "/* x */1",
        "1 2",
        "{} {}",
        "\"\\x41\"",
        "\"\\v\"",
        "\"\t\"",
        "\"a\nb\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\u12\"",
        "tru",
        "nul",
        "[",
        "{",
        "\"abc",
        "{\"a\":",
        "{\"a\"",
        "--1",
        "1e",
        "1e+",
        "-",
        "]",
        ",",
        ":",
        "\u{feff}1",
        "\u{a0}1",
        "1\u{2028}",
    ] {
        assert_eq!(parse(text).is_ok(), serde_accepts(text), "{text:?}: {:?}", parse(text));
    }
}

#[test]
fn an_empty_text_is_no_value() {
    assert!(parse("").is_err());
    assert!(parse("  \n").is_err());
}

#[test]
fn nesting_is_bounded_without_recursion() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    let problem = parse(&deep).unwrap_err();
    assert_eq!(problem.range.start, MAX_DEPTH);
    let fits = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
    assert!(parse(&fits).is_ok());
    assert!(parse(&format!("\"{}\"", "[".repeat(1000))).is_ok(), "brackets in strings do not nest");
}

#[test]
fn ranges_are_the_bytes_of_the_values() {
    let tree = parse(SAMPLE).unwrap();
    let list = tree.get("a").unwrap();
    assert_eq!(&SAMPLE[list.range.clone()], r#"[1, -2.5e3, true, null, "x\u00e9\n\"", {}]"#);
    let string = &list.as_array().unwrap()[4];
    assert_eq!(string.as_str(), Some("x\u{e9}\n\""));
    assert_eq!(&SAMPLE[string.range.clone()], r#""x\u00e9\n\"""#);
}

#[test]
fn duplicates_are_found_at_any_depth() {
    let tree = parse(r#"{"a": {"b": 1, "b": 2}, "c": [{"d/e": 1, "d/e": 1}]}"#).unwrap();
    let pointers: Vec<_> = duplicate_keys(&tree).into_iter().map(|(p, ..)| p).collect();
    assert_eq!(pointers, ["/a/b", "/c/0/d~1e"]);
}

#[test]
fn bytes_that_are_no_text_are_told_apart() {
    assert_eq!(decode(b""), Err(NotText::Empty));
    assert_eq!(decode(b"\xef\xbb\xbf \n"), Err(NotText::Empty));
    assert_eq!(decode(b"\xff\xfe{\0}\0"), Err(NotText::Utf16));
    assert_eq!(decode(b"{\0}\0"), Err(NotText::Utf16));
    assert_eq!(decode(b"{\"a\": \"\xe9\"}"), Err(NotText::Utf8(7)));
    let marked = decode(b"\xef\xbb\xbf{}").unwrap();
    assert!(marked.byte_order_mark);
    assert_eq!(parse(&marked.for_parsing()).unwrap().range, 3..5);
}

proptest! {
    /// One to three bytes of a valid document changed, cut or inserted.
    #[test]
    fn agrees_with_serde_json_on_damaged_text(edits in prop::collection::vec((0usize..SAMPLE.len(), 0u8..3, any::<u8>()), 1..4)) {
        let mut bytes = SAMPLE.as_bytes().to_vec();
        for (at, how, byte) in edits {
            let at = at.min(bytes.len().saturating_sub(1));
            match how { 0 => bytes[at] = byte, 1 => bytes.insert(at, byte), _ => bytes.truncate(at + 1) }
        }
        if let Ok(text) = String::from_utf8(bytes) {
            // serde_json refuses numbers beyond f64, which is a question of meaning, not of grammar.
            let meaning = serde_json::from_str::<serde_json::Value>(&text).err().is_some_and(|e| e.to_string().contains("out of range"));
            if !meaning {
                prop_assert_eq!(parse(&text).is_ok(), serde_accepts(&text), "{:?}", text);
            }
        }
    }
}
