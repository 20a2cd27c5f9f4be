//! The JSON records `bert.finding/1` and `bert.check/1`.

use serde_json::{Map, Value, json};

use crate::{Edit, Finding, Fix, Report, Severity, Span};

impl Span {
    /// The span as JSON.
    pub fn to_record(&self) -> Value {
        let mut record = Map::new();
        record.insert("file".into(), self.source.file().into());
        record.insert("pointer".into(), self.pointer.clone().into());
        let range = self.range.as_ref().filter(|_| !self.source.is_listing());
        record.insert("start".into(), range.map(|r| r.start).into());
        record.insert("end".into(), range.map(|r| r.end).into());
        let (line, column) = self.line_column().filter(|_| !self.source.is_excerpt()).unzip();
        record.insert("line".into(), line.into());
        record.insert("column".into(), column.into());
        record.insert("primary".into(), self.primary.into());
        record.insert("label".into(), self.label.clone().into());
        if let Some(text) = self.source.shown().filter(|_| self.source.is_excerpt()) {
            record.insert("excerpt".into(), text.into());
        }
        Value::Object(record)
    }
}

impl Fix {
    /// The fix as JSON.
    pub fn to_record(&self) -> Value {
        let edit = |e: &Edit| json!({"file": e.file, "start": e.range.start, "end": e.range.end, "text": e.text});
        json!({"title": self.title, "safe": self.safe, "edits": self.edits.iter().map(edit).collect::<Vec<_>>()})
    }
}

impl Finding {
    /// The record `bert.finding/1` of this finding in the checkpoint called `checkpoint`.
    pub fn to_record(&self, checkpoint: &str) -> Value {
        json!({
            "schema": "bert.finding/1",
            "code": self.code.id(),
            "name": self.code.name(),
            "severity": self.severity.as_str(),
            "checkpoint": checkpoint,
            "message": self.message,
            "spans": self.spans.iter().map(Span::to_record).collect::<Vec<_>>(),
            "notes": self.notes,
            "fixes": self.fixes.iter().map(Fix::to_record).collect::<Vec<_>>(),
        })
    }
}

impl Report {
    /// The record `bert.check/1` of the checkpoint called `checkpoint`.
    pub fn to_record(&self, checkpoint: &str) -> Value {
        json!({
            "schema": "bert.check/1",
            "checkpoint": checkpoint,
            "ok": self.is_ok(),
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "notes": self.count(Severity::Note),
            "findings": self.findings().iter().map(|f| f.to_record(checkpoint)).collect::<Vec<_>>(),
        })
    }
}
