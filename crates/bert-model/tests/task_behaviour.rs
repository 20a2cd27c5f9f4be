//! What holds for every task whatever the numbers: independence of batch, neighbours and threads, hostile texts, windows
//! without double entities, answers inside their context.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::PathBuf;

use bert_checkpoint::PoolingMode;
use bert_model::{
    Aggregation, Answerer, BatchOptions, Chooser, Classifier, CrossEncoder, Embedder, Input, MaskFiller, NextSentence,
    PredictError, Tagger,
};
use bert_testkit::fixtures;
use bert_tok::Truncation;
use proptest::prelude::*;

fn tiny(name: &str) -> PathBuf {
    fixtures().join("tiny").join(name)
}

/// A task as a function from texts to what it says of each, to the last digit.
type Ask = Box<dyn Fn(&[String], BatchOptions) -> Vec<String> + Send + Sync>;

fn shown<T: std::fmt::Debug>(results: Vec<Result<T, PredictError>>) -> Vec<String> {
    results.iter().map(|r| format!("{r:?}")).collect()
}

fn refs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

fn pairs(texts: &[String]) -> Vec<Input<'_>> {
    texts.iter().map(|t| Input { text: "good film", pair: Some(t) }).collect()
}

fn singles(texts: &[String]) -> Vec<Input<'_>> {
    texts.iter().map(|t| Input { text: t, pair: None }).collect()
}

fn tasks() -> Vec<(&'static str, Ask)> {
    let tagger = Tagger::open(tiny("token")).unwrap().aggregation(Aggregation::Simple);
    let windowed = tagger.clone().windows(7);
    let answerer = Answerer::open(tiny("answer")).unwrap().top_k(3).windows(Some(24), Some(4));
    let filler = MaskFiller::open(tiny("mask")).unwrap();
    let judge = NextSentence::open(tiny("next")).unwrap();
    let chooser = Chooser::open(tiny("choice")).unwrap();
    let embedder = Embedder::open(tiny("sentence-dense")).unwrap();
    let pooled = Embedder::open_pooled(tiny("model"), PoolingMode::Max).unwrap();
    let classifier = Classifier::open(tiny("seq-relative-key-query")).unwrap().windows(9);
    let scorer = CrossEncoder::open(tiny("cross-default")).unwrap();
    vec![
        ("tagger", Box::new(move |t, o| shown(tagger.clone().batch_options(o).tag_each(&refs(t))))),
        ("tagger in windows", Box::new(move |t, o| shown(windowed.clone().batch_options(o).tag_each(&refs(t))))),
        (
            "answerer",
            Box::new(move |t, o| {
                let inputs: Vec<_> = t.iter().map(|t| ("Who met whom?", t.as_str())).collect();
                shown(answerer.clone().batch_options(o).answer_each(&inputs))
            }),
        ),
        (
            "mask filler",
            Box::new(move |t, o| {
                let texts: Vec<String> = t.iter().map(|t| format!("[MASK] {t} [MASK]")).collect();
                shown(filler.clone().batch_options(o).fill_each(&refs(&texts)))
            }),
        ),
        ("next sentence", Box::new(move |t, o| shown(judge.clone().batch_options(o).judge_each(&pairs(t))))),
        (
            "chooser",
            Box::new(move |t, o| {
                let choices: Vec<[&str; 3]> = t.iter().map(|t| [t.as_str(), "bad film", "x"]).collect();
                let inputs: Vec<(&str, &[&str])> = choices.iter().map(|c| ("good", c.as_slice())).collect();
                shown(chooser.clone().batch_options(o).choose_each(&inputs))
            }),
        ),
        ("embedder", Box::new(move |t, o| shown(embedder.clone().batch_options(o).embed_each(&singles(t))))),
        ("pooled", Box::new(move |t, o| shown(pooled.clone().batch_options(o).embed_each(&singles(t))))),
        (
            "classifier in windows",
            Box::new(move |t, o| shown(classifier.clone().batch_options(o).classify_each(&singles(t)))),
        ),
        ("cross-encoder", Box::new(move |t, o| shown(scorer.clone().batch_options(o).score_each(&pairs(t))))),
    ]
}

