//! Damaged files of every kind: opening gives a checkpoint or a report, never a panic, and memory stays bounded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::AtomicIsize;
use std::sync::atomic::Ordering::Relaxed;

use bert_checkpoint::{Checkpoint, Level};
use bert_testkit::{CORRUPTIONS, Folder};
use proptest::prelude::*;

/// Counts what is allocated and not freed, by any thread, and the most it ever was.
struct Counting;

static NOW: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

fn count(bytes: isize) {
    let now = NOW.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(now, Relaxed);
}

// SAFETY: every call is passed on to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the pointer came from `alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Most bytes in use at once while `work` runs. One at a time; what other tests copy meanwhile is far below the bound.
fn peak(work: impl FnOnce()) -> isize {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    work();
    PEAK.load(Relaxed) - before
}

/// The catalogue's bound for reading headers: the files' own size and 64 MiB.
fn bound(folder: &Folder) -> isize {
    let sizes = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().metadata().unwrap().len() as isize);
    sizes.sum::<isize>() + (64 << 20)
}

#[test]
fn named_corruptions_stay_within_the_memory_bound() {
    for corruption in CORRUPTIONS.iter() {
        let folder = Folder::copy(corruption.fixture);
        (corruption.apply)(&folder);
        let used = peak(|| _ = Checkpoint::builder(folder.path()).level(Level::Header).check());
        assert!(used < bound(&folder), "{}: {used} bytes", corruption.name);
    }
}

#[test]
fn claimed_sizes_are_checked_before_anything_is_allocated() {
    for (field, value) in [
        ("vocab_size", 268_435_456u64),
        ("hidden_size", 268_435_456),
        ("num_hidden_layers", 4096),
        ("intermediate_size", 268_435_456),
    ] {
        let folder = Folder::copy("tiny/seq-three");
        folder.config(field, value.into());
        let used = peak(|| assert!(Checkpoint::open(folder.path()).is_err()));
        assert!(used < bound(&folder), "{field} = {value}: {used} bytes");
    }
}

const FILES: [(&str, &str); 20] = [
    ("tiny/seq-three", "config.json"),
    ("tiny/seq-three", "model.safetensors"),
    ("tiny/seq-three", "tokenizer.json"),
    ("tiny/seq-three", "tokenizer_config.json"),
    ("tiny/seq-vocab-only", "vocab.txt"),
    ("tiny/seq-google", "bert_config.json"),
    ("tiny/sentence-dense", "modules.json"),
    ("tiny/sentence-dense", "1_Pooling/config.json"),
    ("tiny/sentence-dense", "2_Dense/config.json"),
    ("tiny/sentence-dense", "2_Dense/model.safetensors"),
    ("tiny/sentence-dense", "sentence_bert_config.json"),
    ("tiny/sentence-dense", "config_sentence_transformers.json"),
    ("forms/bin", "pytorch_model.bin"),
    ("forms/bin-legacy", "pytorch_model.bin"),
    ("forms/bin-deflated", "pytorch_model.bin"),
    ("forms/sharded", "model.safetensors.index.json"),
    ("forms/google", "model.ckpt-10.index"),
    ("forms/google", "model.ckpt-10.data-00000-of-00001"),
    ("forms/flax", "flax_model.msgpack"),
    ("forms/keras", "tf_model.h5"),
];

#[derive(Clone, Debug)]
enum Edit {
    Flip(usize, u8),
    Cut(usize),
    Insert(usize, Vec<u8>),
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Edit::Flip(at, byte)),
        1 => any::<usize>().prop_map(Edit::Cut),
        2 => (any::<usize>(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
    ]
}

fn apply(bytes: &mut Vec<u8>, edit: &Edit) {
    let len = bytes.len().max(1);
    match edit {
        Edit::Flip(at, byte) => {
            if let Some(b) = bytes.get_mut(at % len) {
                *b = *byte;
            }
        }
        Edit::Cut(at) => bytes.truncate(at % len),
        Edit::Insert(at, new) => _ = bytes.splice(at % len..at % len, new.iter().copied()).count(),
    }
}

/// Bytes that are inflated only when a tensor is read: damage there is found late, and still reported.
#[test]
fn damaged_compressed_bytes_are_reported() {
    const FILE: &str = "pytorch_model.bin";
    let mut late = 0;
    let length = Folder::copy("forms/bin-deflated").read(FILE).len();
    for at in (0..length).step_by(37) {
        let folder = Folder::copy("forms/bin-deflated");
        folder.edit(FILE, |bytes| bytes[at] ^= 0xff);
        let checked = Checkpoint::builder(folder.path()).check().unwrap();
        assert_eq!(checked.checkpoint.is_some(), checked.report.is_ok(), "byte {at}");
        let says = |f: &bert_diag::Finding| f.code == bert_diag::Code::W041 && f.message.contains("compressed bytes");
        late += usize::from(checked.report.findings().iter().any(says));
    }
    assert!(late > 0, "no damage was met on reading");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn damaged_bytes_give_a_checkpoint_or_a_report(which in 0..FILES.len(), edits in prop::collection::vec(edit(), 1..5)) {
        let (fixture, file) = FILES[which];
        let folder = Folder::copy(fixture);
        folder.edit(file, |bytes| edits.iter().for_each(|e| apply(bytes, e)));
        let used = peak(|| {
            let checked = Checkpoint::builder(folder.path()).check().unwrap();
            assert_eq!(checked.checkpoint.is_some(), checked.report.is_ok());
        });
        prop_assert!(used < bound(&folder), "{} bytes", used);
    }

    /// Most random bytes break the header's first eight; here only the header's text and the JSON files' insides change.
    #[test]
    fn damaged_headers_give_a_checkpoint_or_a_report(edits in prop::collection::vec((8usize..4000, any::<u8>()), 1..4)) {
        let folder = Folder::copy("tiny/seq-three");
        folder.edit("model.safetensors", |bytes| edits.iter().for_each(|(at, byte)| bytes[*at] = *byte));
        let checked = Checkpoint::builder(folder.path()).check().unwrap();
        prop_assert_eq!(checked.checkpoint.is_some(), checked.report.is_ok());
    }
}
