//! `BertLMPredictionHead`: a dense layer with the encoder's activation, LayerNorm, and a product with the vocabulary, whose
//! matrix is the word embeddings' unless the configuration says otherwise.

use bert_checkpoint::Checkpoint;
use bert_config::Activation;
use ndarray::ArrayView2;

use super::norm::RowNorm;
use super::row;
use crate::activation::exact;
use crate::linear::Linear;
use crate::runner::finite;
use crate::{Error, PredictError};

#[derive(Clone, Debug)]
pub(crate) struct PredictionsHead {
    dense: Linear,
    activation: Activation,
    norm: RowNorm,
    decoder: Linear,
}

impl PredictionsHead {
    pub(crate) fn load(checkpoint: &Checkpoint) -> Result<Self, Error> {
        const TRANSFORM: &str = "cls.predictions.transform";
        let config = checkpoint.config();
        let vector = |name: String| checkpoint.tensor(&name).map(|(values, _)| values);
        let matrix = match config.tie_word_embeddings {
            true => "bert.embeddings.word_embeddings.weight",
            false => "cls.predictions.decoder.weight",
        };
        let (weight, shape) = checkpoint.tensor(matrix)?;
        // One parameter with two names; files hold either or both.
        let bias = vector("cls.predictions.bias".into()).or_else(|_| vector("cls.predictions.decoder.bias".into()))?;
        Ok(PredictionsHead {
            dense: Linear::load(checkpoint, &format!("{TRANSFORM}.dense"))?,
            activation: config.hidden_act,
            norm: RowNorm {
                weight: vector(format!("{TRANSFORM}.LayerNorm.weight"))?,
                bias: vector(format!("{TRANSFORM}.LayerNorm.bias"))?,
                eps: config.layer_norm_eps,
            },
            decoder: Linear::new(weight, shape, bias),
        })
    }

    /// Logits of one token over the vocabulary.
    pub(crate) fn logits(&self, hidden: ArrayView2<'_, f32>, token: usize) -> Result<Vec<f32>, PredictError> {
        let dense = self.dense.apply(&row(hidden, token));
        let active: Vec<f32> = dense.into_iter().map(|x| exact(self.activation, f64::from(x)) as f32).collect();
        finite(self.decoder.apply(&self.norm.apply(&active)))
    }
}
