//! Annotated excerpts, as a compiler shows its errors.

use std::ops::Range;
use std::path::Path;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};
use bert_diag::{Finding, Fix, Severity, Source, Span};

use super::place;

/// Longest line that is shown whole; of longer ones (a `tokenizer.json` on one line) a window around the span.
const LONGEST_LINE: usize = 240;
const WINDOW: usize = 80;

/// The finding as coloured text; strip the colours where they are not wanted.
pub(crate) fn full(finding: &Finding, checkpoint: &Path) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        _ => Level::NOTE,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.code.id());
    let mut group = Group::with_title(title);
    for (source, spans) in by_source(&finding.spans) {
        group = add_source(group, checkpoint, source, &spans);
    }
    for note in &finding.notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    let (edits, advice): (Vec<_>, Vec<_>) = finding.fixes.iter().partition(|f| !f.edits.is_empty());
    for fix in advice {
        group = group.element(Level::HELP.message(fix.title.as_str()));
    }
    let mut groups = vec![group];
    groups.extend(edits.into_iter().filter_map(|fix| patch(fix, finding, checkpoint)));
    Renderer::styled().render(&groups)
}

/// Spans of one source together, sources in order of their first span.
fn by_source(spans: &[Span]) -> Vec<(&Source, Vec<&Span>)> {
    let mut groups: Vec<(&Source, Vec<&Span>)> = Vec::new();
    for span in spans {
        match groups.iter_mut().find(|(source, _)| **source == span.source) {
            Some((_, list)) => list.push(span),
            None => groups.push((&span.source, vec![span])),
        }
    }
    groups
}

fn add_source<'a>(group: Group<'a>, checkpoint: &Path, source: &'a Source, spans: &[&'a Span]) -> Group<'a> {
    let path = place(checkpoint, source);
    let shown: Vec<_> = spans.iter().filter_map(|s| Some((*s, s.shown_range()?))).collect();
    let (Some(text), false) = (source.shown(), shown.is_empty()) else {
        let group = group.element(Origin::path(path));
        let labels = spans.iter().filter(|s| !s.label.is_empty());
        return labels.fold(group, |g, s| g.element(Level::NOTE.message(s.label.as_str())));
    };
    let long = shown.iter().any(|(_, range)| line_around(text, range).len() > LONGEST_LINE);
    if !long {
        let snippet = Snippet::source(text).path(path).fold(true);
        return group
            .element(shown.into_iter().fold(snippet, |s, (span, range)| s.annotation(annotation(span, range))));
    }
    shown.into_iter().fold(group, |group, (span, range)| {
        let line = text.get(..range.start).map_or(1, |before| before.matches('\n').count() + 1);
        let window = window(text, &range);
        let local = range.start - window.start..range.end.min(window.end) - window.start;
        let excerpt = text.get(window).unwrap_or_default();
        group.element(Snippet::source(excerpt).line_start(line).path(path.clone()).annotation(annotation(span, local)))
    })
}

fn annotation<'a>(span: &'a Span, range: Range<usize>) -> annotate_snippets::Annotation<'a> {
    let kind = if span.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
    kind.span(range).label(span.label.as_str())
}

/// The line or lines a range lies on.
fn line_around<'a>(text: &'a str, range: &Range<usize>) -> &'a str {
    let start = text.get(..range.start).and_then(|t| t.rfind('\n')).map_or(0, |p| p + 1);
    let end = text.get(range.end..).and_then(|t| t.find('\n')).map_or(text.len(), |p| range.end + p);
    text.get(start..end).unwrap_or_default()
}

/// Some characters on both sides of a range, within its line.
fn window(text: &str, range: &Range<usize>) -> Range<usize> {
    let line = line_around(text, range);
    let line_start = (line.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let mut start = range.start.saturating_sub(WINDOW).max(line_start);
    let mut end = (range.start + 2 * WINDOW).min(line_start + line.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end.max(start)
}

/// The edits of a fix as a change of the text.
fn patch<'a>(fix: &'a Fix, finding: &'a Finding, checkpoint: &Path) -> Option<Group<'a>> {
    let edit = fix.edits.first()?;
    let source = finding.spans.iter().map(|s| &s.source).find(|s| s.file() == edit.file && !s.is_excerpt())?;
    let mut snippet = Snippet::source(source.shown()?).path(place(checkpoint, source)).fold(true);
    for edit in &fix.edits {
        let range = usize::try_from(edit.range.start).ok()?..usize::try_from(edit.range.end).ok()?;
        snippet = snippet.patch(Patch::new(range, edit.text.as_str()));
    }
    Some(Level::HELP.secondary_title(fix.title.as_str()).element(snippet))
}
