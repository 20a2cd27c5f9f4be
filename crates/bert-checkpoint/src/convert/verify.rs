//! Reads a conversion back and compares it with its source, tensor by tensor.

use std::path::Path;

use bert_weights::Fingerprint;

use super::ConvertError;
use super::plan::{Plan, Planned};
use crate::{Checkpoint, Level};

/// How many tensors have the very bytes of the source, and the fingerprint of what was written.
pub(super) fn written(
    source: &Checkpoint,
    plan: &Plan<'_>,
    folder: &Path,
) -> Result<(usize, Fingerprint), ConvertError> {
    let again = Checkpoint::builder(folder).task(source.architecture().task()).level(Level::Header).open();
    let again = again.map_err(|e| differs(format!("{e:#}")))?;
    if again.architecture() != source.architecture() || again.config().identity() != source.config().identity() {
        return Err(differs("the configuration means something else".into()));
    }
    if again.tokenizer().identity() != source.tokenizer().identity() {
        return Err(differs("the tokenizer makes other ids".into()));
    }
    let mut identical = 0;
    for planned in &plan.tensors {
        identical += usize::from(compare(&again, plan, planned)?);
    }
    Ok((identical, again.fingerprints()?.weights))
}

fn differs(what: String) -> ConvertError {
    ConvertError::Differs { what }
}

/// Whether a tensor has the source's bytes; where its type changed, that its shape is right is all that can be equal.
fn compare(again: &Checkpoint, plan: &Plan<'_>, planned: &Planned) -> Result<bool, ConvertError> {
    let before = plan.view(&planned.source)?;
    let after = again.weights().get(&planned.name);
    let after = after.ok_or_else(|| differs(format!("tensor `{}` is missing", planned.name)))?;
    if before.info().shape != after.info().shape || after.info().dtype != planned.dtype {
        return Err(differs(format!("tensor `{}` has another shape or type", planned.name)));
    }
    let same = before.info().dtype == after.info().dtype && before.same_bytes(&after)?;
    before.release();
    if !same && before.info().dtype == after.info().dtype {
        return Err(differs(format!("tensor `{}` has other elements", planned.name)));
    }
    Ok(same)
}
