//! From files to a `tokenizers::Tokenizer`, with nothing in it that acts silently.

use bert_diag::{Code, Finding, Report, Source, Span, quoted};
use serde_json::{Value, json};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::{DecoderWrapper, NormalizerWrapper, PostProcessorWrapper, PreTokenizerWrapper, Tokenizer};

use crate::pipeline;
use crate::settings::{Settings, parse_json, plain_token};
use crate::vocab::{self, Recipe};
use crate::{SpecialTokens, TokenizerFiles};

/// A built tokenizer and what was noticed on the way.
pub(crate) struct Built {
    pub(crate) tokenizer: Tokenizer,
    pub(crate) file: &'static str,
    pub(crate) baked_truncation: Option<u64>,
    pub(crate) baked_padding: bool,
    pub(crate) lowercase: bool,
    pub(crate) census: Census,
}

/// Counts over the vocabulary with its added tokens.
#[derive(Default)]
pub(crate) struct Census {
    pub(crate) size: usize,
    pub(crate) max_id: u32,
    pub(crate) uppercase: usize,
    pub(crate) lettered: usize,
}

impl Census {
    fn take(root: &Value, names: &SpecialTokens) -> Census {
        let mut census = Census::default();
        let vocab = root.pointer("/model/vocab").and_then(Value::as_object);
        let added = root.get("added_tokens").and_then(Value::as_array).into_iter().flatten();
        let added = added.filter_map(|t| Some((t.get("content")?.as_str()?, t.get("id")?)));
        let new = added.filter(|(token, _)| !vocab.is_some_and(|v| v.contains_key(*token)));
        for (token, id) in vocab.into_iter().flatten().map(|(t, id)| (t.as_str(), id)).chain(new) {
            census.size += 1;
            census.max_id = census.max_id.max(id.as_u64().and_then(|id| u32::try_from(id).ok()).unwrap_or(0));
            // [unused7] and the like are placeholders, written alike in cased and uncased vocabularies.
            let placeholder = token.starts_with('[') && token.ends_with(']');
            if !placeholder && !names.iter().any(|special| special.text == token) {
                census.uppercase += usize::from(token.chars().any(char::is_uppercase));
                census.lettered += usize::from(token.chars().any(char::is_alphabetic));
            }
        }
        census
    }
}

pub(crate) fn build(
    files: &TokenizerFiles,
    settings: &Settings,
    names: &SpecialTokens,
    report: &mut Report,
) -> Option<Built> {
    if let Some(bytes) = &files.tokenizer_json {
        return from_json(bytes, settings, names, report);
    }
    from_vocab(files.vocab_txt.as_deref()?, settings, names, report)
}

/// Adds what the settings add; fails only on a broken tokenizer.
fn finish(
    mut root: Value,
    file: &'static str,
    settings: &Settings,
    names: &SpecialTokens,
    report: &mut Report,
) -> Option<Built> {
    let baked_truncation = root.pointer("/truncation/max_length").and_then(Value::as_u64);
    let baked_padding = root.get("padding").is_some_and(|p| !p.is_null());
    for key in ["truncation", "padding"] {
        if let Some(value) = root.get_mut(key) {
            *value = Value::Null;
        }
    }
    add_tokens(&mut root, settings, names);
    let lowercase = root.pointer("/normalizer/lowercase").and_then(Value::as_bool).unwrap_or(false);
    let census = Census::take(&root, names);
    match assemble(root) {
        Ok(tokenizer) => Some(Built { tokenizer, file, baked_truncation, baked_padding, lowercase, census }),
        Err(e) => {
            let finding = Finding::new(Code::T002, format!("`{file}` is no tokenizer: {e}"))
                .span(Span::whole(&Source::name_only(file), ""));
            report.push(finding.help("copy the file again from where it was made"));
            None
        }
    }
}

