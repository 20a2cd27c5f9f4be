//! LayerNorm on single rows, in f64.

/// `(x - mean) / sqrt(variance + eps) * weight + bias` (Ba et al. 2016).
#[derive(Clone, Debug)]
pub(crate) struct RowNorm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) eps: f64,
}

impl RowNorm {
    pub(crate) fn apply(&self, x: &[f32]) -> Vec<f32> {
        let n = x.len().max(1) as f64;
        let mean = x.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let variance = x.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
        let scale = 1.0 / (variance + self.eps).sqrt();
        let normed = x.iter().map(|v| (f64::from(*v) - mean) * scale);
        let affine = self.weight.iter().zip(&self.bias);
        normed.zip(affine).map(|(v, (w, b))| (v * f64::from(*w) + f64::from(*b)) as f32).collect()
    }
}
