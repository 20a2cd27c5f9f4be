//! Rows 1 to 32 of the bad-input catalogue: each broken configuration is reported under its code, with its place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use bert_config::{BertConfig, Origin};
use bert_diag::{Finding, Report, Severity};

const GOOD: &str = r#"{
  "architectures": ["BertForSequenceClassification"],
  "model_type": "bert",
  "hidden_size": 768,
  "num_attention_heads": 12,
  "id2label": {"0": "bad", "1": "good", "2": "fine"},
  "label2id": {"bad": 0, "good": 1, "fine": 2}
}"#;

/// A good configuration with one line of it replaced, or a line added when it has no such key.
fn with(key: &str, value: &str) -> String {
    let mut lines: Vec<String> = GOOD.lines().map(str::to_string).collect();
    let line = format!("  \"{key}\": {value},");
    match lines.iter_mut().find(|l| l.trim_start().starts_with(&format!("\"{key}\""))) {
        Some(old) => *old = if old.ends_with(',') { line } else { line.trim_end_matches(',').to_string() },
        None => lines.insert(1, line),
    }
    lines.join("\n")
}

fn report(text: &str) -> Report {
    BertConfig::parse(text).report
}

fn only<'a>(report: &'a Report, code: &str) -> &'a Finding {
    let found: Vec<_> = report.findings().iter().filter(|f| f.code.id() == code).collect();
    assert_eq!(found.len(), 1, "expected one {code}: {:#?}", report.findings());
    found[0]
}

#[test]
fn the_good_configuration_has_no_finding() {
    assert_eq!(report(GOOD), Report::default());
}

/// code, severity, key, value, words that must stand in the finding.
#[test]
fn each_broken_field_is_reported_with_its_place() {
    use Severity::{Error, Note, Warning};
    let rows: &[(&str, Severity, &str, &str, &[&str])] = &[
        ("C007", Error, "hidden_size", "\"768\"", &["whole number", "a string"]),
        ("C008", Note, "hidden_size", "768.0", &["float"]),
        ("C007", Error, "hidden_size", "768.5", &["whole number"]),
        ("C009", Error, "hidden_size", "1e400", &["1e400", "1..="]),
        ("C009", Error, "hidden_size", "0", &["`0`", "1..="]),
        ("C009", Error, "hidden_size", "-12", &["`-12`"]),
        ("C009", Error, "vocab_size", "9223372036854775808", &["9223372036854775808"]),
        ("C009", Error, "num_hidden_layers", "1000000000000", &["1..=4096"]),
        ("C009", Error, "vocab_size", "1000000000000", &["1000000000000"]),
        ("C010", Error, "num_attention_heads", "10", &["768", "10", "12"]),
        ("C011", Error, "hidden_act", "\"geluu\"", &["quick_gelu", "did you mean `gelu`"]),
        ("C018", Warning, "num_hidden_layer", "6", &["num_hidden_layers", "is 12"]),
        ("C018", Warning, "layer_norm_epsilon", "1e-5", &["layer_norm_eps"]),
        ("C019", Note, "my_own_bookkeeping", "6", &["my_own_bookkeeping"]),
        (
            "C013",
            Error,
            "id2label",
            "{\"0\": \"bad\", \"1\": \"good\", \"3\": \"fine\"}",
            &["no entry for id 2", "0, 1, 3"],
        ),
        ("C013", Error, "id2label", "{\"zero\": \"bad\", \"1\": \"good\"}", &["`zero`"]),
        ("C013", Error, "id2label", "{}", &["no entries"]),
        ("C014", Error, "id2label", "{\"0\": \"bad\", \"1\": \"good\", \"2\": \"bad\"}", &["labels 0 and 2", "`bad`"]),
        ("C007", Error, "id2label", "[\"bad\", \"good\"]", &["object", "a list"]),
        ("C012", Error, "label2id", "{\"bad\": 0, \"good\": 2, \"fine\": 1}", &["`good` maps to 2", "`good` is id 1"]),
        ("C012", Error, "label2id", "{\"bad\": 0, \"good\": 1}", &["`fine` is absent", "2 labels", "3 labels"]),
        ("C013", Error, "label2id", "{\"bad\": \"x\", \"good\": 1}", &["`bad`"]),
        ("C015", Error, "num_labels", "5", &["is 5", "have 3"]),
        ("C015", Warning, "_num_labels", "5", &["is 5", "have 3"]),
        ("C017", Error, "problem_type", "\"single\"", &["single_label_classification"]),
        ("C009", Error, "layer_norm_eps", "0", &["above 0"]),
        ("C009", Error, "layer_norm_eps", "-1e-12", &["above 0"]),
        ("C007", Error, "layer_norm_eps", "\"1e-12\"", &["a number", "a string"]),
        ("C020", Error, "model_type", "\"roberta\"", &["roberta", "BERT encoder", "supported"]),
        ("C020", Error, "model_type", "\"t5\"", &["t5"]),
        (
            "C021",
            Error,
            "architectures",
            "[\"RobertaForSequenceClassification\"]",
            &["RobertaForSequenceClassification"],
        ),
        ("C028", Note, "architectures", "[\"BertForMaskedLM\", \"BertModel\"]", &["2 classes"]),
        ("C022", Error, "is_decoder", "true", &["is_decoder"]),
        ("C022", Error, "add_cross_attention", "true", &["add_cross_attention"]),
        ("C023", Error, "pruned_heads", "{\"1\": [0, 2]}", &["pruned_heads"]),
        ("C024", Error, "quantization_config", "{\"load_in_8bit\": true}", &["quantization_config"]),
        ("C017", Error, "position_embedding_type", "\"rotary\"", &["relative_key_query"]),
        ("C009", Error, "pad_token_id", "40000", &["40000", "30522"]),
        ("C009", Error, "hidden_dropout_prob", "1.5", &["0..=1"]),
        ("C007", Error, "is_decoder", "\"false\"", &["true or false"]),
    ];
    for (code, severity, key, value, words) in rows {
        let text = with(key, value);
        let report = report(&text);
        let finding = only(&report, code);
        assert_eq!(finding.severity, *severity, "{key}: {value}");
        let shown = format!("{finding:?}");
        for word in *words {
            assert!(shown.contains(word), "{key}: {value}: no {word:?} in {finding:#?}");
        }
        let span = finding.primary_span().expect("a place");
        let (line, _) = span.line_column().unwrap_or_else(|| panic!("{key}: {value} has no line"));
        assert!(text.lines().nth(line - 1).unwrap().contains(key), "{key}: {value} points at line {line}");
        assert_eq!(
            report.count(Severity::Error),
            usize::from(*severity == Severity::Error),
            "{key}: {value}: {report:#?}"
        );
    }
}

