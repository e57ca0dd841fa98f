//! The readable settings file: everything of every tenant in one TOML text.
//!
//! A sample with every table is `docs/samples/settings.toml`. The file must be complete in itself: what a service refers
//! to stands in the same tenant. Every mistake is reported at once, with its line; values are never repeated, because
//! some are secrets or numbers of people.

mod capacity;
mod forms;
mod identity;
mod item;
mod services;

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::rows::Options;
use super::{Definitions, Fault, Faults};
use crate::callin::{CallInGroup, shared_numbers};
use crate::hours::{DesignerSpecialDay, OfficeHours};
use crate::id::{ServiceName, TenantId};
use crate::number::NumberRule;
use crate::zone::ZoneDatabase;
use forms::{CallInForm, HoursForm, NumberRuleForm};
use item::Reading;

pub use identity::{
    Captcha, KeyHash, NotAKeyHash, PushCredentials, SecretSource, StatisticsCredentials, TenantIdentity,
};

/// A settings file that was found good.
#[derive(Clone, Debug, Default)]
pub struct SettingsFile {
    /// The tenants by id.
    pub tenants: BTreeMap<TenantId, TenantFile>,
}

/// What the file says of one tenant.
#[derive(Clone, Debug, Default)]
pub struct TenantFile {
    /// What the tenant is called, for people.
    pub name: Option<String>,
    /// Who may call as this tenant, and its credentials elsewhere.
    pub identity: TenantIdentity,
    /// Services, hours, rules and groups. Every reference inside leads somewhere.
    pub definitions: Definitions,
}

impl SettingsFile {
    /// Reads a settings file.
    ///
    /// ```
    /// use ges_core::{settings::SettingsFile, zone::ZoneDatabase};
    ///
    /// let file = SettingsFile::parse(
    ///     r#"
    ///         [tenants.acme.hours.office]
    ///         time_zone = "Europe/Paris"
    ///         days.monday = [{ open = "09:00", close = "17:00" }]
    ///
    ///         [tenants.acme.services.Sales]
    ///         hours = "office"
    ///         immediate = true
    ///     "#,
    ///     &ZoneDatabase::embedded(),
    /// )?;
    /// assert!(file.tenants["acme"].definitions.services["Sales"].immediate.enabled);
    ///
    /// let faults = SettingsFile::parse("[tenants.acme.services.Sales]\nhours = 'ofice'", &ZoneDatabase::embedded());
    /// let told = faults.unwrap_err().to_string();
    /// assert!(told.starts_with("line 2: tenants.acme.services.Sales, hours: names something that is not defined"));
    /// # Ok::<(), ges_core::settings::Faults>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the text is no TOML, what makes it none; otherwise everything wrong with its content. Of a field that is
    /// itself misshapen only the shape is reported.
    pub fn parse(text: &str, zones: &ZoneDatabase) -> Result<SettingsFile, Faults> {
        let (document, errors) = DeTable::parse_recoverable(text);
        let mut reading = Reading::new(text, zones);
        for error in &errors {
            reading.syntax(error);
        }
        reading.end_if_faulty()?;
        let mut file = SettingsFile::default();
        for (key, value) in document.into_inner() {
            if key.get_ref() == "tenants" {
                for (id, value) in reading.tables("tenants", value) {
                    let section = format!("tenants.{id}");
                    let tenant = tenant(&mut reading, &section, value);
                    file.tenants.insert(id.into(), tenant);
                }
            } else {
                reading.unknown("", &key, "tenants");
            }
        }
        reading.keys_of_one_tenant(&file);
        reading.end(file)
    }
}

const TENANT_FIELDS: &str =
    "name, identity, hours, special_days, capacity, numbers, call_in, services, published";

