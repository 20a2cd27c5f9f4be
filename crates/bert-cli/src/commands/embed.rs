//! `bert embed`: one embedding a text, or how alike texts are.

use std::path::Path;

use bert_checkpoint::{Checkpoint, PoolingMode};
use bert_config::Task;
use bert_model::{Embedder, Embedding, Error, Input};
use bert_tok::Truncation;

use super::predict::{batch, max_length};
use crate::args::{CutOrRefuse, Embed, EmbedOptions, Global, Pooling};
use crate::failure::{Failure, Outcome};
use crate::rows::{self, Row, Shape};
use crate::work::{self, Made, Work, number};
use crate::{open, output};

pub(crate) fn run(args: &Embed, global: &Global) -> Result<Outcome, Failure> {
    let rows = &args.rows;
    let checkpoint = open::checkpoint_for(&rows.checkpoint, &rows.parts, global, Task::FeatureExtraction)?;
    let cut = args.truncation == CutOrRefuse::Right;
    let plain = EmbedOptions { prompt: None, ..args.options.clone() };
    let plain = embedder(checkpoint, &plain, cut, max_length(rows, global)?, global)?.batch_options(batch(rows));
    let others = match &args.similarity {
        Some(file) => Some(embed_file(&plain, file)?),
        None => None,
    };
    let embedder = prompted(plain, args.options.prompt.as_deref())?;
    work::run(&Embeddings { embedder, others }, rows, global)
}

/// The embedder of a checkpoint; texts past the limit are cut, or their rows fail.
pub(crate) fn embedder(
    checkpoint: Checkpoint,
    options: &EmbedOptions,
    cut: bool,
    max_length: Option<usize>,
    global: &Global,
) -> Result<Embedder, Failure> {
    let named = checkpoint.sentence().is_some();
    let built = match options.pooling {
        Some(pooling) => {
            if named && !global.quiet {
                output::remark("--pooling is used in place of the modules that `modules.json` names");
            }
            Embedder::pooled(checkpoint, mode(pooling))
        }
        None => Embedder::try_from(checkpoint),
    };
    let embedder = built.map_err(|e| match e {
        Error::NoPooling => Failure::Usage(
            "the folder does not say how tokens become one vector (it has no modules.json): add --pooling cls, mean or max"
                .into(),
        ),
        other => Failure::chain(&other),
    })?;
    let truncation = if cut { Truncation::LongestFirst } else { Truncation::Refuse };
    let embedder = embedder.truncation(truncation, max_length);
    let embedder = if options.normalize { embedder.normalize() } else { embedder };
    prompted(embedder, options.prompt.as_deref())
}

fn mode(pooling: Pooling) -> PoolingMode {
    match pooling {
        Pooling::Cls => PoolingMode::Cls,
        Pooling::Mean => PoolingMode::Mean,
        Pooling::Max => PoolingMode::Max,
    }
}

fn prompted(embedder: Embedder, name: Option<&str>) -> Result<Embedder, Failure> {
    match name {
        Some(name) => embedder.prompt(name).map_err(|e| Failure::chain(&e)),
        None => Ok(embedder),
    }
}

/// Embeddings of the texts of a file; here every row must be sound.
fn embed_file(embedder: &Embedder, file: &Path) -> Result<Vec<Vec<f32>>, Failure> {
    let mut texts = Vec::new();
    for item in rows::texts_of(file)? {
        let row = item?.map_err(|p| Failure::Other(format!("{}: {}", p.place, p.message)))?;
        texts.push(row.text);
    }
    if texts.is_empty() {
        return Err(Failure::Other(format!("{} has no texts to compare with", file.display())));
    }
    let embeddings = embedder.embed_batch(&texts).map_err(|e| Failure::Other(format!("{}: {e}", file.display())))?;
    Ok(embeddings.into_iter().map(|e| e.values).collect())
}

/// Embeddings of texts, or how alike they are to others.
pub(crate) struct Embeddings {
    embedder: Embedder,
    /// What each text is compared with.
    others: Option<Vec<Vec<f32>>>,
}

impl Embeddings {
    pub(crate) fn of(embedder: Embedder) -> Self {
        Embeddings { embedder, others: None }
    }

    fn made(&self, e: &Embedding) -> Made {
        let list = |values: &[f32]| values.iter().map(|x| number(*x)).collect();
        let (field, values) = match &self.others {
            Some(others) => ("similarities", others.iter().map(|o| self.embedder.similarity(&e.values, o)).collect()),
            None => ("embedding", e.values.clone()),
        };
        let shown: Vec<String> = values.iter().take(6).map(|x| format!("{x:.4}")).collect();
        let more = if values.len() > 6 { format!(" ... ({} numbers)", values.len()) } else { String::new() };
        Made {
            fields: vec![(field, list(&values))],
            line: format!("{}{more}", shown.join(" ")),
            tokens: e.tokens,
            truncated: e.truncated,
        }
    }
}

impl Work for Embeddings {
    fn shape(&self) -> Shape {
        Shape::text()
    }

    fn columns(&self) -> Vec<&'static str> {
        vec![if self.others.is_some() { "similarities" } else { "embedding" }]
    }

    fn run(&self, rows: &[&Row]) -> Vec<Result<Made, String>> {
        let inputs: Vec<Input<'_>> = rows.iter().map(|r| r.input()).collect();
        let results = self.embedder.embed_each(&inputs).into_iter();
        results.map(|result| result.map(|e| self.made(&e)).map_err(|e| e.to_string())).collect()
    }

    fn limit(&self) -> usize {
        self.embedder.max_length()
    }
}
