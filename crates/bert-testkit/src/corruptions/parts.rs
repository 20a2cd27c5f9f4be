//! Configuration, safetensors, tokenizer, folder.

use serde_json::{Value, json};

use super::{Corruption, on};
use crate::{Folder, Tensors};

const fn c(
    name: &'static str,
    row: u32,
    code: &'static str,
    words: &'static [&'static str],
    apply: fn(&Folder),
) -> Corruption {
    on("tiny/seq-three", name, row, code, words, apply)
}

const SENTENCE: &str = "tiny/sentence-dense";
const WEIGHTS: &str = "model.safetensors";
const WORDS: &str = "bert.embeddings.word_embeddings.weight";
const QUERY: &str = "bert.encoder.layer.0.attention.self.query.weight";

fn config(f: &Folder, change: impl FnOnce(&mut Vec<u8>)) {
    f.edit("config.json", change);
}

/// Replaces the first occurrence in the header.
fn header(f: &Folder, from: &str, to: &str) {
    f.header(|h| {
        assert!(h.contains(from), "no {from:?} in the header");
        *h = h.replacen(from, to, 1);
    });
}

/// The header's entry of a tensor.
fn entry(f: &Folder, name: &str, change: impl FnOnce(&mut Value)) {
    f.header(|h| {
        let mut value: Value = serde_json::from_str(h).unwrap();
        change(&mut value[name]);
        *h = value.to_string();
    });
}

fn tensors(f: &Folder, change: impl FnOnce(&mut Tensors)) {
    f.tensors(change);
}

fn file(f: &Folder, bytes: &[u8]) {
    f.write(WEIGHTS, bytes);
}

