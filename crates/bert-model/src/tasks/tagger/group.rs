//! From labelled tokens to entities, step by step as `TokenClassificationPipeline` does it.

use std::collections::BTreeMap;
use std::ops::Range;

use bert_config::Labels;
use bert_tok::{BertTokenizer, Encoded};

use super::{Aggregation, Entity};
use crate::CharOffsets;

/// A token of the text with its scores (`gather_pre_entities`).
#[derive(Clone, Debug)]
pub(super) struct Piece {
    word: String,
    scores: Vec<f32>,
    range: Range<usize>,
    index: usize,
    /// Whether it continues the word before it.
    is_subword: bool,
    /// Tokens between it and the nearer end of its window.
    margin: usize,
}

pub(super) struct Grouper<'a> {
    pub(super) tokenizer: &'a BertTokenizer,
    pub(super) labels: &'a Labels,
    pub(super) aggregation: Aggregation,
    pub(super) ignore: &'a [String],
}

impl Grouper<'_> {
    /// The tokens of a window that are part of the text; the window begins `start` tokens into it.
    pub(super) fn pieces(
        &self,
        text: &str,
        offsets: &CharOffsets<'_>,
        encoded: &Encoded,
        scores: Vec<Vec<f32>>,
        start: usize,
    ) -> Vec<Piece> {
        let unk = self.tokenizer.facts().special.unk.id;
        let tokens = encoded.ids.len();
        let inside = scores.into_iter().enumerate().filter(|(i, _)| encoded.sequences.get(*i) == Some(&Some(0)));
        inside
            .filter_map(|(i, scores)| {
                let (id, range) = (*encoded.ids.get(i)?, encoded.offsets.get(i)?.clone());
                let written = text.get(range.clone()).unwrap_or_default();
                let token = self.tokenizer.token(id).unwrap_or_default();
                let characters = offsets.character(range.end) - offsets.character(range.start);
                // The reference knows a continuation by its length: `##` makes the token longer than what it stands for.
                let is_subword = token.chars().count() != characters;
                let unknown = Some(id) == unk;
                Some(Piece {
                    word: if unknown { written.to_string() } else { token },
                    is_subword: is_subword && !unknown,
                    scores,
                    range,
                    index: start + i,
                    margin: i.min(tokens - 1 - i),
                })
            })
            .collect()
    }

    /// Each token by itself, ignored labels left out.
    pub(super) fn label(&self, pieces: Vec<Piece>) -> Vec<Entity> {
        let entities = pieces.into_iter().map(|piece| self.entity_of(&piece));
        entities.filter(|e| !self.ignore.contains(&e.label)).collect()
    }

    /// Groups of tokens, ignored labels left out.
    pub(super) fn entities(&self, pieces: Vec<Piece>) -> Vec<Entity> {
        let labelled = match self.aggregation {
            Aggregation::None | Aggregation::Simple => pieces.iter().map(|piece| self.entity_of(piece)).collect(),
            _ => self.words(&pieces),
        };
        let groups = self.group(labelled);
        groups.into_iter().filter(|e| !self.ignore.contains(&e.label)).collect()
    }

    fn entity_of(&self, piece: &Piece) -> Entity {
        let (label, score) = self.best(&piece.scores);
        Entity { label, score, word: piece.word.clone(), range: piece.range.clone(), index: Some(piece.index) }
    }

    /// The best label and its score; the first of equal ones.
    fn best(&self, scores: &[f32]) -> (String, f32) {
        let best = argmax(scores);
        let name = self.labels.name(best).unwrap_or_default().to_string();
        (name, scores.get(best).copied().unwrap_or_default())
    }

    /// One label a word (`aggregate_words`).
    fn words(&self, pieces: &[Piece]) -> Vec<Entity> {
        pieces.chunk_by(|_, next| next.is_subword).filter_map(|word| self.word(word)).collect()
    }

    fn word(&self, pieces: &[Piece]) -> Option<Entity> {
        let (first, last) = (pieces.first()?, pieces.last()?);
        let (label, score) = match self.aggregation {
            Aggregation::Max => {
                // The first of equally sure tokens.
                let surest = pieces.iter().map(|p| max(&p.scores)).collect::<Vec<_>>();
                self.best(&pieces.get(argmax(&surest))?.scores)
            }
            Aggregation::Average => self.best(&mean(pieces)),
            _ => self.best(&first.scores),
        };
        Some(Entity {
            label,
            score,
            word: self.tokenizer.join_tokens(pieces.iter().map(|p| p.word.clone()).collect()),
            range: first.range.start..last.range.end,
            index: None,
        })
    }

    /// Neighbours of one kind become one entity, unless the next one begins a new one (`group_entities`).
    fn group(&self, entities: Vec<Entity>) -> Vec<Entity> {
        let goes_on = |a: &Entity, b: &Entity| {
            let ((_, before), (begins, kind)) = (tag(&a.label), tag(&b.label));
            kind == before && !begins
        };
        entities.chunk_by(goes_on).filter_map(|group| self.join(group)).collect()
    }

    fn join(&self, group: &[Entity]) -> Option<Entity> {
        let (first, last) = (group.first()?, group.last()?);
        let scores = group.iter().map(|e| f64::from(e.score)).sum::<f64>() / group.len() as f64;
        // `split("-", 1)[-1]`: whatever stands before the first hyphen is taken for a mark such as `B`.
        let label = first.label.split_once('-').map_or(first.label.as_str(), |(_, kind)| kind);
        Some(Entity {
            label: label.to_string(),
            score: scores as f32,
            word: self.tokenizer.join_tokens(group.iter().map(|e| e.word.clone()).collect()),
            range: first.range.start..last.range.end,
            index: None,
        })
    }
}

