//! A LoRA adapter: its folder, and the base it was trained on.

use std::path::{Path, PathBuf};

use bert_diag::{Code, Finding, Rejected, Report, Source, Span, listed, quoted};
use bert_weights::{AdapterConfig, NameMap, Weights, apply_adapter};

use super::{Located, hub};
use crate::Error;

/// An adapter's folder, read but not applied.
#[derive(Debug)]
pub(crate) struct Adapter {
    pub(crate) folder: PathBuf,
    pub(crate) config: Option<AdapterConfig>,
    weights: Option<Weights>,
}

impl Adapter {
    /// Reads the folder; what is wrong goes to the report.
    pub(crate) fn read(folder: &Path, copied: bool, report: &mut Report) -> Result<Adapter, Error> {
        let io = |path: &Path, source| Error::Io { path: path.to_path_buf(), source };
        let path = folder.join("adapter_config.json");
        let mut adapter = Adapter { folder: folder.to_path_buf(), config: None, weights: None };
        match std::fs::read(&path) {
            Ok(bytes) => {
                let (config, found) = AdapterConfig::parse("adapter_config.json", &String::from_utf8_lossy(&bytes));
                adapter.config = config;
                report.extend(found);
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => report.push(
                Finding::new(Code::X024, format!("`{}` has no `adapter_config.json`", folder.display()))
                    .span(Span::whole(&Source::name_only("adapter_config.json"), "missing"))
                    .help("name the folder that `save_pretrained` of the adapter wrote"),
            ),
            Err(e) => return Err(io(&path, e)),
        }
        let places = ["adapter_model.safetensors", "adapter_model.bin"];
        match places.iter().map(|name| folder.join(name)).find(|p| p.exists()) {
            Some(file) => match if copied { Weights::open_copied(&file) } else { Weights::open(&file) } {
                Ok(weights) => adapter.weights = Some(weights),
                Err(bert_weights::Error::Rejected(rejected)) => report.extend(rejected.into_report()),
                Err(other) => return Err(other.into()),
            },
            None => report.push(
                Finding::new(Code::X024, "the adapter has no weight file")
                    .span(Span::whole(&Source::name_only("adapter_config.json"), "is there alone"))
                    .note(format!("looked for: {}", listed(places, 4)))
                    .help("copy the adapter's folder again"),
            ),
        }
        Ok(adapter)
    }

    /// The base where the caller names none: in the local cache, under the name the adapter gives. A path is not followed:
    /// it is the training machine's, and files of this machine are not taken on a file's word.
    pub(crate) fn base(&self) -> Result<PathBuf, Rejected> {
        let stated = self.config.as_ref().and_then(|c| c.base_model_name_or_path.clone());
        let found = stated.as_deref().and_then(hub::Name::parse).and_then(|name| hub::snapshot(&name).ok());
        found.ok_or_else(|| {
            let said =
                stated.map_or("its configuration names none".to_string(), |b| format!("it names {}", quoted(&b)));
            Rejected::new([Finding::new(Code::X027, "the folder holds an adapter, whose base was not found")
                .span(Span::whole(&Source::name_only("adapter_config.json"), said))
                .note("an adapter holds changes to another model's weights, not a model")
                .note("looked for that name in the local cache; paths of the training machine are not followed")
                .help("name the base: `--base DIR`")])
        })
    }

    /// The base's weights with the adapter on top; `None` where something is wrong, which goes to the report.
    pub(crate) fn apply(&self, base: &Weights, report: &mut Report) -> Option<Weights> {
        let (config, weights) = (self.config.as_ref()?, self.weights.as_ref()?);
        let names = NameMap::decide(base.index().names());
        match apply_adapter(base, &names, weights, config) {
            Ok(applied) => Some(applied),
            Err(rejected) => {
                report.extend(rejected.into_report());
                None
            }
        }
    }

    /// The task that PEFT's name of it stands for.
    pub(crate) fn task(&self) -> Option<bert_config::Task> {
        use bert_config::Task;
        Some(match self.config.as_ref()?.task_type.as_deref()? {
            "SEQ_CLS" => Task::TextClassification,
            "TOKEN_CLS" => Task::TokenClassification,
            "QUESTION_ANS" => Task::QuestionAnswering,
            "FEATURE_EXTRACTION" => Task::FeatureExtraction,
            _ => return None,
        })
    }

    /// The adapter's own tokenizer or configuration, where it has one.
    pub(crate) fn located(&self) -> Result<Located, Error> {
        Located::find(&self.folder)
    }
}
