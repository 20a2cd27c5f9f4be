//! The parity table: every architecture, option and task against the pipelines of transformers 4.57.6 and against
//! sentence-transformers 5.2.3 (`fixtures/golden`, made by `cargo xtask reference`), on both engines: numbers within the
//! tolerance, strings, offsets and counts equal. `cargo test -p bert-model --test parity -- --nocapture` prints it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use bert_checkpoint::{Checkpoint, Level};
use common::*;

fn all(kinds: impl Fn(Kind) -> bool, at_least: usize) {
    let cases: Vec<Case> = cases().into_iter().filter(|case| kinds(case.kind)).collect();
    assert!(cases.len() >= at_least, "fixtures are missing: {cases:?}");
    cases.iter().for_each(Case::on_all_engines);
}

#[test]
fn classes_equal_the_pipeline() {
    all(|kind| kind == Kind::Classes, 48);
}

#[test]
fn score_functions_and_windows_equal_the_reference() {
    all(|kind| kind == Kind::Functions, 1);
}

#[test]
fn hidden_states_equal_the_model() {
    all(|kind| kind == Kind::Hidden, 3);
}

#[test]
fn entities_equal_the_pipeline() {
    all(|kind| kind == Kind::Entities, 6);
}

#[test]
fn answers_equal_the_pipeline() {
    all(|kind| kind == Kind::Answers, 3);
}

#[test]
fn masks_are_filled_as_by_the_pipeline() {
    all(|kind| kind == Kind::Fills, 9);
}

#[test]
fn next_sentences_and_choices_equal_the_models() {
    all(|kind| matches!(kind, Kind::Next | Kind::Choices), 3);
}

#[test]
fn embeddings_equal_sentence_transformers() {
    all(|kind| matches!(kind, Kind::Sentences | Kind::Pooled(_)), 8);
}

#[test]
fn cross_encoders_equal_sentence_transformers() {
    all(|kind| kind == Kind::Cross, 3);
}

#[test]
fn token_ids_and_types_equal_the_reference() {
    for case in cases().into_iter().filter(|case| case.kind == Kind::Classes) {
        let checkpoint = Checkpoint::builder(case.folder()).level(Level::Header).open().unwrap();
        let options = bert_tok::EncodeOptions { max_length: Some(checkpoint.max_length()), ..Default::default() };
        for row in rows(&golden(&case.golden)) {
            let encoded = match row["pair"].as_str() {
                Some(pair) => checkpoint.tokenizer().encode_pair(text(&row["text"]), pair, &options),
                None => checkpoint.tokenizer().encode(text(&row["text"]), &options),
            }
            .unwrap();
            let numbers = |ids: Vec<u32>| ids.into_iter().map(f64::from).collect::<Vec<_>>();
            assert_eq!(numbers(encoded.ids), common::numbers(&row["ids"]), "{}: {row}", case.golden);
            assert_eq!(numbers(encoded.type_ids), common::numbers(&row["type_ids"]), "{}: {row}", case.golden);
        }
    }
}
