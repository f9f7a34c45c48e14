//! From a description of sheets to a workbook, cell by cell as they are read: neither the cells nor the sheets are ever
//! in memory as a whole. What is written of a sheet waits in a temporary file (`TMPDIR`) until the workbook is put together; in memory where there is no place
//! for one.

use super::{MAX_COLUMNS, MAX_ROWS, MAX_SHEETS, SpreadsheetError};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;
use std::io::Read;
use std::path::Path;

/// A workbook as the bytes of an `.xlsx` file. The description is JSON:
///
/// ```json
/// [{ "name": "Requests", "headings": 1, "rows": [["Title", "Day"], ["A lamp", { "moment": "2025-11-23" }]] }]
/// ```
///
/// `name` is that of the tab; what a workbook does not allow is replaced, and it is cut at 31 characters. `headings` says how
/// many rows at the top are bold and stay when the sheet is scrolled; it stands before `rows` or is zero. A cell is null, text,
/// a number, a truth value, or a moment (`2025-11-23T14:05:00` or only the day).
///
/// # Errors
/// No such description, too many rows or columns, or what the format does not allow.
pub fn write_workbook(description: impl Read) -> Result<Vec<u8>, SpreadsheetError> {
    write_by(description, &std::env::temp_dir())
}

fn write_by(description: impl Read, temporary: &Path) -> Result<Vec<u8>, SpreadsheetError> {
    let mut workbook = Workbook::new();
    // Without a place for temporary files, as in a container that cannot write anywhere, sheets are made in memory.
    let on_disk = workbook.set_tempdir(temporary).is_ok();
    let mut refused = None;
    let mut json = serde_json::Deserializer::from_reader(description);
    let read = Sheets { workbook: &mut workbook, on_disk, refused: &mut refused }.deserialize(&mut json);
    let whole = read.and_then(|()| json.end());
    match (refused, whole) {
        (Some(refused), _) => Err(refused),
        (None, Err(error)) => Err(SpreadsheetError::Description(error)),
        (None, Ok(())) => workbook.save_to_buffer().map_err(SpreadsheetError::Write),
    }
}

/// The list of sheets. `refused` takes what a reader of JSON has no type for; reading ends with it.
struct Sheets<'a> {
    workbook: &'a mut Workbook,
    on_disk: bool,
    refused: &'a mut Option<SpreadsheetError>,
}

impl<'de> DeserializeSeed<'de> for Sheets<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Sheets<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of sheets")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sheets: A) -> Result<(), A::Error> {
        let mut names: Vec<String> = Vec::new();
        loop {
            let sheet = Sheet {
                workbook: &mut *self.workbook,
                on_disk: self.on_disk,
                names: &names,
                refused: &mut *self.refused,
            };
            match sheets.next_element_seed(sheet)? {
                Some(name) => names.push(name),
                None => return Ok(()),
            }
        }
    }
}

/// One sheet; its value is the name that it got.
struct Sheet<'a> {
    workbook: &'a mut Workbook,
    on_disk: bool,
    names: &'a [String],
    refused: &'a mut Option<SpreadsheetError>,
}

impl<'de> DeserializeSeed<'de> for Sheet<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Sheet<'_> {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a sheet with its name and its rows")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<String, A::Error> {
        let formats = Formats::new();
        if self.names.len() >= MAX_SHEETS {
            return refuse(self.refused, Err(SpreadsheetError::TooManySheets { sheets: MAX_SHEETS }));
        }
        let worksheet = if self.on_disk {
            refuse(self.refused, self.workbook.add_worksheet_with_constant_memory())?
        } else {
            self.workbook.add_worksheet()
        };
        let mut headings: u32 = 0;
        let mut wanted = String::new();
        while let Some(member) = members.next_key::<String>()? {
            match member.as_str() {
                "name" => wanted = members.next_value()?,
                "headings" => headings = members.next_value()?,
                "rows" => members.next_value_seed(Rows {
                    worksheet: &mut *worksheet,
                    formats: &formats,
                    headings,
                    refused: &mut *self.refused,
                })?,
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        let name = free_name(&wanted, self.names);
        refuse(self.refused, worksheet.set_name(&name))?;
        if headings > 0 {
            refuse(self.refused, worksheet.set_freeze_panes(headings, 0))?;
        }
        Ok(name)
    }
}

struct Formats {
    heading: Format,
    moment: Format,
    day: Format,
}

impl Formats {
    fn new() -> Self {
        Self {
            heading: Format::new().set_bold(),
            moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
            day: Format::new().set_num_format("yyyy-mm-dd"),
        }
    }
}

