//! From start and end logits to answers, step by step as `QuestionAnsweringPipeline` does it.

use std::ops::Range;

use bert_tok::Encoded;

use super::Answer;

/// What takes the place of the logits of tokens that cannot be in an answer (`select_starts_ends`).
const MASKED: f64 = -10000.0;

/// A candidate in one window: first and last token, probability.
pub(super) struct Span {
    start: usize,
    end: usize,
    score: f64,
}

/// Probabilities of one window.
pub(super) struct Window {
    start: Vec<f64>,
    end: Vec<f64>,
    allowed: Vec<bool>,
}

impl Window {
    /// `logits` holds start and end of every token. Tokens of the context may be in an answer; `[CLS]` takes part in the
    /// softmax, since its probability is that of "no answer". With the context first the reference masks nothing.
    pub(super) fn new(encoded: &Encoded, logits: &[Vec<f32>], question_first: bool, cls: Option<u32>) -> Self {
        let context = |i: usize| !question_first || encoded.sequences.get(i) == Some(&Some(1));
        let is_cls = |i: usize| cls.is_some() && encoded.ids.get(i).copied() == cls;
        let allowed: Vec<bool> = (0..encoded.ids.len()).map(|i| context(i) || is_cls(i)).collect();
        let side = |output: usize| -> Vec<f64> {
            let logit = |i: usize| logits.get(i).and_then(|row| row.get(output)).map_or(MASKED, |x| f64::from(*x));
            softmax(allowed.iter().enumerate().map(|(i, allowed)| if *allowed { logit(i) } else { MASKED }).collect())
        };
        Window { start: side(0), end: side(1), allowed }
    }

    /// The probability of "no answer": that of the first token on both sides.
    pub(super) fn nothing(&self) -> f64 {
        self.start.first().zip(self.end.first()).map_or(0.0, |(start, end)| start * end)
    }

    /// The `most` likeliest spans of at most `longest` tokens, best first (`decode_spans`). The reference fills up a short
    /// list with spans that end before they begin, at a score of 0; those are no answers and are left out.
    pub(super) fn best(&self, most: usize, longest: usize) -> Vec<Span> {
        let mut spans = Vec::new();
        for (i, start) in self.start.iter().enumerate().skip(1).filter(|(i, _)| self.is_allowed(*i)) {
            for (j, end) in self.end.iter().enumerate().skip(i).take(longest).filter(|(j, _)| self.is_allowed(*j)) {
                // The reference computes in f32, where the smallest products vanish.
                let score = start * end;
                if (score as f32) > 0.0 {
                    spans.push(Span { start: i, end: j, score });
                }
            }
        }
        spans.sort_by(|a, b| b.score.total_cmp(&a.score));
        spans.truncate(most);
        spans
    }

    fn is_allowed(&self, token: usize) -> bool {
        self.allowed.get(token).copied().unwrap_or(false)
    }
}

fn softmax(mut logits: Vec<f64>) -> Vec<f64> {
    let max = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logits.iter_mut().for_each(|x| *x = (*x - max).exp());
    let sum: f64 = logits.iter().sum();
    logits.iter_mut().for_each(|x| *x /= sum);
    logits
}

/// Answers of all windows; equal texts, case apart, are one answer with the sum of their scores.
pub(super) struct Collected<'a> {
    context: &'a str,
    /// Which of the two texts the context is.
    sequence: usize,
    align_to_words: bool,
    answers: Vec<(Range<usize>, f64, String)>,
    nothing: f64,
}

impl<'a> Collected<'a> {
    pub(super) fn new(context: &'a str, question_first: bool, align_to_words: bool) -> Self {
        let sequence = usize::from(question_first);
        Collected { context, sequence, align_to_words, answers: Vec::new(), nothing: f64::INFINITY }
    }

    /// "No answer" is as likely as in the window where it is least likely.
    pub(super) fn nothing(&mut self, score: f64) {
        self.nothing = self.nothing.min(score);
    }

    pub(super) fn add(&mut self, encoded: &Encoded, span: &Span) {
        let range = self.range(encoded, span);
        let key = self.context.get(range.clone()).unwrap_or_default().to_lowercase();
        match self.answers.iter_mut().find(|(_, _, held)| *held == key) {
            Some((_, score, _)) => *score += span.score,
            None => self.answers.push((range, span.score, key)),
        }
    }

    /// Bytes of the context, widened to words where both ends stand in one (`get_indices`).
    fn range(&self, encoded: &Encoded, span: &Span) -> Range<usize> {
        let offset = |token: usize| encoded.offsets.get(token).cloned().unwrap_or_default();
        let own = offset(span.start).start..offset(span.end).end;
        if !self.align_to_words {
            return own;
        }
        match (self.word(encoded, span.start), self.word(encoded, span.end)) {
            (Some(first), Some(last)) => first.start..last.end,
            _ => own,
        }
    }

    /// Bytes of the context's word with the number that this token's word has; `None` for special tokens.
    fn word(&self, encoded: &Encoded, token: usize) -> Option<Range<usize>> {
        let word = (*encoded.words.get(token)?)?;
        let of_word = |i: &usize| {
            encoded.words.get(*i) == Some(&Some(word)) && encoded.sequences.get(*i) == Some(&Some(self.sequence))
        };
        let mut tokens = (0..encoded.ids.len()).filter(of_word);
        let first = tokens.next()?;
        let last = tokens.next_back().unwrap_or(first);
        Some(encoded.offsets.get(first)?.start..encoded.offsets.get(last)?.end)
    }

    pub(super) fn best(self, top_k: usize, impossible: bool) -> Vec<Answer> {
        let text = |range: &Range<usize>| self.context.get(range.clone()).unwrap_or_default().to_string();
        let mut answers: Vec<Answer> = self
            .answers
            .iter()
            .map(|(range, score, _)| Answer { text: text(range), score: *score as f32, range: range.clone() })
            .collect();
        if impossible {
            answers.push(Answer { text: String::new(), score: self.nothing as f32, range: 0..0 });
        }
        answers.sort_by(|a, b| b.score.total_cmp(&a.score));
        answers.truncate(top_k);
        answers
    }
}
