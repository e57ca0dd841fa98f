//! Publishing: from what is published and a change to what is published next, all of it or nothing.
//!
//! Pure functions. The store keeps the outcome if nobody published meanwhile
//! ([`SettingsStore`](crate::port::SettingsStore)); readers see the old settings or the new, never a mix
//! ([invariant 39](crate::rules)).

use std::collections::BTreeMap;

use super::table::SECTIONS_MAX;
use super::{Change, Definitions, Fault, Faults, TenantSettings};
use crate::id::TenantId;
use crate::zone::ZoneDatabase;

/// The published option sections of one tenant: section name → option → value
/// ([callback-domain §3.1, §3.3](crate::rules)).
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Published {
    /// One more at each publication that changed something; 0 when nothing was ever published.
    pub version: u64,
    /// The sections.
    pub sections: BTreeMap<String, BTreeMap<String, String>>,
}

/// The settings in force: what is published laid over what the settings file says, with the published version. Where
/// both define a name, the published one holds.
///
/// # Errors
///
/// Every fault of every section, or every reference that leads nowhere. Sections that passed [`publish`] fail only if
/// the file or the time-zone database changed since.
pub fn settings_in_force(
    tenant: &TenantId,
    file: &Definitions,
    published: &Published,
    zones: &ZoneDatabase,
) -> Result<TenantSettings, Faults> {
    let over = Definitions::from_sections(&published.sections, zones)?;
    file.clone().overlaid_with(over).resolve(tenant.clone(), published.version)
}

/// A publication that was found good.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// What to store; its version is one more than the version it was made from.
    pub published: Published,
    /// The settings that then hold.
    pub settings: TenantSettings,
}

/// Applies a change to what is published. The outcome is judged as a whole: also sections that do not change, because
/// they may refer to one that does. Deleting what is not there changes nothing.
///
/// `None` when nothing would change, so that publishing the same table twice leaves the version alone
/// ([invariant 40](crate::rules)).
///
/// ```
/// use ges_core::{settings::{Change, Definitions, Published, publish}, zone::ZoneDatabase};
///
/// let change = Change::upserts_from_json(r#"{
///     "service.Paris": {"_service": "office-hours", "_timezone": "Europe/Paris", "_bh_regular1": "Mon-Fri 09:00-17:00"},
///     "service.Sales": {"_route_point": "8001", "_designer_workspace": "w", "_stream": "Live",
///         "_business_hours_service": "Paris", "_immediate_enabled": true}
/// }"#)?;
/// let (file, zones) = (Definitions::default(), ZoneDatabase::embedded());
/// let first = publish(&"acme".into(), &file, &Published::default(), &change, &zones)?.ok_or("a change")?;
/// assert_eq!(first.published.version, 1);
/// assert!(first.settings.services["Sales"].immediate.enabled);
/// assert!(publish(&"acme".into(), &file, &first.published, &change, &zones)?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Every fault; nothing is changed then ([invariant 39](crate::rules)).
pub fn publish(
    tenant: &TenantId,
    file: &Definitions,
    current: &Published,
    change: &Change,
    zones: &ZoneDatabase,
) -> Result<Option<Accepted>, Faults> {
    Faults::none_or(change.beyond_bounds(), ())?;
    let mut sections = current.sections.clone();
    sections.retain(|section, _| !change.deletes.contains(section));
    sections.extend(change.upserts.iter().map(|(section, options)| (section.clone(), options.clone())));
    if sections == current.sections {
        return Ok(None);
    }
    if sections.len() > SECTIONS_MAX {
        let expected = format!("at most {SECTIONS_MAX} sections");
        return Err(Faults::one(Fault::new("", "", "would make too many sections", expected)));
    }
    let published = Published { version: current.version.saturating_add(1), sections };
    let settings = settings_in_force(tenant, file, &published, zones)?;
    Ok(Some(Accepted { published, settings }))
}

#[cfg(test)]
mod tests;
