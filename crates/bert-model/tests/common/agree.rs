//! Each golden beside what our library makes of the same rows.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bert_checkpoint::{Checkpoint, PoolingMode};
use bert_config::Task;
use bert_model::{
    Aggregation, Answerer, CharOffsets, Chooser, Classifier, CrossEncoder, Embedder, Encoder, Input, MaskFiller,
    NativeEncoder, NextSentence, PackedBatch, ReferenceEncoder, ScoreFunction, Tagger,
};
use serde_json::Value;

use super::{Tally, count, fixtures, golden, rows, strings, text};

/// What a golden holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Classes,
    Functions,
    Hidden,
    Entities,
    Answers,
    Fills,
    Next,
    Choices,
    Sentences,
    Pooled(PoolingMode),
    Cross,
}

/// A golden and the checkpoint it was made from.
#[derive(Clone, Debug)]
pub struct Case {
    pub golden: String,
    /// Folder below `fixtures`.
    pub fixture: String,
    pub kind: Kind,
}

/// Every golden of a checkpoint's outputs.
pub fn cases() -> Vec<Case> {
    let case = |golden: &str, fixture: &str, kind| Case { golden: golden.into(), fixture: fixture.into(), kind };
    let mut cases = vec![
        case("demo", "demo", Kind::Classes),
        case("functions", "tiny/seq-three", Kind::Functions),
        case("pretraining-mask", "tiny/pretraining", Kind::Fills),
        case("pretraining-next", "tiny/pretraining", Kind::Next),
        case("pooled-cls", "tiny/model", Kind::Pooled(PoolingMode::Cls)),
        case("pooled-mean", "tiny/model", Kind::Pooled(PoolingMode::Mean)),
        case("pooled-max", "tiny/model", Kind::Pooled(PoolingMode::Max)),
    ];
    let mut names: Vec<String> = std::fs::read_dir(fixtures().join("tiny"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|n| n != "pretraining")
        .collect();
    names.sort();
    for name in names {
        let kind = match name.split('-').next().unwrap() {
            "seq" | "act" => Kind::Classes,
            "model" => Kind::Hidden,
            "token" => Kind::Entities,
            "answer" => Kind::Answers,
            "mask" => Kind::Fills,
            "next" => Kind::Next,
            "choice" => Kind::Choices,
            "sentence" => Kind::Sentences,
            "cross" => Kind::Cross,
            other => panic!("no golden is made for fixtures called {other}-"),
        };
        cases.push(case(&name, &format!("tiny/{name}"), kind));
    }
    cases
}

impl Case {
    pub fn folder(&self) -> PathBuf {
        fixtures().join(&self.fixture)
    }

    pub fn open(&self, folder: &Path) -> Checkpoint {
        let task = match self.kind {
            Kind::Classes | Kind::Functions | Kind::Cross => Task::TextClassification,
            Kind::Entities => Task::TokenClassification,
            Kind::Answers => Task::QuestionAnswering,
            Kind::Fills => Task::FillMask,
            Kind::Next => Task::NextSentence,
            Kind::Choices => Task::MultipleChoice,
            Kind::Hidden | Kind::Sentences | Kind::Pooled(_) => Task::FeatureExtraction,
        };
        Checkpoint::builder(folder).task(task).open().unwrap_or_else(|e| panic!("{}: {e:#}", self.golden))
    }

    /// On the default engine with every instruction set, on candle, and on the f64 reference.
    pub fn on_all_engines(&self) {
        let checkpoint = self.open(&self.folder());
        for (name, encoder) in engines(&checkpoint) {
            self.agree(&name, checkpoint.clone(), encoder);
        }
    }

    /// Panics at the first difference past the tolerance.
    pub fn agree(&self, engine: &str, checkpoint: Checkpoint, encoder: Arc<dyn Encoder>) {
        let golden = golden(&self.golden);
        let mut tally = Tally::new(format!("{} | {engine}", self.golden));
        match self.kind {
            Kind::Classes => classes(&mut tally, &golden, &Classifier::with_encoder(checkpoint, encoder).unwrap()),
            Kind::Functions => functions(&mut tally, &golden, &Classifier::with_encoder(checkpoint, encoder).unwrap()),
            Kind::Hidden => hidden(&mut tally, &golden, encoder.as_ref()),
            Kind::Entities => entities(&mut tally, &golden, &Tagger::with_encoder(checkpoint, encoder).unwrap()),
            Kind::Answers => answers(&mut tally, &golden, &Answerer::with_encoder(checkpoint, encoder).unwrap()),
            Kind::Fills => fills(&mut tally, &golden, &MaskFiller::with_encoder(checkpoint, encoder).unwrap()),
            Kind::Next => next(&mut tally, &golden, &NextSentence::with_encoder(checkpoint, encoder).unwrap()),
            Kind::Choices => choices(&mut tally, &golden, &Chooser::with_encoder(checkpoint, encoder).unwrap()),
            Kind::Sentences => embeddings(&mut tally, &golden, &Embedder::with_encoder(checkpoint, encoder).unwrap()),
            Kind::Pooled(mode) => {
                embeddings(&mut tally, &golden, &Embedder::pooled_with_encoder(checkpoint, encoder, mode).unwrap());
            }
            Kind::Cross => scores(&mut tally, &golden, &CrossEncoder::with_encoder(checkpoint, encoder).unwrap()),
        }
        tally.done();
    }
}

/// Every encoder that this build and this machine have, by name.
pub fn engines(checkpoint: &Checkpoint) -> Vec<(String, Arc<dyn Encoder>)> {
    let mut engines: Vec<(String, Arc<dyn Encoder>)> = Vec::new();
    for set in NativeEncoder::available_instructions() {
        engines.push((set.into(), Arc::new(NativeEncoder::load_with_instructions(checkpoint, set).unwrap())));
    }
    #[cfg(feature = "candle")]
    engines.push(("candle".into(), Arc::new(bert_model::CandleEncoder::load(checkpoint).unwrap())));
    engines.push(("reference".into(), Arc::new(ReferenceEncoder::load(checkpoint).unwrap())));
    engines
}

fn input(row: &Value) -> Input<'_> {
    Input { text: text(&row["text"]), pair: row["pair"].as_str() }
}

