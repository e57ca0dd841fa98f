//! Statistics, as GWS knows them.

use std::sync::Arc;
use std::time::Duration;

use ges_core::port::{self, Clock};
use ges_upstream::Observer;
use ges_upstream::client::HttpClient;
use ges_upstream::statistics::{GwsStatistics, NoStatistics, StatisticsLogins};
use hyper::Uri;

use crate::keys::{Key, Reader, Url, Whole};

const URL: Key = Key::new(
    "statistics.url",
    "",
    "Base address of GWS, such as https://gws.example.com; without it no statistics can be read.",
);
const TIMEOUT: Key = Key::new("statistics.timeout_ms", "4000", "Milliseconds until GWS is given up.");

pub(crate) const KEYS: &[&Key] = &[&URL, &TIMEOUT];

/// Where they are read.
#[derive(Clone, Debug)]
pub struct Statistics {
    url: Option<Uri>,
    timeout: Duration,
}

impl Statistics {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Statistics> {
        let (url, timeout) = (reader.optional::<Url>(&URL), reader.read::<Whole<100, 8_000>>(&TIMEOUT));
        Some(Statistics { url: url?.map(|url| url.0), timeout: Duration::from_millis(timeout?.0) })
    }

    pub(crate) fn build(
        &self,
        client: &HttpClient,
        logins: Arc<dyn StatisticsLogins>,
        clock: &Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Arc<dyn port::Statistics> {
        match &self.url {
            None => Arc::new(NoStatistics),
            Some(url) => {
                let (client, clock) = (client.clone(), clock.clone());
                Arc::new(GwsStatistics::new(client, url.clone(), self.timeout, logins, clock, observer))
            }
        }
    }
}
