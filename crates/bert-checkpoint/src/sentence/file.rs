//! A JSON file of a sentence-transformers folder, with places for findings.

use std::path::{Component, Path, PathBuf};

use bert_diag::{Code, Finding, Report, Source, Span, quoted};
use bert_json::{Member, Value};

use crate::Error;

/// A file that was read and is an object or a list.
pub(super) struct Json {
    pub(super) source: Source,
    pub(super) root: Value,
}

impl Json {
    /// Reads `folder/inside/name`; `None` when it is not there, or broken (then reported).
    pub(super) fn read(folder: &Path, inside: &str, name: &str, report: &mut Report) -> Result<Option<Json>, Error> {
        let (path, title) = match inside {
            "" => (folder.join(name), name.to_string()),
            inside => (folder.join(inside).join(name), format!("{inside}/{name}")),
        };
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Io { path, source }),
        };
        let broken = |what: String, span: Span| {
            Finding::new(Code::X021, format!("{} {what}", quoted(&title)))
                .span(span)
                .help("copy the file again from where the model was saved")
        };
        let decoded = match bert_json::decode(&bytes) {
            Ok(decoded) => decoded,
            Err(e) => {
                let span = Span::whole(&Source::name_only(title.as_str()), "");
                report.push(broken(format!("cannot be read: {e}"), span));
                return Ok(None);
            }
        };
        let source = Source::text(title.as_str(), decoded.text.as_str());
        match bert_json::parse(&decoded.for_parsing()) {
            Ok(root) => Ok(Some(Json { source, root })),
            Err(problem) => {
                let span = Span::primary(&source, problem.range.clone(), "reading stopped here");
                report.push(broken(format!("is not valid JSON: {}", problem.message), span));
                Ok(None)
            }
        }
    }

    pub(super) fn file(&self) -> &str {
        self.source.file()
    }

    /// A member that is there and not null.
    pub(super) fn member(&self, key: &str) -> Option<&Member> {
        self.root.member(key).filter(|m| !m.value.is_null())
    }

    /// A finding on a member's value.
    pub(super) fn wrong(&self, member: &Member, code: Code, message: String, label: &str) -> Finding {
        Finding::new(code, message)
            .span(Span::primary(&self.source, member.value.range.clone(), label).at_pointer(format!("/{}", member.key)))
    }

    /// A finding on the file as a whole.
    pub(super) fn incomplete(&self, code: Code, message: String) -> Finding {
        Finding::new(code, message).span(Span::whole(&self.source, ""))
    }

    /// A member of a type; one of another type is reported, and an absent one is `None`.
    pub(super) fn typed<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
        report: &mut Report,
    ) -> Option<T> {
        let member = self.member(key)?;
        let value = read(&member.value);
        if value.is_none() {
            let message = format!("`{key}` must be {expected}");
            report.push(self.wrong(member, Code::X021, message, &format!("is {}", member.value.describe())));
        }
        value
    }

    pub(super) fn flag(&self, key: &str, report: &mut Report) -> Option<bool> {
        self.typed(key, "true or false", Value::as_bool, report)
    }

    pub(super) fn count(&self, key: &str, report: &mut Report) -> Option<usize> {
        // Bounded, so that nothing derived from it overflows.
        let count = |v: &Value| v.as_u64().filter(|n| (1..=1 << 28).contains(n)).map(|n| n as usize);
        self.typed(key, "a whole number from 1 on", count, report)
    }

    pub(super) fn text(&self, key: &str, report: &mut Report) -> Option<String> {
        self.typed(key, "a string", |v| v.as_str().map(str::to_string), report)
    }
}

/// The path of a module below its folder, if it stays inside: no root, no `..`, no link that leads out.
pub(super) fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let relative = Path::new(path);
    if !relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir)) {
        return None;
    }
    let joined = folder.join(relative);
    match (std::fs::canonicalize(folder), std::fs::canonicalize(&joined)) {
        (Ok(root), Ok(real)) => real.starts_with(root).then_some(joined),
        // What is not there leads nowhere; its absence is reported where it is read.
        _ => Some(joined),
    }
}
