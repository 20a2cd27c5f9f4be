//! Fill-mask.

use bert_checkpoint::Checkpoint;
use bert_model::{Fills, MaskFiller};
use serde_json::{Value, json};

use super::{Options, chain};
use crate::failure::Failure;
use crate::output;
use crate::rows::{Row, Shape};
use crate::work::{Made, Work, number};

pub(super) struct Fill {
    filler: MaskFiller,
}

impl Fill {
    pub(super) fn new(checkpoint: Checkpoint, options: &Options<'_>) -> Result<Self, Failure> {
        let asked = options.task;
        let tokens = checkpoint.tokenizer().vocab_size();
        let filler = MaskFiller::try_from(checkpoint).map_err(chain)?;
        let mut filler = filler.truncation(options.truncation(), options.max_length).batch_options(options.batch);
        if let Some(k) = asked.top_k {
            filler = filler.top_k(k.of(tokens));
        }
        if !asked.target.is_empty() {
            for word in &asked.target {
                say_what_stands_for(&filler, word)?;
            }
            filler = filler.targets(&asked.target).map_err(|e| Failure::chain(&e))?;
        }
        Ok(Fill { filler })
    }

    fn made(fills: &Fills) -> Made {
        let fill = |f: &bert_model::Fill| json!({"token": f.token, "token_str": f.token_str, "score": number(f.score), "sequence": f.sequence});
        let masks = fills.masks.iter();
        let record = masks.clone().map(|m| Value::from(m.fills.iter().map(fill).collect::<Vec<_>>())).collect();
        let words = |m: &bert_model::MaskFills| {
            let words: Vec<_> = m.fills.iter().map(|f| format!("{} {:.4}", f.token_str, f.score)).collect();
            words.join("  ")
        };
        Made {
            fields: vec![("fills", record)],
            line: masks.map(words).collect::<Vec<_>>().join("  |  "),
            tokens: fills.tokens,
            truncated: fills.truncated,
        }
    }
}

/// A word that is no token is judged by its first piece; that must not go unsaid.
fn say_what_stands_for(filler: &MaskFiller, word: &str) -> Result<(), Failure> {
    let id = filler.target(word).map_err(|e| Failure::chain(&e))?;
    let token = filler.checkpoint().tokenizer().token(id).unwrap_or_default();
    if token != word {
        output::remark(&format!("the target {word:?} is no token; {token:?} stands for it"));
    }
    Ok(())
}

impl Work for Fill {
    fn shape(&self) -> Shape {
        Shape::text()
    }

    fn columns(&self) -> Vec<&'static str> {
        vec!["fills"]
    }

    fn run(&self, rows: &[&Row]) -> Vec<Result<Made, String>> {
        let texts: Vec<&str> = rows.iter().map(|r| r.text.as_str()).collect();
        let results = self.filler.fill_each(&texts).into_iter();
        results.map(|result| result.map(|f| Self::made(&f)).map_err(|e| e.to_string())).collect()
    }

    fn limit(&self) -> usize {
        self.filler.max_length()
    }
}
