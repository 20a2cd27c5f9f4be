//! Which tensors of an adapter belong to which of the base.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bert_diag::{Code, Finding, Rejected, Report, counted, listed, quoted};

use super::AdapterConfig;
use super::merge::{Adapted, Update};
use crate::index::shape_text;
use crate::place::Place;
use crate::{DType, NameMap, Weights};

/// What an adapter did.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AdapterSummary {
    /// The adapter's weight file.
    pub file: String,
    /// Rank and alpha of its configuration.
    pub r: usize,
    /// Alpha of its configuration.
    pub lora_alpha: f64,
    /// Kinds of modules that were adapted, by the last part of their names.
    pub targets: Vec<String>,
    /// Tensors of the base that were changed, by the base's names.
    pub changed: Vec<String>,
    /// Tensors that were trained whole and replace or complete the base's.
    pub saved: Vec<String>,
}

/// Puts an adapter on top of a base. Tensors are computed when they are read; the base stays as it is.
///
/// # Errors
/// When a tensor of the adapter has no place in the base, does not fit it, or is missing: every such finding.
pub fn apply_adapter(
    base: &Weights,
    names: &NameMap,
    adapter: &Weights,
    config: &AdapterConfig,
) -> Result<Weights, Rejected> {
    let mut applying = Applying {
        base,
        names,
        adapter,
        config,
        report: Report::default(),
        modules: BTreeMap::new(),
        plain: Vec::new(),
    };
    applying.sort();
    let (places, saved) = applying.places();
    applying.complete();
    applying.report.into_result()?;
    let mut index = (*base.index).clone();
    let mut summary = AdapterSummary {
        file: adapter.index().file().to_string(),
        r: config.r,
        lora_alpha: config.lora_alpha,
        targets: applying
            .modules
            .keys()
            .filter_map(|m| m.rsplit('.').next())
            .map(str::to_string)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
        ..AdapterSummary::default()
    };
    for (name, place) in places {
        if let Some(info) = index.entries.get_mut(&name) {
            info.place = place;
            info.dtype = DType::F32;
            summary.changed.push(name);
        }
    }
    // Saved tensors lie in the adapter's files, which follow the base's.
    let mut donor = (*adapter.index).clone();
    donor.metadata.clear();
    donor.entries = saved.into_iter().filter_map(|(to, from)| Some((to, donor.entries.get(&from)?.clone()))).collect();
    for name in donor.entries.keys() {
        index.entries.remove(name);
        summary.saved.push(name.clone());
    }
    index.absorb(donor, base.files.len());
    index.provenance.adapter = Some(summary);
    let files = base.files.iter().chain(adapter.files.iter()).cloned().collect();
    Ok(Weights { files, index: Arc::new(index) })
}

/// The adapter's tensors of one module.
#[derive(Debug, Default)]
struct Module {
    a: Option<String>,
    b: Option<String>,
    b_bias: Option<String>,
    magnitude: Option<String>,
    embedding: bool,
}

struct Applying<'a> {
    base: &'a Weights,
    names: &'a NameMap,
    adapter: &'a Weights,
    config: &'a AdapterConfig,
    report: Report,
    modules: BTreeMap<String, Module>,
    /// Tensors trained whole: name in the model, name in the adapter.
    plain: Vec<(String, String)>,
}

/// A pair of names: in the result, in the adapter.
type Saved = Vec<(String, String)>;

