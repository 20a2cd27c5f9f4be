//! What is wrong with a tokenizer by itself.

use bert_diag::{Code, Finding, Report, Severity, Source, Span, counted, quoted};

use crate::settings::{AddedToken, Settings};
use crate::{BertTokenizer, TokenizerFacts, TokenizerFiles};

pub(crate) fn judge(tokenizer: &BertTokenizer, files: &TokenizerFiles, report: &mut Report) {
    let facts = tokenizer.facts();
    special_tokens(facts, report);
    template(tokenizer, report);
    baked(facts, report);
    casing(facts, files, report);
    both_vocabularies(tokenizer, files, report);
}

/// Classes whose fast form is the WordPiece pipeline read here.
const CLASSES: [&str; 5] =
    ["BertTokenizer", "BertTokenizerFast", "PreTrainedTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast"];

/// `tokenizer_class` names another pipeline.
pub(crate) fn class(settings: &Settings, report: &mut Report) {
    let Some(class) = settings.class.as_deref().filter(|c| !CLASSES.contains(c)) else { return };
    let mut finding = Finding::new(Code::T003, format!("`tokenizer_class` is {}, not BERT's", quoted(class)))
        .span(whole("tokenizer_config.json"))
        .help("copy the tokenizer files of this model's base");
    if class.starts_with("BertJapanese") {
        finding = finding.note(
            "it splits words with a dictionary (MeCab or Sudachi) before WordPiece; without it the ids are others",
        );
    } else {
        finding.severity = Severity::Warning;
        finding =
            finding.note("the vocabulary is WordPiece, so it is read as BERT's; the class may normalise differently");
    }
    report.push(finding);
}

/// Two files name the same special token differently.
pub(crate) fn contradictions(settings: &Settings, report: &mut Report) {
    for (role, used, other) in settings.contradictions() {
        let (used, other) = (quoted(&used), quoted(&other));
        report.push(
            Finding::new(
                Code::T014,
                format!("`{role}` is {used} in `tokenizer_config.json`, {other} in `special_tokens_map.json`"),
            )
            .span(whole("special_tokens_map.json"))
            .note(format!("used here: {used}"))
            .help("make the two files agree with training"),
        );
    }
}

fn whole(file: &'static str) -> Span {
    Span::whole(&Source::name_only(file), "")
}

fn special_tokens(facts: &TokenizerFacts, report: &mut Report) {
    for token in facts.special.iter().filter(|t| t.id.is_none()) {
        let mut finding =
            Finding::new(Code::T007, format!("the vocabulary has no {} ({})", quoted(&token.text), token.role))
                .span(whole(facts.file))
                .help(format!(
                    "restore the original vocabulary, or name the token as `{}` in `tokenizer_config.json`",
                    token.role
                ));
        finding.severity = match token.role {
            // Padding is masked here and [MASK] matters to one task only.
            "pad_token" | "mask_token" => Severity::Warning,
            _ => Severity::Error,
        };
        report.push(finding.note(match token.role {
            "unk_token" => "any word the vocabulary cannot spell would fail",
            "cls_token" | "sep_token" => "no input can be built as in training",
            _ => "the reference would give it a new id past the vocabulary",
        }));
    }
}

/// Ids that `added_tokens_decoder` or `added_tokens.json` write beside a token must be the ids it gets.
pub(crate) fn added_ids(tokenizer: &BertTokenizer, settings: &Settings, report: &mut Report) {
    let wrong =
        |t: &&AddedToken| t.id.is_some_and(|id| tokenizer.token_id(&t.content).is_none_or(|got| u64::from(got) != id));
    let Some(first) = settings.added.iter().find(wrong) else { return };
    let (count, written) = (settings.added.iter().filter(wrong).count(), first.id.unwrap_or_default());
    let got = tokenizer.token_id(&first.content).map_or("none".to_string(), |id| id.to_string());
    let file = if first.from_file { "added_tokens.json" } else { "tokenizer_config.json" };
    report.push(
        Finding::new(
            Code::T008,
            format!("the added token {} is written with id {written} but gets {got}", quoted(&first.content)),
        )
        .span(whole(file))
        .note(format!(
            "{} in all; ids are given in order after the vocabulary, as the reference gives them",
            counted(count, "such token")
        ))
        .help("take all tokenizer files from one training step"),
    );
}