/// The tokenizer of a file, part by part: the model is known to be WordPiece, so the library need not try every kind on the
/// whole vocabulary.
fn assemble(mut root: Value) -> Result<Tokenizer, String> {
    fn part<T: serde::de::DeserializeOwned>(root: &mut Value, key: &str) -> Result<Option<T>, String> {
        match root.get_mut(key).map(Value::take) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value).map(Some).map_err(|e| format!("{key}: {e}")),
        }
    }
    let version: Option<String> = part(&mut root, "version")?;
    if version.as_deref().is_some_and(|v| v != "1.0") {
        return Err(format!("unknown version {}", quoted(&version.unwrap_or_default())));
    }
    let library = |e: tokenizers::Error| e.to_string();
    let mut tokenizer = Tokenizer::new(word_piece(root.get_mut("model").map(Value::take).unwrap_or_default())?);
    tokenizer.with_normalizer(part::<NormalizerWrapper>(&mut root, "normalizer")?).map_err(library)?;
    tokenizer.with_pre_tokenizer(part::<PreTokenizerWrapper>(&mut root, "pre_tokenizer")?);
    tokenizer.with_post_processor(part::<PostProcessorWrapper>(&mut root, "post_processor")?);
    tokenizer.with_decoder(part::<DecoderWrapper>(&mut root, "decoder")?);
    let added: Vec<tokenizers::AddedToken> = part(&mut root, "added_tokens")?.unwrap_or_default();
    tokenizer.add_tokens(added).map_err(library)?;
    Ok(tokenizer)
}

fn word_piece(mut model: Value) -> Result<WordPiece, String> {
    let library = |e: tokenizers::Error| e.to_string();
    let Some(Value::Object(entries)) = model.get_mut("vocab").map(Value::take) else {
        return Err("the model has no `vocab` object".into());
    };
    // The library's map type is private; this is an empty one.
    let mut vocab = WordPiece::read_bytes(b"").map_err(library)?;
    for (token, id) in entries {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(|| format!("the token {} has no id below 2^32", quoted(&token)))?;
        vocab.insert(token, id);
    }
    let mut builder = WordPiece::builder().vocab(vocab);
    let text = |key: &str| model.get(key).and_then(Value::as_str).map(str::to_string);
    if let Some(unk) = text("unk_token") {
        builder = builder.unk_token(unk);
    }
    if let Some(prefix) = text("continuing_subword_prefix") {
        builder = builder.continuing_subword_prefix(prefix);
    }
    let longest = model.get("max_input_chars_per_word").and_then(Value::as_u64);
    if let Some(longest) = longest.and_then(|n| usize::try_from(n).ok()) {
        builder = builder.max_input_chars_per_word(longest);
    }
    builder.build().map_err(library)
}

/// Tokens of the settings that the file does not list as added: the reference adds them when it opens the tokenizer.
/// A special token that the vocabulary lacks is not made up here; it is reported instead.
fn add_tokens(root: &mut Value, settings: &Settings, names: &SpecialTokens) {
    let vocab_id = |root: &Value, token: &str| root.pointer("/model/vocab")?.get(token)?.as_u64();
    let listed: Vec<String> = root
        .get("added_tokens")
        .and_then(Value::as_array)
        .map(|tokens| tokens.iter().filter_map(|t| Some(t.get("content")?.as_str()?.to_string())).collect())
        .unwrap_or_default();
    let largest = |root: &Value| {
        let model = root.pointer("/model/vocab").and_then(Value::as_object).map_or(0, serde_json::Map::len) as u64;
        let added = root.get("added_tokens").and_then(Value::as_array).into_iter().flatten();
        added.filter_map(|t| Some(t.get("id")?.as_u64()? + 1)).max().unwrap_or(0).max(model)
    };
    let mut wanted: Vec<_> = settings.added.iter().map(|t| (t.content.clone(), t.json.clone())).collect();
    for special in names.iter() {
        if !wanted.iter().any(|(content, _)| *content == special.text) && vocab_id(root, &special.text).is_some() {
            wanted.push((special.text.clone(), plain_token(&special.text, true)));
        }
    }
    for (content, mut token) in wanted {
        if listed.contains(&content) {
            continue;
        }
        let id = vocab_id(root, &content).unwrap_or_else(|| largest(root));
        for flag in ["single_word", "lstrip", "rstrip", "normalized", "special"] {
            token.entry(flag).or_insert(Value::Bool(false));
        }
        token.insert("id".into(), id.into());
        if let Some(added) = root.get_mut("added_tokens").and_then(Value::as_array_mut) {
            added.push(Value::Object(token));
        }
    }
    if let Some(added) = root.get_mut("added_tokens").and_then(Value::as_array_mut) {
        added.sort_by_key(|t| t.get("id").and_then(Value::as_u64));
    }
}

