//! Multiple choice.

use bert_checkpoint::Checkpoint;
use bert_model::{Choice, Chooser};

use super::{Options, chain};
use crate::failure::Failure;
use crate::rows::{Row, Shape};
use crate::work::{Made, Work, number};

pub(super) struct Choose {
    chooser: Chooser,
    logits: bool,
}

impl Choose {
    pub(super) fn new(checkpoint: Checkpoint, options: &Options<'_>) -> Result<Self, Failure> {
        let chooser = Chooser::try_from(checkpoint).map_err(chain)?;
        let chooser = chooser.truncation(options.truncation(), options.max_length).batch_options(options.batch);
        Ok(Choose { chooser, logits: options.task.logits })
    }

    fn made(&self, row: &Row, c: &Choice) -> Made {
        let scores = c.scores.iter().map(|x| number(*x)).collect();
        let mut fields = vec![("choice", c.choice.into()), ("score", number(c.score)), ("scores", scores)];
        if self.logits {
            fields.push(("logits", c.logits.iter().map(|x| number(*x)).collect()));
        }
        let chosen = row.choices.get(c.choice).map_or("", String::as_str);
        let line = format!("{}  {:.4}  [{chosen}]", c.choice, c.score);
        Made { fields, line, tokens: c.tokens, truncated: c.truncated }
    }
}

impl Work for Choose {
    fn shape(&self) -> Shape {
        Shape::choices()
    }

    fn columns(&self) -> Vec<&'static str> {
        let logits = self.logits.then_some("logits");
        ["choice", "score", "scores"].into_iter().chain(logits).collect()
    }

    fn run(&self, rows: &[&Row]) -> Vec<Result<Made, String>> {
        let choices: Vec<Vec<&str>> = rows.iter().map(|r| r.choices.iter().map(String::as_str).collect()).collect();
        let inputs: Vec<(&str, &[&str])> =
            rows.iter().zip(&choices).map(|(r, c)| (r.text.as_str(), c.as_slice())).collect();
        let results = self.chooser.choose_each(&inputs).into_iter().zip(rows);
        results.map(|(result, row)| result.map(|c| self.made(row, &c)).map_err(|e| e.to_string())).collect()
    }

    fn limit(&self) -> usize {
        self.chooser.max_length()
    }
}
