//! Heads: from hidden states to logits, one a module.

mod pooler;
mod sequence;

pub(crate) use sequence::SequenceHead;