fn from_json(bytes: &[u8], settings: &Settings, names: &SpecialTokens, report: &mut Report) -> Option<Built> {
    const FILE: &str = "tokenizer.json";
    let mut root = match parse_json(bytes, FILE) {
        Ok(root) => root,
        Err(finding) => {
            report.push(*finding);
            return None;
        }
    };
    let span = || Span::whole(&Source::name_only(FILE), "");
    let model = root.pointer("/model/type").and_then(Value::as_str);
    let wordpiece =
        model == Some("WordPiece") || (model.is_none() && root.pointer("/model/continuing_subword_prefix").is_some());
    if !wordpiece {
        let found = model.map_or("of no known type".to_string(), |m| format!("{} model", quoted(m)));
        report.push(
            Finding::new(Code::T003, format!("`{FILE}` holds a {found}, not BERT's WordPiece"))
                .span(span())
                .help("copy the tokenizer files of this model's base: they belong to another model"),
        );
        return None;
    }
    if let Some(problem) = pipeline::problem(&root) {
        report.push(
            Finding::new(Code::T003, format!("`{FILE}` {problem}"))
                .span(span())
                .help("copy the tokenizer files of this model's base"),
        );
        return None;
    }
    if root.get("added_tokens").is_none() {
        root.as_object_mut()?.insert("added_tokens".into(), json!([]));
    }
    override_normalizer(&mut root, settings, report);
    finish(root, FILE, settings, names, report)
}

/// `BertTokenizerFast.__init__`: values written in `tokenizer_config.json` win over the normalizer of `tokenizer.json`.
/// Where the file does not write them, the reference would still put its defaults in; here `tokenizer.json` stands, and
/// the difference is reported.
fn override_normalizer(root: &mut Value, settings: &Settings, report: &mut Report) {
    let Some(normalizer) = root.get_mut("normalizer").and_then(Value::as_object_mut) else { return };
    if normalizer.get("type").and_then(Value::as_str) != Some("BertNormalizer") || !settings.overrides_normalizer() {
        return;
    }
    let rows = [
        ("lowercase", "do_lower_case", settings.do_lower_case.map(Value::from), Value::from(true)),
        ("strip_accents", "strip_accents", settings.strip_accents.map(Value::from), Value::Null),
        (
            "handle_chinese_chars",
            "tokenize_chinese_chars",
            settings.tokenize_chinese_chars.map(Value::from),
            Value::from(true),
        ),
    ];
    for (key, field, written, default) in rows {
        let held = normalizer.get(key).cloned().unwrap_or(Value::Null);
        let reference = written.clone().unwrap_or(default);
        if held == reference {
            continue;
        }
        let (what, used) = match &written {
            Some(value) => (format!("`{field}` is {value} in `tokenizer_config.json`"), reference.clone()),
            None => (
                format!(
                    "`{field}` is not written in `tokenizer_config.json`, which means {reference} to transformers 4"
                ),
                held.clone(),
            ),
        };
        report.push(
            Finding::new(Code::T011, format!("{what}, but the normalizer of `tokenizer.json` has `{key}` {held}"))
                .span(Span::whole(&Source::name_only("tokenizer_config.json"), ""))
                .note(format!("used here: {used}"))
                .help(format!(
                    "write \"{field}\" into `tokenizer_config.json` as in training, and the same into `tokenizer.json`"
                )),
        );
        normalizer.insert(key.into(), used);
    }
}

fn from_vocab(bytes: &[u8], settings: &Settings, names: &SpecialTokens, report: &mut Report) -> Option<Built> {
    let vocab = vocab::read(bytes, report)?;
    let id = |token: &str| vocab.get(token).and_then(Value::as_u64);
    let recipe = Recipe {
        lowercase: settings.do_lower_case.unwrap_or(true),
        strip_accents: settings.strip_accents.flatten(),
        chinese: settings.tokenize_chinese_chars.unwrap_or(true),
        unk: &names.unk.text,
        // A missing one is reported by the judge; the tokenizer is then not handed out.
        cls: (&names.cls.text, id(&names.cls.text).unwrap_or(0)),
        sep: (&names.sep.text, id(&names.sep.text).unwrap_or(0)),
    };
    let root = vocab::tokenizer_json(vocab.clone(), &recipe);
    finish(root, "vocab.txt", settings, names, report)
}
