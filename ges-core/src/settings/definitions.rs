//! What a tenant has under each name, from one source or several, before references are followed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::rows::{self, Options, SectionKind};
use super::{CallbackService, Fault, Faults, TenantSettings};
use crate::callin::CallInGroup;
use crate::capacity::CapacityRule;
use crate::hours::OfficeHours;
use crate::id::{ServiceName, TenantId};
use crate::number::NumberRule;
use crate::zone::ZoneDatabase;

/// Services, hours and rules of one tenant by name.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    /// Callback services.
    pub services: BTreeMap<ServiceName, Arc<CallbackService>>,
    /// Office hours.
    pub hours: BTreeMap<String, Arc<OfficeHours>>,
    /// Capacity rules.
    pub capacity_rules: BTreeMap<String, Arc<CapacityRule>>,
    /// Country and number rules.
    pub number_rules: BTreeMap<String, Arc<NumberRule>>,
    /// Click-to-call-in groups.
    pub call_in_groups: BTreeMap<String, Arc<CallInGroup>>,
}

impl Definitions {
    /// Reads published sections, all of them, whatever they are.
    ///
    /// # Errors
    ///
    /// Every fault of every section. References are not followed yet; see [`Definitions::resolve`].
    pub fn from_sections(
        sections: &BTreeMap<String, Options>,
        zones: &ZoneDatabase,
    ) -> Result<Definitions, Faults> {
        let mut faults = Vec::new();
        let mut read = Definitions::default();
        let nothing = Options::new();
        let defaults = sections
            .iter()
            .find(|(section, options)| rows::section_kind(section, options) == SectionKind::Defaults)
            .map_or(&nothing, |(_, options)| options);
        for (section, options) in sections {
            let taken = match rows::section_kind(section, options) {
                SectionKind::Service(name) => match rows::read_service(section, name, options, defaults) {
                    Ok(service) => read.services.insert(name.into(), Arc::new(service)).is_some(),
                    Err(mut found) => {
                        faults.append(&mut found);
                        false
                    }
                },
                SectionKind::Hours(name) => match OfficeHours::from_gms(options, zones) {
                    Ok(hours) => read.hours.insert(name.to_owned(), Arc::new(hours)).is_some(),
                    Err(bad) => {
                        faults
                            .extend(bad.faults().iter().map(|f| Fault::new(section, &f.place, &f.fault, "")));
                        false
                    }
                },
                SectionKind::Capacity(name) => {
                    let pairs = options.iter().map(|(option, text)| (option.as_str(), text.as_str()));
                    match CapacityRule::from_gms(name, pairs) {
                        Ok(rule) => read.capacity_rules.insert(name.to_owned(), Arc::new(rule)).is_some(),
                        Err(bad) => {
                            faults.extend(bad.0.iter().map(|e| Fault::new(section, &e.option, &e.what, "")));
                            false
                        }
                    }
                }
                SectionKind::Defaults | SectionKind::Other => false,
            };
            if taken {
                let expected = "one section for each name, with or without the prefix service.";
                faults.push(Fault::new(section, "", "is there twice", expected));
            }
        }
        Faults::none_or(faults, read)
    }

    /// These definitions with others put over them: where both have a name, the others' holds.
    #[must_use]
    pub fn overlaid_with(mut self, others: Definitions) -> Definitions {
        self.services.extend(others.services);
        self.hours.extend(others.hours);
        self.capacity_rules.extend(others.capacity_rules);
        self.number_rules.extend(others.number_rules);
        self.call_in_groups.extend(others.call_in_groups);
        self
    }

