//! Tasks of the workspace: `cargo xtask TASK`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout)]

mod codes;
mod corpus;
mod fixtures;
mod generated;
mod invariants;
mod python;
mod real;

use std::path::PathBuf;
use std::process::ExitCode;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: cargo xtask TASK
  fixtures [--check]   write fixtures/tiny (or compare: exit 1 when a file differs)
  codes [--check]      write docs/findings from the catalogue and the snapshots (or compare)
  corpus               docs/corpus.md: what transformers does with every broken checkpoint
  reference            set up the pinned Python environment and make all goldens
  demo                 train fixtures/demo anew
  real                 fine-tune a published model and compare our outputs with the reference's
  bench-check          `bert check` on a 438 MB checkpoint: time, memory, share of the memory's bandwidth
  invariants           who may depend on whom, and where `unsafe` may stand";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["fixtures"] => fixtures::write(),
        ["fixtures", "--check"] => fixtures::check(),
        ["codes"] => codes::write(),
        ["codes", "--check"] => codes::check(),
        ["corpus"] => corpus::write(),
        ["reference"] => python::reference(),
        ["demo"] => python::demo(),
        ["real"] => real::compare_with_reference(),
        ["bench-check"] => real::bench_check(),
        ["invariants"] => invariants::check(),
        _ => {
            println!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
