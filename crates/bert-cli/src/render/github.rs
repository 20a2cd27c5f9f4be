//! Workflow commands, which GitHub shows beside the files of a pull request.

use std::path::Path;

use bert_diag::{Finding, Severity};

use super::place;

/// `::error file=ckpt/config.json,line=9,col=3,title=C012::message`
pub(crate) fn github(finding: &Finding, checkpoint: &Path) -> String {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        _ => "notice",
    };
    let mut properties = Vec::new();
    if let Some(span) = finding.primary_span() {
        let file = place(checkpoint, &span.source);
        properties.push(format!("file={}", property(file.trim_end_matches("[header]"))));
        if let Some((line, column)) = span.line_column().filter(|_| !span.source.is_excerpt()) {
            properties.push(format!("line={line},col={column}"));
        }
    }
    properties.push(format!("title={} {}", finding.code, finding.code.name()));
    let mut message = finding.message.clone();
    for line in finding.notes.iter().chain(finding.fixes.iter().map(|f| &f.title)) {
        message.push('\n');
        message.push_str(line);
    }
    format!("::{command} {}::{}", properties.join(","), data(&message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
