//! From text to [`BertConfig`], every problem reported.

use std::path::Path;

use bert_diag::{Code, Finding, Fix, Rejected, Report, Source, Span, listed, quoted};
use bert_json::{Member, NotText, Value};

use crate::fields::{ALIASES, FIELDS};
use crate::read::{as_witness, key_span, value_span};
use crate::value::Wrong;
use crate::{BertConfig, Effect, Error, check, cross_encoder, known, labels};

/// What was read, and everything that is wrong with it.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// The value, completed by defaults; `None` when the text is not an object. Fields that could not be read
    /// ([`BertConfig::is_broken`]) hold their default, so do not run it unless the report is clean of errors.
    pub value: Option<T>,
    /// All findings.
    pub report: Report,
    /// The text, for spans.
    pub source: Source,
}

impl<T> Parsed<T> {
    /// The value with the remaining findings, if none of them is an error.
    ///
    /// # Errors
    /// The whole report otherwise.
    pub fn into_result(self) -> Result<(T, Report), Rejected> {
        let report = self.report.into_result()?;
        match self.value {
            Some(value) => Ok((value, report)),
            None => Err(Rejected::new([Finding::new(Code::C005, Code::C005.summary())])),
        }
    }
}

impl BertConfig {
    /// Reads a configuration from text.
    ///
    /// Never fails: everything that is wrong is in the report.
    pub fn parse(text: &str) -> Parsed<BertConfig> {
        Self::parse_bytes("config.json", text.as_bytes())
    }

    /// Reads a configuration from the bytes of a file called `file`.
    pub fn parse_bytes(file: &str, bytes: &[u8]) -> Parsed<BertConfig> {
        parse_bytes(file, bytes)
    }

    /// Reads a configuration file, or the one in a folder: `config.json`, else Google's `bert_config.json`.
    ///
    /// # Errors
    /// When no file can be read. What is wrong in the file is in the report.
    pub fn from_path(path: impl AsRef<Path>) -> Result<Parsed<BertConfig>, Error> {
        let path = path.as_ref();
        let file = if path.is_dir() {
            ["config.json", "bert_config.json"]
                .iter()
                .map(|name| path.join(name))
                .find(|p| p.exists())
                .ok_or_else(|| Error::Missing { folder: path.to_path_buf() })?
        } else {
            path.to_path_buf()
        };
        let bytes = std::fs::read(&file).map_err(|source| Error::Io { path: file.clone(), source })?;
        let name = file.file_name().map_or_else(|| "config.json".into(), |n| n.to_string_lossy().into_owned());
        Ok(Self::parse_bytes(&name, &bytes))
    }
}

fn parse_bytes(file: &str, bytes: &[u8]) -> Parsed<BertConfig> {
    let mut report = Report::default();
    let lossy = || Source::text(file, String::from_utf8_lossy(bytes));
    let decoded = match bert_json::decode(bytes) {
        Ok(decoded) => decoded,
        Err(problem) => {
            report.push(not_text(file, problem, bytes));
            return Parsed { value: None, report, source: lossy() };
        }
    };
    let source = Source::text(file, decoded.text.as_str());
    if decoded.byte_order_mark {
        report.push(
            Finding::new(Code::C003, format!("`{file}` begins with a UTF-8 byte order mark"))
                .span(Span::primary(&source, 0..3, "skipped"))
                .fix(Fix::replace("remove the mark", file, 0..3, "")),
        );
    }
    let root = match bert_json::parse(&decoded.for_parsing()) {
        Ok(root) => root,
        Err(problem) => {
            report.push(syntax(file, &source, &problem, decoded.text.len()));
            return Parsed { value: None, report, source };
        }
    };
    let value = read_root(&root, &source, &mut report);
    if file == "bert_config.json" {
        report.push(
            Finding::new(Code::C025, Code::C025.summary())
                .span(Span::whole(&source, ""))
                .help("rename it to `config.json` and add `architectures`"),
        );
    }
    Parsed { value, report, source }
}

