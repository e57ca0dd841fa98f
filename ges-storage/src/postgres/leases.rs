//! Who acts on a record, and when the next one wants attention.

use ges_core::port::{Lease, LeaseRequest, Leased, Raised, Release, StoreError};
use ges_core::{CallbackId, NodeId, TenantId, Timestamp};
use postgres_types::ToSql;
use tokio_postgres::Row;
use uuid::Uuid;

use super::failure::Failure;
use super::link::Link;
use super::names::is_text;
use super::row::{self, NEVER};
use super::session::Say;
use crate::record::version;

impl Link {
    /// What was leased, and when there will be more.
    pub async fn lease(&self, request: LeaseRequest) -> Result<(Vec<Leased>, Option<Timestamp>), StoreError> {
        let LeaseRequest { owner, now, until, raised, lasting, limit } = request;
        let expires = now + lasting;
        let (services, before) = self.raised(&raised).await?;
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        // While a statement without an answer is still at work, another one finds neither what it leases nor that it did: who
        // asks is told, and ends what he was not told of.
        let rows = self
            .ask_once(
                Say::Lease,
                &[
                    &owner.as_str(),
                    &now.as_millis(),
                    &until.as_millis(),
                    &expires.as_millis(),
                    &most,
                    &services,
                    &before,
                ],
            )
            .await?;
        let Some((first, records)) = rows.split_first() else { return Ok((Vec::new(), None)) };
        // One that cannot be read is left alone: its lease runs out, and whoever asks for it hears what is wrong.
        let leased = records.iter().filter_map(|row| leased(row, expires).ok()).collect();
        Ok((leased, instant(first.get(7))))
    }

    /// The keys of the raised services that are known, and the instants.
    async fn raised(&self, raised: &[Raised]) -> Result<(Vec<i32>, Vec<i64>), StoreError> {
        let (mut found, mut asked) = (Vec::new(), Vec::new());
        for one in raised.iter().filter(|one| is_text(one.tenant.as_str()) && is_text(one.service.as_str())) {
            match self.names.known(&(one.tenant.clone(), one.service.clone())) {
                Some(keys) => found.push((keys.service, one.desired_before.as_millis())),
                None => asked.push(one),
            }
        }
        if !asked.is_empty() {
            let tenants: Vec<&str> = asked.iter().map(|one| one.tenant.as_str()).collect();
            let services: Vec<&str> = asked.iter().map(|one| one.service.as_str()).collect();
            let rows = self.ask(Say::Services, &[&tenants, &services]).await?;
            found.extend(rows.iter().filter_map(|row| {
                let place = usize::try_from(row.get::<_, i64>(1) - 1).ok()?;
                Some((row.get::<_, i32>(0), asked.get(place)?.desired_before.as_millis()))
            }));
        }
        Ok(found.into_iter().unzip())
    }

    pub async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError> {
        // Locks are taken in the order of the parameters, and a lease that is given back twice is given back once.
        let mut releases = releases;
        releases.sort_by_key(|release| (release.lease.id.0, release.lease.fence));
        releases.dedup_by(|later, first| later.lease == first.lease);
        if releases.is_empty() {
            return Ok(());
        }
        let returned: Vec<Returned<'_>> = releases.iter().map(Returned::from).collect();
        self.ask(Say::GiveBack, &[&returned]).await.map(drop)
    }

    pub async fn end_leases(&self, owner: &NodeId) -> Result<usize, StoreError> {
        if !is_text(owner.as_str()) {
            return Ok(0);
        }
        let rows = self.ask(Say::EndLeases, &[&owner.as_str()]).await?;
        Ok(rows.first().map_or(0, |row| usize::try_from(row.get::<_, i64>(0)).unwrap_or(0)))
    }

    pub async fn held(&self, leases: &[Lease], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let claims: Vec<Claim<'_>> = leases.iter().map(Claim::from).collect();
        let rows = self.ask(Say::Held, &[&claims, &now.as_millis()]).await?;
        Ok(rows.first().map(|row| row.get(0)).unwrap_or_default())
    }

    pub async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.ask(Say::NextWake, &[]).await?;
        Ok(rows.first().and_then(|row| instant(row.get(0))))
    }
}

/// An instant of the index of due records; none when it never comes.
fn instant(stored: i64) -> Option<Timestamp> {
    (stored != NEVER).then(|| Timestamp::from_millis(stored))
}

/// A lease given back, as a parameter: the type `returned` of the database.
#[derive(Debug, ToSql)]
#[postgres(name = "returned")]
struct Returned<'a> {
    id: Uuid,
    tenant: &'a str,
    fence: i64,
    not_before: i64,
}

impl<'a> From<&'a Release> for Returned<'a> {
    fn from(release: &'a Release) -> Self {
        let Release { lease, not_before } = release;
        let (id, tenant, fence) = (lease.id.0, tenant(lease), fence(lease));
        Returned { id, tenant, fence, not_before: not_before.as_millis() }
    }
}

/// A lease that is believed to be held, as a parameter: the type `claim` of the database.
#[derive(Debug, ToSql)]
#[postgres(name = "claim")]
struct Claim<'a> {
    id: Uuid,
    tenant: &'a str,
    fence: i64,
    version: i64,
}

impl<'a> From<&'a Lease> for Claim<'a> {
    fn from(lease: &'a Lease) -> Self {
        Claim { id: lease.id.0, tenant: tenant(lease), fence: fence(lease), version: version(lease.version) }
    }
}

/// A tenant that the database cannot hold has no leases, so any other name will do.
fn tenant(lease: &Lease) -> &str {
    Some(lease.tenant.as_str()).filter(|name| is_text(name)).unwrap_or("")
}

fn fence(lease: &Lease) -> i64 {
    i64::try_from(lease.fence).unwrap_or(-1)
}

fn leased(found: &Row, expires: Timestamp) -> Result<Leased, Failure> {
    let id = CallbackId(found.try_get(0)?);
    let tenant = TenantId::from(found.try_get::<_, &str>(1)?);
    let (version, fence): (i64, i64) = (found.try_get(2)?, found.try_get(3)?);
    let callback = row::callback(id, found.try_get(4)?, found.try_get(5)?)?;
    let lease = Lease { tenant, id, version: version.unsigned_abs(), fence: fence.unsigned_abs(), expires };
    Ok(Leased { callback, due: Timestamp::from_millis(found.try_get(6)?), lease })
}
