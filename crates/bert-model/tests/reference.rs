//! The f64 reference as a judge of the engine; `parity.rs` holds it to transformers by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bert_checkpoint::Checkpoint;
use bert_model::compare_engines;
use bert_testkit::fixtures;

#[test]
fn the_engine_agrees_with_the_reference() {
    for name in ["demo", "tiny/seq-three", "tiny/token", "tiny/model-no-pooler", "tiny/act-relu2", "tiny/seq-odd-sizes"]
    {
        let proof = compare_engines(&Checkpoint::open(fixtures().join(name)).unwrap()).unwrap();
        assert!(proof.holds() && proof.largest_difference < 1e-4 && proof.inputs == 4, "{name}: {proof:?}");
    }
}
