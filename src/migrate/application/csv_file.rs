//! Loads a CSV file with COPY, in pieces: a file never lies in memory as a whole once it is decompressed.

use crate::migrate::error::{Doing, MigrateError};
use crate::migrate::session::failure_of;
use crate::migrate::statement::Statement;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use futures_util::SinkExt;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::pin::pin;
use tokio_postgres::Transaction;

const PIECE_BYTES: usize = 256 * 1024;

/// Copies the file into `public.<table>` by its header and lets the sequences of the loaded columns go on behind the
/// largest value. Returns the number of rows.
pub(super) async fn copy(
    transaction: &Transaction<'_>,
    name: &str,
    path: &Path,
    table: &str,
    compressed: bool,
) -> Result<u64, MigrateError> {
    let wrong = |reason: String| MigrateError::Csv { file: name.to_owned(), reason };
    let unreadable = |source: std::io::Error| MigrateError::Read { path: path.to_owned(), source };
    let mut reader = open(path, compressed).map_err(unreadable)?;

    let mut header = Vec::new();
    reader.read_until(b'\n', &mut header).map_err(unreadable)?;
    let columns = columns(&header).map_err(wrong)?;
    let target = format!("public.{}", quote(table));
    let list: Vec<String> = columns.iter().map(|column| quote(column)).collect();
    let sql = format!("copy {target} ({}) from stdin with (format csv)", list.join(", "));
    let statement = Statement { text: &sql, line: 1 };
    let refused = |error: &tokio_postgres::Error| {
        let mut failure = failure_of(name, &statement, error);
        // "COPY requests, line 17, column amount": counted behind the header.
        if let Some(line) = failure.context.as_deref().and_then(copied_line) {
            failure.line = line + 1;
        }
        MigrateError::Statement(Box::new(failure))
    };

    let sink = transaction.copy_in::<_, Bytes>(&sql).await.map_err(|error| refused(&error))?;
    let mut sink = pin!(sink);
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let length = reader.read(&mut piece).map_err(unreadable)?;
        if length == 0 {
            break;
        }
        piece.truncate(length);
        sink.send(Bytes::from(piece)).await.map_err(|error| refused(&error))?;
    }
    let rows = sink.finish().await.map_err(|error| refused(&error))?;

    for column in &columns {
        advance_sequence(transaction, &target, column).await?;
    }
    transaction.batch_execute(&format!("analyze {target}")).await.doing("collecting statistics")?;
    Ok(rows)
}

fn open(path: &Path, compressed: bool) -> std::io::Result<Box<dyn BufRead + Send>> {
    let file = std::fs::File::open(path)?;
    Ok(if compressed {
        Box::new(BufReader::with_capacity(PIECE_BYTES, MultiGzDecoder::new(BufReader::new(file))))
    } else {
        Box::new(BufReader::with_capacity(PIECE_BYTES, file))
    })
}

/// Column names of the first line.
fn columns(header: &[u8]) -> Result<Vec<String>, String> {
    let header = header.strip_prefix(b"\xef\xbb\xbf").unwrap_or(header);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(header);
    let record = match reader.records().next() {
        Some(Ok(record)) => record,
        Some(Err(error)) => return Err(format!("the header cannot be read: {error}")),
        None => return Err("the file is empty; its first line must name the columns".to_owned()),
    };
    let columns: Vec<String> = record.iter().map(|column| column.trim().to_owned()).collect();
    if columns.iter().any(String::is_empty) {
        return Err("a column in the header has no name".to_owned());
    }
    Ok(columns)
}

fn copied_line(context: &str) -> Option<usize> {
    let rest = &context[context.find(" line ")? + 6..];
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

async fn advance_sequence(transaction: &Transaction<'_>, table: &str, column: &str) -> Result<(), MigrateError> {
    let row = transaction
        .query_one("select pg_get_serial_sequence($1::text, $2::text)", &[&table, &column])
        .await
        .doing("looking for a sequence")?;
    let Some(sequence) = row.get::<_, Option<String>>(0) else { return Ok(()) };
    let column = quote(column);
    transaction
        .execute(
            &format!("select setval($1::text::regclass, max({column})) from {table} having max({column}) > 0"),
            &[&sequence],
        )
        .await
        .doing("advancing a sequence")?;
    Ok(())
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_csv_themselves() {
        assert_eq!(columns(b"\xef\xbb\xbfid,\"a,b\", c\r\n").unwrap(), ["id", "a,b", "c"]);
        assert!(columns(b"").is_err());
        assert!(columns(b"id,,c\n").is_err());
    }

    #[test]
    fn the_servers_line_is_found() {
        assert_eq!(copied_line("COPY requests, line 17, column amount: \"x\""), Some(17));
        assert_eq!(copied_line("COPY requests"), None);
    }
}
