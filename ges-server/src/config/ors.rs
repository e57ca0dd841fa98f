//! Keys of the voice platform: the stream sessions are started through, and the orchestration servers.

use std::collections::BTreeMap;
use std::time::Duration;

use ges_upstream::ors;
use hyper::Uri;

use super::redis::{Connection, VOICE_KEYS};
use crate::keys::{Key, List, Reader, Setting, Url, Whole};

const STREAM: Key =
    Key::new("orchestrator.ors.stream", "NewCallbackStream", "The stream to which attempts are appended.");
const FIELDS: Key = Key::new(
    "orchestrator.ors.fields",
    "",
    "Other names for fields of an entry: `ours=theirs` with commas between them, such as `callbackId=id,phoneNumber=ani`. Nothing after the `=` leaves the field out; `userData` is a field of its own only when it is named here.",
);
const MAX_LEN: Key = Key::new(
    "orchestrator.ors.max_len",
    "",
    "About how many entries the stream keeps; without it nothing is trimmed, which is the reader's business.",
);
const URLS: Key = Key::new(
    "orchestrator.ors.urls",
    "",
    "Orchestration servers (port 9098), `region=address` or just an address, with commas between them. Without them sessions are neither looked at nor told that they are over.",
);
const REGIONS: Key = Key::new(
    "orchestrator.ors.regions",
    "",
    "Regions whose orchestration servers are asked first, in order, with commas between them.",
);
const CANCEL_EVENT: Key = Key::new(
    "orchestrator.ors.cancel_event",
    "callback.cancel",
    "The event that tells a session that its callback is over.",
);
const LOOK_EVERY: Key = Key::new(
    "orchestrator.ors.look_secs",
    "60",
    "Seconds between two looks at a live session; up to a tenth is added by chance.",
);
const TIMEOUT: Key = Key::new(
    "orchestrator.ors.timeout_ms",
    "3000",
    "Milliseconds until an orchestration server without answer is given up.",
);

pub(super) fn keys() -> Vec<&'static Key> {
    let own: &[&Key] = &[&STREAM, &FIELDS, &MAX_LEN, &URLS, &REGIONS, &CANCEL_EVENT, &LOOK_EVERY, &TIMEOUT];
    [own, VOICE_KEYS].concat()
}

/// The voice platform.
#[derive(Clone, Debug)]
pub struct Ors {
    /// Its Redis.
    pub redis: Connection,
    /// The stream.
    pub stream: String,
    /// Our names of fields, and theirs.
    pub fields: BTreeMap<String, String>,
    /// About how many entries the stream keeps.
    pub max_len: Option<u64>,
    /// Orchestration servers.
    pub nodes: Vec<OrsNode>,
    /// Regions that are asked first, in order.
    pub regions: Vec<String>,
    /// What tells a session that its callback is over.
    pub cancel_event: String,
    /// Between two looks at a session.
    pub look_every: Duration,
    /// Until an orchestration server is given up.
    pub timeout: Duration,
}

/// One orchestration server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrsNode {
    /// Where it stands, if that was said.
    pub region: Option<String>,
    /// Its base address.
    pub url: Uri,
}

impl Setting for OrsNode {
    fn parse(text: &str) -> Option<Self> {
        let (region, url) = match text.split_once('=') {
            Some((region, url)) => (Some(region.trim().to_owned()), url.trim()),
            None => (None, text),
        };
        Some(OrsNode { region, url: Url::parse(url)?.0 })
    }
    fn expected() -> String {
        "an http or https address such as http://ors-1:9098, or a region before it as in west=http://ors-1:9098"
            .to_owned()
    }
}

/// A field's name, ours and theirs.
struct Renamed(String, String);

impl Setting for Renamed {
    fn parse(text: &str) -> Option<Self> {
        let (ours, theirs) = text.split_once('=')?;
        let (ours, theirs) = (ours.trim(), theirs.trim());
        ors::FIELDS.contains(&ours).then(|| Renamed(ours.to_owned(), theirs.to_owned()))
    }
    fn expected() -> String {
        format!("two names as in callbackId=id, the first of {}", ors::FIELDS.join(", "))
    }
}

impl Ors {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Ors> {
        let redis = Connection::read_voice(reader);
        let stream = reader.read::<String>(&STREAM);
        let fields = reader.optional::<List<Renamed>>(&FIELDS);
        let max_len = reader.optional::<Whole<1, { u64::MAX }>>(&MAX_LEN);
        let nodes = reader.optional::<List<OrsNode>>(&URLS);
        let regions = reader.optional::<List<String>>(&REGIONS);
        let cancel_event = reader.read::<String>(&CANCEL_EVENT);
        let look_every = reader.read::<Whole<1, 3_600>>(&LOOK_EVERY);
        let timeout = reader.read::<Whole<100, 8_000>>(&TIMEOUT);
        let fields = fields?.map(|List(all)| all).unwrap_or_default();
        Some(Ors {
            redis: redis?,
            stream: stream?,
            fields: fields.into_iter().map(|Renamed(ours, theirs)| (ours, theirs)).collect(),
            max_len: max_len?.map(|max| max.0),
            nodes: nodes?.map(|List(all)| all).unwrap_or_default(),
            regions: regions?.map(|List(all)| all).unwrap_or_default(),
            cancel_event: cancel_event?,
            look_every: Duration::from_secs(look_every?.0),
            timeout: Duration::from_millis(timeout?.0),
        })
    }
}
