//! The modules one after the other: settings, tensors, and whether the dimensions run through.

use std::path::Path;

use bert_config::Activation;
use bert_diag::{Code, Finding, Report, Source, Span, quoted};
use bert_json::Value;
use bert_weights::{Weights, check_values};

use super::file::Json;
use super::read::{Entry, unsupported};
use super::{PoolingMode, SentenceModule};
use crate::{Error, Level};

pub(super) struct Chain<'a> {
    pub(super) root: &'a Path,
    /// Columns of the encoder, if its configuration could be read.
    pub(super) hidden: Option<usize>,
    /// Whether tokens have become one vector.
    pub(super) pooled: bool,
    /// Columns after the modules so far; `None` before the pooling, and after a module that is wrong.
    pub(super) dimension: Option<usize>,
    pub(super) level: Level,
    pub(super) report: &'a mut Report,
}

const CONFIG: &str = "config.json";
const WEIGHTS: &str = "model.safetensors";
const OLD_WEIGHTS: &str = "pytorch_model.bin";

impl Chain<'_> {
    /// The next module; `None` when it does nothing at inference, or is wrong (then reported).
    pub(super) fn module(&mut self, list: &Json, entry: &Entry<'_>) -> Result<Option<SentenceModule>, Error> {
        let made = match entry.class {
            "Dropout" => return Ok(None),
            "Pooling" if self.pooled => self.refused(list, entry, "there is one before it"),
            "Pooling" => self.pooling(entry)?,
            "Dense" | "LayerNorm" | "Normalize" if !self.pooled => {
                self.refused(list, entry, "it stands before the pooling")
            }
            "Normalize" => Some(SentenceModule::Normalize),
            "Dense" => self.dense(list, entry)?,
            "LayerNorm" => self.layer_norm(entry)?,
            _ => self.refused(list, entry, "its arithmetic is not known here"),
        };
        self.pooled |= entry.class == "Pooling";
        if made.is_none() {
            // What a module gives that is wrong is not known; one finding says so, not one for each module after it.
            self.dimension = None;
        }
        Ok(made)
    }

    fn refused(&mut self, list: &Json, entry: &Entry<'_>, why: &str) -> Option<SentenceModule> {
        self.report.push(unsupported(list, entry, why));
        None
    }

    fn config(&mut self, entry: &Entry<'_>) -> Result<Option<Json>, Error> {
        let before = self.report.findings().len();
        let json = Json::read(self.root, entry.path, CONFIG, self.report)?;
        if json.is_none() && self.report.findings().len() == before {
            let file = format!("{}/{CONFIG}", entry.path);
            self.report.push(
                Finding::new(Code::X021, format!("{} is missing", quoted(&file)))
                    .span(Span::whole(&Source::name_only(file), format!("named as {} in modules.json", entry.class)))
                    .help("copy the module's folder from where the model was saved"),
            );
        }
        Ok(json)
    }

    fn pooling(&mut self, entry: &Entry<'_>) -> Result<Option<SentenceModule>, Error> {
        let Some(json) = self.config(entry)? else { return Ok(None) };
        let Some(modes) = modes(&json, self.report) else { return Ok(None) };
        let columns =
            ["word_embedding_dimension", "embedding_dimension"].into_iter().find(|k| json.member(k).is_some());
        if let (Some(key), Some(hidden)) = (columns, self.hidden)
            && let Some(stated) = json.count(key, self.report)
            && stated != hidden
        {
            self.report.push(disagrees(&json, key, stated, hidden, "columns of the encoder"));
            return Ok(None);
        }
        let include_prompt = json.flag("include_prompt", self.report).unwrap_or(true);
        self.dimension = self.hidden.and_then(|h| h.checked_mul(modes.len()));
        Ok(Some(SentenceModule::Pooling { modes, include_prompt }))
    }

    fn dense(&mut self, list: &Json, entry: &Entry<'_>) -> Result<Option<SentenceModule>, Error> {
        let Some(json) = self.config(entry)? else { return Ok(None) };
        let (input, out) = (json.count("in_features", self.report), json.count("out_features", self.report));
        let (Some(input), Some(out)) = (input, out) else {
            if self.report.is_ok() {
                let message = format!("{} lacks `in_features` or `out_features`", quoted(json.file()));
                self.report.push(json.incomplete(Code::X021, message));
            }
            return Ok(None);
        };
        if json.flag("use_residual", self.report) == Some(true) {
            return Ok(self.refused(list, entry, "`use_residual` is on"));
        }
        for key in ["module_input_name", "module_output_name"] {
            if json.text(key, self.report).is_some_and(|name| name != "sentence_embedding") {
                return Ok(self.refused(list, entry, "it works on something else than the embedding"));
            }
        }
        if let Some(columns) = self.dimension.filter(|d| *d != input) {
            self.report.push(disagrees(&json, "in_features", input, columns, "columns of the module before it"));
            return Ok(None);
        }
        let bias = json.flag("bias", self.report).unwrap_or(true);
        let Some(activation) = activation(&json, self.report) else { return Ok(None) };
        let mut shapes = vec![("linear.weight", vec![out, input])];
        shapes.extend(bias.then(|| ("linear.bias", vec![out])));
        let Some(weights) = self.weights(entry, &shapes)? else { return Ok(None) };
        self.dimension = Some(out);
        Ok(Some(SentenceModule::Dense { weights, bias, activation }))
    }

    fn layer_norm(&mut self, entry: &Entry<'_>) -> Result<Option<SentenceModule>, Error> {
        let Some(json) = self.config(entry)? else { return Ok(None) };
        let stated = json.count("dimension", self.report);
        let Some(columns) = self.dimension.or(stated) else { return Ok(None) };
        if let Some(stated) = stated.filter(|n| *n != columns) {
            self.report.push(disagrees(&json, "dimension", stated, columns, "columns of the module before it"));
            return Ok(None);
        }
        let shapes = [("norm.weight", vec![columns]), ("norm.bias", vec![columns])];
        Ok(self.weights(entry, &shapes)?.map(|weights| SentenceModule::LayerNorm { weights }))
    }

    /// The tensors of a module, of exactly these shapes and with numbers in them.
    fn weights(&mut self, entry: &Entry<'_>, shapes: &[(&str, Vec<usize>)]) -> Result<Option<Weights>, Error> {
        let folder = self.root.join(entry.path);
        let name =
            if folder.join(WEIGHTS).exists() || !folder.join(OLD_WEIGHTS).exists() { WEIGHTS } else { OLD_WEIGHTS };
        let file = format!("{}/{name}", entry.path);
        let span = |label: String| Span::whole(&Source::name_only(file.as_str()), label);
        let weights = match Weights::open(folder.join(name)) {
            Ok(weights) => weights,
            Err(bert_weights::Error::Rejected(rejected)) => {
                let here = format!("this is the file of the module {}", quoted(entry.path));
                let mut report = rejected.into_report();
                report.findings_mut().iter_mut().for_each(|finding| finding.notes.push(here.clone()));
                self.report.extend(report);
                return Ok(None);
            }
            Err(bert_weights::Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                self.report.push(no_weights(entry.path));
                return Ok(None);
            }
            Err(other) => return Err(other.into()),
        };
        for (name, shape) in shapes {
            let found = weights.index().get(name).map(|info| info.shape.as_slice());
            if found != Some(shape.as_slice()) {
                let found = found.map_or("missing".to_string(), |s| format!("{s:?}"));
                self.report.push(
                    Finding::new(Code::X023, format!("tensor {} of {} is {found}", quoted(name), quoted(&file)))
                        .span(span(format!("{shape:?} by its config.json")))
                        .help("take the module's config.json and weights from the same training run"),
                );
                return Ok(None);
            }
        }
        if self.level >= Level::Weights {
            let values = check_values(&weights, shapes.iter().map(|(name, _)| *name))?;
            if let Some((name, _)) = values.iter().find(|(_, v)| v.first_bad.is_some()) {
                let message = format!("{} of {} has values that are no numbers", quoted(name), quoted(&file));
                self.report.push(Finding::new(Code::W017, message).span(span("NaN or infinite".into())));
                return Ok(None);
            }
        }
        Ok(Some(weights))
    }
}

