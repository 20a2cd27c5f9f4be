//! Containers of weights that are broken, hostile, or worth a remark.

use serde_json::json;

use super::{Corruption, on};
use crate::{Folder, archive_entries, stored_archive};

const BIN: &str = "pytorch_model.bin";
const INDEX: &str = "model.safetensors.index.json";
const BIAS: &str = "bert.pooler.dense.bias";
const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// Says another file for a tensor.
fn send(f: &Folder, tensor: &str, file: &str) {
    f.json(INDEX, |index| index["weight_map"][tensor] = json!(file));
}

/// A PyTorch archive around this pickle.
fn pickled(f: &Folder, pickle: &[u8]) {
    f.write(BIN, stored_archive(&[("archive/data.pkl", pickle), ("archive/data/0", &[0; 16])]));
}

/// Changes the entries of the archive.
fn entries(f: &Folder, change: impl FnOnce(&mut Vec<(String, Vec<u8>)>)) {
    let mut list = archive_entries(&f.read(BIN));
    change(&mut list);
    f.write(BIN, stored_archive(&list));
}

/// Changes the bytes of the first directory entry whose name ends so.
fn directory(f: &Folder, ending: &str, change: impl FnOnce(&mut [u8])) {
    entries(f, |_| {});
    f.edit(BIN, |bytes| {
        let named = |at: usize| {
            let length = usize::from(bytes[at + 28]);
            bytes[at..].starts_with(b"PK\x01\x02") && bytes[at + 46..at + 46 + length].ends_with(ending.as_bytes())
        };
        let at = (0..bytes.len() - 46).find(|at| named(*at)).unwrap();
        change(&mut bytes[at..]);
    });
}

/// The pickle that would run a command, with its call.
const SYSTEM: &[u8] = b"\x80\x02cos\nsystem\nX\x14\x00\x00\x00touch executed-by-bert\x85R.";

