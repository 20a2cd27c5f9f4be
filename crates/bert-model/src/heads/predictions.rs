//! `BertLMPredictionHead`: a dense layer with the encoder's activation, LayerNorm, and a product with the vocabulary, whose
//! matrix is the word embeddings' unless the configuration says otherwise.

use bert_checkpoint::Checkpoint;
use bert_kernels::{Activation, Isa, LayerNorm};

use crate::Error;
use crate::native::{Dense, Source, activation};

#[derive(Debug)]
pub(crate) struct PredictionsHead {
    dense: Dense,
    activation: Activation,
    norm: LayerNorm,
    decoder: Dense,
}

impl PredictionsHead {
    pub(crate) fn load(checkpoint: &Checkpoint) -> Result<Self, Error> {
        const TRANSFORM: &str = "cls.predictions.transform";
        let source = Source { checkpoint, isa: Isa::best() };
        let config = checkpoint.config();
        let matrix = match config.tie_word_embeddings {
            true => "bert.embeddings.word_embeddings.weight",
            false => "cls.predictions.decoder.weight",
        };
        // One parameter with two names; files hold either or both.
        let bias = source.vector("cls.predictions.bias").or_else(|_| source.vector("cls.predictions.decoder.bias"))?;
        Ok(PredictionsHead {
            dense: source.dense(&format!("{TRANSFORM}.dense"))?,
            activation: activation(config.hidden_act)?,
            norm: source.norm(&format!("{TRANSFORM}.LayerNorm"))?,
            decoder: source.dense_of(matrix, bias)?,
        })
    }

    /// Tokens of the vocabulary.
    pub(crate) fn vocabulary(&self) -> usize {
        self.decoder.outputs()
    }

    /// Logits over the vocabulary, `[tokens, vocab_size]`, of tokens' hidden states `[tokens, hidden]`.
    pub(crate) fn logits(&self, hidden: &[f32]) -> Vec<f32> {
        let (mut dense, mut logits) = (Vec::new(), Vec::new());
        self.dense.apply_activated(hidden, self.activation, &mut dense);
        self.norm.apply(Isa::best(), &mut dense);
        self.decoder.apply(&dense, &mut logits);
        logits
    }
}
