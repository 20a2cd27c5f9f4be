//! Tasks of the workspace: `cargo xtask TASK`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout)]

mod bench;
mod codes;
mod corpus;
mod fixtures;
mod forms;
mod generated;
mod invariants;
mod mutations;
mod parity;
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
  forms                make fixtures/forms and its goldens; convert every form and load the result with transformers 4 and 5
  bench-forms          opening BERT-base from every container beside transformers: time and memory
  demo                 train fixtures/demo anew
  real                 fine-tune a published model and compare our outputs with the reference's
  bench [--quick]      every engine beside onnxruntime, OpenVINO, torch and candle: docs/benchmarks.md (quick: printed)
  bench-check          `bert check` on a 438 MB checkpoint: time, memory, share of the memory's bandwidth
  bench-tasks          every task beside the reference's pipelines: texts a second, in one run
  parity               docs/parity.md: the largest difference of every golden
  mutations [WORD]     docs/mutations.md: changes of the code that must turn a test red
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
        ["forms"] => forms::make_and_convert(),
        ["bench"] => bench::run_all(false),
        ["bench", "--quick"] => bench::run_all(true),
        ["bench-forms"] => forms::bench(),
        ["demo"] => python::demo(),
        ["real"] => real::compare_with_reference(),
        ["bench-check"] => real::bench_check(),
        ["parity"] => parity::write(),
        ["mutations"] => mutations::write(),
        ["mutations", word] => mutations::only(word),
        ["bench-tasks"] => real::bench_tasks(),
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
