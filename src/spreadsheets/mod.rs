//! Spreadsheets between the web client and people: reads `.xlsx` and `.csv` into rows, writes rows as `.xlsx`.
//!
//! Nothing here touches the database: rows come from and go to the REST API under the caller's own token, this module only
//! translates files. Workbooks are written while their description is read. It is for people who are signed in (`app` says who is), two files at a time, within bounds of bytes,
//! rows and cells. Called by `app`; tests in `tests/it/spreadsheets`.

mod error;
mod http;
mod packed;
mod read;
mod write;

pub use error::SpreadsheetError;
pub use http::{Doorkeeper, Spreadsheets};
pub use read::read_rows;
pub use write::write_workbook;

/// Largest file that is read, in bytes.
pub const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;
/// Largest description of a workbook that is written, in bytes.
pub const MAX_WORKBOOK_BYTES: usize = 200 * 1024 * 1024;
/// Sheets of one workbook.
pub const MAX_SHEETS: usize = 50;
/// Rows of one sheet.
pub const MAX_ROWS: usize = 100_002;
/// Columns of one sheet.
pub const MAX_COLUMNS: usize = 1_000;
