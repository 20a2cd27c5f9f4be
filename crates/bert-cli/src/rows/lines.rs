//! One text a line; an empty line is an empty text, so that rows and lines correspond.

use std::io::BufRead;

use super::{Item, Problem, Shape};
use crate::failure::Failure;

/// Lines as bytes with their number from 1, without their ends.
pub(super) fn raw(mut reader: impl BufRead, name: String) -> impl Iterator<Item = Result<(Vec<u8>, String), Failure>> {
    let mut number = 0;
    std::iter::from_fn(move || {
        let mut line = Vec::new();
        match reader.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => {
                number += 1;
                if line.ends_with(b"\n") {
                    line.pop();
                }
                if line.ends_with(b"\r") {
                    line.pop();
                }
                Some(Ok((line, format!("{name}:{number}"))))
            }
            Err(error) => Some(Err(Failure::file(&name)(error))),
        }
    })
}

pub(super) fn text(bytes: Vec<u8>, place: &str) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|e| Problem {
        place: place.to_string(),
        message: format!("not UTF-8 from byte {} of the line on", e.utf8_error().valid_up_to()),
    })
}

pub(super) fn rows(reader: impl BufRead, name: String, shape: Shape) -> impl Iterator<Item = Item> {
    raw(reader, name).map(move |line| {
        let (bytes, place) = line?;
        Ok(text(bytes, &place).and_then(|text| shape.bare(text, place)))
    })
}