fn tenant(reading: &mut Reading<'_>, section: &str, table: DeTable<'_>) -> TenantFile {
    let mut tenant = TenantFile::default();
    let mut parts: BTreeMap<String, Spanned<DeValue<'_>>> = BTreeMap::new();
    reading.note(section, &table);
    for (key, value) in table {
        let known = TENANT_FIELDS.split(", ").any(|field| field == key.get_ref());
        if known {
            parts.insert(key.get_ref().to_string(), value);
        } else {
            reading.unknown(section, &key, TENANT_FIELDS);
        }
    }
    if let Some(name) = parts.remove("name") {
        tenant.name = reading.item(&format!("{section}.name"), name);
    }
    if let Some(value) = parts.remove("identity") {
        tenant.identity = identity::read(reading, &format!("{section}.identity"), value);
    }
    let raw = published(reading, section, parts.remove("published"));
    let mut tables = |field: &str| {
        let place = format!("{section}.{field}");
        let found = parts.remove(field).map(|value| reading.tables(&place, value)).unwrap_or_default();
        found.into_iter().map(|(name, table)| (format!("{place}.{name}"), name, table)).collect::<Vec<_>>()
    };
    let [special_days, hours, capacity, numbers, call_in, services] =
        ["special_days", "hours", "capacity", "numbers", "call_in", "services"].map(&mut tables);

    let mut shared = BTreeMap::new();
    for (place, name, table) in special_days {
        if let Some(mut day) = reading.table_item::<DesignerSpecialDay>(&place, table) {
            if day.name.is_empty() {
                day.name.clone_from(&name);
            }
            reading.special_day(&place, &day);
            shared.insert(name, day);
        }
    }
    let mut own = Definitions::default();
    for (place, name, table) in hours {
        let form: Option<HoursForm> = reading.table_item(&place, table);
        let read = form.and_then(|form| reading.hours(&place, form, &shared));
        own.hours.extend(read.map(|hours| (name, Arc::new(hours))));
    }
    for (place, name, table) in capacity {
        let read = capacity::read(reading, &place, &name, table);
        own.capacity_rules.extend(read.map(|rule| (name, Arc::new(rule))));
    }
    for (place, name, table) in numbers {
        let form: Option<NumberRuleForm> = reading.table_item(&place, table);
        let read = form.and_then(|form| reading.number_rule(&place, &name, form));
        own.number_rules.extend(read.map(|rule| (name, Arc::new(rule))));
    }
    for (place, name, table) in call_in {
        let form: Option<CallInForm> = reading.table_item(&place, table);
        let read = form.and_then(|form| reading.call_in_group(&place, &name, form));
        own.call_in_groups.extend(read.map(|group| (name, Arc::new(group))));
    }
    for (place, name, table) in services {
        let read = services::read(reading, &place, &name, table);
        own.services.insert(ServiceName::from(name), Arc::new(read));
    }
    for (_, first, second) in shared_numbers(own.call_in_groups.values().map(Arc::as_ref)) {
        let problem = format!("has a number that the group {first:?} has too");
        reading.fault(Fault::new(
            format!("{section}.call_in.{second}"),
            "numbers",
            problem,
            "a number in one group only",
        ));
    }
    tenant.definitions = reading.together(section, own, &raw);
    tenant
}

/// The raw sections of a tenant, in the vendor's spelling.
fn published(
    reading: &mut Reading<'_>,
    section: &str,
    value: Option<Spanned<DeValue<'_>>>,
) -> BTreeMap<String, Options> {
    let place = format!("{section}.published");
    let Some(value) = value else { return BTreeMap::new() };
    let mut sections = BTreeMap::new();
    for (name, table) in reading.tables(&place, value) {
        let place = format!("{place}.{name}");
        reading.note(&place, &table);
        sections.insert(name, reading.options(&place, table));
    }
    sections
}

