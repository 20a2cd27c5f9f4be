//! The commands, one a module.

pub(crate) mod cache;
pub(crate) mod check;
pub(crate) mod convert;
pub(crate) mod diff;
pub(crate) mod embed;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod inspect;
pub(crate) mod predict;
pub(crate) mod recover;
pub(crate) mod tokenize;

use clap::CommandFactory;

use crate::args::Cli;
use crate::failure::{Failure, Outcome};

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bert", &mut script);
    std::io::Write::write_all(&mut std::io::stdout(), &script)?;
    Ok(Outcome::Clean)
}
