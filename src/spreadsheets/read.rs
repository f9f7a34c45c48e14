//! From a file to rows of JSON: texts, numbers and truth values as they are, moments as `{"moment": "2025-11-23T14:05:00"}`
//! without a zone, which a workbook does not know.

use super::{MAX_COLUMNS, MAX_ROWS, SpreadsheetError};
use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};
use std::io::Cursor;

/// Rows of the first sheet, or of comma-separated text; which of both the file's first bytes tell.
///
/// # Errors
/// What the file is not, or that it is too large.
pub fn read_rows(file: &[u8]) -> Result<Vec<Vec<Value>>, SpreadsheetError> {
    if file.starts_with(b"PK") { workbook(file) } else { separated(file) }
}

fn workbook(file: &[u8]) -> Result<Vec<Vec<Value>>, SpreadsheetError> {
    let mut workbook = Xlsx::new(Cursor::new(file)).map_err(SpreadsheetError::Workbook)?;
    let range = workbook.worksheet_range_at(0).ok_or(SpreadsheetError::NoSheet)?.map_err(SpreadsheetError::Workbook)?;
    let (rows, columns) = range.end().map_or((0, 0), |(row, column)| (row as usize + 1, column as usize + 1));
    check_size(rows, columns)?;
    // Row numbers are those of the sheet, also where it begins with empty rows.
    let (first_row, first_column) = range.start().unwrap_or_default();
    let mut found = vec![Vec::new(); first_row as usize];
    for row in range.rows() {
        let mut cells = vec![Value::Null; first_column as usize];
        cells.extend(row.iter().map(cell));
        found.push(cells);
    }
    Ok(found)
}

fn cell(data: &Data) -> Value {
    match data {
        Data::Int(number) => json!(number),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => json!(*number as i64),
        Data::Float(number) => json!(number),
        Data::String(text) if text.is_empty() => Value::Null,
        Data::String(text) => json!(text),
        Data::Bool(truth) => json!(truth),
        Data::DateTime(moment) if moment.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            json!({ "moment": format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}") })
        }
        Data::DateTime(duration) => json!(duration.as_f64()),
        Data::DateTimeIso(text) | Data::DurationIso(text) => json!(text),
        Data::Error(_) | Data::Empty => Value::Null,
    }
}

fn separated(file: &[u8]) -> Result<Vec<Vec<Value>>, SpreadsheetError> {
    let text = String::from_utf8_lossy(file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file));
    let head = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|byte| {
        // Of equal counts the comma wins: it stands first, and `max_by_key` takes the last.
        (head.bytes().filter(|candidate| candidate == byte).count(), u8::from(*byte == b','))
    });
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter.unwrap_or(b','))
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(SpreadsheetError::Csv)?;
        check_size(rows.len() + 1, record.len())?;
        rows.push(record.iter().map(|cell| if cell.is_empty() { Value::Null } else { json!(cell) }).collect());
    }
    Ok(rows)
}

fn check_size(rows: usize, columns: usize) -> Result<(), SpreadsheetError> {
    if rows > MAX_ROWS || columns > MAX_COLUMNS {
        return Err(SpreadsheetError::TooLarge { rows: MAX_ROWS, columns: MAX_COLUMNS });
    }
    Ok(())
}