impl Reading<'_> {
    fn hours(
        &mut self,
        place: &str,
        form: HoursForm,
        shared: &BTreeMap<String, DesignerSpecialDay>,
    ) -> Option<OfficeHours> {
        let mut days = Vec::new();
        for name in &form.shared_special_days {
            match shared.get(name) {
                Some(day) => days.push(day.clone()),
                None => self.fault(Fault::new(
                    place,
                    "shared_special_days",
                    "names a special day that is not defined",
                    "names of tables under special_days of the same tenant",
                )),
            }
        }
        // Faults of shared days are told once, where they stand.
        let clean = days.iter().all(|day| self.is_good_day(day));
        let before = if clean { days.len() } else { 0 };
        if !clean {
            days.clear();
        }
        let read = OfficeHours::from_designer(&form.with_days_before(days), self.zones());
        match read {
            Ok(hours) => Some(hours),
            Err(bad) => {
                for fault in bad.faults() {
                    let field = own_index(&fault.place, before);
                    self.fault(Fault::new(place, field, &fault.fault, ""));
                }
                None
            }
        }
    }

    fn number_rule(&mut self, place: &str, name: &str, form: NumberRuleForm) -> Option<NumberRule> {
        match NumberRule::try_from(form.named(name)) {
            Ok(rule) => Some(rule),
            Err(bad) => self.problems(place, &bad.problems),
        }
    }

    fn call_in_group(&mut self, place: &str, name: &str, form: CallInForm) -> Option<CallInGroup> {
        match CallInGroup::try_from(form.named(name)) {
            Ok(group) => Some(group),
            Err(bad) => self.problems(place, &bad.problems),
        }
    }

    /// Problems that begin with the name of their field.
    fn problems<T>(&mut self, place: &str, problems: &[impl ToString]) -> Option<T> {
        for problem in problems {
            let told = problem.to_string();
            let (field, problem) = told.split_once(": ").unwrap_or(("", &told));
            self.fault(Fault::new(place, field, problem, ""));
        }
        None
    }

    /// Raw sections and tables of the file together, with references followed as far as names go.
    fn together(&mut self, section: &str, own: Definitions, raw: &BTreeMap<String, Options>) -> Definitions {
        let published = match Definitions::from_sections(raw, self.zones()) {
            Ok(published) => published,
            Err(faults) => {
                for mut fault in faults {
                    fault.section = format!("{section}.published.{}", fault.section);
                    self.fault(fault);
                }
                return own;
            }
        };
        for (kind, name) in own.names_shared_with(&published) {
            let place = format!("{section}.{kind}.{name}");
            self.fault(Fault::new(
                place,
                "",
                "is also among the published sections",
                "one definition of a name",
            ));
        }
        let from_raw: Vec<ServiceName> = published.services.keys().cloned().collect();
        let all = published.overlaid_with(own);
        // A broken definition is missing here too; its users are told only when nothing else is wrong.
        if self.is_clean() {
            for dangling in all.dangling() {
                let fault = if from_raw.contains(dangling.service) {
                    let place = format!("{section}.published.service.{}", dangling.service);
                    dangling.fault(place, dangling.option)
                } else {
                    let field =
                        super::ServiceOption::with_key(dangling.option).and_then(|option| option.field);
                    dangling
                        .fault(format!("{section}.services.{}", dangling.service), field.unwrap_or_default())
                };
                self.fault(fault);
            }
        }
        all
    }

    /// A key that two tenants share would make one of them the other.
    fn keys_of_one_tenant(&mut self, file: &SettingsFile) {
        let mut owners: BTreeMap<KeyHash, &TenantId> = BTreeMap::new();
        for (id, tenant) in &file.tenants {
            for key in &tenant.identity.api_keys {
                if owners.insert(*key, id).is_some() {
                    let place = format!("tenants.{id}.identity");
                    let problem = "has a key that another tenant has too";
                    self.fault(Fault::new(place, "api_keys_sha256", problem, "a key for one tenant only"));
                }
            }
        }
    }
}

/// The place of a fault in a list whose first `before` members came from elsewhere.
fn own_index(place: &str, before: usize) -> String {
    let Some(rest) = place.strip_prefix("special_days[") else { return place.to_owned() };
    let Some((index, rest)) = rest.split_once(']') else { return place.to_owned() };
    match index.parse::<usize>() {
        Ok(index) => format!("special_days[{}]{rest}", index.saturating_sub(before)),
        Err(_) => place.to_owned(),
    }
}

#[cfg(test)]
mod tests;