struct Rows<'a> {
    worksheet: &'a mut Worksheet,
    formats: &'a Formats,
    headings: u32,
    refused: &'a mut Option<SpreadsheetError>,
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<(), A::Error> {
        for at in 0_u32.. {
            let row = Row {
                worksheet: &mut *self.worksheet,
                formats: self.formats,
                heading: at < self.headings,
                at,
                refused: &mut *self.refused,
            };
            if rows.next_element_seed(row)?.is_none() {
                break;
            }
        }
        Ok(())
    }
}

struct Row<'a> {
    worksheet: &'a mut Worksheet,
    formats: &'a Formats,
    heading: bool,
    at: u32,
    refused: &'a mut Option<SpreadsheetError>,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of cells")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<(), A::Error> {
        let too_large = || Err(SpreadsheetError::TooLarge { rows: MAX_ROWS, columns: MAX_COLUMNS });
        if self.at as usize >= MAX_ROWS {
            return refuse(self.refused, too_large());
        }
        for column in 0_u16.. {
            let Some(value) = cells.next_element::<Value>()? else { break };
            if usize::from(column) >= MAX_COLUMNS {
                return refuse(self.refused, too_large());
            }
            let written = write_cell(self.worksheet, (self.at, column), &value, self.formats, self.heading);
            refuse(self.refused, written)?;
        }
        Ok(())
    }
}

/// Ends the reading where something was refused for another reason than the JSON.
fn refuse<T, E: serde::de::Error>(
    place: &mut Option<SpreadsheetError>,
    result: Result<T, impl Into<SpreadsheetError>>,
) -> Result<T, E> {
    result.map_err(|problem| {
        let problem = problem.into();
        let error = E::custom(&problem);
        *place = Some(problem);
        error
    })
}

fn write_cell(
    worksheet: &mut Worksheet,
    (at, column): (u32, u16),
    value: &Value,
    formats: &Formats,
    heading: bool,
) -> Result<(), XlsxError> {
    match value {
        Value::Null => return Ok(()),
        Value::Bool(truth) => worksheet.write_boolean(at, column, *truth)?,
        Value::Number(number) => worksheet.write_number(at, column, number.as_f64().unwrap_or_default())?,
        Value::String(text) if heading => {
            worksheet.write_string_with_format(at, column, cell_text(text), &formats.heading)?
        }
        Value::String(text) => worksheet.write_string(at, column, cell_text(text))?,
        other => match other.get("moment").and_then(Value::as_str) {
            Some(text) => match ExcelDateTime::parse_from_str(text) {
                Ok(time) => {
                    let format = if text.contains('T') { &formats.moment } else { &formats.day };
                    worksheet.write_datetime_with_format(at, column, &time, format)?
                }
                // Before 1900 or no moment at all: its text.
                Err(_) => worksheet.write_string(at, column, text)?,
            },
            None => worksheet.write_string(at, column, cell_text(&other.to_string()))?,
        },
    };
    Ok(())
}

/// A name that the format allows and no other sheet has.
fn free_name(wanted: &str, taken: &[String]) -> String {
    let clean: String = wanted
        .chars()
        .map(|letter| if "[]:*?/\\'".contains(letter) || letter.is_control() { ' ' } else { letter })
        .collect();
    let base = if clean.trim().is_empty() { "Sheet" } else { clean.trim() };
    let cut = |text: &str, length: usize| text.chars().take(length).collect::<String>();
    let is_free = |name: &str| !taken.iter().any(|other| other.eq_ignore_ascii_case(name));
    let first = cut(base, 31);
    if is_free(&first) {
        return first;
    }
    (2..).map(|number| format!("{} {number}", cut(base, 27))).find(|name| is_free(name)).unwrap_or(first)
}

/// Characters that a cell can hold.
fn cell_text(text: &str) -> String {
    const LONGEST: usize = 32_767;
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workbook_is_the_same_without_a_place_for_temporary_files() {
        let description = br#"[{"name": "S", "headings": 1, "rows": [["a", "b"], [1, "x"]]}]"#;
        let place = tempfile::tempdir().expect("a folder");
        let rows = |temporary: &Path| {
            let file = write_by(&description[..], temporary).expect("a workbook");
            crate::spreadsheets::read_rows(&file).expect("rows")
        };
        let missing = place.path().join("missing");
        assert_eq!(rows(&missing), rows(place.path()));
        assert!(!missing.exists());
    }
}
