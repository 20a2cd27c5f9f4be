//! Next sentence.

use bert_checkpoint::Checkpoint;
use bert_model::{Input, NextPrediction, NextSentence};

use super::{Options, chain};
use crate::failure::Failure;
use crate::rows::{Row, Shape};
use crate::work::{Made, Work, number};

pub(super) struct Next {
    judge: NextSentence,
    logits: bool,
}

impl Next {
    pub(super) fn new(checkpoint: Checkpoint, options: &Options<'_>) -> Result<Self, Failure> {
        let judge = NextSentence::try_from(checkpoint).map_err(chain)?;
        let judge = judge.truncation(options.truncation(), options.max_length).batch_options(options.batch);
        Ok(Next { judge, logits: options.task.logits })
    }

    fn made(&self, p: &NextPrediction) -> Made {
        let label = if p.is_next { "is_next" } else { "not_next" };
        let mut fields = vec![("label", label.into()), ("score", number(p.score))];
        if self.logits {
            fields.push(("logits", p.logits.iter().map(|x| number(*x)).collect()));
        }
        Made { fields, line: format!("{label}  {:.4}", p.score), tokens: p.tokens, truncated: p.truncated }
    }
}

impl Work for Next {
    fn shape(&self) -> Shape {
        Shape::pair()
    }

    fn columns(&self) -> Vec<&'static str> {
        let logits = self.logits.then_some("logits");
        ["label", "score"].into_iter().chain(logits).collect()
    }

    fn run(&self, rows: &[&Row]) -> Vec<Result<Made, String>> {
        let inputs: Vec<Input<'_>> = rows.iter().map(|r| r.input()).collect();
        let results = self.judge.judge_each(&inputs).into_iter();
        results.map(|result| result.map(|p| self.made(&p)).map_err(|e| e.to_string())).collect()
    }

    fn limit(&self) -> usize {
        self.judge.max_length()
    }
}
