//! What can be wrong with a file.

use thiserror::Error;

/// Why a file was not read or written.
#[derive(Debug, Error)]
pub enum SpreadsheetError {
    /// It is no workbook, or a broken one.
    #[error("the file is no workbook that can be read: {0}")]
    Workbook(#[source] calamine::XlsxError),
    /// A workbook without a sheet.
    #[error("the workbook has no sheet")]
    NoSheet,
    /// Text that is no comma-separated table.
    #[error("the file is no table of comma-separated values: {0}")]
    Csv(#[source] csv::Error),
    /// More than can be worked on at once.
    #[error("the table is too large: at most {rows} rows and {columns} columns")]
    TooLarge {
        /// Rows that are possible.
        rows: usize,
        /// Columns that are possible.
        columns: usize,
    },
    /// Each sheet needs a file while it is written.
    #[error("the workbook has too many sheets: at most {sheets}")]
    TooManySheets {
        /// Sheets that are possible.
        sheets: usize,
    },
    /// The workbook could not be written, for instance because of a sheet's name.
    #[error("the workbook could not be written: {0}")]
    Write(#[from] rust_xlsxwriter::XlsxError),
    /// What is to be written is no list of sheets.
    #[error("the body is no list of sheets: {0}")]
    Description(#[source] serde_json::Error),
}
