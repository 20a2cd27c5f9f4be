//! Token classification.

use bert_checkpoint::Checkpoint;
use bert_model::{Aggregation, CharOffsets, Tagger, Tags};
use serde_json::{Map, Value};

use super::{Options, chain};
use crate::args::Truncate;
use crate::failure::Failure;
use crate::rows::{Row, Shape};
use crate::work::{Made, Work, number};

pub(super) struct Tag {
    tagger: Tagger,
}

impl Tag {
    pub(super) fn new(checkpoint: Checkpoint, options: &Options<'_>) -> Result<Self, Failure> {
        let asked = options.task;
        let tagger = Tagger::try_from(checkpoint).map_err(chain)?;
        let mut tagger = tagger.truncation(options.truncation(), options.max_length).batch_options(options.batch);
        if let Some(aggregation) = asked.aggregate.as_deref().and_then(Aggregation::from_name) {
            tagger = tagger.aggregation(aggregation);
        }
        if !asked.ignore_label.is_empty() {
            tagger = tagger.ignore_labels(&asked.ignore_label);
        }
        if asked.stride.is_some() || asked.truncation == Some(Truncate::Window) {
            let stride = options.stride(tagger.max_length());
            tagger = tagger.windows(stride);
        }
        Ok(Tag { tagger })
    }

    fn made(text: &str, tags: &Tags) -> Made {
        let offsets = CharOffsets::new(text);
        let entity = |e: &bert_model::Entity| {
            let mut map = Map::new();
            let key = if e.index.is_some() { "entity" } else { "entity_group" };
            map.insert(key.into(), e.label.as_str().into());
            map.insert("score".into(), number(e.score));
            map.extend(e.index.map(|index| ("index".to_string(), Value::from(index))));
            map.insert("word".into(), e.word.as_str().into());
            let characters = offsets.range(e.range.clone());
            map.insert("start".into(), characters.start.into());
            map.insert("end".into(), characters.end.into());
            Value::Object(map)
        };
        let written = |e: &bert_model::Entity| {
            format!("{} {:.4} [{}]", e.label, e.score, text.get(e.range.clone()).unwrap_or_default())
        };
        let line: Vec<String> = tags.entities.iter().map(written).collect();
        Made {
            fields: vec![("entities", tags.entities.iter().map(entity).collect())],
            line: if line.is_empty() { "(none)".into() } else { line.join("  ") },
            tokens: tags.tokens,
            truncated: tags.truncated,
        }
    }
}

impl Work for Tag {
    fn shape(&self) -> Shape {
        Shape::text()
    }

    fn columns(&self) -> Vec<&'static str> {
        vec!["entities"]
    }

    fn run(&self, rows: &[&Row]) -> Vec<Result<Made, String>> {
        let texts: Vec<&str> = rows.iter().map(|r| r.text.as_str()).collect();
        let results = self.tagger.tag_each(&texts).into_iter().zip(texts);
        results.map(|(result, text)| result.map(|t| Self::made(text, &t)).map_err(|e| e.to_string())).collect()
    }

    fn limit(&self) -> usize {
        self.tagger.max_length()
    }
}
