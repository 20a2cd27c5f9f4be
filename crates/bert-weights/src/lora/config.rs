//! `adapter_config.json`.

use std::collections::BTreeMap;

use bert_diag::{Code, Finding, Report, Source, Span, quoted};
use bert_json::Value;

/// What an adapter's configuration says, as far as it bears on the weights.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AdapterConfig {
    /// Rank of the update.
    pub r: usize,
    /// Numerator of the scale.
    pub lora_alpha: f64,
    /// Whether the scale is alpha / sqrt(r) instead of alpha / r.
    pub use_rslora: bool,
    /// Whether rows are rescaled to a learned length.
    pub use_dora: bool,
    /// Modules that are adapted, by the end of their names; empty when a pattern chose them.
    pub target_modules: Vec<String>,
    /// Modules that were trained whole and replace the base's.
    pub modules_to_save: Vec<String>,
    /// Ranks of single modules.
    pub rank_pattern: BTreeMap<String, usize>,
    /// Alphas of single modules.
    pub alpha_pattern: BTreeMap<String, f64>,
    /// Only some layers were adapted.
    pub some_layers_only: bool,
    /// Where the base came from, as the training run named it.
    pub base_model_name_or_path: Option<String>,
    /// PEFT's name of the task, such as `SEQ_CLS`.
    pub task_type: Option<String>,
}

/// Ways to initialise that also change the base's weights, so that an adapter by itself does not say what the model is.
const CHANGES_BASE: [&str; 4] = ["pissa", "olora", "corda", "loftq"];

impl AdapterConfig {
    /// Reads the text; every problem is reported. `file` is the name that findings show.
    pub fn parse(file: &str, text: &str) -> (Option<AdapterConfig>, Report) {
        let source = Source::text(file, text);
        let mut report = Report::default();
        let root = match bert_json::parse(text) {
            Ok(root) if root.as_object().is_some() => root,
            Ok(_) => {
                report.push(broken(&source, 0..text.len().min(1), "is not a JSON object", "an object belongs here"));
                return (None, report);
            }
            Err(problem) => {
                let what = format!("is not valid JSON: {}", problem.message);
                report.push(broken(&source, problem.range, &what, &problem.message));
                return (None, report);
            }
        };
        let mut reader = Reader { source: &source, root: &root, report };
        let config = reader.read();
        let report = reader.report;
        (report.is_ok().then_some(config), report)
    }

    /// The scale of a module's update.
    pub(crate) fn scale(&self, module: &str, rank: usize) -> f64 {
        let alpha = by_pattern(&self.alpha_pattern, module).copied().unwrap_or(self.lora_alpha);
        let rank = rank.max(1) as f64;
        alpha / if self.use_rslora { rank.sqrt() } else { rank }
    }

    /// The rank that the configuration gives a module.
    pub(crate) fn rank(&self, module: &str) -> usize {
        by_pattern(&self.rank_pattern, module).copied().unwrap_or(self.r)
    }
}

fn broken(source: &Source, range: std::ops::Range<usize>, what: &str, label: &str) -> Finding {
    Finding::new(Code::X024, format!("`{}` {what}", source.file()))
        .span(Span::primary(source, range, label))
        .help("copy the adapter's folder again")
}

/// The value whose key ends a module's name, as PEFT matches patterns without wildcards.
fn by_pattern<'a, T>(patterns: &'a BTreeMap<String, T>, module: &str) -> Option<&'a T> {
    patterns
        .iter()
        .find(|(key, _)| module == key.as_str() || module.ends_with(&format!(".{key}")))
        .map(|(_, value)| value)
}

struct Reader<'a> {
    source: &'a Source,
    root: &'a Value,
    report: Report,
}

impl Reader<'_> {
    fn read(&mut self) -> AdapterConfig {
        let kind = self.root.get("peft_type").and_then(Value::as_str).unwrap_or("LORA").to_string();
        if kind != "LORA" {
            self.unsupported("peft_type", &format!("the adapter is of type {}; LORA is applied", quoted(&kind)));
        }
        let init = self.root.get("init_lora_weights").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        if CHANGES_BASE.iter().any(|name| init.starts_with(name)) {
            let what =
                format!("the adapter was initialised by {}, which also changes the base's weights", quoted(&init));
            self.unsupported("init_lora_weights", &what);
        }
        AdapterConfig {
            r: self.number("r", true).unwrap_or(8.0) as usize,
            lora_alpha: self.number("lora_alpha", false).unwrap_or(8.0),
            use_rslora: self.flag("use_rslora"),
            use_dora: self.flag("use_dora"),
            target_modules: self.list("target_modules"),
            modules_to_save: self.list("modules_to_save"),
            rank_pattern: self.patterns("rank_pattern").into_iter().map(|(k, n)| (k, n as usize)).collect(),
            alpha_pattern: self.patterns("alpha_pattern").into_iter().collect(),
            some_layers_only: ["layers_to_transform", "layers_pattern", "exclude_modules"]
                .iter()
                .any(|key| self.root.get(key).is_some_and(|v| !v.is_null())),
            base_model_name_or_path: self
                .root
                .get("base_model_name_or_path")
                .and_then(Value::as_str)
                .map(str::to_string),
            task_type: self.root.get("task_type").and_then(Value::as_str).map(str::to_string),
        }
    }

    fn unsupported(&mut self, key: &str, what: &str) {
        let range = self.root.get(key).map_or(0..1, |v| v.range.clone());
        self.report.push(
            Finding::new(Code::X025, what)
                .span(Span::primary(self.source, range, "not applied"))
                .help("merge it where it was trained (`merge_and_unload()`), and save the whole model"),
        );
    }

    fn wrong(&mut self, value: &Value, key: &str, wanted: &str) {
        self.report.push(
            Finding::new(Code::X024, format!("`{key}` of the adapter must be {wanted}"))
                .span(Span::primary(self.source, value.range.clone(), value.describe()))
                .help("copy the adapter's folder again"),
        );
    }

    fn flag(&self, key: &str) -> bool {
        self.root.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    fn number(&mut self, key: &str, whole: bool) -> Option<f64> {
        let value = self.root.get(key).filter(|v| !v.is_null())?;
        let number = value.number().and_then(|n| n.parse::<f64>().ok());
        match number.filter(|n| *n > 0.0 && *n < 1e6 && (!whole || n.fract() == 0.0)) {
            Some(number) => Some(number),
            None => {
                self.wrong(value, key, "a positive number");
                None
            }
        }
    }

    /// A list of names; a single text is a pattern (or `all-linear`) that chose them, and gives none.
    fn list(&mut self, key: &str) -> Vec<String> {
        let Some(value) = self.root.get(key) else { return Vec::new() };
        match value.as_array() {
            Some(items) => items.iter().filter_map(|v| v.as_str().map(str::to_string)).collect(),
            None => Vec::new(),
        }
    }

    fn patterns(&mut self, key: &str) -> Vec<(String, f64)> {
        let Some(members) = self.root.get(key).and_then(Value::as_object) else { return Vec::new() };
        let mut found = Vec::new();
        for member in members {
            let number = member.value.number().and_then(|n| n.parse::<f64>().ok()).filter(|n| *n > 0.0 && *n < 1e6);
            let plain = member.key.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_'));
            match number {
                Some(number) if plain => found.push((member.key.clone(), number)),
                Some(_) => {
                    let what =
                        format!("`{key}` holds the regular expression {}, which is not applied", quoted(&member.key));
                    self.unsupported(key, &what);
                }
                None => self.wrong(&member.value, key, "a map from modules to positive numbers"),
            }
        }
        found
    }
}
