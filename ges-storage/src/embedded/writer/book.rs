//! Booking.

use ges_core::port::{Booked, Booking, Guard, StoreError};
use ges_core::{CallbackId, ServiceName, TenantId};

use super::guards::Among;
use super::{Work, Write};
use crate::embedded::failure::Failure;
use crate::embedded::indexes::Moved;
use crate::embedded::row::{Extract, to_text};

/// Inserts a record if its guards hold.
pub(in crate::embedded) struct Book {
    tenant: TenantId,
    service: ServiceName,
    id: CallbackId,
    extract: Extract,
    body: String,
    guards: Vec<Guard>,
}

impl Book {
    /// Writes the record's text here, on the caller's thread: the writing thread has enough to do.
    pub fn new(booking: Booking) -> Result<Self, StoreError> {
        let Booking { callback, wake_at, guards } = booking;
        let body = to_text(&callback).map_err(StoreError::unavailable)?;
        let extract = Extract::of(&callback, wake_at);
        Ok(Book {
            tenant: callback.tenant,
            service: callback.service,
            id: callback.id,
            extract,
            body,
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
        let extract = &self.extract;
        write.execute("INSERT INTO record (body) VALUES (?1)", [&self.body])?;
        let key = write.last_key();
        write.execute(
            "INSERT INTO callback (key, id, tenant, service, number, desired, version, state, place, waiting, \
             finished, wake, purge_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            (
                key,
                self.id.0.as_bytes(),
                tenant,
                service,
                extract.number,
                extract.desired,
                extract.version,
                extract.state,
                extract.place,
                extract.waiting,
                extract.finished(),
                extract.wake,
                extract.purge_at,
            ),
        )?;
        write.count(service, extract, 1);
        write.moved(Moved { key, from: None, to: extract.wake, version: extract.version, fence: None });
        Ok(Booked::Accepted)
    }
}
