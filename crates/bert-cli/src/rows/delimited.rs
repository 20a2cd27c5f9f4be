//! CSV and TSV with a header row.

use std::io::Read;

use serde_json::Value;

use super::{Columns, Item, Problem};
use crate::failure::Failure;

pub(super) fn rows(reader: impl Read, name: String, columns: Columns, delimiter: u8) -> impl Iterator<Item = Item> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(reader);
    let header = reader.headers().cloned();
    let mut header = Some(header.map_err(|e| failure(&name, &e)));
    let mut records = reader.into_byte_records();
    let mut titles = csv::StringRecord::new();
    std::iter::from_fn(move || {
        match header.take() {
            Some(Ok(record)) => titles = strip_mark(&record),
            Some(Err(error)) => return Some(Err(error)),
            None => {}
        }
        let record = match records.next()? {
            Ok(record) => record,
            Err(error) => return Some(Err(failure(&name, &error))),
        };
        let place = format!("{name}:{}", record.position().map_or(0, csv::Position::line));
        Some(Ok(row(&titles, record, place, &columns)))
    })
}

fn failure(name: &str, error: &csv::Error) -> Failure {
    Failure::Other(format!("{name}: {error}"))
}

/// Spreadsheets put a byte order mark before the first title.
fn strip_mark(record: &csv::StringRecord) -> csv::StringRecord {
    record.iter().map(|title| title.trim_start_matches('\u{feff}')).collect()
}

fn row(
    titles: &csv::StringRecord,
    record: csv::ByteRecord,
    place: String,
    columns: &Columns,
) -> Result<super::Row, Problem> {
    let record = csv::StringRecord::from_byte_record(record).map_err(|e| Problem {
        place: place.clone(),
        message: format!("column {} is not UTF-8", e.utf8_error().field() + 1),
    })?;
    let find = |column: &str| titles.iter().position(|t| t == column).and_then(|i| record.get(i)).map(Value::from);
    let names = || bert_diag::listed(titles.iter().map(|t| format!("`{t}`")), 12);
    columns.row(place, find, &names)
}
