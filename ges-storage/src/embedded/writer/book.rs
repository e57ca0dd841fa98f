//! Booking.

use ges_core::port::{Booked, Booking, Guard, IndexEntry, StoreError};
use ges_core::{CallbackId, ServiceName, TenantId};

use super::guards::Among;
use super::{Work, Write};
use crate::embedded::failure::Failure;
use crate::embedded::indexes::Moved;
use crate::embedded::row::{code, millis, packed, take_user_data, to_text, user_data_text, version};

/// Inserts a record if its guards hold.
pub(in crate::embedded) struct Book {
    tenant: TenantId,
    service: ServiceName,
    id: CallbackId,
    entry: IndexEntry,
    body: String,
    data: Option<String>,
    guards: Vec<Guard>,
}

impl Book {
    /// Writes the record's text here, on the caller's thread: the writing thread has enough to do.
    pub fn new(booking: Booking) -> Result<Self, StoreError> {
        let Booking { mut callback, wake_at, guards } = booking;
        let data = user_data_text(&take_user_data(&mut callback)).map_err(StoreError::unavailable)?;
        let body = to_text(&callback).map_err(StoreError::unavailable)?;
        let entry = IndexEntry::of(&callback, wake_at);
        Ok(Book {
            tenant: callback.tenant,
            service: callback.service,
            id: callback.id,
            entry,
            body,
            data,
            guards,
        })
    }
}

impl Work for Book {
    type Answer = Booked;

    fn run(&self, write: &mut Write<'_>) -> Result<Booked, Failure> {
        let (tenant, service) = write.known(&self.tenant, &self.service);
        if let Some(tenant) = tenant
            && write.stored(tenant, self.id)?.is_some()
        {
            return Ok(Booked::Exists);
        }
        // Names are entered only with a record: a refusal writes nothing. No key is 0.
        let among = Among { tenant: tenant.unwrap_or(0), service: service.unwrap_or(0), own: None };
        if let Some(index) = among.first_broken(&self.guards, write)? {
            return Ok(Booked::Refused(index));
        }
        let (tenant, service) = write.entered(&self.tenant, &self.service)?;
        let entry = &self.entry;
        write.execute("INSERT INTO record (body, data) VALUES (?1, ?2)", (&self.body, &self.data))?;
        let key = write.last_key();
        write.execute(
            "INSERT INTO callback (key, id, tenant, service, number, desired, version, state, place, waiting, \
             finished, wake, purge_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            (
                key,
                self.id.0.as_bytes(),
                tenant,
                service,
                packed(entry.number),
                entry.desired.as_millis(),
                version(entry.version),
                code(entry.state),
                entry.holds_place,
                entry.awaits_its_time,
                entry.is_finished(),
                millis(entry.wake_at),
                millis(entry.purge_at),
            ),
        )?;
        write.count(service, entry, 1);
        let (to, version) = (millis(entry.wake_at), version(entry.version));
        write.moved(Moved { key, from: None, to, version, fence: None });
        Ok(Booked::Accepted)
    }
}
