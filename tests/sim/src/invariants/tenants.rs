//! No tenant sees another: what a port or an engine shows to one belongs to him.

use super::{Invariant, Verdict, holds};
use crate::oracle::{Book, Seen};

/// See the module.
pub struct Tenants;

impl Invariant for Tenants {
    fn name(&self) -> &'static str {
        "tenants are apart"
    }

    fn see(&mut self, seen: &Seen<'_>, book: &Book) -> Verdict {
        match seen {
            Seen::Shown { to, record } => {
                holds(record.tenant == **to, || format!("{} was shown to another tenant", record.id))?;
                let booked = book.records.contains_key(&((*to).clone(), record.id));
                holds(
                    booked || !book.asked.iter().any(|(_, id)| *id == record.id) || record.version == 1,
                    || format!("{} was shown under a tenant that never booked it", record.id),
                )
            }
            Seen::Submitting { submission, .. } => {
                let record = &submission.callback;
                let id = (record.tenant.clone(), record.id);
                holds(book.asked.contains(&id), || {
                    format!("{} is handed over for a tenant that never booked it", record.id)
                })
            }
            _ => Ok(()),
        }
    }
}
