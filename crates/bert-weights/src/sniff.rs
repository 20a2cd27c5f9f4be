//! What a file is that should be safetensors and is not.

/// A file of another kind, recognised by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignFile {
    /// A Git LFS pointer, 130 bytes of text in place of the file.
    LfsPointer,
    /// A web page.
    Html,
    /// JSON, such as a server's error message.
    Json,
    /// A zip archive, such as a PyTorch file.
    Zip,
    /// A pickle stream, such as a PyTorch file before 1.6.
    Pickle,
    /// A gzip archive.
    Gzip,
    /// HDF5, as TensorFlow's Keras writes it.
    Hdf5,
    /// Nothing but zero bytes.
    Zeros,
}

impl ForeignFile {
    /// What it is, and how to get the real file.
    pub fn describe(self) -> (&'static str, &'static str) {
        match self {
            ForeignFile::LfsPointer => {
                ("a Git LFS pointer, not the file itself", "run `git lfs pull` in the repository it came from")
            }
            ForeignFile::Html => {
                ("a web page (HTML)", "download the file itself, not the page about it; a login may be needed")
            }
            ForeignFile::Json => ("a JSON text, perhaps a server's error message", "download the file again"),
            ForeignFile::Zip => (
                "a zip archive, as PyTorch's `.bin` files are",
                "rename it to `pytorch_model.bin`, then `bert convert . -o DIR` writes safetensors",
            ),
            ForeignFile::Pickle => (
                "a pickle stream, as old PyTorch `.bin` files are",
                "rename it to `pytorch_model.bin`, then `bert convert . -o DIR` writes safetensors",
            ),
            ForeignFile::Gzip => ("a gzip archive", "unpack it: `gunzip`"),
            ForeignFile::Hdf5 => (
                "an HDF5 file, as TensorFlow writes it",
                "rename it to `tf_model.h5`, then `bert convert . -o DIR` writes safetensors",
            ),
            ForeignFile::Zeros => ("nothing but zero bytes", "the copy or download failed; fetch the file again"),
        }
    }
}

/// Recognises a file by its first bytes (256 are enough).
pub fn sniff(head: &[u8]) -> Option<ForeignFile> {
    let text = head.iter().position(|b| !b.is_ascii_whitespace()).and_then(|i| head.get(i..)).unwrap_or_default();
    let starts = |prefix: &[u8]| text.get(..prefix.len()).is_some_and(|t| t.eq_ignore_ascii_case(prefix));
    match head {
        _ if head.starts_with(b"version https://git-lfs") => Some(ForeignFile::LfsPointer),
        [b'P', b'K', 3 | 5 | 7, ..] => Some(ForeignFile::Zip),
        [0x1f, 0x8b, ..] => Some(ForeignFile::Gzip),
        [0x89, b'H', b'D', b'F', ..] => Some(ForeignFile::Hdf5),
        [0x80, 2..=5, ..] => Some(ForeignFile::Pickle),
        _ if starts(b"<!doctype") || starts(b"<html") || starts(b"<?xml") || starts(b"<head") => {
            Some(ForeignFile::Html)
        }
        _ if starts(b"{") || starts(b"[") => Some(ForeignFile::Json),
        _ if head.len() >= 16 && head.iter().all(|b| *b == 0) => Some(ForeignFile::Zeros),
        _ => None,
    }
}
