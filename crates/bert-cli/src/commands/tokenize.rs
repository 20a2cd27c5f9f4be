//! `bert tokenize`: how texts become ids.

use std::io::{BufRead, IsTerminal, Write};

use bert_tok::{BertTokenizer, EncodeOptions, Encoded, Error};
use serde_json::json;

use crate::args::{Global, RowFormat, Tokenize};
use crate::failure::{Failure, Outcome};
use crate::{output, render};

pub(crate) fn run(args: &Tokenize, global: &Global) -> Result<Outcome, Failure> {
    global.levels()?;
    if !args.checkpoint.is_dir() {
        return Err(Failure::Other(format!("there is no folder `{}`", args.checkpoint.display())));
    }
    let tokenizer = match BertTokenizer::open(&args.checkpoint) {
        Ok(tokenizer) => tokenizer,
        Err(Error::Rejected(rejected)) => {
            for finding in rejected.report().findings() {
                output::remark(&format!("{}\n", render::full(finding, &args.checkpoint)));
            }
            return Err(Failure::Refused);
        }
        Err(error) => return Err(Failure::chain(&error)),
    };
    let text_out = args.format.map_or(std::io::stdout().is_terminal(), |f| f == RowFormat::Text);
    if args.format == Some(RowFormat::Csv) {
        return Err(Failure::Usage("tokens are printed as text or jsonl".into()));
    }
    let mut out = std::io::stdout().lock();
    let mut one = |text: &str| -> Result<(), Failure> {
        let options = EncodeOptions::default();
        let encoded = match &args.pair {
            Some(pair) => tokenizer.encode_pair(text, pair, &options),
            None => tokenizer.encode(text, &options),
        };
        let encoded = encoded.map_err(|e| Failure::chain(&e))?;
        if text_out {
            print_text(&mut out, &tokenizer, &encoded)
        } else {
            print_record(&mut out, &tokenizer, text, args.pair.as_deref(), &encoded)
        }
    };
    if args.texts.is_empty() {
        for (number, line) in std::io::stdin().lock().lines().enumerate() {
            one(&line.map_err(|e| Failure::Other(format!("stdin, line {}: {e}", number + 1)))?)?;
        }
    }
    args.texts.iter().try_for_each(|text| one(text))?;
    Ok(Outcome::Clean)
}

fn print_text(out: &mut impl Write, tokenizer: &BertTokenizer, encoded: &Encoded) -> Result<(), Failure> {
    for (i, (id, kind)) in encoded.ids.iter().zip(&encoded.type_ids).enumerate() {
        let token = tokenizer.token(*id).unwrap_or_default();
        match (encoded.sequences.get(i), encoded.offsets.get(i)) {
            (Some(Some(_)), Some(at)) => writeln!(out, "{id:>6}  {kind}  {token:20}  bytes {}..{}", at.start, at.end)?,
            _ => writeln!(out, "{id:>6}  {kind}  {token}")?,
        }
    }
    Ok(())
}

/// Offsets are counted in characters, as the reference counts them.
fn print_record(
    out: &mut impl Write,
    tokenizer: &BertTokenizer,
    text: &str,
    pair: Option<&str>,
    encoded: &Encoded,
) -> Result<(), Failure> {
    let characters = |of: &str, byte: usize| of.get(..byte).map_or(0, |t| t.chars().count());
    let offsets: Vec<_> = encoded
        .offsets
        .iter()
        .zip(&encoded.sequences)
        .map(|(at, sequence)| {
            let of = if *sequence == Some(1) { pair.unwrap_or_default() } else { text };
            [characters(of, at.start), characters(of, at.end)]
        })
        .collect();
    let tokens: Vec<_> = encoded.ids.iter().map(|id| tokenizer.token(*id)).collect();
    let mut record = json!({"text": text});
    if let (Some(pair), Some(map)) = (pair, record.as_object_mut()) {
        map.insert("pair".into(), pair.into());
    }
    if let Some(map) = record.as_object_mut() {
        map.insert("tokens".into(), tokens.into());
        map.insert("ids".into(), encoded.ids.clone().into());
        map.insert("type_ids".into(), encoded.type_ids.clone().into());
        map.insert("offsets".into(), json!(offsets));
    }
    writeln!(out, "{record}")?;
    Ok(())
}
