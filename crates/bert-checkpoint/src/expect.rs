//! What the caller expects of a checkpoint.

use bert_config::BertConfig;
use bert_diag::{Code, Finding, Report};

use crate::{Checkpoint, Error};

/// The key of the weights' fingerprint.
const FINGERPRINT: &str = "fingerprint";

/// Values the caller states; whatever differs is an error that shows both sides.
///
/// ```
/// use bert_checkpoint::{Checkpoint, Expectations};
///
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tiny/seq-three");
/// let expect = Expectations::new().value("num_labels", "3").labels(["angry", "calm", "glad"]);
/// let refused = Checkpoint::builder(folder).expect(expect).open().unwrap_err();
/// assert!(refused.to_string().contains("`id2label.2` is happy, expected glad"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    values: Vec<(String, String)>,
    config: Option<Box<BertConfig>>,
}

impl Expectations {
    /// Nothing expected.
    pub fn new() -> Self {
        Self::default()
    }

    /// Expects a value: a field of the configuration, `num_labels`, `id2label.N`, `label2id.NAME`, `task`,
    /// `tokenizer.size`, or `fingerprint` (of the weights, eight digits or more). Strings may be given without quotes.
    pub fn value(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.push((key.into(), value.into()));
        self
    }

    /// Expects these label names, in order of their ids.
    pub fn labels(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        self.values.push(("num_labels".into(), names.len().to_string()));
        self.values.extend(names.into_iter().enumerate().map(|(i, name)| (format!("id2label.{i}"), name)));
        self
    }

    /// Expects every field that this configuration gives.
    pub fn config(mut self, config: BertConfig) -> Self {
        self.config = Some(Box::new(config));
        self
    }

    /// Compares the fingerprint of the weights, where one is expected: all its digits, or the first eight or more.
    pub(crate) fn check_fingerprint(&self, checkpoint: &Checkpoint, report: &mut Report) -> Result<(), Error> {
        for (_, expected) in self.values.iter().filter(|(key, _)| key == FINGERPRINT) {
            let found = checkpoint.fingerprints()?.weights.to_string();
            if expected.len() < 8 || !found.starts_with(&expected.to_ascii_lowercase()) {
                report.push(differs(checkpoint.config(), FINGERPRINT, &found, expected));
            }
        }
        Ok(())
    }

    pub(crate) fn check(
        &self,
        config: &BertConfig,
        task: Option<&str>,
        tokenizer_size: Option<usize>,
        report: &mut Report,
    ) {
        let bare = |json: String| json.trim_matches('"').to_string();
        for (key, expected) in self.values.iter().filter(|(key, _)| key != FINGERPRINT) {
            let (equal, found) = match key.as_str() {
                "task" => (task == Some(expected), task.unwrap_or("none").to_string()),
                "tokenizer.size" => {
                    let size = tokenizer_size.map_or("unknown".to_string(), |n| n.to_string());
                    (size == *expected, size)
                }
                _ => (
                    config.field_equals(key, expected).unwrap_or(false),
                    config.field_json(key).map_or("absent".into(), bare),
                ),
            };
            if !equal {
                report.push(differs(config, key, &found, expected));
            }
        }
        let Some(intended) = &self.config else { return };
        for change in bert_config::diff(intended, config).changes {
            let field = change.pointer.trim_start_matches('/').split('/').next().unwrap_or_default().to_string();
            let given = matches!(intended.origin(&field), bert_config::Origin::Given(_));
            if given && change.effect != bert_config::Effect::None {
                let key = change.pointer.trim_start_matches('/').replace('/', ".");
                let show = |v: Option<String>| v.map_or("absent".into(), bare);
                report.push(differs(config, &key, &show(change.after), &show(change.before)));
            }
        }
    }
}

fn differs(config: &BertConfig, key: &str, found: &str, expected: &str) -> Finding {
    let field = key.split('.').next().unwrap_or(key);
    Finding::new(Code::X016, format!("`{key}` is {found}, expected {expected}"))
        .span(config.span(field, format!("{found} here")))
        .note(format!("the caller stated {expected}"))
        .help("point at the intended checkpoint, or correct the expectation")
}
