//! SARIF 2.1.0 (OASIS), for code scanning services.

use std::path::Path;

use bert_diag::{Code, Finding, Report, Severity, Span};
use serde_json::{Value, json};

use super::place;

/// One run over all checkpoints.
pub(crate) fn sarif(reports: &[(&Path, &Report)]) -> Value {
    let rules: Vec<Value> = Code::all().iter().map(|code| rule(*code)).collect();
    let results: Vec<Value> =
        reports.iter().flat_map(|(path, report)| report.findings().iter().map(|f| result(f, path))).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "bert", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        _ => "note",
    }
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.id(),
        "name": code.name(),
        "shortDescription": {"text": code.summary()},
        "fullDescription": {"text": code.explain()},
        "help": {"text": code.how_to_fix()},
        "defaultConfiguration": {"level": level(code.severity())},
    })
}

fn result(finding: &Finding, checkpoint: &Path) -> Value {
    let mut text = finding.message.clone();
    for line in finding.notes.iter().chain(finding.fixes.iter().map(|f| &f.title)) {
        text.push('\n');
        text.push_str(line);
    }
    let primary = finding.primary_span();
    let others = finding.spans.iter().filter(|s| Some(*s) != primary);
    let related: Vec<Value> = others.enumerate().map(|(i, span)| location(span, checkpoint, Some(i))).collect();
    json!({
        "ruleId": finding.code.id(),
        "ruleIndex": Code::all().iter().position(|c| *c == finding.code),
        "level": level(finding.severity),
        "message": {"text": text},
        "locations": primary.iter().map(|span| location(span, checkpoint, None)).collect::<Vec<_>>(),
        "relatedLocations": related,
    })
}

fn location(span: &Span, checkpoint: &Path, id: Option<usize>) -> Value {
    let file = place(checkpoint, &span.source);
    let mut physical = json!({"artifactLocation": {"uri": uri(file.trim_end_matches("[header]"))}});
    if let (Some(map), Some(region)) = (physical.as_object_mut(), region(span)) {
        map.insert("region".into(), region);
    }
    let mut location = json!({"physicalLocation": physical});
    if let Some(map) = location.as_object_mut() {
        if let Some(id) = id {
            map.insert("id".into(), id.into());
        }
        if !span.label.is_empty() {
            map.insert("message".into(), json!({"text": span.label}));
        }
    }
    location
}

/// Line and column in text files, bytes in binary ones.
fn region(span: &Span) -> Option<Value> {
    let range = span.range.as_ref()?;
    match span.line_column().filter(|_| !span.source.is_excerpt()) {
        Some((line, column)) => Some(json!({"startLine": line, "startColumn": column})),
        None => Some(json!({"byteOffset": range.start, "byteLength": range.end - range.start})),
    }
}

/// A relative path as a URI reference: everything but unreserved characters and `/` percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.replace('\\', "/").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
