//! How alike two embeddings are (`util/similarity.py`, sentence-transformers 5.2.3), in f64.

use bert_checkpoint::Similarity;

/// Similarity of two embeddings of one length; larger is more alike. Distances are negative.
///
/// ```
/// use bert_checkpoint::Similarity;
/// use bert_model::similarity;
///
/// assert_eq!(similarity(Similarity::Dot, &[1.0, 2.0], &[3.0, 4.0]), 11.0);
/// assert_eq!(similarity(Similarity::Manhattan, &[1.0, 2.0], &[3.0, 4.0]), -4.0);
/// ```
pub fn similarity(function: Similarity, a: &[f32], b: &[f32]) -> f32 {
    let pairs = || a.iter().zip(b).map(|(x, y)| (f64::from(*x), f64::from(*y)));
    let dot = || pairs().map(|(x, y)| x * y).sum::<f64>();
    // torch's `normalize` leaves what is shorter than 1e-12 as it is.
    let length = |v: &[f32]| v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt().max(1e-12);
    let value = match function {
        Similarity::Dot => dot(),
        Similarity::Euclidean => -pairs().map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt(),
        Similarity::Manhattan => -pairs().map(|(x, y)| (x - y).abs()).sum::<f64>(),
        _ => dot() / (length(a) * length(b)),
    };
    value as f32
}
