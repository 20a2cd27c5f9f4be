//! Values of the configuration that are words, and where values come from.

use std::ops::Range;

use bert_diag::{Source, Span};

use crate::{Activation, Architecture, BertConfig, Labels, Task};

/// Where the value of a field comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Written in the file, at these bytes.
    Given(Range<usize>),
    /// Absent; the reference's default.
    Default,
    /// Absent; follows from other fields.
    Derived,
}

/// How positions enter the attention (`position_embedding_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PositionEmbedding {
    /// A table of positions is added to the word embeddings (the BERT paper).
    #[default]
    Absolute,
    /// Distances enter the keys (Shaw et al. 2018).
    RelativeKey,
    /// Distances enter queries and keys (Huang et al. 2020, method 4).
    RelativeKeyQuery,
}

/// What the outputs of a sequence classifier mean (`problem_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemType {
    /// Raw numbers.
    Regression,
    /// One label of many: softmax.
    SingleLabel,
    /// Each label by itself: sigmoid.
    MultiLabel,
}

impl PositionEmbedding {
    pub(crate) const NAMES: &'static [(&'static str, PositionEmbedding)] = &[
        ("absolute", PositionEmbedding::Absolute),
        ("relative_key", PositionEmbedding::RelativeKey),
        ("relative_key_query", PositionEmbedding::RelativeKeyQuery),
    ];
}

impl ProblemType {
    pub(crate) const NAMES: &'static [(&'static str, ProblemType)] = &[
        ("regression", ProblemType::Regression),
        ("single_label_classification", ProblemType::SingleLabel),
        ("multi_label_classification", ProblemType::MultiLabel),
    ];
}

impl BertConfig {
    /// The names of the outputs of a classifier, in order of their ids.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The class that saved the checkpoint: the first of `architectures`, if it is one of BERT's.
    pub fn architecture(&self) -> Option<Architecture> {
        Architecture::from_name(self.architectures.first()?)
    }

    /// The task that follows from `architectures`.
    pub fn task(&self) -> Option<Task> {
        self.architecture().map(Architecture::task)
    }

    /// What turns the logits into scores, where the file says that the model is a cross-encoder of
    /// sentence-transformers with an activation of its own (`sentence_transformers.activation_fn`, formerly
    /// `sbert_ce_default_activation_function`).
    pub fn score_activation(&self) -> Option<Activation> {
        self.score_activation
    }

    /// Columns of one attention head.
    pub fn head_size(&self) -> usize {
        self.hidden_size.checked_div(self.num_attention_heads).unwrap_or(0)
    }

    /// Where the value of a field comes from. Unknown names are [`Origin::Default`].
    pub fn origin(&self, field: &str) -> Origin {
        match self.given.get(field) {
            Some(range) => Origin::Given(range.clone()),
            None if field == "num_labels" => Origin::Derived,
            None => Origin::Default,
        }
    }

    /// Whether the file gives this field a value that cannot be used; the value held is then the default.
    pub fn is_broken(&self, field: &str) -> bool {
        self.broken.contains(field)
    }

    /// How many entries `id2label` or `label2id` has as written, even where its labels could not be read.
    pub fn map_entries(&self, map: &str) -> Option<usize> {
        self.map_entries.get(map).copied()
    }

    /// The file it was read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// A span on the value of a field, or on the whole file when the field is absent.
    pub fn span(&self, field: &str, label: impl Into<String>) -> Span {
        match self.given.get(field) {
            Some(range) => Span::primary(&self.source, range.clone(), label).at_pointer(format!("/{field}")),
            None => Span { primary: true, ..Span::whole(&self.source, label) },
        }
    }

    /// As [`BertConfig::span`], as a witness rather than the place to edit.
    pub fn witness(&self, field: &str, label: impl Into<String>) -> Span {
        Span { primary: false, ..self.span(field, label) }
    }
}
