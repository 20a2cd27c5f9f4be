//! The command line `bert`: arguments, rendering, progress. What a checkpoint is, the libraries decide.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod failure;
mod open;
mod output;
mod progress;
mod render;
mod rows;
mod settings;
mod work;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use failure::{Failure, Outcome};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::NotClean) if cli.global.exit_zero => ExitCode::SUCCESS,
        Ok(Outcome::NotClean) => ExitCode::from(1),
        Err(Failure::ClosedPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            output::error(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(cli: &Cli) -> Result<Outcome, Failure> {
    cli.global.apply()?;
    match &cli.command {
        Command::Inspect(args) => commands::inspect::run(args, &cli.global),
        Command::Check(args) => commands::check::run(args, &cli.global),
        Command::Explain(args) => commands::explain::run(args),
        Command::Diff(args) => commands::diff::run(args),
        Command::Tokenize(args) => commands::tokenize::run(args, &cli.global),
        Command::Predict(args) => commands::predict::run(args, &cli.global),
        Command::Embed(args) => commands::embed::run(args, &cli.global),
        Command::Eval(args) => commands::eval::run(args, &cli.global),
        Command::RecoverConfig(args) => commands::recover::run(args, &cli.global),
        Command::Convert(args) => commands::convert::run(args, &cli.global),
        Command::Cache { command } => commands::cache::run(command),
        Command::Completions { shell } => commands::completions(*shell),
    }
}
