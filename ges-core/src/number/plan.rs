//! The numbering plan: which country a number belongs to, and whether it can exist.
//!
//! The data is Google's libphonenumber metadata as the `phonenumber` crate carries it. It is read when the first
//! question is asked and stays for the life of the process; the expressions of a country are compiled when its first
//! number comes. A process that has no number rule and no number check never reads it; [`is_loaded`] tells, and
//! [`NumberPolicy::warm_up`](super::NumberPolicy::warm_up) lets a host pay at start-up instead of in the first request.
//!
//! The questions are answered here from the metadata rather than by the crate's own parser, which loses the leading
//! zero of Italian numbers before it looks for their country, recompiles expressions of more than a hundred ranges in
//! turn under one lock, and takes letters for digits.

mod region;

use std::sync::OnceLock;

use self::region::{Kind, Region};
use super::{Country, E164, PhoneNumber};

/// What the plan knows of one possible number.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    pub e164: E164,
    /// The country whose ranges hold the number; none when no range does, or when the number belongs to no country
    /// (satellites, international freephone).
    pub country: Option<Country>,
    /// Every country that shares the calling code; empty for numbers of no country.
    pub sharing: Vec<Country>,
    pub premium: bool,
}

/// Whether the plan has been read in this process.
pub fn is_loaded() -> bool {
    PLAN.get().is_some()
}

/// Reads the plan and compiles what numbers of these countries are judged by, unless that has been done already.
pub(super) fn warm_up(countries: impl IntoIterator<Item = Country>) {
    let calling_codes =
        countries.into_iter().filter_map(|country| Some(plan().by_country(country)?.calling_code()));
    calling_codes.flat_map(|code| plan().regions(code)).for_each(Region::warm_up);
}

/// The number's place in the plan; `None` when it is not a possible number: no country has that calling code, or none
/// of the code's countries has numbers of that length.
///
/// Without a `+` it is read as E.164 if that makes a valid number, else as a national number of `default_country`
/// ([callback-administration §4.3](crate::rules)).
pub(super) fn parse(number: &PhoneNumber, default_country: Country) -> Option<Parsed> {
    let digits = number.comparison().digits();
    if number.is_international() {
        return international(&digits);
    }
    let as_international = international(&digits);
    if as_international.as_ref().is_some_and(|parsed| parsed.country.is_some()) {
        return as_international;
    }
    let home = plan().by_country(default_country)?;
    if let Some(abroad) = home.after_international_prefix(&digits).and_then(international) {
        return Some(abroad);
    }
    national(home.calling_code(), home, &digits)
}

/// Reads calling code and national number.
fn international(digits: &str) -> Option<Parsed> {
    // Calling codes are prefix-free, so at most one of the three lengths is a code.
    let (code, rest) = (1..=3).find_map(|length| {
        let (code, rest) = digits.split_at_checked(length)?;
        let code: u16 = code.parse().ok()?;
        // A code is not written with leading zeros.
        (!digits.starts_with('0') && plan().has(code)).then_some((code, rest))
    })?;
    national(code, plan().main(code)?, rest)
}

/// Reads a national number of a calling code; `home` says which prefix may stand before it.
fn national(code: u16, home: &Region, written: &str) -> Option<Parsed> {
    let national = home.without_national_prefix(written);
    if !plan().regions(code).any(|region| region.is_possible(&national)) {
        return None;
    }
    let e164 = E164(format!("{code}{national}").parse().ok()?);
    let found = plan().regions(code).find_map(|region| Some((region, region.kind(&national)?)));
    let country = found.and_then(|(region, _)| region.country());
    // Asked for only when no country holds the number.
    let shared = || plan().regions(code).filter_map(Region::country).collect();
    Some(Parsed {
        e164,
        country,
        sharing: if country.is_none() { shared() } else { Vec::new() },
        premium: found.is_some_and(|(_, kind)| kind == Kind::Premium),
    })
}

static PLAN: OnceLock<Plan> = OnceLock::new();

fn plan() -> &'static Plan {
    PLAN.get_or_init(Plan::read)
}

/// The regions, ordered by calling code and within a code main country first.
struct Plan {
    regions: Vec<Region>,
}

impl Plan {
    fn read() -> Plan {
        let database = &*phonenumber::metadata::DATABASE;
        let codes = (1..=999u16).filter_map(|code| Some((code, database.by_code(&code)?)));
        let regions = codes.flat_map(|(code, all)| all.into_iter().map(move |one| Region::new(code, one)));
        Plan { regions: regions.collect() }
    }

    fn regions(&self, code: u16) -> impl Iterator<Item = &Region> {
        let first = self.regions.partition_point(|region| region.calling_code() < code);
        self.regions.iter().skip(first).take_while(move |region| region.calling_code() == code)
    }

    fn main(&self, code: u16) -> Option<&Region> {
        self.regions(code).next()
    }

    fn has(&self, code: u16) -> bool {
        self.main(code).is_some()
    }

    fn by_country(&self, country: Country) -> Option<&Region> {
        self.regions.iter().find(|region| region.country() == Some(country))
    }
}
