//! One line a finding, clickable.

use std::path::Path;

use bert_diag::Finding;

use super::place;

/// `ckpt/config.json:9:3: error[C012] message`
pub(crate) fn concise(finding: &Finding, checkpoint: &Path) -> String {
    let at = match finding.primary_span() {
        None => checkpoint.display().to_string(),
        Some(span) => {
            let file = place(checkpoint, &span.source);
            match span.line_column().filter(|_| !span.source.is_excerpt()) {
                Some((line, column)) => format!("{file}:{line}:{column}"),
                None => file.trim_end_matches("[header]").to_string(),
            }
        }
    };
    format!("{at}: {}[{}] {}", finding.severity, finding.code, finding.message)
}