fn not_text(file: &str, problem: NotText, bytes: &[u8]) -> Finding {
    let source = Source::text(file, String::from_utf8_lossy(bytes));
    let finding = Finding::new(Code::C002, format!("`{file}`: {problem}"));
    let finding = match problem {
        NotText::Utf8(at) => {
            let label = format!("byte {at} is {:#04x}", bytes.get(at).copied().unwrap_or_default());
            finding.span(Span::primary(&source, at..at + 1, label))
        }
        _ => finding.span(Span::whole(&source, format!("{} bytes", bytes.len()))),
    };
    finding.help("save the file as UTF-8 text, or copy it again from where it was made")
}

fn syntax(file: &str, source: &Source, problem: &bert_json::Problem, len: usize) -> Finding {
    let span = Span::primary(source, problem.range.clone(), problem.message.clone());
    let (line, column) = span.line_column().unwrap_or((1, 1));
    let mut finding = Finding::new(
        Code::C004,
        format!("`{file}` is not valid JSON: {} at line {line}, column {column}", problem.message),
    )
    .span(span);
    if problem.is_unfinished() {
        finding =
            finding.note(format!("the file ends after {len} bytes in the middle of the object: it was cut short"));
        return finding.help("copy the whole file again from where it was made");
    }
    finding.help("mend the text at the place shown")
}

fn read_root(root: &Value, source: &Source, report: &mut Report) -> Option<BertConfig> {
    let Some(members) = root.as_object() else {
        report.push(
            Finding::new(Code::C005, format!("the configuration is {}, not an object", root.describe()))
                .span(Span::primary(source, root.range.clone(), "expected { ... }"))
                .help("put the object itself at the top level"),
        );
        return None;
    };
    for (pointer, first, again) in bert_json::duplicate_keys(root) {
        report.push(
            Finding::new(Code::C006, format!("the key {} occurs twice", quoted(&first.key)))
                .span(
                    Span::primary(source, again.key_range.clone(), format!("again, with {}", excerpt(&again.value)))
                        .at_pointer(pointer),
                )
                .span(Span::witness(source, first.key_range.clone(), format!("first, with {}", excerpt(&first.value))))
                .help("delete the wrong one"),
        );
    }
    let mut config = BertConfig { source: source.clone(), ..BertConfig::default() };
    // Which of two values was meant is unknown, so nothing is concluded from the field.
    let doubled = members.iter().enumerate().filter(|(i, m)| members.iter().take(*i).any(|first| first.key == m.key));
    config.broken.extend(doubled.map(|(_, m)| m.key.clone()));
    for member in members {
        read_member(&mut config, member, source, report);
    }
    for map in ["id2label", "label2id"] {
        let entries = root.get(map).and_then(Value::as_object);
        config.map_entries.extend(entries.map(|e| (map.to_string(), e.len())));
    }
    match labels::read(root, source, report) {
        Some(labels) => config.labels = labels,
        None => _ = config.broken.insert("id2label".into()),
    }
    config.score_activation = cross_encoder::read(root, source, report);
    check::check(&config, root, source, report);
    Some(config)
}

fn excerpt(value: &Value) -> String {
    quoted(&value.canonical())
}

