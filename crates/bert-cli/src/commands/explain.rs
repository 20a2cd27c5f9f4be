//! `bert explain`: what a code means.

use std::io::Write;

use bert_diag::Code;

use crate::args::Explain;
use crate::failure::{Failure, Outcome};

pub(crate) fn run(args: &Explain) -> Result<Outcome, Failure> {
    let mut out = std::io::stdout().lock();
    let Some(text) = &args.code else {
        for code in Code::all() {
            writeln!(out, "{code}  {:8}  {:32}  {}", code.severity().as_str(), code.name(), code.summary())?;
        }
        return Ok(Outcome::Clean);
    };
    let Some(code) = Code::find(text) else {
        return Err(Failure::Usage(format!("there is no finding code `{text}`; `bert explain` lists them")));
    };
    writeln!(
        out,
        "{code} {} ({})\n\n{}.\n\n{}\n\nTo mend it: {}",
        code.name(),
        code.severity(),
        code.summary(),
        code.explain(),
        code.how_to_fix()
    )?;
    Ok(Outcome::Clean)
}
