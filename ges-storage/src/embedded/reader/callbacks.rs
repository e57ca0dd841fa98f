//! Reading single callbacks.

use ges_core::callback::Callback;
use ges_core::{CallbackId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use crate::embedded::failure::Failure;
use crate::embedded::indexes::{Candidate, Granted, ServiceKey, TenantKey};
use crate::embedded::row;

/// The record, if there is one.
pub(in crate::embedded) fn callback(
    connection: &Connection,
    tenant: TenantKey,
    id: CallbackId,
) -> Result<Option<Callback>, Failure> {
    let mut found = connection.prepare_cached(
        "SELECT body, data FROM callback JOIN record USING (key) WHERE id = ?1 AND tenant = ?2",
    )?;
    let mut rows = found.query((id.0.as_bytes(), tenant))?;
    match rows.next()? {
        Some(found) => row::callback(found, 0, id).map(Some),
        None => Ok(None),
    }
}

/// A lease and its record; none where the record is gone, or is not the one the lease was meant for any more.
pub(in crate::embedded) type Found = (Granted, Result<Option<(TenantKey, Callback)>, Unreadable>);

/// The record is there and cannot be understood. Asked for by its id, it says what is wrong.
#[derive(Clone, Copy, Debug)]
pub(in crate::embedded) struct Unreadable;

/// The records just leased, as they are now.
pub(in crate::embedded) fn leased(
    connection: &Connection,
    granted: Vec<Granted>,
) -> Result<Vec<Found>, Failure> {
    let mut find = connection.prepare_cached(
        "SELECT tenant, id, version, body, data FROM callback JOIN record USING (key) WHERE key = ?1",
    )?;
    let mut records = Vec::with_capacity(granted.len());
    for one in granted {
        let mut rows = find.query([one.key])?;
        let record = match rows.next()? {
            Some(found)
                if one.version.is_none_or(|version| found.get(2).is_ok_and(|is: i64| is == version)) =>
            {
                let id = CallbackId(Uuid::from_bytes(found.get(1)?));
                match row::callback(found, 3, id) {
                    Ok(callback) => Ok(Some((found.get(0)?, callback))),
                    Err(Failure::Unreadable { .. }) => Err(Unreadable),
                    Err(failure) => return Err(failure),
                }
            }
            _ => Ok(None),
        };
        records.push((one, record));
    }
    Ok(records)
}

/// The records of a service that wait to be handed over, desired from `first` on and before the other instant.
pub(in crate::embedded) fn waiting(
    connection: &Connection,
    tenant: TenantKey,
    service: ServiceKey,
    first: Timestamp,
    desired_before: Timestamp,
) -> Result<Vec<Candidate>, Failure> {
    let mut found = connection.prepare_cached(
        "SELECT key, wake, version FROM callback INDEXED BY callback_by_desired \
         WHERE tenant = ?1 AND desired >= ?2 AND desired < ?3 AND service = ?4 AND waiting = 1",
    )?;
    let candidates = found
        .query_map((tenant, first.as_millis(), desired_before.as_millis(), service), |row| {
            Ok(Candidate { key: row.get(0)?, wake: row.get(1)?, version: row.get(2)? })
        })?;
    Ok(candidates.collect::<Result<_, _>>()?)
}

/// The text of a column without copying it.
pub(super) fn text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<&'r str> {
    Ok(row.get_ref(column)?.as_str()?)
}

/// The one row of a statement, if there is any.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    connection.prepare_cached(sql)?.query_row(params, read).optional()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_not_the_one_meant_is_not_leased() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("../../../migrations/embedded/0001_records.sql")).unwrap();
        let booked = ges_core::testing::fixtures::scheduled(1, Timestamp::from_millis(0));
        let body = row::to_text(&booked).unwrap();
        connection.execute("INSERT INTO record (key, body) VALUES (5, ?1)", [body]).unwrap();
        let columns = "INSERT INTO callback VALUES (5, ?1, 1, 1, 1, 0, 3, 0, 1, 1, 0, 0, NULL)";
        connection.execute(columns, [booked.id.0.as_bytes()]).unwrap();
        let found = |key, version| {
            let granted = Granted { key, fence: 1, due: 0, version };
            let found = leased(&connection, vec![granted]).unwrap_or_default();
            found
                .into_iter()
                .filter_map(|(_, record)| record.unwrap())
                .map(|(_, callback)| callback)
                .collect::<Vec<_>>()
        };
        let (this, none) = (vec![booked.clone()], Vec::new());
        assert_eq!(found(5, None), this, "of whatever version");
        assert_eq!(found(5, Some(3)), this);
        assert_eq!(found(5, Some(2)), none, "changed since it was looked at");
        assert_eq!(found(6, None), none, "gone");
    }
}
