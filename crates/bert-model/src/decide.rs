//! Deciding what no file shows by running the candidates against outputs of the original model.

use std::path::Path;

use bert_checkpoint::{Certainty, Checkpoint, Recovery};
use bert_config::Task;

use crate::{Classifier, Error, Input, PredictError};

/// A text with the logits the original model gave for it.
#[derive(Clone, Debug, PartialEq)]
pub struct GoldenRow {
    /// The text.
    pub text: String,
    /// The second text of a pair.
    pub pair: Option<String>,
    /// Logits, by label id.
    pub logits: Vec<f32>,
}

/// What trying the candidates gave.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decision {
    /// Configurations that were run.
    pub tried: usize,
    /// Largest difference of a logit under the best of them.
    pub largest_difference: f32,
    /// Fields that were decided.
    pub decided: Vec<String>,
    /// Fields whose candidates cannot be told apart by these rows.
    pub undecided: Vec<String>,
}

impl Decision {
    /// Whether the best configuration gives the outputs of the original.
    pub fn explains(&self) -> bool {
        self.largest_difference <= EXPLAINS
    }
}

/// Logits of the same f32 model differ by rounding, at most 2e-5 between engines; outputs printed with few digits by more.
const EXPLAINS: f32 = 1e-3;
/// A candidate is decided when the next best is this many times worse.
const CLEARLY: f32 = 10.0;
/// Fields that outputs can decide, the most telling first.
const FIELDS: [&str; 4] = ["num_attention_heads", "position_embedding_type", "hidden_act", EPSILON];
const EPSILON: &str = "layer_norm_eps";

/// Tries the candidates of the assumed fields of `recovery` on the checkpoint at `path`, and keeps those that give the
/// golden logits. Heads and activations are tried in all combinations, under one epsilon after the other until a
/// combination explains the outputs; then the epsilons are compared under it.
///
/// # Errors
/// When the checkpoint cannot be run under any candidate, or a golden row has another number of logits.
pub fn decide(path: &Path, recovery: &mut Recovery, rows: &[GoldenRow]) -> Result<Decision, Error> {
    let open = |field: &&str| recovery.assumed().any(|v| v.name == **field);
    let (first, last): (Vec<&str>, Vec<&str>) = FIELDS.into_iter().filter(open).partition(|f| *f != EPSILON);
    let mut search = Search { path, rows, tried: 0 };
    let mut grid = Vec::new();
    for epsilon in combinations(recovery, &last) {
        let under = with(recovery, &last, &epsilon);
        let results = search.all(&under, &first)?;
        let explains = results.first().is_some_and(|(d, _)| *d <= EXPLAINS);
        if explains || grid.first().is_none_or(|(d, _): &Tried| results.first().is_some_and(|r| r.0 < *d)) {
            *recovery = under;
            grid = results;
        }
        if explains {
            break;
        }
    }
    let mut decision =
        Decision { tried: 0, largest_difference: f32::INFINITY, decided: Vec::new(), undecided: Vec::new() };
    decision.settle(recovery, &first, &grid, rows.len());
    let epsilons = search.all(recovery, &last)?;
    decision.settle(recovery, &last, &epsilons, rows.len());
    decision.tried = search.tried;
    Ok(decision)
}

/// Largest difference under a combination of values.
type Tried = (f32, Vec<String>);

/// The configuration with these values for these fields, still to be confirmed.
fn with(recovery: &Recovery, fields: &[&str], values: &[String]) -> Recovery {
    let mut candidate = recovery.clone();
    for (field, json) in fields.iter().zip(values) {
        candidate.assume(field, json);
    }
    candidate
}

impl Decision {
    /// Keeps the best of the combinations; a field is decided when every other value for it is clearly worse.
    fn settle(&mut self, recovery: &mut Recovery, fields: &[&str], results: &[Tried], rows: usize) {
        let Some((best, values)) = results.first() else { return };
        self.largest_difference = self.largest_difference.min(*best);
        for (i, (field, json)) in fields.iter().zip(values).enumerate() {
            let rival = results.iter().find(|(_, other)| other.get(i) != values.get(i));
            if *best <= EXPLAINS && rival.is_none_or(|(d, _)| *d > CLEARLY * best.max(1e-6)) {
                let evidence = format!("decided by {rows} outputs: largest difference {best:.1e}");
                recovery.set(field, json, Certainty::Decided, &evidence);
                self.decided.push((*field).to_string());
            } else {
                self.undecided.push((*field).to_string());
            }
        }
    }
}

/// Every choice of one candidate for each field.
fn combinations(recovery: &Recovery, fields: &[&str]) -> Vec<Vec<String>> {
    fields.iter().fold(vec![Vec::new()], |sofar, field| {
        let candidates =
            recovery.values().iter().find(|v| v.name == **field).map(|v| v.candidates.clone()).unwrap_or_default();
        sofar
            .iter()
            .flat_map(|head| candidates.iter().map(move |c| [head.as_slice(), std::slice::from_ref(c)].concat()))
            .collect()
    })
}

struct Search<'a> {
    path: &'a Path,
    rows: &'a [GoldenRow],
    tried: usize,
}

impl Search<'_> {
    /// Every combination of candidates for these fields, the best first.
    fn all(&mut self, recovery: &Recovery, fields: &[&str]) -> Result<Vec<Tried>, Error> {
        let mut results = Vec::new();
        for combination in combinations(recovery, fields) {
            results.push((self.difference(&with(recovery, fields, &combination))?, combination));
        }
        results.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(results)
    }

    /// Largest difference to the golden logits under this configuration.
    fn difference(&mut self, recovery: &Recovery) -> Result<f32, Error> {
        self.tried += 1;
        let builder = Checkpoint::builder(self.path).config_text(recovery.to_json()).task(Task::TextClassification);
        let classifier: Classifier = builder.level(bert_checkpoint::Level::Header).open()?.try_into()?;
        let inputs: Vec<Input<'_>> =
            self.rows.iter().map(|r| Input { text: &r.text, pair: r.pair.as_deref() }).collect();
        let mut worst = 0.0f32;
        for (result, row) in classifier.classify_each(&inputs).into_iter().zip(self.rows) {
            match result {
                Ok(p) if p.logits.len() == row.logits.len() => {
                    worst = p.logits.iter().zip(&row.logits).map(|(a, b)| (a - b).abs()).fold(worst, f32::max);
                }
                Ok(p) => {
                    let (ours, theirs) = (p.logits.len(), row.logits.len());
                    return Err(Error::Engine(format!(
                        "a golden row has {theirs} logits, the classifier {ours} outputs"
                    )));
                }
                // Another activation may overflow: as wrong as can be.
                Err(PredictError::NotFinite(_)) => return Ok(f32::INFINITY),
                Err(error) => return Err(Error::Engine(error.to_string())),
            }
        }
        Ok(worst)
    }
}
