//! The bytes of a weight file: mapped, or copied. The only module of this crate with `unsafe`.
#![allow(unsafe_code)]

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::Error;

#[derive(Debug)]
enum Storage {
    #[cfg(feature = "mmap")]
    Mapped {
        map: memmap2::Mmap,
        file: File,
    },
    Owned(Vec<u8>),
}

/// A file's bytes, immutable.
#[derive(Debug)]
pub(crate) struct Bytes {
    storage: Storage,
    path: PathBuf,
}

impl Bytes {
    /// Maps the file; without the feature `mmap`, or where the platform cannot map it, copies it.
    pub(crate) fn map(path: &Path) -> Result<Self, Error> {
        let io = |source| Error::Io { path: path.to_path_buf(), source };
        let file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if metadata.is_dir() {
            return Err(io(std::io::Error::new(std::io::ErrorKind::IsADirectory, "is a folder, not a file")));
        }
        #[cfg(feature = "mmap")]
        if metadata.is_file() && metadata.len() > 0 {
            // SAFETY: the map is read only and private to this type, which hands out slices only after checking that
            // the file still has the length it was mapped with. A process that cuts the file during a read can raise
            // SIGBUS, never undefined values of a Rust type other than u8; this is documented on the crate, with
            // `open_copied` for files others can write to.
            if let Ok(map) = unsafe { memmap2::Mmap::map(&file) } {
                return Ok(Bytes { storage: Storage::Mapped { map, file }, path: path.to_path_buf() });
            }
        }
        drop(file);
        Self::copy(path)
    }

    /// Reads the whole file into memory.
    pub(crate) fn copy(path: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|source| Error::Io { path: path.to_path_buf(), source })?;
        Ok(Bytes { storage: Storage::Owned(bytes), path: path.to_path_buf() })
    }

    pub(crate) fn owned(name: &str, bytes: Vec<u8>) -> Self {
        Bytes { storage: Storage::Owned(bytes), path: PathBuf::from(name) }
    }

    /// The file's name without its folder.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    pub(crate) fn len(&self) -> u64 {
        self.all().len() as u64
    }

    fn all(&self) -> &[u8] {
        match &self.storage {
            #[cfg(feature = "mmap")]
            Storage::Mapped { map, .. } => map,
            Storage::Owned(bytes) => bytes,
        }
    }

    /// These bytes of the file. An out-of-range request gives an empty slice: ranges were checked against the length
    /// when the header was read.
    pub(crate) fn get(&self, range: Range<u64>) -> Result<&[u8], Error> {
        self.check_length()?;
        let (start, end) = (usize::try_from(range.start), usize::try_from(range.end));
        Ok(start.ok().zip(end.ok()).and_then(|(s, e)| self.all().get(s..e)).unwrap_or_default())
    }

    /// Gives the memory of these bytes back to the system; they are read from the file again when next touched. Nothing
    /// happens where the file was copied, or the system has no such call.
    pub(crate) fn release(&self, range: Range<u64>) {
        #[cfg(all(feature = "mmap", unix))]
        if let Storage::Mapped { map, .. } = &self.storage
            && let (Ok(start), Ok(end)) = (usize::try_from(range.start), usize::try_from(range.end))
            && start < end
            && end <= map.len()
        {
            // SAFETY: the map is shared and read only, so dropped pages are filled from the same file when next touched:
            // a slice handed out before still reads the same bytes.
            let advised = unsafe { map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, end - start) };
            // Only memory is at stake: a system that refuses keeps the pages.
            drop(advised);
        }
        #[cfg(not(all(feature = "mmap", unix)))]
        drop(range);
    }

    fn check_length(&self) -> Result<(), Error> {
        #[cfg(feature = "mmap")]
        if let Storage::Mapped { map, file } = &self.storage {
            let io = |source| Error::Io { path: self.path.clone(), source };
            let found = file.metadata().map_err(io)?.len();
            if found < map.len() as u64 {
                return Err(Error::Changed { path: self.path.clone(), expected: map.len() as u64, found });
            }
        }
        Ok(())
    }
}
