//! Batches bounded by tokens.

/// How inputs are batched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchOptions {
    /// Most tokens computed at once; bounds memory. A longer input is a batch by itself.
    pub batch_tokens: usize,
    /// Most inputs tokenised ahead.
    pub batch_inputs: usize,
}

impl Default for BatchOptions {
    /// 2,048 tokens: products of that many rows run at the machine's speed, and BERT-base needs 60 MB for them.
    fn default() -> Self {
        BatchOptions { batch_tokens: 2048, batch_inputs: 256 }
    }
}

/// Splits consecutive inputs of these lengths into ranges of at most `batch_tokens` tokens.
pub(crate) fn split(lengths: &[usize], batch_tokens: usize) -> Vec<std::ops::Range<usize>> {
    let (mut ranges, mut start, mut tokens) = (Vec::new(), 0, 0);
    for (i, length) in lengths.iter().enumerate() {
        if i > start && tokens + length > batch_tokens {
            ranges.push(start..i);
            (start, tokens) = (i, 0);
        }
        tokens += length;
    }
    if start < lengths.len() {
        ranges.push(start..lengths.len());
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn every_input_is_in_one_range_and_ranges_fit() {
        assert!(split(&[], 10).is_empty());
        assert_eq!(split(&[4, 4, 4], 8), [0..2, 2..3]);
        assert_eq!(split(&[20, 1, 20], 8), [0..1, 1..2, 2..3]);
        assert_eq!(split(&[8, 8], 8), [0..1, 1..2]);
    }
}
