//! `tokenizer_config.json` and `special_tokens_map.json`: what they say, read leniently where the reference does.

use bert_diag::{Code, Finding, Report, Source, Span};
use serde_json::{Map, Value};

use crate::TokenizerFiles;

/// A token that the settings add to the vocabulary, with its flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AddedToken {
    pub(crate) id: Option<u64>,
    pub(crate) content: String,
    pub(crate) json: Map<String, Value>,
    /// Written in `added_tokens.json`, else in `added_tokens_decoder`.
    pub(crate) from_file: bool,
}

/// The settings that change how a text becomes ids. `None` means absent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) class: Option<String>,
    pub(crate) do_lower_case: Option<bool>,
    /// `Some(None)` is an explicit null.
    pub(crate) strip_accents: Option<Option<bool>>,
    pub(crate) tokenize_chinese_chars: Option<bool>,
    pub(crate) model_max_length: Option<f64>,
    pub(crate) truncate_left: bool,
    pub(crate) pads_left: bool,
    pub(crate) clean_up: bool,
    pub(crate) added: Vec<AddedToken>,
    root: Map<String, Value>,
    special_map: Map<String, Value>,
}

impl Settings {
    pub(crate) fn read(files: &TokenizerFiles, report: &mut Report) -> Settings {
        let root = object(files.tokenizer_config.as_deref(), "tokenizer_config.json", report);
        let special_map = object(files.special_tokens_map.as_deref(), "special_tokens_map.json", report);
        let mut settings = Settings {
            class: root.get("tokenizer_class").and_then(Value::as_str).map(str::to_string),
            do_lower_case: root.get("do_lower_case").and_then(Value::as_bool),
            strip_accents: root.get("strip_accents").map(Value::as_bool),
            tokenize_chinese_chars: root.get("tokenize_chinese_chars").and_then(Value::as_bool),
            model_max_length: root.get("model_max_length").and_then(Value::as_f64),
            truncate_left: root.get("truncation_side").and_then(Value::as_str) == Some("left"),
            pads_left: root.get("padding_side").and_then(Value::as_str) == Some("left"),
            clean_up: root.get("clean_up_tokenization_spaces").and_then(Value::as_bool).unwrap_or(false),
            ..Settings::default()
        };
        if let Some(Value::Object(decoder)) = root.get("added_tokens_decoder") {
            settings.added.extend(decoder.iter().filter_map(|(id, token)| {
                let mut json = token.as_object()?.clone();
                json.remove("__type");
                Some(AddedToken {
                    id: Some(id.parse().ok()?),
                    content: json.get("content")?.as_str()?.to_string(),
                    json,
                    from_file: false,
                })
            }));
        }
        for (content, id) in object(files.added_tokens.as_deref(), "added_tokens.json", report) {
            if !settings.added.iter().any(|t| t.content == content) {
                settings.added.push(AddedToken {
                    id: id.as_u64(),
                    json: plain_token(&content, false),
                    content,
                    from_file: true,
                });
            }
        }
        settings.added.sort_by_key(|t| t.id.unwrap_or(u64::MAX));
        settings.root = root;
        settings.special_map = special_map;
        settings
    }

    /// The text of a special token such as `cls_token`, else its default.
    pub(crate) fn special(&self, key: &str, default: &str) -> String {
        text_of(&self.root, key).or_else(|| text_of(&self.special_map, key)).unwrap_or_else(|| default.to_string())
    }

    /// Special tokens that `tokenizer_config.json` and `special_tokens_map.json` name differently: role, first, second.
    pub(crate) fn contradictions(&self) -> Vec<(&'static str, String, String)> {
        let roles = ["unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
        let pair = |role: &'static str| Some((role, text_of(&self.root, role)?, text_of(&self.special_map, role)?));
        roles.into_iter().filter_map(pair).filter(|(_, a, b)| a != b).collect()
    }

    /// Whether the class lets these settings win over the normalizer of `tokenizer.json`, as `BertTokenizerFast` does.
    pub(crate) fn overrides_normalizer(&self) -> bool {
        self.class.as_deref() != Some("PreTrainedTokenizerFast")
    }
}

/// A special token's text: written alone, or as an object with flags.
fn text_of(map: &Map<String, Value>, key: &str) -> Option<String> {
    match map.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Object(token) => token.get("content")?.as_str().map(str::to_string),
        _ => None,
    }
}

/// The JSON of an added token with every flag at its default for special or ordinary tokens.
pub(crate) fn plain_token(content: &str, special: bool) -> Map<String, Value> {
    let mut json = Map::new();
    json.insert("content".into(), content.into());
    for flag in ["single_word", "lstrip", "rstrip"] {
        json.insert(flag.into(), false.into());
    }
    json.insert("normalized".into(), (!special).into());
    json.insert("special".into(), special.into());
    json
}

fn object(bytes: Option<&[u8]>, file: &str, report: &mut Report) -> Map<String, Value> {
    let Some(bytes) = bytes else { return Map::new() };
    match parse_json(bytes, file) {
        Ok(Value::Object(map)) => map,
        Ok(_) => {
            report.push(
                Finding::new(Code::T002, format!("`{file}` is not a JSON object"))
                    .span(Span::whole(&Source::name_only(file), "")),
            );
            Map::new()
        }
        Err(finding) => {
            report.push(*finding);
            Map::new()
        }
    }
}

/// Reads a JSON file of the tokenizer; syntax errors are findings with their place.
pub(crate) fn parse_json(bytes: &[u8], file: &str) -> Result<Value, Box<Finding>> {
    let broken = |message: String| {
        Finding::new(Code::T002, format!("`{file}` {message}")).help("copy the file again from where it was made")
    };
    let decoded = bert_json::decode(bytes).map_err(|e| {
        Box::new(broken(format!("cannot be read: {e}")).span(Span::whole(&Source::name_only(file), "")))
    })?;
    match serde_json::from_str(&decoded.for_parsing()) {
        Ok(value) => Ok(value),
        Err(e) => {
            let source = Source::text(file, decoded.text.as_str());
            let range = bert_json::parse(&decoded.for_parsing()).err().map_or(0..0, |p| p.range);
            let message = format!("is not valid JSON: {e}");
            Err(Box::new(broken(message).span(Span::primary(&source, range, "reading stopped here"))))
        }
    }
}