fn no_weights(inside: &str) -> Finding {
    let file = format!("{inside}/{WEIGHTS}");
    Finding::new(Code::X021, format!("{} is missing", quoted(&file)))
        .span(Span::whole(&Source::name_only(file), "the module's tensors"))
        .help("copy the module's folder from where the model was saved")
}

fn disagrees(json: &Json, key: &str, stated: usize, held: usize, of: &str) -> Finding {
    let message = format!("`{key}` of {} is {stated}, but there are {held} {of}", quoted(json.file()));
    let finding = match json.member(key) {
        Some(member) => json.wrong(member, Code::X023, message, &format!("{held} {of}")),
        None => json.incomplete(Code::X023, message),
    };
    finding.help("take all modules from the same model")
}

fn activation(json: &Json, report: &mut Report) -> Option<Activation> {
    let Some(member) = json.member("activation_function") else { return Some(Activation::Tanh) };
    let class = member.value.as_str().unwrap_or_default();
    let known = Activation::from_torch_class(class);
    if known.is_none() {
        let message = format!("the activation {} is not known", quoted(class));
        report.push(
            json.wrong(member, Code::X022, message, "changes every embedding")
                .note(format!("known are torch's own: {}", bert_diag::listed(Activation::torch_classes(), 16))),
        );
    }
    known
}

/// The modes that are on: a name or a list of names in newer files, one switch a mode in older ones.
fn modes(json: &Json, report: &mut Report) -> Option<Vec<PoolingMode>> {
    if let Some(member) = json.member("pooling_mode") {
        let names: Vec<&Value> = match member.value.as_array() {
            Some(list) => list.iter().collect(),
            None => vec![&member.value],
        };
        let modes: Option<Vec<_>> = names.iter().map(|n| PoolingMode::from_name(&n.as_str()?.to_lowercase())).collect();
        if modes.as_ref().is_none_or(Vec::is_empty) {
            let known = PoolingMode::TABLE.iter().map(|row| row.1);
            let note = format!("known are {}", bert_diag::listed(known, 8));
            report.push(json.wrong(member, Code::X022, "a pooling mode is not known".into(), "not pooled").note(note));
            return None;
        }
        return modes;
    }
    let mut on = Vec::new();
    for (mode, _, switch) in PoolingMode::TABLE {
        // `Pooling.__init__`: without a word about it the mean is on, the others are off.
        if json.flag(switch, report).unwrap_or(mode == PoolingMode::Mean) {
            on.push(mode);
        }
    }
    if on.is_empty() {
        let message = format!("no pooling mode is on in {}", quoted(json.file()));
        report.push(json.incomplete(Code::X021, message).help("switch on the mode of training"));
        return None;
    }
    Some(on)
}