fn classes(tally: &mut Tally, golden: &Value, classifier: &Classifier) {
    let labels = strings(&golden["labels"]);
    assert_eq!(classifier.labels().names(), labels);
    let inputs: Vec<Input<'_>> = rows(golden).iter().map(input).collect();
    for (p, row) in classifier.classify_batch(inputs).unwrap().iter().zip(rows(golden)) {
        tally.same(p.tokens, row["ids"].as_array().unwrap().len(), row);
        tally.all(&p.logits, &row["logits"], row);
        tally.all(&p.scores, &row["scores"], row);
        let scores = super::numbers(&row["scores"]);
        let best = scores.iter().enumerate().rev().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        tally.same(&p.label, &labels[best], row);
    }
}

fn functions(tally: &mut Tally, golden: &Value, classifier: &Classifier) {
    for row in rows(golden) {
        let classifier = match (row["function"].as_str(), count(row, "stride")) {
            (Some("none"), _) => classifier.clone().function_to_apply(ScoreFunction::None),
            (Some("sigmoid"), _) => classifier.clone().function_to_apply(ScoreFunction::Sigmoid),
            (Some(_), _) => classifier.clone().function_to_apply(ScoreFunction::Softmax),
            (None, stride) => classifier.clone().windows(stride.unwrap()),
        };
        let p = classifier.classify(input(row)).unwrap();
        tally.all(&p.scores, &row["scores"], row);
        if let Some(windows) = count(row, "windows") {
            tally.same((p.windows, p.truncated), (windows, false), row);
            tally.all(&p.logits, &row["logits"], row);
        }
    }
}

fn hidden(tally: &mut Tally, golden: &Value, encoder: &dyn Encoder) {
    let ids = |row: &Value| -> Vec<u32> { super::numbers(&row["ids"]).iter().map(|x| *x as u32).collect() };
    let mut batch = PackedBatch::default();
    rows(golden).iter().for_each(|row| batch.push(&ids(row), &[]));
    let hidden = encoder.encode(&batch).unwrap();
    for (range, row) in batch.ranges().zip(rows(golden)) {
        let ours: Vec<f32> = hidden.slice(ndarray::s![range, ..]).iter().copied().collect();
        tally.all(&ours, &row["hidden"], row);
    }
}

/// Offsets in the golden count characters.
fn same_range(tally: &mut Tally, text: &str, range: Range<usize>, golden: &Value, row: &Value) {
    let characters = CharOffsets::new(text).range(range);
    let theirs = (golden["start"].as_u64().unwrap() as usize, golden["end"].as_u64().unwrap() as usize);
    tally.same((characters.start, characters.end), theirs, row);
}

fn entities(tally: &mut Tally, golden: &Value, tagger: &Tagger) {
    for row in rows(golden) {
        let strategy = Aggregation::from_name(text(&row["aggregate"])).unwrap();
        let mut tagger = tagger.clone().aggregation(strategy);
        if let Some(stride) = count(row, "stride") {
            tagger = tagger.windows(stride);
        }
        if row["ignore_labels"].is_array() {
            tagger = tagger.ignore_labels(strings(&row["ignore_labels"]));
        }
        let tags = tagger.tag(text(&row["text"])).unwrap();
        let theirs = row["entities"].as_array().unwrap();
        tally.same(tags.entities.len(), theirs.len(), row);
        for (ours, entity) in tags.entities.into_iter().zip(theirs) {
            let key = if strategy == Aggregation::None { "entity" } else { "entity_group" };
            tally.same(ours.label.as_str(), text(&entity[key]), row);
            tally.same(ours.word.as_str(), text(&entity["word"]), row);
            tally.same(ours.index, count(entity, "index"), row);
            same_range(tally, text(&row["text"]), ours.range, entity, row);
            tally.near(ours.score, &entity["score"], row);
        }
    }
}

