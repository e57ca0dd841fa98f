//! What is read by name: records, places, tallies, call-in requests, settings.

use std::collections::BTreeMap;

use ges_core::callback::Callback;
use ges_core::callin::CallInRequest;
use ges_core::port::{CallInGroupState, Published, StoreError, Tally};
use ges_core::slots::{Occupancy, UtcMinute};
use ges_core::{CallbackId, Interval, ServiceName, TenantId};
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use uuid::Uuid;

use super::failure::Failure;
use super::link::Link;
use super::names::is_text;
use super::row;
use super::session::Say;

impl Link {
    pub async fn callback(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        if !is_text(tenant.as_str()) {
            return Ok(None);
        }
        let rows = self.ask(Say::Get, &[&tenant.as_str(), &id.0]).await?;
        rows.first().map(|found| Ok(row::callback(id, column(found, 0)?, column(found, 1)?)?)).transpose()
    }

    pub async fn occupancy(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        window: Interval,
    ) -> Result<Occupancy, StoreError> {
        let minute = |minute: UtcMinute| i32::try_from(minute.number()).unwrap_or(i32::MAX);
        // The minute the window ends in belongs to it unless it ends with it.
        let end = minute(UtcMinute::from(window.end + std::time::Duration::from_millis(59_999)));
        let mut cells = Vec::new();
        if is_text(tenant.as_str()) && is_text(service.as_str()) {
            let first = minute(window.start.into());
            let asked =
                self.ask(Say::Occupancy, &[&tenant.as_str(), &service.as_str(), &first, &end]).await?;
            for found in &asked {
                let (minute, taken): (i32, i32) = (column(found, 0)?, column(found, 1)?);
                let minute = UtcMinute::from_number(u32::try_from(minute).unwrap_or(0));
                cells.push((minute, u32::try_from(taken).unwrap_or(0)));
            }
        }
        Occupancy::new(window, cells).map_err(StoreError::unavailable)
    }

    pub async fn tally(&self, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, StoreError> {
        if !is_text(tenant.as_str()) {
            return Ok(Vec::new());
        }
        let rows = self.ask(Say::Tally, &[&tenant.as_str()]).await?;
        let tally = |found: &Row| {
            let count = |place| column::<i64>(found, place).map(|count| u64::try_from(count).unwrap_or(0));
            let tally =
                Tally { scheduled: count(1)?, queued: count(2)?, routing: count(3)?, processing: count(4)? };
            Ok((ServiceName::from(column::<&str>(found, 0)?), tally))
        };
        rows.iter().map(tally).collect()
    }

    pub async fn group(&self, tenant: &TenantId, group: &str) -> Result<CallInGroupState, StoreError> {
        let mut state = CallInGroupState::default();
        if !is_text(tenant.as_str()) || !is_text(group) {
            return Ok(state);
        }
        for found in &self.ask(Say::CallInGroup, &[&tenant.as_str(), &group]).await? {
            state.version = u64::try_from(column::<i64>(found, 0)?).unwrap_or(0);
            if let Some(record) = column::<Option<&str>>(found, 1)? {
                state.waiting.push(parsed(record, || "a call-in request".to_owned())?);
            }
        }
        Ok(state)
    }

    pub async fn request(&self, tenant: &TenantId, id: Uuid) -> Result<Option<CallInRequest>, StoreError> {
        if !is_text(tenant.as_str()) {
            return Ok(None);
        }
        let rows = self.ask(Say::CallIn, &[&tenant.as_str(), &id]).await?;
        let record = |found: &Row| parsed(column(found, 0)?, || format!("call-in request {id}"));
        rows.first().map(record).transpose()
    }

    pub async fn published(&self, tenant: &TenantId) -> Result<Published, StoreError> {
        if !is_text(tenant.as_str()) {
            return Ok(Published::default());
        }
        let rows = self.ask(Say::Published, &[&tenant.as_str()]).await?;
        let body = |found: &Row| parsed(column(found, 0)?, || format!("the settings of {tenant}"));
        rows.first().map_or_else(|| Ok(Published::default()), body)
    }

    pub async fn versions(&self) -> Result<BTreeMap<TenantId, u64>, StoreError> {
        let rows = self.ask(Say::Versions, &[]).await?;
        let version = |found: &Row| {
            let version = u64::try_from(column::<i64>(found, 1)?).unwrap_or(0);
            Ok((TenantId::from(column::<&str>(found, 0)?), version))
        };
        rows.iter().map(version).collect()
    }
}

/// A column of a row that must be there.
pub(super) fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
    found: &'a Row,
    place: usize,
) -> Result<T, StoreError> {
    found.try_get(place).map_err(|error| Failure::from(error).into())
}

fn parsed<T: DeserializeOwned>(text: &str, what: impl FnOnce() -> String) -> Result<T, StoreError> {
    let unreadable = |error: serde_json::Error| Failure::Unreadable { what: what(), why: error.into() };
    serde_json::from_str(text).map_err(|error| unreadable(error).into())
}
