//! Question answering.

use bert_checkpoint::Checkpoint;
use bert_model::{Answerer, Answers, CharOffsets};
use serde_json::json;

use super::{Options, chain};
use crate::failure::Failure;
use crate::rows::{Row, Shape};
use crate::work::{Made, Work, number};

pub(super) struct Find {
    answerer: Answerer,
    question: Option<String>,
}

impl Find {
    pub(super) fn new(checkpoint: Checkpoint, options: &Options<'_>) -> Result<Self, Failure> {
        let asked = options.task;
        let answerer = Answerer::try_from(checkpoint).map_err(chain)?;
        let mut answerer = answerer
            .batch_options(options.batch)
            .top_k(asked.top_k.map_or(1, |k| k.of(usize::MAX)))
            .impossible(asked.impossible)
            .windows(options.max_length, asked.stride);
        if let Some(tokens) = asked.max_answer_length {
            answerer = answerer.max_answer_length(tokens);
        }
        Ok(Find { answerer, question: asked.question.clone() })
    }

    fn made(context: &str, answers: &Answers) -> Made {
        let offsets = CharOffsets::new(context);
        let list = answers.answers.iter();
        let record = list.clone().map(|a| {
            let characters = offsets.range(a.range.clone());
            json!({"answer": a.text, "score": number(a.score), "start": characters.start, "end": characters.end})
        });
        let line: Vec<String> = list.map(|a| format!("{:.4} [{}]", a.score, a.text)).collect();
        Made {
            fields: vec![("answers", record.collect())],
            line: line.join("  "),
            tokens: answers.tokens,
            truncated: false,
        }
    }
}

impl Work for Find {
    fn shape(&self) -> Shape {
        Shape::question(self.question.clone())
    }

    fn columns(&self) -> Vec<&'static str> {
        vec!["answers"]
    }

    fn run(&self, rows: &[&Row]) -> Vec<Result<Made, String>> {
        let inputs: Vec<(&str, &str)> =
            rows.iter().map(|r| (r.text.as_str(), r.pair.as_deref().unwrap_or_default())).collect();
        let results = self.answerer.answer_each(&inputs).into_iter().zip(inputs);
        results.map(|(result, (_, c))| result.map(|a| Self::made(c, &a)).map_err(|e| e.to_string())).collect()
    }

    fn limit(&self) -> usize {
        self.answerer.max_length()
    }
}