/// Whether a label begins an entity, and of which kind (`get_tag`).
fn tag(label: &str) -> (bool, &str) {
    match (label.strip_prefix("B-"), label.strip_prefix("I-")) {
        (Some(kind), _) => (true, kind),
        (_, Some(kind)) => (false, kind),
        _ => (false, label),
    }
}

fn max(scores: &[f32]) -> f32 {
    scores.iter().copied().fold(f32::NEG_INFINITY, f32::max)
}

/// The first of the largest.
fn argmax(scores: &[f32]) -> usize {
    let best = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    best.map_or(0, |(i, _)| i)
}

/// The mean score of each label.
fn mean(pieces: &[Piece]) -> Vec<f32> {
    let labels = pieces.first().map_or(0, |p| p.scores.len());
    let score = |label: usize| pieces.iter().filter_map(|p| p.scores.get(label)).map(|s| f64::from(*s)).sum::<f64>();
    (0..labels).map(|label| (score(label) / pieces.len() as f64) as f32).collect()
}

/// Of the windows that hold a token, the one in which it stands furthest from an end.
pub(super) fn most_central(windows: Vec<Vec<Piece>>) -> Vec<Piece> {
    let mut tokens: BTreeMap<usize, Piece> = BTreeMap::new();
    for piece in windows.into_iter().flatten() {
        match tokens.get(&piece.index) {
            Some(held) if held.margin >= piece.margin => {}
            _ => _ = tokens.insert(piece.index, piece),
        }
    }
    tokens.into_values().collect()
}

/// Of entities of several windows that overlap, the longer one, then the surer one (`aggregate_overlapping_entities`).
pub(super) fn without_overlap(windows: Vec<Vec<Entity>>, offsets: &CharOffsets<'_>) -> Vec<Entity> {
    if windows.len() < 2 {
        return windows.into_iter().flatten().collect();
    }
    let mut entities: Vec<Entity> = windows.into_iter().flatten().collect();
    entities.sort_by_key(|e| e.range.start);
    let mut kept: Vec<Entity> = Vec::new();
    for entity in entities {
        let overlapped = kept.last_mut().filter(|last| last.range.contains(&entity.range.start));
        match overlapped {
            Some(last) => {
                let length = |e: &Entity| offsets.range(e.range.clone()).len();
                let longer = length(&entity).cmp(&length(last));
                if longer.is_gt() || (longer.is_eq() && entity.score > last.score) {
                    *last = entity;
                }
            }
            None => kept.push(entity),
        }
    }
    kept
}
