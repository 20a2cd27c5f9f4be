//! Where results go: stdout, or a file that appears whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;

/// Prints an error on stderr; with colour on a terminal.
pub(crate) fn error(failure: &Failure) {
    // If stderr is gone there is nowhere left to say so.
    _ = writeln!(anstream::stderr(), "\x1b[1m\x1b[31merror\x1b[0m: {failure}");
}

/// Prints a remark on stderr.
pub(crate) fn remark(text: &str) {
    _ = writeln!(anstream::stderr(), "{text}");
}

/// Rows on their way out.
pub(crate) enum Sink {
    Stdout(BufWriter<io::Stdout>),
    File { temporary: BufWriter<NamedTempFile>, path: PathBuf },
}

impl Sink {
    /// Opens `path`, or stdout for none and `-`. An existing file is kept unless `force`.
    pub(crate) fn open(path: Option<&Path>, force: bool, inputs: &[PathBuf]) -> Result<Sink, Failure> {
        let Some(path) = path.filter(|p| *p != Path::new("-")) else {
            return Ok(Sink::Stdout(BufWriter::new(io::stdout())));
        };
        let same = |other: &PathBuf| matches!((std::fs::canonicalize(path), std::fs::canonicalize(other)), (Ok(a), Ok(b)) if a == b);
        if inputs.iter().any(same) {
            return Err(Failure::Usage(format!("{} is the input; name another output", path.display())));
        }
        if path.exists() && !force {
            return Err(Failure::Usage(format!("{} exists; add --force to overwrite it", path.display())));
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary = NamedTempFile::new_in(folder).map_err(Failure::file(path))?;
        Ok(Sink::File { temporary: BufWriter::new(temporary), path: path.to_path_buf() })
    }

    /// Writes everything out; a file gets its name only now.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Sink::Stdout(mut out) => Ok(out.flush()?),
            Sink::File { temporary, path } => {
                let temporary = temporary.into_inner().map_err(|e| Failure::file(&path)(e.into_error()))?;
                temporary.as_file().sync_all().map_err(Failure::file(&path))?;
                permissions_of_a_new_file(temporary.as_file());
                temporary.persist(&path).map_err(|e| Failure::file(&path)(e.error))?;
                Ok(())
            }
        }
    }

    /// Errors of writing, with the file's name.
    pub(crate) fn explain(&self, error: io::Error) -> Failure {
        match self {
            Sink::Stdout(_) => error.into(),
            Sink::File { path, .. } => Failure::file(path)(error),
        }
    }
}

/// Temporary files are private; the result is a file like any other.
#[cfg(unix)]
fn permissions_of_a_new_file(file: &File) {
    use std::os::unix::fs::PermissionsExt;
    _ = file.set_permissions(std::fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn permissions_of_a_new_file(_: &File) {}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Stdout(out) => out.write(bytes),
            Sink::File { temporary, .. } => temporary.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Stdout(out) => out.flush(),
            Sink::File { temporary, .. } => temporary.flush(),
        }
    }
}
