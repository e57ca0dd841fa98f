//! Query strings: unknown parameters are ignored, the first of several counts.

use ges_core::Timestamp;
use ges_core::civil;
use ges_core::zone::{Zone, ZoneDatabase};

use super::members::BadInput;

/// The parameters of a query, decoded.
pub struct Query(Vec<(String, String)>);

impl<'q> FromIterator<(&'q str, &'q str)> for Query {
    fn from_iter<I: IntoIterator<Item = (&'q str, &'q str)>>(pairs: I) -> Self {
        Query(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

impl Query {
    /// The first value of a parameter; an empty one counts as absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name)?;
        Some(found.1.as_str()).filter(|value| !value.is_empty())
    }

    /// All parameters, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A whole number in any notation.
    ///
    /// # Errors
    /// Anything else.
    pub fn whole_number(&self, name: &str) -> Result<Option<i64>, BadInput> {
        let read = |text| civil::parse_whole_number(text).map_err(|error| BadInput::at(name, error));
        self.get(name).map(read).transpose()
    }

    /// Milliseconds since 1970.
    ///
    /// # Errors
    /// Not a number, or so few digits that seconds must have been meant.
    pub fn epoch_millis(&self, name: &str) -> Result<Option<Timestamp>, BadInput> {
        let read = |text| civil::parse_epoch_millis(text).map_err(|error| BadInput::at(name, error));
        self.get(name).map(read).transpose()
    }

    /// A date-time; without a zone of its own it is read in `zone`.
    ///
    /// # Errors
    /// Not a date-time ([engagement-api-v3 §4.2](ges_core::rules)).
    pub fn instant(&self, name: &str, zone: &Zone) -> Result<Option<Timestamp>, BadInput> {
        let read = |text| civil::parse_query(text, Some(zone)).map_err(|error| BadInput::at(name, error));
        self.get(name).map(read).transpose()
    }

    /// `true` or `false` in any letter case.
    ///
    /// # Errors
    /// Anything else.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, BadInput> {
        match self.get(name) {
            None => Ok(None),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(BadInput::at(name, "true or false is expected")),
        }
    }

    /// A time zone; UTC when absent.
    ///
    /// # Errors
    /// A name the time-zone database does not have.
    pub fn zone(&self, name: &str, zones: &ZoneDatabase) -> Result<Zone, BadInput> {
        match self.get(name) {
            None => Ok(Zone::utc()),
            Some(text) => zones.zone(text).map_err(|error| BadInput::at(name, error)),
        }
    }
}
