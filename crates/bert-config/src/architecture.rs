//! The classes a checkpoint may have been saved by, and the tasks they do.

use std::fmt;

/// A model class of `modeling_bert.py` (transformers 4.57.6): the encoder and what sits on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Architecture {
    /// `BertModel`: the encoder, usually with its pooler.
    Model,
    /// `BertForPreTraining`: masked LM and next sentence.
    PreTraining,
    /// `BertLMHeadModel`: causal LM.
    LmHead,
    /// `BertForMaskedLM`.
    MaskedLm,
    /// `BertForNextSentencePrediction`.
    NextSentencePrediction,
    /// `BertForSequenceClassification`.
    SequenceClassification,
    /// `BertForMultipleChoice`.
    MultipleChoice,
    /// `BertForTokenClassification`.
    TokenClassification,
    /// `BertForQuestionAnswering`.
    QuestionAnswering,
}

/// What a checkpoint can be asked, by transformers' pipeline names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Task {
    /// `text-classification`
    TextClassification,
    /// `token-classification`
    TokenClassification,
    /// `question-answering`
    QuestionAnswering,
    /// `fill-mask`
    FillMask,
    /// `next-sentence`
    NextSentence,
    /// `multiple-choice`
    MultipleChoice,
    /// `feature-extraction`
    FeatureExtraction,
}

/// Class, its name in `architectures`, its task.
const TABLE: &[(Architecture, &str, Task)] = &[
    (Architecture::Model, "BertModel", Task::FeatureExtraction),
    (Architecture::PreTraining, "BertForPreTraining", Task::FillMask),
    (Architecture::LmHead, "BertLMHeadModel", Task::FillMask),
    (Architecture::MaskedLm, "BertForMaskedLM", Task::FillMask),
    (Architecture::NextSentencePrediction, "BertForNextSentencePrediction", Task::NextSentence),
    (Architecture::SequenceClassification, "BertForSequenceClassification", Task::TextClassification),
    (Architecture::MultipleChoice, "BertForMultipleChoice", Task::MultipleChoice),
    (Architecture::TokenClassification, "BertForTokenClassification", Task::TokenClassification),
    (Architecture::QuestionAnswering, "BertForQuestionAnswering", Task::QuestionAnswering),
];

const TASKS: &[(Task, &str)] = &[
    (Task::TextClassification, "text-classification"),
    (Task::TokenClassification, "token-classification"),
    (Task::QuestionAnswering, "question-answering"),
    (Task::FillMask, "fill-mask"),
    (Task::NextSentence, "next-sentence"),
    (Task::MultipleChoice, "multiple-choice"),
    (Task::FeatureExtraction, "feature-extraction"),
];

impl Architecture {
    /// All classes.
    pub fn all() -> impl Iterator<Item = Architecture> {
        TABLE.iter().map(|row| row.0)
    }

    /// Finds the class by its name in `architectures`.
    pub fn from_name(name: &str) -> Option<Architecture> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The name in `architectures`.
    pub fn name(self) -> &'static str {
        TABLE.iter().find(|row| row.0 == self).map_or("BertModel", |row| row.1)
    }

    /// The task it does by itself.
    pub fn task(self) -> Task {
        TABLE.iter().find(|row| row.0 == self).map_or(Task::FeatureExtraction, |row| row.2)
    }

    /// Whether its outputs are counted and named by the labels of the configuration.
    pub fn uses_labels(self) -> bool {
        matches!(self, Architecture::SequenceClassification | Architecture::TokenClassification)
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Task {
    /// All tasks.
    pub fn all() -> impl Iterator<Item = Task> {
        TASKS.iter().map(|row| row.0)
    }

    /// Finds the task by its pipeline name.
    pub fn from_name(name: &str) -> Option<Task> {
        TASKS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The pipeline name.
    pub fn name(self) -> &'static str {
        TASKS.iter().find(|row| row.0 == self).map_or("feature-extraction", |row| row.1)
    }

    /// The class trained for this task.
    pub fn architecture(self) -> Architecture {
        match self {
            Task::TextClassification => Architecture::SequenceClassification,
            Task::TokenClassification => Architecture::TokenClassification,
            Task::QuestionAnswering => Architecture::QuestionAnswering,
            Task::FillMask => Architecture::MaskedLm,
            Task::NextSentence => Architecture::NextSentencePrediction,
            Task::MultipleChoice => Architecture::MultipleChoice,
            Task::FeatureExtraction => Architecture::Model,
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
