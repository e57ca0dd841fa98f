//! Listing callbacks.

use ges_core::CallbackId;
use ges_core::port::{Page, Query, StoreError};
use uuid::Uuid;

use super::link::Link;
use super::names::is_text;
use super::read::column;
use super::row;
use super::session::{Say, Value};
use super::words::State;
use crate::record::packed;

impl Link {
    /// The records that match.
    pub async fn page(&self, query: Query) -> Result<Page, StoreError> {
        let nothing = Page { callbacks: Vec::new(), next: None };
        if !is_text(query.tenant.as_str()) {
            return Ok(nothing);
        }
        let services: Option<Vec<&str>> = query
            .services
            .as_ref()
            .map(|services| services.iter().map(|name| name.as_str()).filter(|name| is_text(name)).collect());
        let states: Option<Vec<State>> =
            query.states.as_ref().map(|states| states.iter().map(|state| State::from(*state)).collect());
        let (after, id) = beginning(&query);
        let to = query.desired.map_or(i64::MAX, |desired| desired.end.as_millis());
        // One more than wanted tells whether there is a next page.
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX).saturating_add(1);
        let tenant = query.tenant.as_str();
        let number = query.comparison.map(packed);
        let mut values: Vec<Value<'_>> = vec![&tenant, &to, &after, &id, &services, &states, &limit];
        let say = if let Some(number) = &number {
            values.push(number);
            Say::ListNumber
        } else {
            Say::List
        };
        let rows = self.ask(say, &values).await?;
        let mut page = nothing;
        for found in rows.iter().take(query.limit) {
            let id = CallbackId(column(found, 0)?);
            page.callbacks.push(row::callback(id, column(found, 1)?, column(found, 2)?)?);
        }
        if rows.len() > query.limit {
            page.next = page.callbacks.last().map(|last| (last.desired, last.id));
        }
        Ok(page)
    }
}

/// The place in the order of lists behind which the page begins. One bound alone, so that the index is entered there and
/// not at the first record of the tenant.
fn beginning(query: &Query) -> (i64, Uuid) {
    let all = (i64::MIN, Uuid::nil());
    let from = query.desired.map_or(all, |desired| match desired.start.as_millis().checked_sub(1) {
        Some(before) => (before, Uuid::max()),
        None => all,
    });
    query.after.map_or(from, |(desired, id)| from.max((desired.as_millis(), id.0)))
}
