//! What holds whatever the numbers: independence of batch and threads, order, truncation, pairs, errors of single rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bert_checkpoint::Checkpoint;
use bert_model::{BatchOptions, Classifier, Encoder, Error, Input, NativeEncoder, PackedBatch, PredictError, Wanted};
use bert_testkit::{Folder, fixtures};
use bert_tok::Truncation;

fn classifier(name: &str) -> Classifier {
    Classifier::open(fixtures().join(name)).unwrap_or_else(|e| panic!("{name}: {e:#}"))
}

/// Texts of very different lengths, some equal.
fn texts() -> Vec<String> {
    (0..60)
        .map(|i| {
            ["good film", "bad ", "the battery lasts two days but ", "x", "unbelievable café 北京 "][i % 5]
                .repeat(1 + i % 9)
        })
        .collect()
}

fn bits(classifier: &Classifier, texts: &[String]) -> Vec<Vec<u32>> {
    classifier.classify_batch(texts).unwrap().iter().map(|p| p.logits.iter().map(|x| x.to_bits()).collect()).collect()
}

/// To the last bit: a text alone, among others, and in batches of other sizes.
#[test]
fn results_do_not_depend_on_the_batch() {
    for name in ["demo", "tiny/seq-three", "tiny/seq-odd-sizes"] {
        let classifier = classifier(name);
        let texts = texts();
        let together = bits(&classifier, &texts);
        let alone: Vec<_> = texts.iter().flat_map(|t| bits(&classifier, std::slice::from_ref(t))).collect();
        assert!(together == alone, "{name}: alone and together differ");
        for batch_tokens in [1, 40, 100, 5000] {
            let mut options = BatchOptions::default();
            options.batch_tokens = batch_tokens;
            assert!(
                bits(&classifier.clone().batch_options(options), &texts) == together,
                "{name}: batches of {batch_tokens} tokens differ"
            );
        }
        let reversed: Vec<String> = texts.iter().rev().cloned().collect();
        let mut backwards = bits(&classifier, &reversed);
        backwards.reverse();
        assert!(backwards == together, "{name}: the order of neighbours matters");
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let classifier = classifier("demo");
    let texts = texts();
    let with = |threads| {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| bits(&classifier, &texts))
    };
    let one = with(1);
    assert!(one == with(2) && one == with(5));
}

#[test]
fn handles_are_send_and_sync_and_shared_by_threads() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Classifier>();
    let classifier = classifier("tiny/seq-three");
    let alone = classifier.classify("good film").unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(classifier.classify("good film").unwrap(), alone));
        }
    });
}

#[test]
fn a_stream_gives_one_result_an_input_in_order_failures_included() {
    let classifier = classifier("tiny/seq-one-type");
    let inputs: Vec<(String, Option<String>)> = (0..700)
        .map(|i| (format!("good {}", "film ".repeat(i % 5)), (i % 100 == 7).then(|| "bad".to_string())))
        .collect();
    let results: Vec<_> = classifier.stream(inputs.clone()).collect();
    assert_eq!(results.len(), 700);
    for (i, (result, (text, _))) in results.into_iter().zip(&inputs).enumerate() {
        if i % 100 == 7 {
            let error = result.unwrap_err();
            assert_eq!((error.row, error.error), (i, PredictError::NoSecondTokenType { needed: 1, held: 1 }));
        } else {
            assert_eq!(result.unwrap().logits, classifier.classify(text).unwrap().logits, "row {i}");
        }
    }
}

#[test]
fn long_texts_are_cut_with_a_flag_or_refused() {
    let classifier = classifier("tiny/seq-three");
    let long = "good ".repeat(100);
    let cut = classifier.classify(&long).unwrap();
    assert_eq!((cut.tokens, cut.truncated), (40, true));
    assert!(!classifier.classify("good").unwrap().truncated);
    let refusing = classifier.clone().truncation(Truncation::Refuse, None);
    let error = refusing.classify(&long).unwrap_err();
    assert_eq!(error.to_string(), "the text has 102 tokens, the limit is 40; shorten it or allow truncation");
    let shorter = classifier.clone().truncation(Truncation::LongestFirst, Some(10));
    assert_eq!(shorter.classify(&long).unwrap().tokens, 10);
    let never_past_the_model = classifier.truncation(Truncation::LongestFirst, Some(1000));
    assert_eq!(never_past_the_model.classify(&long).unwrap().tokens, 40);
}

