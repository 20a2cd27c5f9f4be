//! The tokenizers.

use serde_json::{Map, Value, json};

use super::{characters, known};

const SPECIAL: [&str; 6] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]"];

const WORDS: &str = "the film un ##believ ##able don it mail example tag cafe caf\u{e9} angstrom \u{e5}ngstr\u{f6}m stra\u{df}e istanbul \
    \u{5317}\u{4eac} ##\u{4eac} ##ing ##s Film The UN ##BELIEV ##ABLE Stra\u{df}e eleve \u{e9}l\u{e8}ve norm user url";

/// Text, `lstrip`, `rstrip`, `single_word`, `normalized`.
type Added = (&'static str, bool, bool, bool, bool);

const ADDED: &[Added] = &[
    ("<user>", false, false, false, false),
    ("<url>", true, true, false, true),
    ("<left>", true, false, false, false),
    ("<right>", false, true, false, false),
    ("<both>", true, true, false, false),
    ("<word>", false, false, true, false),
    ("<Norm>", false, false, false, true),
    ("<raw>", false, false, true, true),
    ("\u{e9}l\u{e8}ve", false, false, false, true),
];

/// A tokenizer, as its files.
pub struct StressTokenizer {
    /// Its name; also the name of its golden.
    pub name: &'static str,
    /// File names and bytes.
    pub files: Vec<(&'static str, Vec<u8>)>,
}

/// Every form and option of the files.
pub fn tokenizers() -> Vec<StressTokenizer> {
    let vocabulary = vocabulary();
    let vocab = || ("vocab.txt", format!("{}\n", vocabulary.join("\n")).into_bytes());
    let config = |more: Value| ("tokenizer_config.json", settings(more));
    let by_vocab = |name, more: Value| StressTokenizer { name, files: vec![vocab(), config(more)] };
    let by_json = |name, lowercase: bool, added: &[Added]| StressTokenizer {
        name,
        files: vec![
            ("tokenizer.json", tokenizer_json(&vocabulary, lowercase, added)),
            config(json!({"do_lower_case": lowercase})),
        ],
    };
    vec![
        by_json("json-uncased", true, &[]),
        by_json("json-cased", false, &[]),
        by_json("json-added-tokens", true, ADDED),
        by_json("json-cased-added-tokens", false, ADDED),
        StressTokenizer { name: "vocab-alone", files: vec![vocab()] },
        by_vocab("vocab-cased", json!({"do_lower_case": false})),
        by_vocab("vocab-cased-strip-accents", json!({"do_lower_case": false, "strip_accents": true})),
        by_vocab("vocab-uncased-keep-accents", json!({"do_lower_case": true, "strip_accents": false})),
        by_vocab("vocab-no-chinese", json!({"do_lower_case": true, "tokenize_chinese_chars": false})),
        by_vocab(
            "vocab-never-split",
            json!({"do_lower_case": true, "never_split": ["don't", "[unused1]", "\u{5317}\u{4eac}"]}),
        ),
        by_vocab("vocab-added-tokens", json!({"do_lower_case": true, "added_tokens_decoder": decoder(&vocabulary)})),
        by_vocab("vocab-left-truncation", json!({"do_lower_case": true, "truncation_side": "left"})),
    ]
}

fn vocabulary() -> Vec<String> {
    let mut tokens: Vec<String> = SPECIAL.iter().map(ToString::to_string).collect();
    tokens.extend(characters(0..0x20000).filter(|c| known(*c)).map(String::from));
    // Parts of words where words are written in letters; elsewhere a word of several characters is unknown.
    let lettered = characters(0..0x3000).chain(characters(0x1f000..0x1fb00));
    tokens.extend(lettered.filter(|c| known(*c)).map(|c| format!("##{c}")));
    let mut seen: std::collections::HashSet<String> = tokens.iter().cloned().collect();
    tokens.extend(WORDS.split_whitespace().map(str::to_string).filter(|w| seen.insert(w.clone())));
    tokens
}

fn flags((content, lstrip, rstrip, single_word, normalized): &Added) -> Value {
    json!({"content": content, "lstrip": lstrip, "rstrip": rstrip, "single_word": single_word, "normalized": normalized, "special": false})
}

fn special(content: &str) -> Value {
    json!({"content": content, "lstrip": false, "rstrip": false, "single_word": false, "normalized": false, "special": true})
}

/// All added tokens with their ids, the five special ones first.
fn added(vocabulary: &[String], added: &[Added]) -> Vec<(usize, Value)> {
    let special = SPECIAL[..5].iter().map(|t| special(t)).enumerate();
    special.chain(added.iter().enumerate().map(|(i, row)| (added_id(vocabulary, i, row.0), flags(row)))).collect()
}

/// The id of an added token: the vocabulary's if it has the word, else the next free one.
fn added_id(vocabulary: &[String], row: usize, content: &str) -> usize {
    let new = |word: &str| !vocabulary.iter().any(|t| t == word);
    let before = ADDED[..row].iter().filter(|(word, ..)| new(word)).count();
    vocabulary.iter().position(|t| t == content).unwrap_or(vocabulary.len() + before)
}

fn decoder(vocabulary: &[String]) -> Value {
    let map: Map<String, Value> = added(vocabulary, ADDED).into_iter().map(|(id, t)| (id.to_string(), t)).collect();
    Value::Object(map)
}

fn settings(more: Value) -> Vec<u8> {
    let mut settings =
        json!({"tokenizer_class": "BertTokenizer", "strip_accents": null, "tokenize_chinese_chars": true});
    let more = more.as_object().cloned().unwrap_or_default();
    settings.as_object_mut().unwrap().extend(more);
    serde_json::to_vec_pretty(&settings).unwrap()
}

fn tokenizer_json(vocabulary: &[String], lowercase: bool, flagged: &[Added]) -> Vec<u8> {
    let special = |token: &str, type_id: u32| json!({"SpecialToken": {"id": token, "type_id": type_id}});
    let sequence = |name: &str, type_id: u32| json!({"Sequence": {"id": name, "type_id": type_id}});
    let mut tokens = added(vocabulary, flagged);
    tokens.sort_by_key(|(id, _)| *id);
    let with_id = |(id, mut token): (usize, Value)| {
        token["id"] = id.into();
        token
    };
    let vocab: Map<String, Value> = vocabulary.iter().enumerate().map(|(id, t)| (t.clone(), id.into())).collect();
    let root = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": tokens.into_iter().map(with_id).collect::<Vec<_>>(),
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": lowercase},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)],
            "pair": [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0), sequence("B", 1), special("[SEP]", 1)],
            "special_tokens": {
                "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]},
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab},
    });
    serde_json::to_vec(&root).unwrap()
}
