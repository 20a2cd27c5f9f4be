//! Batches bounded by tokens.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bert_tok::Encoded;

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

/// Inputs of the same tokens, by their numbers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Equal {
    pub(crate) first: usize,
    pub(crate) others: Vec<usize>,
}

impl Equal {
    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

/// Batches of at most `batch_tokens` tokens, the longest inputs first: those of one batch then take about as long as each
/// other. Inputs of the same tokens are computed once.
pub(crate) fn schedule(inputs: &[&Encoded], batch_tokens: usize) -> Vec<Vec<Equal>> {
    let mut different: HashMap<(&[u32], &[u32]), Equal> = HashMap::new();
    for (number, input) in inputs.iter().enumerate() {
        match different.entry((&input.ids, &input.type_ids)) {
            Entry::Vacant(entry) => _ = entry.insert(Equal { first: number, others: Vec::new() }),
            Entry::Occupied(mut entry) => entry.get_mut().others.push(number),
        }
    }
    let length = |equal: &Equal| inputs.get(equal.first).map_or(0, |input| input.ids.len());
    let mut sorted: Vec<Equal> = different.into_values().collect();
    sorted.sort_by_key(|equal| (Reverse(length(equal)), equal.first));
    let (mut batches, mut tokens) = (Vec::<Vec<Equal>>::new(), 0);
    for equal in sorted {
        let length = length(&equal);
        match batches.last_mut().filter(|_| tokens + length <= batch_tokens) {
            Some(batch) => {
                tokens += length;
                batch.push(equal);
            }
            None => {
                tokens = length;
                batches.push(vec![equal]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(ids: &[u32]) -> Encoded {
        let mut encoded = Encoded::default();
        encoded.ids = ids.to_vec();
        encoded
    }

    fn batches(inputs: &[&[u32]], batch_tokens: usize) -> Vec<Vec<Vec<usize>>> {
        let encoded: Vec<Encoded> = inputs.iter().map(|ids| encoded(ids)).collect();
        let batches = schedule(&encoded.iter().collect::<Vec<_>>(), batch_tokens);
        batches.iter().map(|batch| batch.iter().map(|equal| equal.all().collect()).collect()).collect()
    }

    #[test]
    fn every_input_is_in_one_batch_and_batches_fit() {
        assert!(batches(&[], 10).is_empty());
        assert_eq!(batches(&[&[1; 4], &[2; 4], &[3; 4]], 8), [vec![vec![0], vec![1]], vec![vec![2]]]);
        assert_eq!(batches(&[&[1], &[2; 20], &[3; 20]], 8), [vec![vec![1]], vec![vec![2]], vec![vec![0]]]);
        assert_eq!(batches(&[&[1; 8], &[2; 8]], 8), [[[0]], [[1]]]);
    }

    #[test]
    fn equal_inputs_are_computed_once() {
        assert_eq!(batches(&[&[1, 2], &[3], &[1, 2], &[3, 4], &[3]], 100), [[vec![0, 2], vec![3], vec![1, 4]]]);
    }
}