/// The ids that the post-processor puts around a text must be the vocabulary's.
fn template(tokenizer: &BertTokenizer, report: &mut Report) {
    let facts = tokenizer.facts();
    let (Some(cls), Some(sep)) = (facts.special.cls.id, facts.special.sep.id) else { return };
    let Ok(empty) = tokenizer.encode("", &crate::EncodeOptions::default()) else { return };
    if empty.ids != [cls, sep] {
        report.push(
            Finding::new(Code::T008, format!("an empty text becomes ids {:?}, not [{cls}, {sep}]", empty.ids))
                .span(whole(facts.file))
                .note(format!(
                    "the vocabulary has {} at {cls} and {} at {sep}",
                    quoted(&facts.special.cls.text),
                    quoted(&facts.special.sep.text)
                ))
                .help("take `tokenizer.json` from one source: its post-processor belongs to another vocabulary"),
        );
    }
}

fn baked(facts: &TokenizerFacts, report: &mut Report) {
    let truncation = facts.baked_truncation.map(|n| format!("truncation to {n} tokens"));
    let padding = facts.baked_padding.then(|| "padding".to_string());
    let both: Vec<_> = truncation.into_iter().chain(padding).collect();
    if !both.is_empty() {
        report.push(
            Finding::new(Code::T009, format!("`tokenizer.json` carries {}", both.join(" and ")))
                .span(whole("tokenizer.json"))
                .note("not applied here; other programs that read the file apply it to every text")
                .help("save the tokenizer with truncation and padding off"),
        );
    }
}

fn casing(facts: &TokenizerFacts, files: &TokenizerFiles, report: &mut Report) {
    let (upper, lettered) = (facts.uppercase_entries, facts.lettered_entries);
    let place = if files.tokenizer_config.is_some() { "tokenizer_config.json" } else { facts.file };
    // An uncased vocabulary has no upper-case entry at all, a cased one has them in a third of its entries or more.
    if facts.lowercase && upper * 20 > lettered {
        report.push(
            Finding::new(
                Code::T010,
                format!("texts are lower-cased, but {upper} of {lettered} lettered vocabulary entries have upper case"),
            )
            .span(whole(place))
            .note("`do_lower_case` defaults to true when `tokenizer_config.json` does not say otherwise")
            .help("write \"do_lower_case\": false into `tokenizer_config.json` if the model was trained cased"),
        );
    } else if !facts.lowercase && upper == 0 && lettered >= 26 {
        report.push(
            Finding::new(
                Code::T010,
                format!("texts keep their case, but none of {lettered} lettered vocabulary entries has upper case"),
            )
            .span(whole(place))
            .note("every word with a capital letter becomes [UNK]")
            .help("write \"do_lower_case\": true into `tokenizer_config.json` if the model was trained uncased"),
        );
    }
}

/// `vocab.txt` beside `tokenizer.json` must be the same vocabulary.
fn both_vocabularies(tokenizer: &BertTokenizer, files: &TokenizerFiles, report: &mut Report) {
    let (Some(_), Some(bytes)) = (&files.tokenizer_json, &files.vocab_txt) else { return };
    let Ok(text) = std::str::from_utf8(bytes) else {
        report.push(
            Finding::new(Code::T012, "`vocab.txt` is not UTF-8; `tokenizer.json` is used")
                .span(whole("vocab.txt"))
                .help("delete the damaged file"),
        );
        return;
    };
    let lines = crate::vocab::lines(text);
    let differing: Vec<_> = lines
        .iter()
        .enumerate()
        .filter(|(id, token)| tokenizer.token_id(token).is_none_or(|t| t as usize != *id))
        .collect();
    let Some((id, token)) = differing.first() else {
        let model = tokenizer.model_vocab_size();
        if lines.len() < model {
            report.push(
                Finding::new(
                    Code::T012,
                    format!("`vocab.txt` has {} lines, `tokenizer.json` {model} entries", lines.len()),
                )
                .span(whole("vocab.txt"))
                .help("delete the stale file; `tokenizer.json` is used"),
            );
        }
        return;
    };
    let other = match tokenizer.token_id(token) {
        Some(other) => format!("id {other}"),
        None => "absent".to_string(),
    };
    report.push(
        Finding::new(
            Code::T012,
            format!("{} of {} lines of `vocab.txt` disagree with `tokenizer.json`", differing.len(), lines.len()),
        )
        .span(whole("vocab.txt"))
        .note(format!("the first is {}: id {id} in `vocab.txt`, {other} in `tokenizer.json`", quoted(token)))
        .help("delete the stale file; `tokenizer.json` is used"),
    );
}
