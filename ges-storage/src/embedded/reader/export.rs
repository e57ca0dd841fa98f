//! Everything as JSON lines.

use std::io;

use rusqlite::Connection;

use super::callbacks::text;
use crate::embedded::error::ExportError;

/// Each kind of line: its records in the order they were written, and how the line is put together. Bodies are JSON
/// already, and get their user data back; names become JSON here.
const KINDS: &[&str] = &[
    "SELECT '{\"callback\":' || iif(data IS NULL, body, json_insert(body, '$.request.user_data', json(data))) || '}' \
     FROM record ORDER BY key",
    "SELECT '{\"callIn\":{\"tenant\":' || json_quote(tenant) || ',\"request\":' || body || '}}' FROM call_in \
     ORDER BY key",
    "SELECT '{\"settings\":{\"tenant\":' || json_quote(tenant) || ',\"published\":' || body || '}}' FROM settings \
     ORDER BY tenant",
];

/// Hands out every record, as of one instant; answers how many.
pub(in crate::embedded) fn export(
    connection: &Connection,
    mut take: impl FnMut(&str) -> io::Result<()>,
) -> Result<u64, ExportError> {
    let snapshot = connection.unchecked_transaction().map_err(ExportError::database)?;
    let mut count = 0;
    for sql in KINDS {
        let mut statement = snapshot.prepare(sql).map_err(ExportError::database)?;
        let mut rows = statement.query(()).map_err(ExportError::database)?;
        while let Some(row) = rows.next().map_err(ExportError::database)? {
            take(text(row, 0).map_err(ExportError::database)?).map_err(ExportError::Taker)?;
            count += 1;
        }
    }
    Ok(count)
}
