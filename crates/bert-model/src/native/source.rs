//! Tensors of a checkpoint, packed on the way.

use bert_checkpoint::Checkpoint;
use bert_config::{Activation, PositionEmbedding};
use bert_kernels::{Distances, Isa, LayerNorm, PackedMatrix, Product, Residual, Table, sized};
use bert_weights::{TensorView, Values};

use crate::Error;

/// Where tensors come from, and for what they are packed.
pub(crate) struct Source<'a> {
    pub(crate) checkpoint: &'a Checkpoint,
    pub(crate) isa: Isa,
}

/// A packed linear layer.
#[derive(Debug)]
pub(crate) struct Dense {
    weight: PackedMatrix,
    bias: Vec<f32>,
}

impl Source<'_> {
    pub(crate) fn absolute_positions(&self) -> bool {
        self.checkpoint.config().position_embedding_type == PositionEmbedding::Absolute
    }

    pub(crate) fn vector(&self, name: &str) -> Result<Vec<f32>, Error> {
        Ok(self.checkpoint.tensor(name)?.0)
    }

    pub(crate) fn norm(&self, name: &str) -> Result<LayerNorm, Error> {
        let eps = self.checkpoint.config().layer_norm_eps as f32;
        Ok(LayerNorm::new(self.vector(&format!("{name}.weight"))?, self.vector(&format!("{name}.bias"))?, eps))
    }

    pub(crate) fn table(&self, name: &str) -> Result<Table, Error> {
        let matrix = Matrix::open(self.checkpoint, name)?;
        let table = Table::fill(matrix.shape, |rows, to| {
            matrix.values.read(rows.start * matrix.shape[1], to);
            Ok::<(), Error>(())
        })?;
        matrix.view.release();
        Ok(table)
    }

    /// The vectors of relative positions; `None` with absolute ones.
    pub(crate) fn distances(&self, attention: &str) -> Result<Option<Distances>, Error> {
        if self.absolute_positions() {
            return Ok(None);
        }
        let config = self.checkpoint.config();
        let table = self.vector(&format!("{attention}.self.distance_embedding.weight"))?;
        let keys = config.position_embedding_type == PositionEmbedding::RelativeKeyQuery;
        Ok(Some(Distances::new(self.isa, &table, config.head_size(), keys)))
    }

    pub(crate) fn dense(&self, name: &str) -> Result<Dense, Error> {
        self.joined(&[name.to_string()])
    }

    /// Several layers of the same input as one product; outputs lie side by side.
    pub(crate) fn joined(&self, names: &[String]) -> Result<Dense, Error> {
        let weights = names.iter().map(|name| format!("{name}.weight")).collect::<Vec<_>>();
        let biases = names.iter().map(|name| self.vector(&format!("{name}.bias"))).collect::<Result<Vec<_>, _>>()?;
        Ok(Dense { weight: self.matrix(&weights)?, bias: biases.concat() })
    }

    /// A weight with a bias of another name.
    pub(crate) fn dense_of(&self, weight: &str, bias: Vec<f32>) -> Result<Dense, Error> {
        Ok(Dense { weight: self.matrix(&[weight.to_string()])?, bias })
    }

    /// Matrices of as many columns, one below the other.
    fn matrix(&self, names: &[String]) -> Result<PackedMatrix, Error> {
        let parts = names.iter().map(|name| Matrix::open(self.checkpoint, name)).collect::<Result<Vec<_>, _>>()?;
        let inputs = parts.first().map_or(0, |m| m.shape[1]);
        let outputs = parts.iter().map(|m| m.shape[0]).sum();
        let packed = PackedMatrix::pack(self.isa, [outputs, inputs], |rows, to| {
            let mut first = 0;
            for part in &parts {
                let (start, end) = (rows.start.max(first), rows.end.min(first + part.shape[0]));
                if start < end
                    && let Some(to) = to.get_mut((start - rows.start) * inputs..(end - rows.start) * inputs)
                {
                    part.values.read((start - first) * inputs, to);
                }
                first += part.shape[0];
            }
            Ok::<(), Error>(())
        })?;
        // What was packed need not stay mapped: loading takes the weights' size once, not twice.
        parts.iter().for_each(|part| part.view.release());
        Ok(packed)
    }
}

/// A two-dimensional tensor.
struct Matrix<'a> {
    view: TensorView<'a>,
    values: Values<'a>,
    shape: [usize; 2],
}

impl<'a> Matrix<'a> {
    fn open(checkpoint: &'a Checkpoint, name: &str) -> Result<Self, Error> {
        let view = checkpoint.tensor_view(name)?;
        match view.info().shape.as_slice() {
            [rows, columns] => Ok(Matrix { view, values: view.values()?, shape: [*rows, *columns] }),
            shape => Err(Error::Engine(format!("{name} has the shape {shape:?}, not two dimensions"))),
        }
    }
}

impl Dense {
    pub(crate) fn outputs(&self) -> usize {
        self.weight.outputs()
    }

    fn product(&self, activation: bert_kernels::Activation) -> Product<'_> {
        Product { weight: &self.weight, bias: &self.bias, activation }
    }

    /// `x W^T + b` in a vector made as long as it must be.
    pub(crate) fn apply<'o>(&self, x: &[f32], out: &'o mut Vec<f32>) -> &'o [f32] {
        self.apply_activated(x, bert_kernels::Activation::Linear, out)
    }

    pub(crate) fn apply_activated<'o>(
        &self,
        x: &[f32],
        activation: bert_kernels::Activation,
        out: &'o mut Vec<f32>,
    ) -> &'o [f32] {
        let out = sized(out, self.rows(x) * self.outputs());
        self.product(activation).apply(x, out);
        out
    }

    /// `out = norm(x W^T + b + residual)`.
    pub(crate) fn apply_normed(&self, x: &[f32], rows: &[f32], norm: &LayerNorm, out: &mut [f32]) {
        self.product(bert_kernels::Activation::Linear).apply_normed(x, Residual { rows, norm }, out);
    }

    fn rows(&self, x: &[f32]) -> usize {
        x.len().checked_div(self.weight.inputs()).unwrap_or(0)
    }
}

/// The kernel's activation of a configuration's.
pub(crate) fn activation(activation: Activation) -> Result<bert_kernels::Activation, Error> {
    Ok(match activation {
        Activation::Gelu => bert_kernels::Activation::Gelu,
        // The root of the fast form, 0.7978845608, is the same number in f32.
        Activation::GeluTanh | Activation::GeluFast => bert_kernels::Activation::GeluTanh,
        Activation::QuickGelu => bert_kernels::Activation::QuickGelu,
        Activation::Gelu10 => bert_kernels::Activation::Gelu10,
        Activation::Relu => bert_kernels::Activation::Relu,
        Activation::Relu2 => bert_kernels::Activation::Relu2,
        Activation::Relu6 => bert_kernels::Activation::Relu6,
        Activation::LeakyRelu => bert_kernels::Activation::LeakyRelu,
        Activation::Silu => bert_kernels::Activation::Silu,
        Activation::Mish => bert_kernels::Activation::Mish,
        Activation::Tanh => bert_kernels::Activation::Tanh,
        Activation::Sigmoid => bert_kernels::Activation::Sigmoid,
        Activation::Linear => bert_kernels::Activation::Linear,
        Activation::Laplace => bert_kernels::Activation::Laplace,
        Activation::HardSwish => bert_kernels::Activation::HardSwish,
        other => return Err(Error::Engine(format!("the activation {other:?} is not implemented"))),
    })
}
