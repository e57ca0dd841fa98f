//! Listing callbacks.

use std::fmt::Write;

use ges_core::callback::Callback;
use ges_core::port::{Order, Page, Query};
use ges_core::{CallbackId, Interval, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use uuid::Uuid;

use crate::embedded::failure::Failure;
use crate::embedded::indexes::{Names, ServiceKey, TenantKey};
use crate::embedded::row::{self, code, packed};

/// A query in the file's terms.
pub(in crate::embedded) struct Selection {
    tenant: TenantKey,
    services: Option<Vec<ServiceKey>>,
    states: Option<Vec<i64>>,
    number: Option<i64>,
    desired: Option<Interval>,
    after: Option<Order>,
    limit: usize,
}

impl Selection {
    /// `None` when nothing can match, because the tenant or all services are unknown.
    pub fn of(query: Query, names: &Names) -> Option<Self> {
        let tenant = names.tenant(&query.tenant)?;
        let services = query.services.map(|wanted| {
            let keys = wanted.iter().filter_map(|service| names.service(&query.tenant, service));
            keys.collect::<Vec<_>>()
        });
        let states = query.states.map(|wanted| wanted.into_iter().map(code).collect::<Vec<_>>());
        let impossible =
            services.as_ref().is_some_and(Vec::is_empty) || states.as_ref().is_some_and(Vec::is_empty);
        (!impossible).then_some(Selection {
            tenant,
            services,
            states,
            number: query.comparison.map(packed),
            desired: query.desired,
            after: query.after,
            limit: query.limit,
        })
    }

    /// The statement and its parameters. Only keys and codes made here stand in the text.
    fn statement(&self) -> (String, Vec<Value>) {
        let active =
            self.states.as_ref().is_some_and(|states| states.iter().all(|state| (1..=3).contains(state)));
        let index = match self.number {
            Some(_) => "callback_by_number",
            None if active => "callback_active",
            None => "callback_by_desired",
        };
        let mut sql = format!(
            "SELECT id, body, data FROM callback INDEXED BY {index} JOIN record USING (key) WHERE tenant = ?"
        );
        let mut values = vec![Value::from(self.tenant)];
        if let Some(number) = self.number {
            sql.push_str(" AND number = ?");
            values.push(number.into());
        }
        if active {
            sql.push_str(" AND state IN (1, 2, 3)");
        }
        if let Some(states) = &self.states {
            one_of(&mut sql, "state", states);
        }
        if let Some(services) = &self.services {
            one_of(&mut sql, "service", services);
        }
        // One lower bound alone, so that the index is entered where the page begins.
        let from = self.desired.map(|desired| desired.start);
        match self.after.filter(|(desired, _)| from.is_none_or(|from| *desired >= from)) {
            Some((desired, id)) => {
                sql.push_str(" AND (desired, id) > (?, ?)");
                values.extend([desired.as_millis().into(), Value::Blob(id.0.as_bytes().to_vec())]);
            }
            None => {
                sql.push_str(" AND desired >= ?");
                values.push(from.map_or(i64::MIN, Timestamp::as_millis).into());
            }
        }
        if let Some(desired) = self.desired {
            sql.push_str(" AND desired < ?");
            values.push(desired.end.as_millis().into());
        }
        sql.push_str(" ORDER BY desired, id LIMIT ?");
        // One more than wanted tells whether there is a next page.
        values.push(i64::try_from(self.limit).unwrap_or(i64::MAX).saturating_add(1).into());
        (sql, values)
    }
}

fn one_of(sql: &mut String, column: &str, values: &[i64]) {
    let list: Vec<String> = values.iter().map(i64::to_string).collect();
    // Writing to a text cannot fail.
    let _ = write!(sql, " AND {column} IN ({})", list.join(", "));
}

/// The records that match.
pub(in crate::embedded) fn page(connection: &Connection, selection: &Selection) -> Result<Page, Failure> {
    let (sql, values) = selection.statement();
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut callbacks: Vec<Callback> = Vec::new();
    while let Some(found) = rows.next()? {
        if callbacks.len() == selection.limit {
            let next = callbacks.last().map(|last| (last.desired, last.id));
            return Ok(Page { callbacks, next });
        }
        let id = CallbackId(Uuid::from_bytes(found.get(0)?));
        callbacks.push(row::callback(found, 1, id)?);
    }
    Ok(Page { callbacks, next: None })
}