pub(super) const PARTS: &[Corruption] = &[
    // configuration
    c("config-empty", 1, "C002", &["config.json", "empty"], |f| f.write("config.json", "")),
    c("config-not-utf8", 2, "C002", &["byte"], |f| config(f, |b| b[20] = 0xff)),
    c("config-byte-order-mark", 3, "C003", &["byte order mark"], |f| {
        config(f, |b| drop(b.splice(0..0, *b"\xef\xbb\xbf")))
    }),
    c("config-utf16", 4, "C002", &["UTF-16"], |f| config(f, |b| *b = b.iter().flat_map(|c| [*c, 0]).collect())),
    c("config-cut", 5, "C004", &["line", "cut short"], |f| config(f, |b| b.truncate(b.len() / 2))),
    c("config-trailing-comma", 6, "C004", &["line"], |f| f.replace("config.json", "\n}", ",\n}")),
    c("config-two-documents", 7, "C004", &["line"], |f| config(f, |b| b.extend(*b"{}"))),
    c("config-list", 8, "C005", &["a list"], |f| f.write("config.json", "[1]")),
    c("config-duplicate-key", 9, "C006", &["twice", "hidden_size"], |f| {
        f.replace("config.json", "\"hidden_size\": 24,", "\"hidden_size\": 24,\n  \"hidden_size\": 48,")
    }),
    c("config-deep", 10, "C004", &["nesting"], |f| f.write("config.json", "[".repeat(200_000))),
    c("config-string-for-number", 11, "C007", &["hidden_size", "a string"], |f| f.config("hidden_size", json!("24"))),
    c("config-integral-float", 12, "C008", &["hidden_size"], |f| f.config("hidden_size", json!(24.0))),
    c("config-huge-exponent", 13, "C009", &["1e400"], |f| {
        f.replace("config.json", "\"hidden_size\": 24", "\"hidden_size\": 1e400")
    }),
    c("config-zero", 14, "C009", &["num_hidden_layers", "`0`"], |f| f.config("num_hidden_layers", json!(0))),
    c("config-negative", 15, "C009", &["vocab_size", "-1"], |f| f.config("vocab_size", json!(-1))),
    c("config-two-to-63", 16, "C009", &["9223372036854775808"], |f| f.config("vocab_size", json!(1u64 << 63))),
    c("config-million-million-layers", 17, "C009", &["num_hidden_layers"], |f| {
        f.config("num_hidden_layers", json!(1_000_000_000_000u64))
    }),
    c("config-heads-do-not-divide", 18, "C010", &["24", "5"], |f| f.config("num_attention_heads", json!(5))),
    c("config-unknown-activation", 19, "C011", &["gelu_new", "did you mean `gelu`"], |f| {
        f.config("hidden_act", json!("gelu_"))
    }),
    c("config-misspelt-field", 20, "C018", &["num_hidden_layers", "12"], |f| {
        f.replace("config.json", "num_hidden_layers", "num_hidden_layer")
    }),
    c("config-unknown-field", 21, "C019", &["my_notes"], |f| f.config("my_notes", json!("x"))),
    c("config-label-gap", 22, "C013", &["id 1"], |f| f.config("id2label", json!({"0": "angry", "2": "happy"}))),
    c("config-duplicate-label", 23, "C014", &["`angry`"], |f| {
        f.config("id2label", json!({"0": "angry", "1": "calm", "2": "angry"}))
    }),
    c("config-label-key", 24, "C013", &["`zero`"], |f| {
        f.config("id2label", json!({"zero": "angry", "1": "calm", "2": "happy"}))
    }),
    c("config-no-labels", 25, "C013", &["no entries"], |f| f.config("id2label", json!({}))),
    c(
        "config-label-maps-disagree",
        26,
        "C012",
        &["`happy` is absent", "has 3 rows, which agrees with `id2label`"],
        |f| f.config("label2id", json!({"angry": 0, "calm": 1})),
    ),
    c("config-num-labels", 0, "C015", &["5", "3"], |f| f.config("num_labels", json!(5))),
    c("config-label2id-alone", 0, "C031", &["LABEL_0"], |f| f.json("config.json", |c| _ = c.remove("id2label"))),
    on("tiny/seq-one-label", "config-one-label-softmax", 27, "C016", &["one label"], |f| {
        f.config("problem_type", json!("single_label_classification"))
    }),
    c("config-unknown-problem-type", 27, "C017", &["multi_label_classification"], |f| {
        f.config("problem_type", json!("multilabel"))
    }),
    c("config-nan", 28, "C004", &["line"], |f| {
        f.replace("config.json", "\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": NaN")
    }),
    c("config-eps-zero", 29, "C009", &["layer_norm_eps", "above 0"], |f| f.config("layer_norm_eps", json!(0))),
    c("config-eps-huge", 29, "C009", &["layer_norm_eps", "0.01"], |f| f.config("layer_norm_eps", json!(1.0))),
    c("config-roberta", 30, "C020", &["roberta", "supported"], |f| f.config("model_type", json!("roberta"))),
    c("config-unknown-class", 30, "C021", &["BertForSequenceClasification", "did you mean"], |f| {
        f.config("architectures", json!(["BertForSequenceClasification"]))
    }),
    c("config-decoder", 31, "C022", &["is_decoder"], |f| f.config("is_decoder", json!(true))),
    c("config-pruned-heads", 32, "C023", &["pruned_heads"], |f| f.config("pruned_heads", json!({"0": [1]}))),
    c("config-quantized", 32, "C024", &["quantization_config"], |f| {
        f.config("quantization_config", json!({"load_in_4bit": true}))
    }),
    c("config-relative-positions", 0, "W010", &["distance_embedding"], |f| {
        f.config("position_embedding_type", json!("relative_key"))
    }),
    c("config-no-architectures", 0, "C026", &["architectures"], |f| {
        f.json("config.json", |c| _ = c.remove("architectures"))
    }),
    c("config-generic-labels", 0, "C027", &["3 labels"], |f| {
        f.json("config.json", |c| {
            c.remove("id2label");
            c.remove("label2id");
            c.insert("num_labels".into(), json!(3));
        })
    }),
    c("config-several-classes", 0, "C028", &["2 classes"], |f| {
        f.config("architectures", json!(["BertForSequenceClassification", "BertModel"]))
    }),
    // safetensors
    c("weights-empty", 33, "W002", &["0 bytes"], |f| file(f, b"")),
    c("weights-seven-bytes", 34, "W003", &["7 bytes"], |f| file(f, b"\x05\0\0\0\0\0\0")),
    c("weights-header-past-end", 35, "W003", &["header claims"], |f| f.edit(WEIGHTS, |b| b[2] = 1)),
    c("weights-header-two-to-63", 36, "W003", &["9223372036854775808"], |f| {
        f.edit(WEIGHTS, |b| b[..8].copy_from_slice(&(1u64 << 63).to_le_bytes()))
    }),
    c("weights-header-too-long", 37, "W003", &["100000001"], |f| {
        f.edit(WEIGHTS, |b| b[..8].copy_from_slice(&100_000_001u64.to_le_bytes()))
    }),
    c("weights-header-not-json", 38, "W003", &["not valid JSON"], |f| header(f, "\"dtype\":", "\"dtype\"=")),
    c("weights-header-no-brace", 39, "W003", &["start with {"], |f| f.edit(WEIGHTS, |b| b[8] = b' ')),
    c("weights-duplicate-tensor", 40, "W005", &["twice", "classifier.bias"], |f| {
        header(f, "\"classifier.weight\"", "\"classifier.bias\"")
    }),
    c("weights-unknown-dtype", 41, "W006", &["F99"], |f| header(f, "\"F32\"", "\"F99\"")),
    c("weights-shape-overflow", 42, "W004", &["overflow"], |f| {
        entry(f, "classifier.bias", |e| e["shape"] = json!([u64::MAX, 3]))
    }),
    c("weights-negative-shape", 42, "W004", &["whole numbers"], |f| {
        entry(f, "classifier.bias", |e| e["shape"] = json!([-3]))
    }),
    c("weights-no-shape", 42, "W004", &["no `shape`"], |f| {
        entry(f, "classifier.bias", |e| _ = e.as_object_mut().unwrap().remove("shape"))
    }),
    c("weights-offsets-reversed", 43, "W007", &["ends before it begins"], |f| {
        entry(f, "classifier.bias", |e| {
            let (a, b) = (e["data_offsets"][0].clone(), e["data_offsets"][1].clone());
            e["data_offsets"] = json!([b, a]);
        })
    }),
    c("weights-cut", 43, "W007", &["past the end", "cut short"], |f| f.edit(WEIGHTS, |b| b.truncate(b.len() - 1000))),
    c("weights-overlap", 43, "W007", &["overlaps"], |f| {
        entry(f, "classifier.weight", |e| {
            let at = e["data_offsets"][0].as_u64().unwrap() - 4;
            e["data_offsets"] = json!([at, at + 288]);
        })
    }),
    c("weights-hole", 43, "W007", &["hole of 12 bytes"], |f| {
        f.header(|h| {
            let mut value: Value = serde_json::from_str(h).unwrap();
            value.as_object_mut().unwrap().remove("classifier.bias");
            *h = value.to_string();
        })
    }),
    c("weights-size-mismatch", 44, "W008", &["needs"], |f| entry(f, "classifier.bias", |e| e["shape"] = json!([4]))),
    c("weights-trailing-bytes", 45, "W009", &["5 bytes after"], |f| f.edit(WEIGHTS, |b| b.extend(*b"extra"))),
    c("weights-lfs-pointer", 46, "W002", &["Git LFS", "git lfs pull"], |f| {
        file(f, b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    }),
    c("weights-html", 47, "W002", &["HTML"], |f| file(f, b"<!DOCTYPE html><html><body>Not found</body></html>")),
    c("weights-json-error", 47, "W002", &["JSON"], |f| file(f, b"{\"error\": \"Repository not found\"}")),
    c("weights-zip", 48, "W002", &["zip"], |f| file(f, b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0archive/data.pkl")),
    c("weights-pickle", 48, "W002", &["pickle"], |f| {
        file(f, b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")
    }),
    c("weights-gzip", 49, "W002", &["gunzip"], |f| file(f, b"\x1f\x8b\x08\0\0\0\0\0\0\x03abcdefgh")),
    c("weights-zeros", 49, "W002", &["zero"], |f| file(f, &[0; 4096])),
    c("weights-missing-tensor", 51, "W010", &["pooler.dense.bias"], |f| {
        tensors(f, |t| t.drop_all("pooler.dense.bias"))
    }),
    c("weights-missing-pooler", 51, "W010", &["pooler", "head has no input"], |f| tensors(f, |t| t.drop_all("pooler"))),
    c("weights-renamed-tensor", 51, "W010", &["did you mean", "value_proj"], |f| {
        tensors(f, |t| {
            t.rename(
                "bert.encoder.layer.0.attention.self.value.weight",
                "bert.encoder.layer.0.attention.self.value_proj.weight",
            )
        })
    }),
    c("weights-missing-layer", 51, "W010", &["3 layers", "the file 2"], |f| f.config("num_hidden_layers", json!(3))),
    c("weights-extra-tensor", 52, "W011", &["my.extra"], |f| tensors(f, |t| t.add("my.extra", &[2], 1.0))),
    c("weights-extra-layer", 52, "W012", &["2 layers", "1"], |f| f.config("num_hidden_layers", json!(1))),
    c("weights-hidden-size", 53, "W013", &["hidden_size", "36", "24"], |f| {
        f.json("config.json", |c| _ = c.insert("hidden_size".into(), json!(36)))
    }),
    c("weights-vocab-size", 53, "W013", &["vocab_size", "9000", "235 tokens, in agreement with the weights"], |f| {
        f.config("vocab_size", json!(9000))
    }),
    c("weights-intermediate-size", 53, "W013", &["intermediate_size", "64", "40"], |f| {
        f.config("intermediate_size", json!(64))
    }),
    c("weights-positions", 53, "W013", &["max_position_embeddings", "512", "40"], |f| {
        f.config("max_position_embeddings", json!(512))
    }),
    c("weights-transposed", 53, "W013", &["transposed", "intermediate"], |f| {
        tensors(f, |t| t.transpose("bert.encoder.layer.0.intermediate.dense.weight"))
    }),
    c("weights-one-odd-shape", 53, "W013", &["LayerNorm"], |f| {
        tensors(f, |t| t.reshape("bert.encoder.layer.1.output.LayerNorm.bias", &[24, 1]))
    }),
    c("weights-int8", 54, "W015", &["I8"], |f| tensors(f, |t| t.shrink(QUERY, "I8"))),
    c("weights-float8", 54, "W015", &["F8_E4M3"], |f| tensors(f, |t| t.shrink(QUERY, "F8_E4M3"))),
    c("weights-bool", 54, "W015", &["BOOL"], |f| tensors(f, |t| t.shrink("classifier.bias", "BOOL"))),
    c("weights-int32", 54, "W015", &["I32"], |f| tensors(f, |t| t.retype(QUERY, "I32"))),
    on("tiny/seq-f64", "weights-float64", 54, "W016", &["F64"], |_| {}),
    c("weights-nan", 57, "W017", &["1 NaN", "index 7"], |f| {
        tensors(f, |t| {
            let mut values = t.values(QUERY);
            values[7] = f32::NAN;
            t.set(QUERY, &values);
        })
    }),
    c("weights-infinite", 58, "W017", &["2 infinite"], |f| {
        tensors(f, |t| {
            let mut values = t.values(WORDS);
            values[100] = f32::INFINITY;
            values[200] = f32::NEG_INFINITY;
            t.set(WORDS, &values);
        })
    }),
    c("weights-all-zero", 59, "W018", &["output.dense.weight"], |f| {
        tensors(f, |t| t.set("bert.encoder.layer.1.output.dense.weight", &[0.0]))
    }),
    c("weights-untrained-head", 60, "W019", &["classifier.weight", "initialised"], |f| {
        tensors(f, |t| {
            t.set("classifier.weight", &[0.02, -0.02]);
            t.set("classifier.bias", &[0.0]);
        })
    }),
    on("tiny/seq-gamma-beta", "weights-gamma-beta", 0, "W020", &["gamma"], |_| {}),
    on("tiny/seq-module-prefix", "weights-module-prefix", 0, "W021", &["module.bert."], |_| {}),
    c("weights-both-prefixes", 0, "W022", &["more than one encoder"], |f| {
        tensors(f, |t| t.add("embeddings.word_embeddings.weight", &[2, 2], 0.5))
    }),
    c("weights-both-names", 0, "W022", &["LayerNorm"], |f| {
        tensors(f, |t| t.add("bert.embeddings.LayerNorm.gamma", &[24], 0.5))
    }),
    on("tiny/seq-position-ids", "weights-position-ids", 0, "W023", &["position_ids"], |_| {}),
    on("tiny/seq-no-format", "weights-no-format", 0, "W024", &["format"], |_| {}),
    c("weights-unused-head", 0, "W025", &["cls.predictions.bias"], |f| {
        tensors(f, |t| t.add("cls.predictions.bias", &[10], 0.5))
    }),
    c("weights-relative-tensors", 0, "X007", &["relative"], |f| {
        tensors(f, |t| t.add("bert.encoder.layer.0.attention.self.distance_embedding.weight", &[79, 8], 0.5))
    }),
    c("weights-half-renamed", 0, "W020", &["half-way"], |f| {
        tensors(f, |t| t.rename("bert.embeddings.LayerNorm.weight", "bert.embeddings.LayerNorm.gamma"))
    }),
    c("weights-other-dtype", 0, "W029", &["float16"], |f| f.config("torch_dtype", json!("float16"))),
    on("tiny/pretraining", "decoder-not-tied", 0, "W030", &["decoder.weight"], |f| {
        tensors(f, |t| t.add("cls.predictions.decoder.weight", &[235, 24], 0.5))
    }),
    on("tiny/pretraining", "decoder-missing-untied", 0, "W010", &["decoder.weight"], |f| {
        f.config("tie_word_embeddings", json!(false))
    }),
    on("tiny/pretraining", "decoder-bias-disagrees", 0, "W031", &["decoder.bias"], |f| {
        tensors(f, |t| t.add("cls.predictions.decoder.bias", &[235], 0.5))
    }),
    c("special-ids-differ", 0, "X019", &["sep_token_id", "102", "3"], |f| f.config("sep_token_id", json!(102))),
    // across files
    c("label-count", 0, "X001", &["3 outputs", "5 labels"], |f| {
        f.config("id2label", json!({"0": "a", "1": "b", "2": "c", "3": "d", "4": "e"}));
        f.json("config.json", |c| _ = c.remove("label2id"));
    }),
    c("head-missing", 0, "X003", &["classifier.weight", "classifier.bias", "noise"], |f| {
        tensors(f, |t| t.drop_all("classifier"))
    }),
    on("tiny/pretraining", "head-of-pretraining", 0, "X003", &["BertForPreTraining", "fill-mask"], |f| {
        f.config("architectures", json!(["BertForSequenceClassification"]))
    }),
    on("tiny/answer", "head-of-another-task", 0, "X004", &["BertForQuestionAnswering", "qa_outputs"], |f| {
        f.config("architectures", json!(["BertForSequenceClassification"]))
    }),
    on("tiny/token", "head-without-pooler", 0, "W010", &["pooler"], |f| {
        f.config("architectures", json!(["BertForSequenceClassification"]))
    }),
    c("head-undecided", 0, "X006", &["BertForTokenClassification"], |f| {
        f.json("config.json", |c| _ = c.remove("architectures"))
    }),
    // tokenizer
    c("tokenizer-missing", 84, "T001", &["tokenizer.json", "vocab.txt"], |f| f.remove("tokenizer.json")),
    c("tokenizer-not-json", 84, "T002", &["tokenizer.json"], |f| f.edit("tokenizer.json", |b| b.truncate(b.len() / 2))),
    c("tokenizer-bpe", 85, "T003", &["BPE"], |f| {
        f.json("tokenizer.json", |t| t["model"] = json!({"type": "BPE", "vocab": {}, "merges": []}))
    }),
    c("tokenizer-unigram", 85, "T003", &["Unigram"], |f| {
        f.json("tokenizer.json", |t| t["model"] = json!({"type": "Unigram", "vocab": []}))
    }),
    c("tokenizer-japanese", 0, "T003", &["BertJapaneseTokenizer"], |f| {
        f.json("tokenizer_config.json", |t| t["tokenizer_class"] = json!("BertJapaneseTokenizer"))
    }),
    on("tiny/seq-vocab-only", "vocabulary-duplicate", 86, "T004", &["`the`"], |f| {
        f.replace("vocab.txt", "\ngood\n", "\nthe\n")
    }),
    on("tiny/seq-vocab-only", "vocabulary-blank-line", 86, "T005", &["blank line"], |f| {
        f.replace("vocab.txt", "\ngood\n", "\n\n")
    }),
    on("tiny/seq-vocab-only", "vocabulary-byte-order-mark", 87, "T002", &["byte order mark"], |f| {
        f.edit("vocab.txt", |b| drop(b.splice(0..0, *b"\xef\xbb\xbf")))
    }),
    on("tiny/seq-vocab-only", "vocabulary-not-utf8", 87, "T002", &["UTF-8"], |f| {
        f.edit("vocab.txt", |b| b[700] = 0xff)
    }),
    on("tiny/seq-vocab-only", "vocabulary-without-cls", 88, "T007", &["[CLS]"], |f| {
        f.replace("vocab.txt", "[CLS]", "[cls]")
    }),
    on("tiny/seq-vocab-only", "vocabulary-without-unk", 89, "T007", &["[UNK]"], |f| {
        f.replace("vocab.txt", "[UNK]", "[unk]")
    }),
    on("tiny/seq-vocab-only", "vocabulary-without-mask", 88, "T007", &["[MASK]"], |f| {
        f.replace("vocab.txt", "[MASK]", "[mask]")
    }),
    c("tokenizer-other-template", 0, "T008", &["[2, 5]", "[SEP]"], |f| {
        f.json("tokenizer.json", |t| t["post_processor"]["special_tokens"]["[SEP]"]["ids"] = json!([5]))
    }),
    on("tiny/seq-vocab-only", "added-token-ids", 0, "T008", &["<new>", "id 9 but gets"], |f| {
        f.edit("vocab.txt", |b| b.truncate(b.len() - 6));
        f.write("added_tokens.json", "{\"<new>\": 9}");
    }),
    on("tiny/seq-vocab-only", "tokenizer-too-large", 90, "X010", &["extra1", "word_embeddings"], |f| {
        f.edit("vocab.txt", |b| b.extend(*b"extra1\nextra2\n"))
    }),
    c("added-token-past-table", 90, "X010", &["<user>"], |f| {
        f.json("tokenizer.json", |t| {
        let id = t["model"]["vocab"].as_object().unwrap().len();
        let token = json!({"id": id, "content": "<user>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": true, "special": false});
        t["added_tokens"].as_array_mut().unwrap().push(token);
    })
    }),
    on("tiny/seq-vocab-only", "tokenizer-smaller", 0, "X012", &["tokens", "rows"], |f| {
        f.edit("vocab.txt", |b| b.truncate(b.len() - 6))
    }),
    c("pad-id-disagrees", 91, "X014", &["5", "0"], |f| f.config("pad_token_id", json!(5))),
    on("tiny/seq-cased", "cased-vocabulary-lowercased", 92, "T010", &["lower-cased"], |f| {
        f.remove("tokenizer_config.json")
    }),
    on("tiny/seq-vocab-only", "uncased-vocabulary-cased", 92, "T010", &["keep their case"], |f| {
        f.write("tokenizer_config.json", "{\"do_lower_case\": false}")
    }),
    c("normalizers-disagree", 92, "T011", &["do_lower_case", "lowercase"], |f| {
        f.json("tokenizer_config.json", |t| t["do_lower_case"] = json!(false))
    }),
    on("tiny/seq-baked-truncation", "tokenizer-baked-truncation", 93, "T009", &["truncation to 16", "padding"], |_| {}),
    c("limit-above-positions", 94, "X013", &["512", "40"], |f| {
        f.json("tokenizer_config.json", |t| t["model_max_length"] = json!(512))
    }),
    c("special-tokens-disagree", 0, "T014", &["`[SEP]`", "`</s>`"], |f| {
        f.write("special_tokens_map.json", "{\"sep_token\": {\"content\": \"</s>\"}}")
    }),
    c("tokenizer-undefined-template-token", 0, "T003", &["[END]", "without defining"], |f| {
        f.json("tokenizer.json", |t| {
            t["post_processor"]["single"][2]["SpecialToken"]["id"] = json!("[END]");
        })
    }),
    c("tokenizer-second-text-alone", 0, "T003", &["second text"], |f| {
        f.json("tokenizer.json", |t| {
            t["post_processor"]["single"][1]["Sequence"]["id"] = json!("B");
        })
    }),
    c("tokenizer-byte-level", 0, "T003", &["ByteLevel"], |f| {
        f.json("tokenizer.json", |t| {
            t["pre_tokenizer"] =
                json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true});
        })
    }),
    c("tokenizer-regex", 95, "T003", &["regular expression"], |f| {
        f.json("tokenizer.json", |t| {
            t["pre_tokenizer"] =
                json!({"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Removed", "invert": false})
        })
    }),
    c("vocabularies-disagree", 0, "T012", &["vocab.txt", "tokenizer.json"], |f| {
        f.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nswapped\n")
    }),
    on("tiny/seq-one-type", "one-token-type", 0, "X015", &["1 row"], |_| {}),
    // sentence-transformers and cross-encoders
    on("tiny/cross-identity", "scores-unknown-function", 0, "C029", &["my_package.Squash", "Sigmoid"], |f| {
        f.json("config.json", |c| c["sentence_transformers"]["activation_fn"] = json!("my_package.Squash"))
    }),
    on(SENTENCE, "sentence-modules-cut", 0, "X021", &["modules.json", "not valid JSON"], |f| {
        f.edit("modules.json", |b| b.truncate(b.len() / 2))
    }),
    on(SENTENCE, "sentence-modules-no-list", 0, "X021", &["not a list"], |f| f.write("modules.json", "{}")),
    on(SENTENCE, "sentence-module-without-path", 0, "X021", &["no `path`"], |f| {
        f.replace("modules.json", "\"path\": \"1_Pooling\",", "")
    }),
    on(SENTENCE, "sentence-path-outside", 110, "X021", &["leads out of the folder"], |f| {
        f.replace("modules.json", "1_Pooling", "../1_Pooling")
    }),
    on(SENTENCE, "sentence-path-absolute", 110, "X021", &["leads out of the folder"], |f| {
        f.replace("modules.json", "1_Pooling", "/etc")
    }),
    on(SENTENCE, "sentence-pooling-missing", 0, "X021", &["1_Pooling/config.json", "missing"], |f| {
        f.remove("1_Pooling/config.json")
    }),
    on(SENTENCE, "sentence-pooling-mistyped", 0, "X021", &["word_embedding_dimension"], |f| {
        f.json("1_Pooling/config.json", |c| c["word_embedding_dimension"] = json!("24"))
    }),
    on(SENTENCE, "sentence-pooling-no-mode", 0, "X021", &["no pooling mode is on"], |f| {
        f.json("1_Pooling/config.json", |c| c.values_mut().filter(|v| v.is_boolean()).for_each(|v| *v = json!(false)))
    }),
    on(SENTENCE, "sentence-no-pooling", 0, "X022", &["names no `Pooling`"], |f| {
        let text = f.text("modules.json");
        let first: Value = serde_json::from_str(&text).unwrap();
        f.write("modules.json", json!([first[0]]).to_string());
    }),
    on(SENTENCE, "sentence-unknown-module", 0, "X022", &["WordWeights", "changes every embedding"], |f| {
        f.replace("modules.json", "models.Dense", "models.WordWeights")
    }),
    on(SENTENCE, "sentence-custom-pooling", 0, "X022", &["my_package.Pooling"], |f| {
        f.replace("modules.json", "sentence_transformers.models.Pooling", "my_package.Pooling")
    }),
    on(SENTENCE, "sentence-unknown-similarity", 0, "X022", &["jaccard", "cosine"], |f| {
        f.json("config_sentence_transformers.json", |c| c["similarity_fn_name"] = json!("jaccard"))
    }),
    on(SENTENCE, "sentence-pooling-dimension", 0, "X023", &["384", "24"], |f| {
        f.json("1_Pooling/config.json", |c| c["word_embedding_dimension"] = json!(384))
    }),
    on(SENTENCE, "sentence-dense-input", 0, "X023", &["in_features"], |f| {
        f.json("2_Dense/config.json", |c| c["in_features"] = json!(7))
    }),
    on(SENTENCE, "sentence-dense-output", 0, "X023", &["linear.weight"], |f| {
        f.json("2_Dense/config.json", |c| c["out_features"] = json!(7))
    }),
    on(SENTENCE, "sentence-dense-cut", 0, "W007", &["cut short", "2_Dense"], |f| {
        f.edit("2_Dense/model.safetensors", |b| b.truncate(b.len() - 8))
    }),
    on(SENTENCE, "sentence-dense-nan", 0, "W017", &["linear.weight"], |f| {
        f.edit("2_Dense/model.safetensors", |b| {
            let mut tensors = Tensors::parse(b);
            tensors.set("linear.weight", &[f32::NAN]);
            *b = tensors.to_bytes();
        })
    }),
    on(SENTENCE, "sentence-limit-above-positions", 94, "X013", &["max_seq_length", "40 positions"], |f| {
        f.json("sentence_bert_config.json", |c| c["max_seq_length"] = json!(512))
    }),
    // folder
    c("config-missing", 102, "C001", &["config.json", "hidden_size 24", "num_attention_heads"], |f| {
        f.remove("config.json")
    }),
    c("weights-missing", 106, "W001", &["looked for", "found"], |f| f.remove(WEIGHTS)),
    c("weights-adapter-only", 107, "W001", &["adapter_model.safetensors"], |f| {
        f.write("adapter_model.safetensors", f.read(WEIGHTS));
        f.remove(WEIGHTS);
    }),
    c("weights-two-containers", 105, "W027", &["pytorch_model.bin"], |f| f.write("pytorch_model.bin", "PK")),
    c("folder-empty", 108, "X020", &["empty"], |f| {
        ["config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json"].iter().for_each(|n| f.remove(n))
    }),
];