#[test]
fn null_and_empty_are_accepted_where_the_reference_accepts_them() {
    for (key, value) in [
        ("pad_token_id", "null"),
        ("classifier_dropout", "null"),
        ("problem_type", "null"),
        ("pruned_heads", "{}"),
        ("quantization_config", "null"),
        ("num_labels", "3"),
        ("is_decoder", "false"),
        ("transformers_version", "\"4.57.6\""),
    ] {
        assert_eq!(report(&with(key, value)), Report::default(), "{key}: {value}");
    }
}

#[test]
fn text_that_is_no_configuration_is_told_apart() {
    let code = |bytes: &[u8]| {
        let parsed = BertConfig::parse_bytes("config.json", bytes);
        let first = parsed.report.findings()[0].clone();
        let at = first.primary_span().and_then(|s| s.line_column());
        (first.code.id(), first.message, at)
    };
    assert_eq!(code(b"").0, "C002");
    assert_eq!(code(b" \n").0, "C002");
    let (id, message, at) = code(b"{\"a\": \"\xff\"}");
    assert_eq!((id, at), ("C002", Some((1, 8))), "{message}");
    assert!(message.contains("byte 7"), "{message}");
    assert!(code(b"\xff\xfe{\0}\0").1.contains("UTF-16"));
    for (text, line_column) in
        [("{\"a\": 1,\n}", (1, 8)), ("{} {}", (1, 4)), ("{\"a\": NaN}", (1, 7)), ("{\"a\": -Infinity}", (1, 7))]
    {
        let (id, message, at) = code(text.as_bytes());
        assert_eq!((id, at), ("C004", Some(line_column)), "{text}: {message}");
        assert!(message.contains(&format!("line {}, column {}", line_column.0, line_column.1)), "{message}");
    }
    let deep = "[".repeat(200_000);
    assert!(code(deep.as_bytes()).1.contains("nesting"));
    assert_eq!(code(b"[1, 2]").0, "C005");
}