    /// Names that both have, with the table of the settings file they stand in.
    #[cfg(feature = "settings-file")]
    pub(super) fn names_shared_with<'a>(&'a self, others: &'a Definitions) -> Vec<(&'static str, &'a str)> {
        fn both<'a, T>(one: &'a BTreeMap<String, T>, two: &'a BTreeMap<String, T>) -> Vec<&'a str> {
            one.keys().filter(|name| two.contains_key(*name)).map(String::as_str).collect()
        }
        let services = self.services.keys().filter(|name| others.services.contains_key(*name));
        let found = [
            ("services", services.map(ServiceName::as_str).collect()),
            ("hours", both(&self.hours, &others.hours)),
            ("capacity", both(&self.capacity_rules, &others.capacity_rules)),
        ];
        found.into_iter().flat_map(|(kind, names)| names.into_iter().map(move |name| (kind, name))).collect()
    }

    /// References of services to names that are not there, as (service, option, name of the kind of thing).
    pub(super) fn dangling(&self) -> impl Iterator<Item = Dangling<'_>> {
        self.services.values().flat_map(|service| {
            let references = [
                ("_business_hours_service", &service.hours, names(&self.hours)),
                ("_capacity_service", &service.capacity_rule, names(&self.capacity_rules)),
                ("_ges_number_rule", &service.number_rule, names(&self.number_rules)),
            ];
            references.into_iter().filter_map(|(option, reference, known)| {
                let reference = reference.as_deref()?;
                (!known.contains(reference)).then_some(Dangling { service: &service.name, option, known })
            })
        })
    }

    /// Follows every reference and makes the settings of a tenant out of the definitions.
    ///
    /// # Errors
    ///
    /// One fault for each service and option that refers to a name that is not there
    /// ([callback-domain §3.1](crate::rules)), and where the feature `numbering-plan` is off, one for each check of
    /// numbers that needs the plan.
    pub fn resolve(self, tenant: TenantId, version: u64) -> Result<TenantSettings, Faults> {
        let faults = self.dangling().map(|d| d.fault(rows::service_section(d.service.as_str()), d.option));
        #[cfg(not(feature = "numbering-plan"))]
        let faults = faults.chain(self.services.values().flat_map(|service| checks_without_plan(service)));
        let faults = faults.collect();
        let Definitions { mut services, hours, capacity_rules, number_rules, call_in_groups } = self;
        for service in services.values_mut() {
            let rule = service.number_rule.as_ref().and_then(|name| number_rules.get(name));
            if service.numbers.rule.as_ref() != rule {
                Arc::make_mut(service).numbers.rule = rule.cloned();
            }
        }
        let settings =
            TenantSettings { tenant, version, services, hours, capacity_rules, number_rules, call_in_groups };
        Faults::none_or(faults, settings)
    }
}

/// Checks of numbers that a service asks for and nobody can make.
#[cfg(not(feature = "numbering-plan"))]
fn checks_without_plan(service: &CallbackService) -> impl Iterator<Item = Fault> {
    let section = rows::service_section(service.name.as_str());
    let asked = [
        ("_disallow_impossible_phone_numbers", service.numbers.refuse_impossible),
        ("_disallow_premium_phone_numbers", service.numbers.refuse_premium),
    ];
    asked.into_iter().filter(|(_, on)| *on).map(move |(option, _)| {
        Fault::new(
            &section,
            option,
            "needs the numbering plan, which this program was built without",
            "false",
        )
    })
}

/// A reference that leads nowhere.
pub(super) struct Dangling<'a> {
    pub(super) service: &'a ServiceName,
    /// The published name of the option.
    pub(super) option: &'static str,
    known: BTreeSet<&'a str>,
}

impl Dangling<'_> {
    pub(super) fn fault(&self, section: impl AsRef<str>, field: &str) -> Fault {
        /// Names told; a long list helps nobody.
        const TOLD: usize = 8;
        let known: Vec<&str> = self.known.iter().copied().take(TOLD).collect();
        let expected = match (known.len(), self.known.len()) {
            (0, _) => "a name that is defined; none is".to_owned(),
            (told, all) if told < all => {
                format!("one of the {all} names defined, such as {}", known.join(", "))
            }
            _ => format!("one of {}", known.join(", ")),
        };
        Fault::new(section, field, "names something that is not defined", expected)
    }
}

fn names<T>(map: &BTreeMap<String, T>) -> BTreeSet<&str> {
    map.keys().map(String::as_str).collect()
}

#[cfg(test)]
mod tests;
