//! Text classification.

use bert_checkpoint::Checkpoint;
use bert_config::ProblemType;
use bert_model::{Classifier, Input, Prediction, ScoreFunction};
use serde_json::{Value, json};

use super::{Options, chain};
use crate::args::{Function, Truncate};
use crate::failure::Failure;
use crate::rows::{Row, Shape};
use crate::work::{Made, Work, number};

pub(super) struct Classify {
    classifier: Classifier,
    top: Option<usize>,
    threshold: Option<f32>,
    logits: bool,
}

impl Classify {
    pub(super) fn new(checkpoint: Checkpoint, options: &Options<'_>) -> Result<Self, Failure> {
        let asked = options.task;
        let multi = checkpoint.config().problem_type == Some(ProblemType::MultiLabel);
        if asked.threshold.is_some() && !multi {
            return Err(Failure::Usage(
                "--threshold is for multi-label checkpoints; this one has one label a text".into(),
            ));
        }
        let classifier = Classifier::try_from(checkpoint).map_err(chain)?;
        let mut classifier =
            classifier.truncation(options.truncation(), options.max_length).batch_options(options.batch);
        if asked.truncation == Some(Truncate::Window) {
            let stride = options.stride(classifier.max_length());
            classifier = classifier.windows(stride);
        } else if asked.stride.is_some() {
            return Err(Failure::Usage("--stride goes with --truncation window".into()));
        }
        if let Some(function) = asked.function_to_apply {
            classifier = classifier.function_to_apply(match function {
                Function::None => ScoreFunction::None,
                Function::Sigmoid => ScoreFunction::Sigmoid,
                Function::Softmax => ScoreFunction::Softmax,
            });
        }
        let top = asked.top_k.map(|k| k.of(classifier.labels().len()));
        Ok(Classify { classifier, top, threshold: asked.threshold, logits: asked.logits })
    }

    fn name(&self, id: usize) -> &str {
        self.classifier.labels().name(id).unwrap_or_default()
    }

    fn best(&self, p: &Prediction, k: usize) -> Vec<(usize, f32)> {
        p.ranked().into_iter().take(k).collect()
    }

    fn above(&self, p: &Prediction, threshold: f32) -> Vec<(usize, f32)> {
        p.ranked().into_iter().filter(|(_, score)| *score >= threshold).collect()
    }

    fn made(&self, p: &Prediction) -> Made {
        let mut fields = vec![("label", Value::from(p.label.as_str())), ("score", number(p.score))];
        if let Some(k) = self.top {
            let best = self.best(p, k).into_iter();
            let scores = best.map(|(id, score)| json!({"label": self.name(id), "score": number(score)})).collect();
            fields.push(("scores", scores));
        }
        if let Some(threshold) = self.threshold {
            fields.push(("labels", self.above(p, threshold).into_iter().map(|(id, _)| self.name(id)).collect()));
        }
        if self.logits {
            fields.push(("logits", p.logits.iter().map(|x| number(*x)).collect()));
        }
        Made { fields, line: self.line(p), tokens: p.tokens, truncated: p.truncated }
    }

    fn line(&self, p: &Prediction) -> String {
        let list = |ranked: Vec<(usize, f32)>| {
            let all: Vec<_> = ranked.into_iter().map(|(id, s)| format!("{} {s:.4}", self.name(id))).collect();
            if all.is_empty() { "(none)".to_string() } else { all.join("  ") }
        };
        let mut line = match (self.top, self.threshold) {
            (_, Some(threshold)) => list(self.above(p, threshold)),
            (Some(k), _) => list(self.best(p, k)),
            _ => format!("{}  {:.4}", p.label, p.score),
        };
        if self.logits {
            line.push_str(&format!("  {:?}", p.logits));
        }
        line
    }
}

impl Work for Classify {
    fn shape(&self) -> Shape {
        Shape::text()
    }

    fn columns(&self) -> Vec<&'static str> {
        let mut columns = vec!["label", "score"];
        columns.extend(self.top.map(|_| "scores"));
        columns.extend(self.threshold.map(|_| "labels"));
        columns.extend(self.logits.then_some("logits"));
        columns
    }

    fn run(&self, rows: &[&Row]) -> Vec<Result<Made, String>> {
        let inputs: Vec<Input<'_>> = rows.iter().map(|r| r.input()).collect();
        let results = self.classifier.classify_each(&inputs).into_iter();
        results.map(|result| result.map(|p| self.made(&p)).map_err(|e| e.to_string())).collect()
    }

    fn limit(&self) -> usize {
        self.classifier.max_length()
    }
}