#[test]
fn every_text_has_a_defined_result() {
    let classifier = classifier("tiny/seq-three");
    let huge = "word ".repeat(2_000_000); // 10 MB on one line
    for text in ["", " ", "\u{a0}\u{3000}", "\0\u{1}\u{7f}", "\u{202e}שלום\u{202c} e\u{301}\u{301}", "🙂👍🏽", &huge]
    {
        let p = classifier.classify(text).unwrap();
        assert!(
            p.logits.iter().all(|x| x.is_finite()) && p.tokens >= 2,
            "{:?}",
            text.chars().take(10).collect::<String>()
        );
        assert!((p.scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
    assert_eq!(classifier.classify("").unwrap().tokens, 2);
    assert!(classifier.classify_batch(Vec::<&str>::new()).unwrap().is_empty());
}

#[test]
fn pairs_have_token_types_of_their_own() {
    let classifier = classifier("tiny/seq-three");
    let pair = classifier.classify(("good film", "bad film")).unwrap();
    let other_way = classifier.classify(("bad film", "good film")).unwrap();
    let single = classifier.classify("good film bad film").unwrap();
    assert!(pair.logits != other_way.logits && pair.logits != single.logits);
    assert_eq!(pair.tokens, 7);
    assert_eq!(
        classifier.classify(Input { text: "good film", pair: None }).unwrap(),
        classifier.classify("good film").unwrap()
    );
}

#[test]
fn checkpoints_for_other_tasks_are_refused() {
    let error = Classifier::open(fixtures().join("tiny/token")).unwrap_err();
    assert!(matches!(error, Error::Rejected(_)), "{error:?}");
    let folder = Folder::copy("tiny/seq-three");
    folder.tensors(|t| t.drop_all("classifier"));
    let Error::Rejected(rejected) = Classifier::open(folder.path()).unwrap_err() else { panic!("refused") };
    assert_eq!(rejected.report().findings()[0].code.id(), "X003");
}

#[test]
fn an_encoder_refuses_what_is_past_its_tables() {
    let checkpoint = bert_checkpoint::Checkpoint::open(fixtures().join("tiny/model")).unwrap();
    let encoder = NativeEncoder::load(&checkpoint).unwrap();
    let encode = |ids: &[u32], types: &[u32]| {
        let mut batch = bert_model::PackedBatch::default();
        batch.push(ids, types);
        encoder.encode(&batch)
    };
    assert!(encode(&[2, 3], &[]).is_ok());
    assert!(encode(&[2, 100_000, 3], &[]).is_err());
    assert!(encode(&[2, 3], &[0, 9]).is_err());
    assert!(encode(&[2; 41], &[]).is_err(), "one position too many");
    assert_eq!(encode(&[], &[]).unwrap().dim(), (0, 24));
}

/// To the last bit, with every instruction set: the rows that are asked for are those of all tokens.
#[test]
fn results_do_not_depend_on_what_is_asked_for() {
    for name in ["tiny/model", "tiny/seq-relative-key", "tiny/seq-relative-key-query", "demo"] {
        let checkpoint = Checkpoint::open(fixtures().join(name)).unwrap();
        let inputs: [&[u32]; 4] = [&[2, 10, 11, 3], &[2, 3], &[2, 12, 10, 13, 14, 9, 3], &[2, 9, 3]];
        let wanted = [Wanted::First, Wanted::All, Wanted::At(vec![6, 0, 3]), Wanted::At(vec![])];
        for set in NativeEncoder::available_instructions() {
            let encoder = NativeEncoder::load_with_instructions(&checkpoint, set).unwrap();
            let (mut all, mut some) = (PackedBatch::default(), PackedBatch::default());
            for (ids, wanted) in inputs.iter().zip(&wanted) {
                all.push(ids, &[]);
                some.push_wanting(ids, &[], wanted);
            }
            let expected = some.pick(encoder.encode(&all).unwrap());
            assert_eq!(expected.nrows(), 6);
            assert!(encoder.encode(&some).unwrap() == expected, "{name} {set}");
        }
    }
}

#[test]
fn an_instruction_set_that_is_not_there_is_named() {
    let checkpoint = Checkpoint::open(fixtures().join("tiny/model")).unwrap();
    let error = NativeEncoder::load_with_instructions(&checkpoint, "avx1024").err().unwrap().to_string();
    assert!(error.contains("avx1024") && error.contains("portable"), "{error}");
    let best = NativeEncoder::load(&checkpoint).unwrap();
    assert_eq!(Some(best.instructions()), NativeEncoder::available_instructions().first().copied());
}

#[test]
fn tokens_from_elsewhere_give_the_same_logits() {
    let classifier = classifier("demo");
    let texts = texts();
    let encoded: Vec<_> =
        texts.iter().map(|t| classifier.checkpoint().tokenizer().encode(t, &Default::default()).unwrap()).collect();
    let inputs: Vec<(&[u32], &[u32])> = encoded.iter().map(|e| (e.ids.as_slice(), e.type_ids.as_slice())).collect();
    assert_eq!(classifier.logits_of_ids(&inputs).unwrap(), classifier.logits(&texts).unwrap());
    assert_eq!(classifier.logits_of_ids(&[]).unwrap().view().dim(), (0, 3));
    for wrong in [&[][..], &[2, 1_000_000, 3], &[2; 1000]] {
        assert!(classifier.logits_of_ids(&[(wrong, &[])]).is_err(), "{} tokens", wrong.len());
    }
    assert!(classifier.logits_of_ids(&[(&[2, 3], &[0, 9])]).is_err());
}

/// Counts the tokens that go through an encoder.
struct Counting(NativeEncoder, AtomicUsize);

impl Encoder for Counting {
    fn encode(&self, batch: &PackedBatch) -> Result<ndarray::Array2<f32>, PredictError> {
        self.1.fetch_add(batch.total_tokens(), Ordering::Relaxed);
        self.0.encode(batch)
    }

    fn hidden_size(&self) -> usize {
        self.0.hidden_size()
    }
}

#[test]
fn equal_texts_are_computed_once_and_nothing_is_padded() {
    let checkpoint = Checkpoint::open(fixtures().join("demo")).unwrap();
    let encoder = Arc::new(Counting(NativeEncoder::load(&checkpoint).unwrap(), AtomicUsize::new(0)));
    let classifier = Classifier::with_encoder(checkpoint, encoder.clone()).unwrap();
    let texts = ["good film", "bad", "good film", "the battery lasts two days", "bad", "bad"];
    let predictions = classifier.classify_batch(texts).unwrap();
    let different = predictions[0].tokens + predictions[1].tokens + predictions[3].tokens;
    assert_eq!(encoder.1.load(Ordering::Relaxed), different);
    assert_eq!(predictions[0], predictions[2]);
    assert_eq!(predictions[1], predictions[5]);
}
