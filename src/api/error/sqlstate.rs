//! SQLSTATE → HTTP (POSTGREST.md §13.2), the one table.

use crate::db::ServerError;

/// HTTP status of a database error.
pub(super) fn status(error: &ServerError, anonymous: bool) -> u16 {
    let code = error.code.as_str();
    let message = error.message.as_str();
    match code {
        "21000" => {
            if message.ends_with("requires a WHERE clause") {
                400
            } else {
                500
            }
        }
        "22023" => {
            if message.starts_with("role \"") && message.ends_with("\" does not exist") {
                401
            } else {
                400
            }
        }
        "23503" | "23505" => 409,
        "25006" => 405,
        "42P01" => 404,
        "42P17" => 500,
        "42501" => {
            if anonymous {
                401
            } else {
                403
            }
        }
        "42883" => {
            if message.starts_with("function xmlagg(") {
                406
            } else {
                404
            }
        }
        "53400" => 500,
        "57P01" => 503,
        "P0001" => 400,
        _ => by_class(code),
    }
}

fn by_class(code: &str) -> u16 {
    if let Some(status) = code.strip_prefix("PT").and_then(|digits| digits.parse().ok()) {
        return if (100..=999).contains(&status) { status } else { 500 };
    }
    match code.get(..2).unwrap_or_default() {
        "08" | "53" => 503,
        "0L" | "0P" | "28" => 403,
        "09" | "25" | "2D" | "38" | "39" | "3B" | "40" | "54" | "55" | "57" | "58" | "F0" | "HV" | "P0" | "XX" => 500,
        _ => 400,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(code: &str, message: &str, anonymous: bool) -> u16 {
        status(&ServerError { code: code.into(), message: message.into(), ..ServerError::default() }, anonymous)
    }

    #[test]
    fn maps_each_row_of_the_table() {
        let rows: &[(&str, &str, bool, u16)] = &[
            ("08006", "", false, 503),
            ("09000", "", false, 500),
            ("0L000", "", false, 403),
            ("0P000", "", false, 403),
            ("21000", "UPDATE requires a WHERE clause", false, 400),
            ("21000", "more than one row", false, 500),
            ("22023", "role \"x\" does not exist", false, 401),
            ("22023", "invalid value", false, 400),
            ("22P02", "", false, 400),
            ("23502", "", false, 400),
            ("23503", "", false, 409),
            ("23505", "", false, 409),
            ("23514", "", false, 400),
            ("23P01", "", false, 400),
            ("25006", "", false, 405),
            ("25001", "", false, 500),
            ("28000", "", false, 403),
            ("2D000", "", false, 500),
            ("38000", "", false, 500),
            ("39000", "", false, 500),
            ("3B000", "", false, 500),
            ("40001", "", false, 500),
            ("42501", "", false, 403),
            ("42501", "", true, 401),
            ("42703", "", false, 400),
            ("42883", "function f() does not exist", false, 404),
            ("42883", "function xmlagg(x) does not exist", false, 406),
            ("42P01", "", false, 404),
            ("42P17", "", false, 500),
            ("53400", "", false, 500),
            ("53300", "", false, 503),
            ("54001", "", false, 500),
            ("55000", "", false, 500),
            ("57014", "", false, 500),
            ("57P01", "", false, 503),
            ("58000", "", false, 500),
            ("F0000", "", false, 500),
            ("HV000", "", false, 500),
            ("P0001", "", false, 400),
            ("P0002", "", false, 500),
            ("XX000", "", false, 500),
            ("PT402", "", false, 402),
            ("PTabc", "", false, 400),
        ];
        for (code, message, anonymous, expected) in rows {
            assert_eq!(status_of(code, message, *anonymous), *expected, "{code} {message}");
        }
    }
}
