//! Everything beside the weights: the configuration, the tokenizer's files, the modules of a sentence encoder.

use std::path::{Path, PathBuf};

use bert_tok::TokenizerFiles;
use bert_weights::{DType, Weights, WriteTensor, write_safetensors};

use super::ConvertError;
use super::plan::Plan;
use super::weights::{bytes, text};
use crate::{Checkpoint, Located};

/// `config.json`: what was read, with the class that the tensors confirm and the type they have now.
pub(super) fn config(checkpoint: &Checkpoint, plan: &Plan<'_>, folder: &Path) -> Result<(), ConvertError> {
    let mut config = checkpoint.config().clone();
    config.model_type = Some("bert".into());
    config.architectures = vec![checkpoint.architecture().name().to_string()];
    let dtype = match plan.dtype {
        DType::F16 => "float16",
        DType::BF16 => "bfloat16",
        DType::F64 => "float64",
        _ => "float32",
    };
    config.dtype = Some(dtype.into());
    text(&folder.join("config.json"), &config.to_json())
}

/// The tokenizer's files as they are, and what is missing of `tokenizer.json` and `tokenizer_config.json`.
pub(super) fn tokenizer(checkpoint: &Checkpoint, located: &Located, folder: &Path) -> Result<(), ConvertError> {
    let source = checkpoint.tokenizer_folder().unwrap_or(located.tokenizer_folder());
    let files = TokenizerFiles::read(source)
        .map_err(|e| ConvertError::Io { path: source.to_path_buf(), source: std::io::Error::other(e) })?;
    for (name, content) in files.present() {
        bytes(&folder.join(name), content)?;
    }
    let tokenizer = checkpoint.tokenizer();
    if files.tokenizer_json.is_none() {
        text(&folder.join("tokenizer.json"), &format!("{}\n", tokenizer.to_json()))?;
    }
    if files.tokenizer_config.is_none() {
        let facts = tokenizer.facts();
        let limit = facts.model_max_length.unwrap_or(checkpoint.config().max_position_embeddings);
        let mut settings = serde_json::Map::new();
        settings.insert("tokenizer_class".into(), "BertTokenizer".into());
        settings.insert("do_lower_case".into(), facts.lowercase.into());
        settings.insert("model_max_length".into(), limit.into());
        settings.extend(facts.special.iter().map(|t| (t.role.to_string(), t.text.clone().into())));
        let settings = serde_json::Value::Object(settings);
        text(&folder.join("tokenizer_config.json"), &format!("{settings:#}\n"))?;
    }
    Ok(())
}

const SENTENCE_FILES: [&str; 3] = ["modules.json", "config_sentence_transformers.json", "sentence_bert_config.json"];

/// The files around a sentence encoder: settings as they are, the weights of modules as safetensors.
pub(super) fn sentence(root: &Path, encoder: &Path, out: &Path) -> Result<(), ConvertError> {
    for name in SENTENCE_FILES {
        copy_if_there(&root.join(name), &out.join(name))?;
    }
    if !encoder.as_os_str().is_empty() {
        let name = encoder.join("sentence_bert_config.json");
        copy_if_there(&root.join(&name), &out.join(&name))?;
    }
    for folder in modules(root)? {
        let name = folder.file_name().unwrap_or_default();
        if Path::new(name) == encoder {
            continue;
        }
        let target = out.join(name);
        std::fs::create_dir_all(&target).map_err(ConvertError::io(&target))?;
        copy_if_there(&folder.join("config.json"), &target.join("config.json"))?;
        module_weights(&folder, &target)?;
    }
    Ok(())
}

/// Folders such as `1_Pooling`.
fn modules(root: &Path) -> Result<Vec<PathBuf>, ConvertError> {
    let entries = std::fs::read_dir(root).map_err(ConvertError::io(root))?;
    let numbered = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.split_once('_').is_some_and(|(n, _)| n.parse::<u32>().is_ok())
    };
    let mut folders: Vec<PathBuf> =
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_dir() && numbered(p)).collect();
    folders.sort();
    Ok(folders)
}

fn module_weights(folder: &Path, target: &Path) -> Result<(), ConvertError> {
    let file = ["model.safetensors", "pytorch_model.bin"].iter().map(|n| folder.join(n)).find(|p| p.exists());
    let Some(file) = file else { return Ok(()) };
    let weights = Weights::open(&file)?;
    let names: Vec<&str> = weights.index().names().collect();
    let tensors: Vec<_> = names.iter().filter_map(|n| Some(WriteTensor::new(*n, weights.get(n)?))).collect();
    let mut content = Vec::new();
    write_safetensors(&tensors, &mut content)?;
    bytes(&target.join("model.safetensors"), &content)
}

fn copy_if_there(from: &Path, to: &Path) -> Result<(), ConvertError> {
    match std::fs::read(from) {
        Ok(content) => bytes(to, &content),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(ConvertError::Io { path: from.to_path_buf(), source }),
    }
}