#[test]
fn a_cut_file_says_so() {
    for cut in (1..GOOD.len()).step_by(7) {
        let report = report(&GOOD[..cut]);
        let finding = only(&report, "C004");
        assert!(finding.message.contains("config.json") && finding.message.contains("line"), "{finding:?}");
    }
}

#[test]
fn a_byte_order_mark_is_accepted_with_a_note_and_true_places() {
    let text = format!("\u{feff}{}", with("hidden_size", "0"));
    let report = report(&text);
    assert_eq!(only(&report, "C003").severity, Severity::Note);
    let span = only(&report, "C009").primary_span().unwrap().range.clone().unwrap();
    assert_eq!(&text[span.start as usize..span.end as usize], "0");
}

#[test]
fn duplicate_keys_show_both_places() {
    let text = GOOD.replace("\"hidden_size\": 768,", "\"hidden_size\": 768,\n  \"hidden_size\": 384,");
    let report = report(&text);
    let finding = only(&report, "C006");
    let lines: Vec<_> = finding.spans.iter().map(|s| s.line_column().unwrap().0).collect();
    assert_eq!(lines, [5, 4]);
    assert!(finding.spans[0].label.contains("384") && finding.spans[1].label.contains("768"));
}

#[test]
fn all_problems_are_reported_together() {
    let text = with("hidden_size", "\"768\"")
        .replace("\"num_attention_heads\": 12", "\"hidden_act\": \"swosh\", \"layer_norm_eps\": 0, \"is_decoder\": 1");
    let mut codes: Vec<_> = report(&text).findings().iter().map(|f| f.code.id()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["C007", "C007", "C009", "C011"]);
}

#[test]
fn one_label_is_no_single_label_classification() {
    let text = GOOD
        .replace("{\"0\": \"bad\", \"1\": \"good\", \"2\": \"fine\"}", "{\"0\": \"score\"}")
        .replace("{\"bad\": 0, \"good\": 1, \"fine\": 2}", "{\"score\": 0}");
    let typed = text.replace(
        "\"model_type\": \"bert\",",
        "\"model_type\": \"bert\", \"problem_type\": \"single_label_classification\",",
    );
    assert_eq!(report(&text), Report::default());
    only(&report(&typed), "C016");
    assert_eq!(report(&typed.replace("single_label_classification", "regression")), Report::default());
}

#[test]
fn label2id_alone_names_the_outputs_with_a_warning() {
    let parsed = BertConfig::parse(
        r#"{"architectures": ["BertForSequenceClassification"], "label2id": {"b": 1, "a": 0, "c": 2}}"#,
    );
    only(&parsed.report, "C031");
    assert_eq!(parsed.value.unwrap().labels().names(), ["a", "b", "c"]);
}

#[test]
fn fields_know_where_they_come_from() {
    let config = BertConfig::parse(GOOD).value.unwrap();
    let Origin::Given(range) = config.origin("hidden_size") else { panic!("given") };
    assert_eq!(&GOOD[range], "768");
    assert_eq!(config.origin("layer_norm_eps"), Origin::Default);
    assert_eq!(config.origin("num_labels"), Origin::Derived);
}

#[test]
fn google_archives_are_read_and_named() {
    let folder = std::env::temp_dir().join(format!("bert-config-google-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("bert_config.json"),
        r#"{"hidden_size": 128, "directionality": "bidi", "pooler_fc_size": 768}"#,
    )
    .unwrap();
    let parsed = BertConfig::from_path(&folder).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    only(&parsed.report, "C025");
    assert_eq!(parsed.value.unwrap().hidden_size, 128);
    assert!(BertConfig::from_path(&folder).is_err());
}

#[test]
fn json_written_is_read_back_equal() {
    for text in
        [GOOD.to_string(), with("classifier_dropout", "0.25"), with("keep_me", "{\"a\": [1, 2.50]}"), "{}".to_string()]
    {
        let first = BertConfig::parse(&text).value.unwrap();
        let again = BertConfig::parse(&first.to_json());
        assert!(again.report.is_ok(), "{:#?}", again.report);
        let diff = bert_config::diff(&first, &again.value.unwrap());
        assert_eq!(diff.changes, [], "{diff}");
    }
}