fn read_member(config: &mut BertConfig, member: &Member, source: &Source, report: &mut Report) {
    let name = ALIASES.iter().find(|(alias, _)| *alias == member.key).map_or(member.key.as_str(), |(_, name)| *name);
    // A map or a list may be many lines long: of it the key or the first element is shown.
    let at = match &member.value.kind {
        bert_json::ValueKind::Object(_) => &member.key_range,
        bert_json::ValueKind::Array(elements) => elements.first().map_or(&member.key_range, |e| &e.range),
        _ => &member.value.range,
    };
    config.given.insert(name.to_string(), at.clone());
    let Some(field) = FIELDS.iter().find(|f| f.name == name) else {
        if !known::SPECIAL.contains(&name) || matches!(name, "pruned_heads" | "quantization_config") {
            config.others.insert(name.to_string(), member.value.canonical());
        }
        if !known::is_known(name) {
            report.push(unknown(member, source));
        }
        return;
    };
    match (field.read)(config, &member.value) {
        Ok(false) => {}
        Ok(true) => report.push(
            Finding::new(Code::C008, format!("`{}` is written as a float", member.key))
                .span(value_span(source, member, "read as a whole number"))
                .fix(Fix::replace(
                    "write it without a fraction",
                    source.file(),
                    member.value.range.clone(),
                    (field.json)(config),
                )),
        ),
        Err(wrong) => {
            config.broken.insert(name.to_string());
            report.push(wrong_value(member, &wrong, source));
        }
    }
}

fn wrong_value(member: &Member, wrong: &Wrong, source: &Source) -> Finding {
    let key = &member.key;
    let is = quoted(&member.value.canonical());
    match wrong {
        Wrong::Type(expected) => Finding::new(Code::C007, format!("`{key}` must be {expected}"))
            .span(value_span(source, member, format!("is {}", member.value.describe())))
            .help(format!("write {expected}")),
        Wrong::Range(range) => Finding::new(Code::C009, format!("`{key}` is {is}, outside its legal range"))
            .span(value_span(source, member, format!("must be {range}")))
            .help("write the value of the training run; the shapes in the weight file tell most sizes"),
        Wrong::Word { legal, activation } => {
            let code = if *activation { Code::C011 } else { Code::C017 };
            let given = member.value.as_str().unwrap_or_default();
            let mut finding = Finding::new(code, format!("`{key}` is {is}, which the reference does not know"))
                .span(value_span(source, member, "unknown"))
                .note(format!("known are: {legal}"));
            let words = legal.split(", ").map(|w| w.trim_matches('`'));
            if let Some(near) = nearest(given, words) {
                finding = finding.help(format!("did you mean `{near}`?"));
            }
            finding
        }
    }
}

/// The closest of some names, if it is close enough to be a slip of the pen.
pub(crate) fn nearest<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let simple = |s: &str| s.to_lowercase().replace(['-', '_', ' '], "");
    names
        .map(|name| (strsim::damerau_levenshtein(&simple(given), &simple(name)), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 8 && *distance < name.len() / 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn unknown(member: &Member, source: &Source) -> Finding {
    let names = FIELDS.iter().map(|f| f.name).chain(known::SPECIAL.iter().copied());
    let synonym = known::SYNONYMS.iter().find(|(other, _)| *other == member.key).map(|(_, name)| *name);
    let Some(near) = synonym.or_else(|| nearest(&member.key, names)) else {
        return Finding::new(Code::C019, format!("{} is not a field that the reference knows", quoted(&member.key)))
            .span(key_span(source, member, "ignored"));
    };
    let mut finding =
        Finding::new(Code::C018, format!("{} is not a field; did you mean `{near}`?", quoted(&member.key)))
            .span(key_span(source, member, "ignored by every loader"));
    if let Some(field) = FIELDS.iter().find(|f| f.name == near) {
        let default = (field.json)(&BertConfig::default());
        finding = finding.note(format!("without the field, `{near}` is {default}"));
        if field.effect == Effect::Inference {
            finding = finding.note("the field changes what the model computes");
        }
    }
    finding.help(format!("rename it to `{near}`, or delete it"))
}

/// The list of a label map's names for a message.
pub(crate) fn names(config: &BertConfig) -> String {
    listed(config.labels().names(), 8)
}

/// A witness on a member's value, if it is there.
pub(crate) fn witness(root: &Value, key: &str, source: &Source, label: &str) -> Option<Span> {
    root.member(key).map(|m| as_witness(value_span(source, m, label)))
}