/// Texts of very different lengths, some equal, some that cannot be answered.
fn texts() -> Vec<String> {
    let some = [
        "good film",
        "bad ",
        "the battery lasts two days but ",
        "x",
        "unbelievable caf\u{e9} \u{5317}\u{4eac} ",
        " ",
        "John met ",
    ];
    (0..42).map(|i| some[i % 7].repeat(1 + i % 9)).collect()
}

/// To the last bit: alone, among others, in batches of other sizes, in another order, on other numbers of threads.
#[test]
fn results_do_not_depend_on_batch_order_or_threads() {
    let texts = texts();
    for (name, ask) in tasks() {
        let together = ask(&texts, BatchOptions::default());
        assert_eq!(together.len(), texts.len(), "{name}");
        let alone: Vec<String> =
            texts.iter().flat_map(|t| ask(std::slice::from_ref(t), BatchOptions::default())).collect();
        assert!(alone == together, "{name}: alone and together differ");
        for batch_tokens in [1, 60, 100_000] {
            let mut options = BatchOptions::default();
            options.batch_tokens = batch_tokens;
            assert!(ask(&texts, options) == together, "{name}: batches of {batch_tokens} tokens differ");
        }
        let reversed: Vec<String> = texts.iter().rev().cloned().collect();
        let mut backwards = ask(&reversed, BatchOptions::default());
        backwards.reverse();
        assert!(backwards == together, "{name}: the order of neighbours matters");
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(pool.install(|| ask(&texts, BatchOptions::default())) == together, "{name}: {threads} threads");
        }
    }
}

#[test]
fn no_text_makes_a_task_panic_or_lose_its_neighbours() {
    let long = "good ".repeat(20_000);
    let strange = [
        "",
        " ",
        "\u{a0}\u{3000}",
        "\0\u{1}\u{7f}",
        "\u{202e}\u{5e9}\u{5dc}\u{202c} e\u{301}\u{301}",
        "\u{1f642}\u{1f44d}\u{1f3fd}",
        "[CLS] [SEP] [PAD] [MASK]",
        "##s",
        &long,
    ];
    for (name, ask) in tasks() {
        let good = ask(&["good film".into()], BatchOptions::default());
        let texts: Vec<String> = strange.iter().flat_map(|s| [(*s).to_string(), "good film".into()]).collect();
        let results = ask(&texts, BatchOptions::default());
        assert!(results.iter().skip(1).step_by(2).all(|r| *r == good[0]), "{name}");
        assert!(results.iter().all(|r| !r.contains("NaN") && !r.contains("Engine")), "{name}: {results:?}");
        assert!(ask(&[], BatchOptions::default()).is_empty(), "{name}");
    }
}

#[test]
fn handles_are_send_and_sync_and_cheap_to_share() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Answerer>();
    check::<Chooser>();
    check::<Classifier>();
    check::<CrossEncoder>();
    check::<Embedder>();
    check::<MaskFiller>();
    check::<NextSentence>();
    check::<Tagger>();
}

#[test]
fn every_task_refuses_checkpoints_of_other_tasks_with_a_report() {
    let refused = |result: Result<(), bert_model::Error>, what: &str| {
        let error = result.err().unwrap_or_else(|| panic!("{what} was opened"));
        assert!(error.to_string().contains("refused"), "{what}: {error}");
    };
    refused(Tagger::open(tiny("answer")).map(drop), "a tagger");
    refused(Answerer::open(tiny("token")).map(drop), "an answerer");
    refused(MaskFiller::open(tiny("next")).map(drop), "a mask filler");
    refused(NextSentence::open(tiny("mask")).map(drop), "a next-sentence judge");
    refused(Chooser::open(tiny("answer")).map(drop), "a chooser");
    refused(Classifier::open(tiny("model")).map(drop), "a classifier");
    refused(CrossEncoder::open(tiny("token")).map(drop), "a cross-encoder");
    assert!(matches!(Embedder::open(tiny("model")), Err(bert_model::Error::NoPooling)));
    assert!(matches!(CrossEncoder::open(tiny("seq-three")), Err(bert_model::Error::NotCrossEncoder { .. })));
}