fn answers(tally: &mut Tally, golden: &Value, answerer: &Answerer) {
    for row in rows(golden) {
        let answerer = answerer
            .clone()
            .top_k(count(row, "top_k").unwrap_or(1))
            .max_answer_length(count(row, "max_answer_len").unwrap_or(15))
            .impossible(row["handle_impossible_answer"].as_bool().unwrap_or(false))
            .align_to_words(row["align_to_words"].as_bool().unwrap_or(true))
            .windows(count(row, "max_seq_len"), count(row, "doc_stride"));
        let (question, context) = (text(&row["question"]), text(&row["context"]));
        let answers = answerer.answer(question, context).unwrap().answers;
        let theirs = row["answers"].as_array().unwrap();
        tally.same(answers.len(), theirs.len(), row);
        for (ours, answer) in answers.into_iter().zip(theirs) {
            tally.same(ours.text.as_str(), text(&answer["answer"]), row);
            same_range(tally, context, ours.range, answer, row);
            tally.near(ours.score, &answer["score"], row);
        }
    }
}

fn fills(tally: &mut Tally, golden: &Value, filler: &MaskFiller) {
    for row in rows(golden) {
        let mut filler = filler.clone().top_k(count(row, "top_k").unwrap_or(5));
        if row["targets"].is_array() {
            filler = filler.targets(&strings(&row["targets"])).unwrap();
        }
        let fills = filler.fill(text(&row["text"])).unwrap();
        let theirs = row["fills"].as_array().unwrap();
        tally.same(fills.masks.len(), theirs.len(), row);
        for (ours, theirs) in fills.masks.into_iter().zip(theirs) {
            tally.same(&text(&row["text"])[ours.range], "[MASK]", row);
            let theirs = theirs.as_array().unwrap();
            tally.same(ours.fills.len(), theirs.len(), row);
            for (ours, fill) in ours.fills.into_iter().zip(theirs) {
                tally.same(Some(ours.token as usize), count(fill, "token"), row);
                tally.same(ours.token_str.as_str(), text(&fill["token_str"]), row);
                tally.same(ours.sequence.as_str(), text(&fill["sequence"]), row);
                tally.near(ours.score, &fill["score"], row);
            }
        }
    }
}

fn next(tally: &mut Tally, golden: &Value, judge: &NextSentence) {
    for row in rows(golden) {
        let p = judge.judge(text(&row["text"]), text(&row["pair"])).unwrap();
        let scores = super::numbers(&row["scores"]);
        tally.same(p.is_next, scores[0] > scores[1], row);
        tally.all(&p.logits, &row["logits"], row);
        tally.near(p.score, &row["scores"][usize::from(!p.is_next)], row);
    }
}

fn choices(tally: &mut Tally, golden: &Value, chooser: &Chooser) {
    for row in rows(golden) {
        let choice = chooser.choose(text(&row["text"]), &strings(&row["choices"])).unwrap();
        tally.same(Some(choice.choice), count(row, "choice"), row);
        tally.all(&choice.logits, &row["logits"], row);
        tally.all(&choice.scores, &row["scores"], row);
        tally.near(choice.score, &row["scores"][choice.choice], row);
    }
}

fn embeddings(tally: &mut Tally, golden: &Value, embedder: &Embedder) {
    for row in rows(golden) {
        let embedder = match row["prompt"].as_str() {
            Some(prompt) => embedder.clone().prompt(prompt).unwrap(),
            None => embedder.clone(),
        };
        tally.all(&embedder.embed(text(&row["text"])).unwrap().values, &row["embedding"], row);
    }
    tally.same(embedder.similarity_function().name(), text(&golden["similarity_fn"]), golden);
    let unprompted: Vec<&Value> = rows(golden).iter().filter(|row| row["prompt"].is_null()).collect();
    let vector = |i: usize| embedder.embed(text(&unprompted[i]["text"])).unwrap().values;
    for (i, row) in golden["similarity"].as_array().unwrap().iter().enumerate() {
        for (j, theirs) in row.as_array().unwrap().iter().enumerate() {
            tally.near(embedder.similarity(&vector(i), &vector(3 + j)), theirs, row);
        }
    }
}

fn scores(tally: &mut Tally, golden: &Value, scorer: &CrossEncoder) {
    for row in rows(golden) {
        let score = scorer.score(text(&row["text"]), text(&row["pair"])).unwrap();
        tally.near(score.score, &row["score"], row);
    }
}
