//! Reading call-in requests and settings.

use std::collections::BTreeMap;

use ges_core::TenantId;
use ges_core::callin::CallInRequest;
use ges_core::port::{CallInGroupState, Published};
use rusqlite::Connection;
use uuid::Uuid;

use super::callbacks::{first, text};
use crate::embedded::failure::Failure;
use crate::embedded::row::from_text;

/// The waiting requests of a group, with its version, as of one instant.
pub(in crate::embedded) fn group(
    connection: &Connection,
    tenant: &TenantId,
    group: &str,
) -> Result<CallInGroupState, Failure> {
    // One transaction, so that the version belongs to the requests.
    let snapshot = connection.unchecked_transaction()?;
    let known: Option<(i64, i64)> = first(
        &snapshot,
        "SELECT key, version FROM call_in_group WHERE tenant = ?1 AND name = ?2",
        (tenant.as_str(), group),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some((key, version)) = known else { return Ok(CallInGroupState::default()) };
    let mut statement = snapshot
        .prepare_cached("SELECT id, body FROM call_in WHERE group_key = ?1 AND waiting = 1 ORDER BY id")?;
    let mut rows = statement.query([key])?;
    let mut waiting = Vec::new();
    while let Some(found) = rows.next()? {
        waiting.push(call_in(text(found, 1)?, Uuid::from_bytes(found.get(0)?))?);
    }
    Ok(CallInGroupState { version: version.unsigned_abs(), waiting })
}

/// One request, in whatever state.
pub(in crate::embedded) fn request(
    connection: &Connection,
    tenant: &TenantId,
    id: Uuid,
) -> Result<Option<CallInRequest>, Failure> {
    let body: Option<String> = first(
        connection,
        "SELECT body FROM call_in WHERE id = ?1 AND tenant = ?2",
        (id.as_bytes(), tenant.as_str()),
        |row| row.get(0),
    )?;
    body.map(|body| call_in(&body, id)).transpose()
}

/// What is published for a tenant.
pub(in crate::embedded) fn published(
    connection: &Connection,
    tenant: &TenantId,
) -> Result<Published, Failure> {
    let body: Option<String> =
        first(connection, "SELECT body FROM settings WHERE tenant = ?1", [tenant.as_str()], |row| {
            row.get(0)
        })?;
    body.map_or_else(
        || Ok(Published::default()),
        |body| from_text(&body, || format!("settings of tenant {tenant}")),
    )
}

pub(in crate::embedded) fn versions(connection: &Connection) -> Result<BTreeMap<TenantId, u64>, Failure> {
    let mut statement = connection.prepare_cached("SELECT tenant, version FROM settings")?;
    let rows = statement.query_map((), |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    rows.map(|row| {
        let (tenant, version) = row?;
        Ok((tenant.into(), u64::try_from(version).unwrap_or(0)))
    })
    .collect()
}

fn call_in(body: &str, id: Uuid) -> Result<CallInRequest, Failure> {
    from_text(body, || format!("call-in request {id}"))
}
