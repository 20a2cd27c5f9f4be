//! Sentence embeddings: pooling and the modules after it, as sentence-transformers 5.2.3 runs them.

use bert_checkpoint::{PoolingMode, SentenceModule};
use bert_config::Activation;
use ndarray::ArrayView2;

use super::norm::RowNorm;
use super::row;
use crate::activation::exact;
use crate::linear::{Linear, tensor};
use crate::runner::finite;
use crate::{Error, PredictError, Wanted};

/// Stands for the largest value where there is nothing to look at (`Pooling.py`).
const NOTHING: f32 = -1e9;
/// torch's LayerNorm where no epsilon is given.
const EPS: f64 = 1e-5;

/// The modules after an encoder.
#[derive(Clone, Debug)]
pub(crate) struct SentenceHead {
    modes: Vec<PoolingMode>,
    include_prompt: bool,
    rest: Vec<Module>,
}

#[derive(Clone, Debug)]
enum Module {
    Dense(Linear, Activation),
    Norm(RowNorm),
    Normalize,
}

impl SentenceHead {
    /// Pooling alone.
    pub(crate) fn pooling(mode: PoolingMode) -> Self {
        SentenceHead { modes: vec![mode], include_prompt: true, rest: Vec::new() }
    }

    /// The modules of a folder; `None` when they name no pooling.
    pub(crate) fn load(modules: &[SentenceModule]) -> Result<Option<Self>, Error> {
        let mut head: Option<SentenceHead> = None;
        for module in modules {
            match (module, &mut head) {
                (SentenceModule::Pooling { modes, include_prompt }, _) => {
                    let modes = modes.clone();
                    head = Some(SentenceHead { modes, include_prompt: *include_prompt, rest: Vec::new() });
                }
                (SentenceModule::Dense { weights, bias, activation }, Some(head)) => {
                    head.rest.push(Module::Dense(Linear::of_module(weights, *bias)?, *activation));
                }
                (SentenceModule::LayerNorm { weights }, Some(head)) => {
                    let (weight, bias) = (tensor(weights, "norm.weight")?.0, tensor(weights, "norm.bias")?.0);
                    head.rest.push(Module::Norm(RowNorm { weight, bias, eps: EPS }));
                }
                (SentenceModule::Normalize, Some(head)) => head.rest.push(Module::Normalize),
                (other, _) => return Err(Error::Engine(format!("the module {other:?} cannot be run"))),
            }
        }
        Ok(head)
    }

    /// Adds a normalisation to length 1, if it does not end with one.
    pub(crate) fn normalized(mut self) -> Self {
        if !matches!(self.rest.last(), Some(Module::Normalize)) {
            self.rest.push(Module::Normalize);
        }
        self
    }

    /// The tokens that are pooled.
    pub(crate) fn wanted(&self) -> Wanted {
        match self.modes.iter().all(|mode| *mode == PoolingMode::Cls) {
            true => Wanted::First,
            false => Wanted::All,
        }
    }

    /// The embedding of one input, whose first `prompt` tokens are those of a prompt.
    pub(crate) fn embed(&self, hidden: ArrayView2<'_, f32>, prompt: usize) -> Result<Vec<f32>, PredictError> {
        let first = if self.include_prompt { 0 } else { prompt.min(hidden.nrows()) };
        let pooled = self.modes.iter().flat_map(|mode| pool(*mode, hidden, first)).collect();
        finite(self.rest.iter().fold(pooled, |x, module| module.apply(x)))
    }
}

/// Pools the tokens from `first` on; the first token of all stands for the input in [`PoolingMode::Cls`] whatever is left
/// out, as in the reference.
fn pool(mode: PoolingMode, hidden: ArrayView2<'_, f32>, first: usize) -> Vec<f32> {
    let tokens = hidden.nrows();
    let count = tokens - first;
    // Sums in f64: exact enough that the order of tokens does not matter.
    let sum = |weight: &dyn Fn(usize) -> f64, divisor: f64| -> Vec<f32> {
        let column = |column: ndarray::ArrayView1<'_, f32>| {
            let values = column.iter().enumerate().skip(first);
            (values.map(|(i, x)| f64::from(*x) * weight(i)).sum::<f64>() / divisor.max(1e-9)) as f32
        };
        hidden.columns().into_iter().map(column).collect()
    };
    match mode {
        PoolingMode::Cls => row(hidden, 0),
        PoolingMode::Max => hidden
            .columns()
            .into_iter()
            .map(|column| column.iter().skip(first).copied().fold(NOTHING, f32::max))
            .collect(),
        PoolingMode::MeanSqrtLen => sum(&|_| 1.0, (count as f64).sqrt()),
        PoolingMode::WeightedMean => sum(&|i| i as f64 + 1.0, (first + 1..=tokens).map(|n| n as f64).sum()),
        PoolingMode::LastToken if count == 0 => vec![0.0; hidden.ncols()],
        PoolingMode::LastToken => row(hidden, tokens - 1),
        _ => sum(&|_| 1.0, count as f64),
    }
}

impl Module {
    fn apply(&self, x: Vec<f32>) -> Vec<f32> {
        match self {
            Module::Dense(linear, Activation::Linear) => linear.apply(&x),
            Module::Dense(linear, activation) => {
                linear.apply(&x).into_iter().map(|v| exact(*activation, f64::from(v)) as f32).collect()
            }
            Module::Norm(norm) => norm.apply(&x),
            Module::Normalize => normalize(x),
        }
    }
}

/// To length 1; what is shorter than 1e-12 stays short (`torch.nn.functional.normalize`).
pub(crate) fn normalize(x: Vec<f32>) -> Vec<f32> {
    let length = x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt().max(1e-12);
    x.into_iter().map(|v| (f64::from(v) / length) as f32).collect()
}
