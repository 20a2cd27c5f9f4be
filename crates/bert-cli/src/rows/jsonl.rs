//! JSON Lines: one object a line; blank lines are passed over.

use std::io::BufRead;

use serde_json::Value;

use super::{Columns, Item, Problem, lines};

pub(super) fn rows(reader: impl BufRead, name: String, columns: Columns) -> impl Iterator<Item = Item> {
    lines::raw(reader, name).filter_map(move |line| match line {
        Ok((bytes, _)) if bytes.trim_ascii().is_empty() => None,
        Ok((bytes, place)) => Some(Ok(lines::text(bytes, &place).and_then(|text| row(&text, place, &columns)))),
        Err(failure) => Some(Err(failure)),
    })
}

fn row(text: &str, place: String, columns: &Columns) -> Result<super::Row, Problem> {
    let value: Value = serde_json::from_str(text)
        .map_err(|e| Problem { place: place.clone(), message: format!("not a JSON object: {e}") })?;
    let Value::Object(map) = value else {
        return Err(Problem { place, message: "not a JSON object".into() });
    };
    columns.object(place, &map)
}