impl Applying<'_> {
    /// Sorts the adapter's tensors by the module they belong to.
    fn sort(&mut self) {
        for name in self.adapter.index().names() {
            let inner = name.strip_prefix("base_model.model.").unwrap_or(name);
            // Old versions keep the adapter's own name, `default`, within the names.
            let inner = inner.replace(".default.", ".");
            let inner = inner.strip_suffix(".default").unwrap_or(&inner);
            let part = [
                (".lora_A.weight", false),
                (".lora_B.weight", false),
                (".lora_B.bias", false),
                (".lora_magnitude_vector.weight", false),
                (".lora_magnitude_vector", false),
                (".lora_embedding_A", true),
                (".lora_embedding_B", true),
            ];
            if let Some((module, part, embedding)) =
                part.iter().find_map(|(end, embedding)| Some((inner.strip_suffix(end)?, *end, *embedding)))
            {
                let entry = self.modules.entry(module.to_string()).or_default();
                entry.embedding |= embedding;
                let slot = match part {
                    ".lora_A.weight" | ".lora_embedding_A" => &mut entry.a,
                    ".lora_B.weight" | ".lora_embedding_B" => &mut entry.b,
                    ".lora_B.bias" => &mut entry.b_bias,
                    _ => &mut entry.magnitude,
                };
                *slot = Some(name.to_string());
            } else if !inner.contains(".original_module.") {
                let model = inner.replace(".modules_to_save.", ".").replace(".base_layer.", ".");
                self.plain.push((model, name.to_string()));
            }
        }
    }

    fn wrong(&mut self, message: String, tensor: &str) {
        let span = self.adapter.index().entry_span(tensor, "in the adapter");
        self.report.push(
            Finding::new(Code::X024, message)
                .spans(span)
                .note(format!("the base is `{}`", self.base.index().file()))
                .help("name the base the adapter was trained on with `--base DIR`"),
        );
    }

    /// The base's name of a tensor that the adapter calls so: with or without the encoder's prefix.
    fn in_base(&self, name: &str) -> Option<String> {
        let found = self.names.in_file(name).or_else(|| self.names.in_file(&format!("bert.{name}")));
        found.map(str::to_string)
    }

    fn shape<'s>(weights: &'s Weights, name: &str) -> &'s [usize] {
        weights.index().get(name).map(|info| info.shape.as_slice()).unwrap_or_default()
    }

    fn places(&mut self) -> (Vec<(String, Place)>, Saved) {
        let mut places = Vec::new();
        let modules = std::mem::take(&mut self.modules);
        for (module, parts) in &modules {
            self.module(module, parts, &mut places);
        }
        self.modules = modules;
        let mut saved = Vec::new();
        for (model, tensor) in std::mem::take(&mut self.plain) {
            let standard = self.in_base(&model);
            if let Some(name) = &standard {
                let (wanted, found) = (Self::shape(self.base, name), Self::shape(self.adapter, &tensor));
                let head = !model.contains("encoder.layer.") && !model.contains("embeddings.");
                if wanted != found && !head {
                    let message = format!(
                        "the adapter's {} is {}, the base's {}",
                        quoted(&model),
                        shape_text(found),
                        shape_text(wanted)
                    );
                    self.wrong(message, &tensor);
                    continue;
                }
            }
            saved.push((standard.unwrap_or(model), tensor));
        }
        (places, saved)
    }

    fn module(&mut self, module: &str, parts: &Module, places: &mut Vec<(String, Place)>) {
        let known = parts.a.as_ref().or(parts.b.as_ref()).or(parts.magnitude.as_ref()).cloned().unwrap_or_default();
        let (Some(a), Some(b)) = (&parts.a, &parts.b) else {
            let half = if parts.a.is_none() { "lora_A" } else { "lora_B" };
            return self.wrong(format!("the adapter has no {half} for {}", quoted(module)), &known);
        };
        let Some(weight) = self.in_base(&format!("{module}.weight")) else {
            return self.wrong(
                format!("the base has no {} for the adapter to change", quoted(&format!("{module}.weight"))),
                a,
            );
        };
        let (base, a_shape, b_shape) =
            (Self::shape(self.base, &weight), Self::shape(self.adapter, a), Self::shape(self.adapter, b));
        let fits = match (base, a_shape, b_shape) {
            ([rows, columns], [r, a_columns], [b_rows, b_r]) => {
                let (b_wanted, a_wanted) = if parts.embedding { (columns, rows) } else { (rows, columns) };
                r == b_r && b_rows == b_wanted && a_columns == a_wanted
            }
            _ => false,
        };
        if !fits {
            let message = format!(
                "the adapter does not fit {}: A {} and B {} on {}",
                quoted(module),
                shape_text(a_shape),
                shape_text(b_shape),
                shape_text(base)
            );
            return self.wrong(message, a);
        }
        let rank = a_shape.first().copied().unwrap_or(1);
        if rank != self.config.rank(module) {
            let message = format!(
                "the adapter's tensors of {} have rank {rank}, its configuration says {}",
                quoted(module),
                self.config.rank(module)
            );
            return self.wrong(message, a);
        }
        if self.config.use_dora && !parts.embedding && parts.magnitude.is_none() {
            return self.wrong(format!("the adapter uses DoRA but has no magnitudes for {}", quoted(module)), a);
        }
        let scale = self.config.scale(module, rank);
        let update = if parts.embedding {
            Update::Embedding { a: a.clone(), b: b.clone(), scale }
        } else {
            Update::Linear { a: a.clone(), b: b.clone(), scale, magnitude: parts.magnitude.clone() }
        };
        places.push((weight.clone(), self.place(weight, update)));
        if let (Some(bias), Some(name)) = (&parts.b_bias, self.in_base(&format!("{module}.bias"))) {
            places.push((name.clone(), self.place(name, Update::Bias { b: bias.clone(), scale })));
        }
    }

    fn place(&self, name: String, update: Update) -> Place {
        Place::Adapted(Arc::new(Adapted { base: self.base.clone(), name, adapter: self.adapter.clone(), update }))
    }

    /// Every module that the configuration names must be there: PEFT leaves a missing one without effect, silently.
    fn complete(&mut self) {
        if self.modules.is_empty() && self.report.is_ok() {
            let message = format!("`{}` holds no LoRA tensors", self.adapter.index().file());
            self.report.push(
                Finding::new(Code::X024, message)
                    .span(self.adapter.index().file_span(counted(self.adapter.index().len(), "tensor")))
                    .help("name the folder that `save_pretrained` of the adapter wrote"),
            );
        }
        if self.config.some_layers_only {
            return;
        }
        let is_matrix = |name: &str| Self::shape(self.base, name).len() == 2;
        let mut missing = Vec::new();
        for (standard, file) in self.names.iter().filter(|(_, file)| is_matrix(file)) {
            let Some(module) = standard.strip_suffix(".weight") else { continue };
            let saved = self.config.modules_to_save.iter().any(|m| module == m || module.starts_with(&format!("{m}.")));
            let target = self.config.target_modules.iter().any(|t| module == t || module.ends_with(&format!(".{t}")));
            let has = self.modules.contains_key(module)
                || module.strip_prefix("bert.").is_some_and(|inner| self.modules.contains_key(inner));
            if target && !saved && !has && !file.is_empty() {
                missing.push(module.to_string());
            }
        }
        // A head that the base has and the adapted class has not is no target.
        missing.retain(|m| !m.starts_with("cls."));
        if !missing.is_empty() {
            self.report.push(
                Finding::new(
                    Code::X024,
                    format!(
                        "the adapter has no tensors for {} that its configuration names",
                        counted(missing.len(), "module")
                    ),
                )
                .span(
                    self.adapter.index().file_span(format!("without {}", listed(missing.iter().map(|m| quoted(m)), 4))),
                )
                .note("PEFT would leave them as they are in the base, without a word")
                .help("copy the adapter's folder again"),
            );
        }
        for module in &self.config.modules_to_save.clone() {
            let there = self
                .adapter
                .index()
                .names()
                .any(|n| n.contains(&format!(".{module}.")) || n.starts_with(&format!("{module}.")));
            let default = matches!(module.as_str(), "classifier" | "score" | "qa_outputs");
            let other_head = default
                && ["classifier", "qa_outputs"]
                    .iter()
                    .any(|h| self.adapter.index().names().any(|n| n.contains(&format!(".{h}."))));
            if !there && !other_head {
                self.report.push(
                    Finding::new(
                        Code::X024,
                        format!(
                            "the adapter's configuration says that {} was trained whole, but it is not in its file",
                            quoted(module)
                        ),
                    )
                    .span(self.adapter.index().file_span(counted(self.adapter.index().len(), "tensor")))
                    .help("copy the adapter's folder again"),
                );
            }
        }
    }
}
