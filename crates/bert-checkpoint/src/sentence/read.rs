//! `modules.json`: which modules there are, and where.

use std::path::{Path, PathBuf};

use bert_config::BertConfig;
use bert_diag::{Code, Finding, Report, Span, quoted};
use bert_json::Value;

use super::file::{Json, inside};
use super::modules::Chain;
use super::settings::Settings;
use super::{SentenceModule, SentenceModules};
use crate::{Error, Level};

pub(super) const MODULES: &str = "modules.json";

/// One entry of `modules.json`.
pub(super) struct Entry<'a> {
    /// The class, without the module of sentence-transformers it lies in: `Transformer`, `Pooling` ...
    pub(super) class: &'a str,
    /// The class as written.
    pub(super) full: &'a str,
    /// Folder of the module, below the root; empty for the root itself.
    pub(super) path: &'a str,
    pub(super) value: &'a Value,
}

/// The name of a class of sentence-transformers; versions differ in the modules they lie in. Anybody else's class of the
/// same name is another class.
fn class(full: &str) -> &str {
    let own = full.strip_prefix("sentence_transformers.").and_then(|rest| rest.rsplit('.').next());
    own.unwrap_or(full)
}

/// The list of modules; problems of its form are reported.
fn entries<'a>(json: &'a Json, folder: &Path, report: &mut Report) -> Option<Vec<Entry<'a>>> {
    let Some(list) = json.root.as_array().filter(|list| !list.is_empty()) else {
        report.push(json.incomplete(Code::X021, format!("`{MODULES}` is not a list of modules")));
        return None;
    };
    let mut entries = Vec::new();
    for value in list {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let wrong = |message: String, label: &str| {
            Finding::new(Code::X021, message).span(Span::primary(&json.source, value.range.clone(), label))
        };
        let (Some(full), Some(path)) = (text("type"), text("path")) else {
            report.push(wrong("a module has no `type` or no `path`".into(), "both are strings"));
            return None;
        };
        if inside(folder, path).is_none() {
            let message = format!("the module path {} leads out of the folder", quoted(path));
            report.push(wrong(message, "not followed").help("name a folder below this one"));
            return None;
        }
        entries.push(Entry { class: class(full), full, path, value });
    }
    Some(entries)
}

/// Where the encoder of a folder with `modules.json` lies, if not in the folder itself: versions before 0.4 wrote
/// `0_Transformer`.
pub(crate) fn encoder_folder(root: &Path) -> Result<Option<PathBuf>, Error> {
    let mut unheard = Report::default();
    let Some(json) = Json::read(root, "", MODULES, &mut unheard)? else { return Ok(None) };
    let first = entries(&json, root, &mut unheard).and_then(|list| list.into_iter().next());
    let path = first.filter(|e| e.class == "Transformer" && !e.path.is_empty()).map(|e| root.join(e.path));
    Ok(path.filter(|p| p.is_dir()))
}

/// Reads what `root` says beside its encoder, if it is a sentence-transformers folder, and checks it against the encoder.
pub(crate) fn read(
    root: &Path,
    config: Option<&BertConfig>,
    level: Level,
    report: &mut Report,
) -> Result<Option<SentenceModules>, Error> {
    let Some(json) = Json::read(root, "", MODULES, report)? else { return Ok(None) };
    let Some(entries) = entries(&json, root, report) else { return Ok(None) };
    let before = report.findings().len();
    let Some((encoder, rest)) = entries.split_first() else { return Ok(None) };
    if encoder.class != "Transformer" {
        report.push(unsupported(&json, encoder, "the first module must be a `Transformer`"));
        return Ok(None);
    }
    let hidden = config.filter(|c| !c.is_broken("hidden_size")).map(|c| c.hidden_size);
    let mut chain = Chain { root, hidden, pooled: false, dimension: None, level, report };
    let mut modules = Vec::new();
    for entry in rest {
        modules.extend(chain.module(&json, entry)?);
    }
    let dimension = chain.dimension;
    if !modules.iter().any(|m| matches!(m, SentenceModule::Pooling { .. })) && report.findings().len() == before {
        report.push(
            json.incomplete(Code::X022, format!("`{MODULES}` names no `Pooling`: tokens never become one vector"))
                .help("add the pooling module of training"),
        );
    }
    let settings = Settings::read(root, encoder.path, config, report)?;
    Ok(dimension.map(|dimension| SentenceModules {
        modules,
        max_seq_length: settings.max_seq_length,
        lower_case: settings.lower_case,
        prompts: settings.prompts,
        default_prompt: settings.default_prompt,
        similarity: settings.similarity,
        dimension,
    }))
}

pub(super) fn unsupported(json: &Json, entry: &Entry<'_>, why: &str) -> Finding {
    Finding::new(Code::X022, format!("the module {} is not supported: {why}", quoted(entry.full)))
        .span(Span::primary(&json.source, entry.value.range.clone(), "changes every embedding"))
        .note("supported after the encoder: Pooling, then Dense, LayerNorm, Normalize; Dropout does nothing here")
        .help("run this folder with sentence-transformers")
}