pub(super) const CONTAINERS: &[Corruption] = &[
    // shards
    on("forms/sharded", "shard-missing", 61, "W042", &["model-00002-of-00004.safetensors", "missing"], |f| {
        f.remove("model-00002-of-00004.safetensors")
    }),
    on("forms/sharded", "shard-absolute-path", 62, "W042", &["/etc/passwd", "never followed"], |f| {
        send(f, BIAS, "/etc/passwd")
    }),
    on("forms/sharded", "shard-parent-path", 63, "W042", &["../", "never followed"], |f| {
        send(f, BIAS, "../model.safetensors")
    }),
    #[cfg(unix)]
    on("forms/sharded", "shard-link-out", 64, "W042", &["leads out of the folder"], |f| {
        let name = "model-00002-of-00004.safetensors";
        f.remove(name);
        let target = crate::fixtures().join("forms/sharded").join(name).canonicalize().unwrap();
        std::os::unix::fs::symlink(target, f.path().join(name)).unwrap();
    }),
    on("forms/sharded", "shard-without-tensor", 65, "W042", &["is not in shard"], |f| {
        send(f, BIAS, "model-00001-of-00004.safetensors")
    }),
    on("forms/sharded", "shard-tensor-twice", 66, "W042", &["two shards"], |f| {
        f.write("model-00002-of-00004.safetensors", f.read("model-00001-of-00004.safetensors"))
    }),
    on("forms/sharded", "shard-not-in-index", 66, "W042", &["model-00009-of-00009.safetensors"], |f| {
        f.write("model-00009-of-00009.safetensors", f.read("model-00001-of-00004.safetensors"))
    }),
    on("forms/sharded", "shard-cut", 50, "W007", &["cut short"], |f| {
        f.edit("model-00002-of-00004.safetensors", |b| b.truncate(b.len() - 8))
    }),
    on("forms/sharded", "shard-index-cut", 61, "W042", &["not valid JSON"], |f| f.edit(INDEX, |b| b.truncate(40))),
    on("forms/sharded", "shard-index-empty", 61, "W042", &["weight_map"], |f| f.write(INDEX, "{}")),
    on("forms/bin-sharded", "bin-shard-missing", 61, "W042", &["missing"], |f| {
        f.remove("pytorch_model-00003-of-00004.bin")
    }),
    // pickle
    on("forms/bin", "pickle-system", 67, "W040", &["os.system", "nothing was executed"], |f| pickled(f, SYSTEM)),
    on("forms/bin", "pickle-eval", 68, "W040", &["builtins.eval"], |f| {
        pickled(f, b"\x80\x02cbuiltins\neval\nX\x01\x00\x00\x001\x85R.")
    }),
    on("forms/bin", "pickle-import", 69, "W040", &["builtins.__import__"], |f| {
        pickled(f, b"\x80\x02cbuiltins\n__import__\nX\x02\x00\x00\x00os\x85R.")
    }),
    on("forms/bin", "pickle-getattr", 70, "W040", &["builtins.getattr"], |f| {
        pickled(f, b"\x80\x02cbuiltins\ngetattr\n.")
    }),
    on("forms/bin", "pickle-stack-global", 71, "W040", &["posix.system"], |f| {
        pickled(f, b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02ls\x85R.")
    }),
    on("forms/bin", "pickle-extension", 72, "W040", &["EXT1"], |f| pickled(f, b"\x80\x02\x82\x01.")),
    on("forms/bin", "pickle-instance", 72, "W040", &["INST"], |f| pickled(f, b"\x80\x02(ios\nsystem\n.")),
    on("forms/bin", "pickle-whole-module", 72, "W040", &["BertForSequenceClassification", "whole module"], |f| {
        pickled(f, b"\x80\x02ctransformers.models.bert.modeling_bert\nBertForSequenceClassification\n)\x81.")
    }),
    on("forms/bin", "pickle-legacy-system", 67, "W040", &["os.system"], |f| f.write(BIN, SYSTEM)),
    on("forms/bin", "pickle-memo-bomb", 73, "W041", &["more values"], |f| {
        let mut bomb = b"\x80\x02]q\x00".to_vec();
        bomb.extend(b"h\x00a".repeat(5_000_000));
        pickled(f, &bomb)
    }),
    on("forms/bin", "pickle-long-string", 74, "W041", &["2147483647 bytes are called for"], |f| {
        pickled(f, b"\x80\x02X\xff\xff\xff\x7fabc.")
    }),
    on("forms/bin", "pickle-deep", 75, "W041", &["more objects"], |f| {
        pickled(f, &[b"\x80\x02".to_vec(), b"]".repeat(2_000_000)].concat())
    }),
    on("forms/bin", "pickle-long-integer", 76, "W041", &["bytes are called for"], |f| {
        pickled(f, b"\x80\x02\x8b\xff\xff\xff\x7f\x01.")
    }),
    // archives
    on("forms/bin", "zip-bomb", 77, "W041", &["more than deflate can give"], |f| {
        directory(f, "data/0", |entry| {
            entry[10] = 8;
            entry[24..28].copy_from_slice(&0xffff_fff0u32.to_le_bytes());
        })
    }),
    on("forms/bin", "zip-parent-name", 78, "W041", &["leads out of the archive"], |f| {
        entries(f, |list| list[0].0 = "../data.pkl".into())
    }),
    on("forms/bin", "zip-encrypted", 79, "W041", &["encrypted"], |f| directory(f, "data/1", |entry| entry[8] |= 1)),
    on("forms/bin", "zip-lies-of-zip64", 80, "W041", &["zip64"], |f| {
        entries(f, |_| {}); // without the zip64 records that torch writes
        f.edit(BIN, |b| {
            let at = b.len() - 22;
            b[at + 10..at + 12].copy_from_slice(&[0xff, 0xff]);
        })
    }),
    on("forms/bin", "zip-storage-too-short", 80, "W041", &["has", "need"], |f| {
        entries(f, |list| {
            let storage = list.iter_mut().find(|(name, _)| name.ends_with("data/3")).unwrap();
            storage.1.truncate(4);
        })
    }),
    on("forms/bin", "zip-storage-missing", 80, "W041", &["not in the archive"], |f| {
        entries(f, |list| list.retain(|(name, _)| !name.ends_with("data/3")))
    }),
    on("forms/bin", "zip-cut", 81, "W041", &["cut short"], |f| f.edit(BIN, |b| b.truncate(b.len() / 2))),
    on("forms/bin", "zip-other-archive", 48, "W045", &["data.pkl"], |f| {
        f.write(BIN, stored_archive(&[("notes.txt", "hello")]))
    }),
    on("forms/bin", "bin-lfs-pointer", 46, "W002", &["git lfs pull"], |f| {
        f.write(BIN, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    }),
    on("forms/bin", "bin-is-safetensors", 48, "W045", &["rename it"], |f| {
        f.write(BIN, std::fs::read(crate::fixtures().join("forms/base/model.safetensors")).unwrap())
    }),
    on("forms/bin", "bin-empty", 33, "W002", &["empty"], |f| f.write(BIN, "")),
    on("forms/bin", "bin-checksum", 0, "W048", &["classifier"], |f| {
        f.edit(BIN, |b| {
            let entry =
                archive_entries(b).into_iter().rev().find(|(n, c)| n.contains("/data/") && c.len() == 12).unwrap();
            let at = b.windows(entry.1.len()).position(|w| w == entry.1).unwrap();
            b[at] ^= 1;
        })
    }),
    // before 1.6
    on("forms/bin-legacy", "legacy-cut", 81, "W041", &["cut short"], |f| f.edit(BIN, |b| b.truncate(b.len() - 100))),
    on("forms/bin-legacy", "legacy-big-endian", 82, "W041", &["big-endian"], |f| {
        f.edit(BIN, |b| {
            let key = b"little_endian";
            let at = b.windows(key.len()).position(|w| w == key).unwrap() + key.len();
            let flag = (at..at + 8).find(|i| b[*i] == 0x88).unwrap();
            b[flag] = 0x89;
        })
    }),
    on("forms/bin-legacy", "legacy-no-torch", 48, "W045", &["not one that torch wrote"], |f| {
        f.write(BIN, b"\x80\x02}.")
    }),
    on("forms/bin-legacy", "legacy-magic-only", 81, "W041", &["breaks"], |f| f.write(BIN, MAGIC)),
    // trainers' files
    on("forms/lightning", "nested-state-dict", 0, "W046", &["state_dict"], |f| f.write(BIN, f.read("epoch=3.ckpt"))),
    on("forms/lightning", "skipped-entries", 0, "W044", &["passed over"], |f| {
        // A state dict with a value that is no tensor.
        let bin = std::fs::read(crate::fixtures().join("forms/bin").join(BIN)).unwrap();
        let mut list = archive_entries(&bin);
        let pickle = &mut list.iter_mut().find(|(n, _)| n.ends_with("data.pkl")).unwrap().1;
        let at = pickle.iter().position(|b| *b == b'(').unwrap();
        pickle.splice(at + 1..at + 1, *b"X\x04\x00\x00\x00stepK\x07");
        f.write(BIN, stored_archive(&list))
    }),
    on("forms/bin", "optimizer-alone", 106, "W045", &["no state dict"], |f| {
        f.write(BIN, std::fs::read(crate::fixtures().join("forms/run/checkpoint-10/optimizer.pt")).unwrap())
    }),
    on("forms/wrapped", "two-heads", 0, "W022", &["more than one head"], |f| {
        entries(f, |list| {
            let pickle = &mut list.iter_mut().find(|(n, _)| n.ends_with("data.pkl")).unwrap().1;
            let from = b"head.classifier.bias";
            let at = pickle.windows(from.len()).position(|w| w == from).unwrap();
            // The bias becomes a second weight under a prefix of the same length.
            let name = &mut pickle[at..at + from.len()];
            name.copy_from_slice(b"he.classifier.weight");
        })
    }),
    // two files
    on("forms/base", "weight-files-disagree", 105, "W047", &["hold different models", "classifier.weight"], |f| {
        let other = std::fs::read(crate::fixtures().join("forms/bin").join(BIN)).unwrap();
        f.write(BIN, other);
        f.tensors(|t| t.set("classifier.weight", &[0.25, -0.5, 1.0]));
    }),
    // other frameworks
    on("forms/google", "names-of-tensorflow", 0, "W043", &["translated", "transposed"], |_| {}),
    on("forms/google", "bundle-data-missing", 61, "W041", &["data-00000-of-00001", "missing"], |f| {
        f.remove("model.ckpt-10.data-00000-of-00001")
    }),
    on("forms/google", "bundle-data-cut", 81, "W041", &["past the end"], |f| {
        f.edit("model.ckpt-10.data-00000-of-00001", |b| b.truncate(1000))
    }),
    on("forms/google", "bundle-index-damaged", 0, "W041", &["checksum"], |f| {
        f.edit("model.ckpt-10.index", |b| b[200] ^= 1)
    }),
    on("forms/google", "bundle-index-cut", 81, "W041", &["does not end like"], |f| {
        f.edit("model.ckpt-10.index", |b| b.truncate(b.len() - 3))
    }),
    on("forms/google", "bundle-checksum", 0, "W048", &["checksum"], |f| {
        f.edit("model.ckpt-10.data-00000-of-00001", |b| b[3000] ^= 1)
    }),
    on("forms/flax", "flax-cut", 81, "W041", &["msgpack breaks"], |f| {
        f.edit("flax_model.msgpack", |b| b.truncate(b.len() - 9))
    }),
    on("forms/flax", "flax-trailing", 45, "W041", &["follow the last value"], |f| {
        f.edit("flax_model.msgpack", |b| b.push(0))
    }),
    on("forms/flax", "flax-deep", 75, "W041", &["nested too deeply"], |f| {
        f.write("flax_model.msgpack", b"\x81\xa1a".repeat(100_000))
    }),
    on("forms/keras", "hdf5-cut", 81, "W041", &["cut short"], |f| f.edit("tf_model.h5", |b| b.truncate(b.len() - 100))),
    on("forms/keras", "hdf5-later-form", 0, "W026", &["superblock version 3"], |f| f.edit("tf_model.h5", |b| b[8] = 3)),
    on("forms/keras", "hdf5-html", 47, "W002", &["HTML"], |f| f.write("tf_model.h5", "<!DOCTYPE html><html></html>")),
    // folders
    on("forms/run", "run-of-a-trainer", 0, "X028", &["checkpoint-10", "best of 2"], |_| {}),
    on("forms/run", "run-with-tokenizer-beside", 0, "X029", &["no tokenizer"], |_| {}),
    on("forms/lora", "adapter-alone", 107, "X027", &["/home/somebody/models/base", "--base"], |_| {}),
];
