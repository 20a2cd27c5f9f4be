//! Limits, prompts and similarity: `sentence_bert_config.json` and `config_sentence_transformers.json`.

use std::path::Path;

use bert_config::BertConfig;
use bert_diag::{Code, Report, quoted};
use bert_json::Value;

use super::Similarity;
use super::file::Json;
use crate::Error;

#[derive(Default)]
pub(super) struct Settings {
    pub(super) max_seq_length: Option<usize>,
    pub(super) lower_case: bool,
    pub(super) prompts: Vec<(String, String)>,
    pub(super) default_prompt: Option<String>,
    pub(super) similarity: Similarity,
}

impl Settings {
    /// `encoder` is the encoder's folder below `root`.
    pub(super) fn read(
        root: &Path,
        encoder: &str,
        config: Option<&BertConfig>,
        report: &mut Report,
    ) -> Result<Settings, Error> {
        let mut settings = Settings::default();
        if let Some(json) = Json::read(root, encoder, "sentence_bert_config.json", report)? {
            settings.max_seq_length = json.count("max_seq_length", report);
            settings.lower_case = json.flag("do_lower_case", report).unwrap_or(false);
            settings.check_limit(&json, config, report);
        }
        if let Some(json) = Json::read(root, "", "config_sentence_transformers.json", report)? {
            settings.prompts(&json, report);
            settings.similarity(&json, report);
        }
        Ok(settings)
    }

    fn check_limit(&self, json: &Json, config: Option<&BertConfig>, report: &mut Report) {
        let (Some(limit), Some(config)) = (self.max_seq_length, config) else { return };
        let positions = config.max_position_embeddings;
        if limit > positions
            && !config.is_broken("max_position_embeddings")
            && let Some(member) = json.member("max_seq_length")
        {
            let message = format!("`max_seq_length` is {limit}, the model has {positions} positions");
            report.push(
                json.wrong(member, Code::X013, message, &format!("{limit} tokens"))
                    .note(format!("texts are cut at {positions} here; sentence-transformers fails on longer ones"))
                    .help(format!("write \"max_seq_length\": {positions}")),
            );
        }
    }

    fn prompts(&mut self, json: &Json, report: &mut Report) {
        let texts = |v: &Value| -> Option<Vec<(String, String)>> {
            v.as_object()?.iter().map(|m| Some((m.key.clone(), m.value.as_str()?.to_string()))).collect()
        };
        self.prompts = json.typed("prompts", "an object of strings", texts, report).unwrap_or_default();
        self.default_prompt = json.text("default_prompt_name", report);
        // Every model has these two, empty unless said otherwise (`SentenceTransformer.__init__`).
        for name in ["query", "document"] {
            if !self.prompts.iter().any(|(n, _)| n == name) {
                self.prompts.push((name.into(), String::new()));
            }
        }
        if let Some(name) = self.default_prompt.as_ref().filter(|n| !self.prompts.iter().any(|(p, _)| p == *n))
            && let Some(member) = json.member("default_prompt_name")
        {
            let message = format!("the default prompt {} is not among the prompts", quoted(name));
            report
                .push(json.wrong(member, Code::X021, message, "no such prompt").help("correct the name, or delete it"));
        }
    }

    fn similarity(&mut self, json: &Json, report: &mut Report) {
        let Some(name) = json.text("similarity_fn_name", report) else { return };
        match (Similarity::from_name(&name), json.member("similarity_fn_name")) {
            (Some(similarity), _) => self.similarity = similarity,
            (None, Some(member)) => {
                let message = format!("the similarity function {} is not known", quoted(&name));
                let known = bert_diag::listed(Similarity::TABLE.iter().map(|row| row.1), 8);
                report.push(json.wrong(member, Code::X022, message, "unknown").note(format!("known are {known}")));
            }
            (None, None) => {}
        }
    }
}
