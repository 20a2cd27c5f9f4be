//! Inputs that fuzzing found worth keeping (`fixtures/fuzz`), run through the bodies of the fuzz targets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bert_testkit::fixtures;

#[allow(unreachable_pub)]
#[path = "../../../fuzz/src/lib.rs"]
mod targets;

fn replay(name: &str, target: fn(&[u8])) {
    let folder = fixtures().join("fuzz").join(name);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        target(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 10, "{name}: only {count} inputs");
}

#[test]
fn config() {
    replay("config", targets::config);
}

#[test]
fn safetensors() {
    replay("safetensors", targets::safetensors);
}

#[test]
fn tokenizer() {
    replay("tokenizer", targets::tokenizer);
}

#[test]
fn vocab() {
    replay("vocab", targets::vocab);
}

#[test]
fn folder() {
    replay("folder", targets::folder);
}

#[test]
fn pickle() {
    replay("pickle", targets::pickle);
}

#[test]
fn zip() {
    replay("zip", targets::zip);
}

#[test]
fn bundle() {
    replay("bundle", targets::bundle);
}

#[test]
fn msgpack() {
    replay("msgpack", targets::msgpack);
}

#[test]
fn hdf5() {
    replay("hdf5", targets::hdf5);
}

#[test]
fn shards() {
    replay("shards", targets::shards);
}

#[test]
fn adapter() {
    replay("adapter", targets::adapter);
}
