//! Everything that is configured for one tenant, validated as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::CallbackService;
use crate::callin::CallInGroup;
use crate::capacity::CapacityRule;
use crate::hours::OfficeHours;
use crate::id::{ServiceName, TenantId};
use crate::number::NumberRule;

/// The settings of one tenant at one version. Every reference inside is known to lead somewhere.
#[derive(Clone, Debug)]
pub struct TenantSettings {
    /// Whose.
    pub tenant: TenantId,
    /// One more at each change.
    pub version: u64,
    /// Callback services by name.
    pub services: BTreeMap<ServiceName, Arc<CallbackService>>,
    /// Office hours by name.
    pub hours: BTreeMap<String, Arc<OfficeHours>>,
    /// Capacity rules by name.
    pub capacity_rules: BTreeMap<String, Arc<CapacityRule>>,
    /// Country and number rules by name.
    pub number_rules: BTreeMap<String, Arc<NumberRule>>,
    /// Click-to-call-in groups by name.
    pub call_in_groups: BTreeMap<String, Arc<CallInGroup>>,
}
