//! From rows of JSON to a workbook.

use super::{MAX_COLUMNS, MAX_ROWS, SpreadsheetError};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};
use serde::Deserialize;
use serde_json::Value;

/// One sheet of a workbook.
#[derive(Debug, Deserialize)]
pub struct Sheet {
    /// Name of its tab; what a workbook does not allow is replaced, and it is cut at 31 characters.
    pub name: String,
    /// Cells by row: null, text, number, truth value, or `{"moment": "2025-11-23T14:05:00"}` or `{"moment": "2025-11-23"}`.
    pub rows: Vec<Vec<Value>>,
    /// How many rows at the top are headings; they are bold and stay when the sheet is scrolled.
    #[serde(default)]
    pub headings: u32,
}

/// A workbook as the bytes of an `.xlsx` file.
///
/// # Errors
/// Too many rows or columns, or what the format does not allow.
pub fn write_workbook(sheets: &[Sheet]) -> Result<Vec<u8>, SpreadsheetError> {
    let mut workbook = Workbook::new();
    let mut names: Vec<String> = Vec::new();
    for sheet in sheets {
        if sheet.rows.len() > MAX_ROWS || sheet.rows.iter().any(|row| row.len() > MAX_COLUMNS) {
            return Err(SpreadsheetError::TooLarge { rows: MAX_ROWS, columns: MAX_COLUMNS });
        }
        let name = free_name(&sheet.name, &names);
        let worksheet = workbook.add_worksheet();
        worksheet.set_name(&name).map_err(SpreadsheetError::Write)?;
        names.push(name);
        fill(worksheet, sheet).map_err(SpreadsheetError::Write)?;
    }
    workbook.save_to_buffer().map_err(SpreadsheetError::Write)
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

fn fill(worksheet: &mut Worksheet, sheet: &Sheet) -> Result<(), rust_xlsxwriter::XlsxError> {
    let heading = Format::new().set_bold();
    let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    let day = Format::new().set_num_format("yyyy-mm-dd");
    for (at, row) in (0_u32..).zip(&sheet.rows) {
        for (column, value) in (0_u16..).zip(row) {
            match value {
                Value::Null => continue,
                Value::Bool(truth) => worksheet.write_boolean(at, column, *truth)?,
                Value::Number(number) => worksheet.write_number(at, column, number.as_f64().unwrap_or_default())?,
                Value::String(text) if at < sheet.headings => {
                    worksheet.write_string_with_format(at, column, cell_text(text), &heading)?
                }
                Value::String(text) => worksheet.write_string(at, column, cell_text(text))?,
                other => match other.get("moment").and_then(Value::as_str) {
                    Some(text) => match ExcelDateTime::parse_from_str(text) {
                        Ok(time) => {
                            let format = if text.contains('T') { &moment } else { &day };
                            worksheet.write_datetime_with_format(at, column, &time, format)?
                        }
                        // Before 1900 or no moment at all: its text.
                        Err(_) => worksheet.write_string(at, column, text)?,
                    },
                    None => worksheet.write_string(at, column, cell_text(&other.to_string()))?,
                },
            };
        }
    }
    if sheet.headings > 0 {
        worksheet.set_freeze_panes(sheet.headings, 0)?;
    }
    Ok(())
}

/// Characters that a cell can hold.
fn cell_text(text: &str) -> String {
    const LONGEST: usize = 32_767;
    text.chars().take(LONGEST).collect()
}