#[test]
fn bad_rows_have_typed_errors() {
    let answerer = Answerer::open(tiny("answer")).unwrap();
    assert_eq!(answerer.answer("Who?", " \n"), Err(PredictError::Empty { what: "context" }));
    assert_eq!(answerer.answer("", "John"), Err(PredictError::Empty { what: "question" }));
    let long = "good ".repeat(60);
    assert_eq!(answerer.answer(&long, "John"), Err(PredictError::QuestionTooLong { limit: 40 }));
    let filler = MaskFiller::open(tiny("mask")).unwrap();
    assert!(matches!(filler.fill("good"), Err(PredictError::NoMask { truncated: false, .. })));
    assert!(matches!(filler.fill(&format!("{long}[MASK]")), Err(PredictError::NoMask { truncated: true, .. })));
    let chooser = Chooser::open(tiny("choice")).unwrap();
    assert_eq!(chooser.choose("x", &["y"]), Err(PredictError::TooFewChoices { found: 1 }));
    let judge = NextSentence::open(tiny("next")).unwrap();
    assert_eq!(judge.judge_each(&[Input { text: "x", pair: None }]), [Err(PredictError::NoPair)]);
    let scorer = CrossEncoder::open(tiny("cross-default")).unwrap();
    assert_eq!(scorer.score_each(&[Input { text: "x", pair: None }]), [Err(PredictError::NoPair)]);
    let refusing = Tagger::open(tiny("token")).unwrap().truncation(Truncation::Refuse, None);
    assert!(matches!(
        refusing.tag(&long),
        Err(PredictError::Encode(bert_tok::EncodeError::TooLong { tokens: 62, limit: 40 }))
    ));
    let stuck = Tagger::open(tiny("token")).unwrap().windows(38);
    assert!(matches!(stuck.tag(&long), Err(PredictError::Encode(bert_tok::EncodeError::StrideTooLong { .. }))));
}

fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "John",
        "Smith",
        "met",
        "my",
        "sister",
        "in",
        "Berlin,",
        "unbelievable-service",
        "caf\u{e9}",
        "\u{5317}\u{4eac}",
        "e\u{301}",
        "don't",
        " ",
        "\u{1f642}",
        "[SEP]",
        "again.",
    ]);
    prop::collection::vec(word, 1..120).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Entities of long texts read in windows: in order, inside the text, never doubled, never one over another.
    #[test]
    fn entities_of_windows_do_not_overlap(text in words(), stride in 0usize..30, strategy in 0usize..5) {
        let aggregation = Aggregation::from_name(Aggregation::names().nth(strategy).unwrap()).unwrap();
        let tagger = Tagger::open(tiny("token-five")).unwrap().aggregation(aggregation).windows(stride);
        let tags = tagger.tag(&text).unwrap();
        prop_assert!(!tags.truncated);
        let mut end = 0;
        for entity in &tags.entities {
            prop_assert!(entity.range.start >= end && entity.range.end >= entity.range.start, "{:?}", tags.entities);
            prop_assert!(text.get(entity.range.clone()).is_some(), "{entity:?} cuts a character");
            end = entity.range.end;
        }
    }

    /// Answers lie in their context and are what stands there.
    #[test]
    fn answers_are_cut_from_their_context(context in words(), stride in 0usize..12) {
        let answerer = Answerer::open(tiny("answer")).unwrap().top_k(4).windows(Some(30), Some(stride));
        let answers = answerer.answer("Who met whom?", &context);
        prop_assume!(!context.trim().is_empty());
        for answer in answers.unwrap().answers {
            prop_assert_eq!(context.get(answer.range.clone()), Some(answer.text.as_str()));
            prop_assert!((0.0..=1.0).contains(&answer.score));
        }
    }
}
