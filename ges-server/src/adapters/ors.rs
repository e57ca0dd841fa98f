//! ORS, the voice platform: the stream that starts sessions, and the orchestration servers that know them.

mod voice;

use std::sync::Arc;
use std::time::Duration;

use ges_core::port::Orchestrator;
use ges_storage::redis::{self, Redis};
use ges_upstream::ors::{FIELDS as OUR_FIELDS, OrsNode, OrsOptions, OrsOrchestrator};
use secrecy::ExposeSecret;

use super::BuildError;
use super::connection::{self, Keys, Original};
use super::redis::RedisCheck;
use super::telephony::{Around, Telephony, TelephonyConfig, TelephonyKind};
use crate::health::Check;
use crate::keys::{Given, Key, List, Reader, Setting, Url, Whole};
pub use voice::Voice;

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

static VOICE: Keys = connection::keys!(
    "orchestrator.ors.redis",
    "standalone",
    "The voice platform's Redis: `standalone`, `sentinel` or `cluster`."
);

const CONNECTION: Key = Key::secret(
    "orchestrator.ors.redis.connection",
    "The original's connection secret: JSON with `password`, `port`, `rejectUnauthorized` and `servername`, each of which counts where its own key is not set. Also the variable `voice_redis_ors_stream` or `voice-redis-ors-stream`.",
)
.also(&["voice_redis_ors_stream", "voice-redis-ors-stream"]);

const NAME: &str = "ors";

pub(super) const KIND: TelephonyKind = TelephonyKind { name: NAME, keys, needs_tokens: false, read };

fn keys() -> Vec<&'static Key> {
    let own: &[&Key] = &[&STREAM, &FIELDS, &MAX_LEN, &URLS, &REGIONS, &CANCEL_EVENT, &LOOK_EVERY, &TIMEOUT];
    [own, &VOICE.all(), &[&CONNECTION]].concat()
}

/// One orchestration server.
struct Server(OrsNode);

impl Setting for Server {
    fn parse(text: &str) -> Option<Self> {
        let (region, url) = match text.split_once('=') {
            Some((region, url)) => (Some(region.trim().to_owned()), url.trim()),
            None => (None, text),
        };
        Some(Server(OrsNode { region, url: Url::parse(url)?.0 }))
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
        OUR_FIELDS.contains(&ours).then(|| Renamed(ours.to_owned(), theirs.to_owned()))
    }
    fn expected() -> String {
        format!("two names as in callbackId=id, the first of {}", OUR_FIELDS.join(", "))
    }
}

fn read(reader: &mut Reader<'_>) -> Option<Arc<dyn TelephonyConfig>> {
    let redis = read_voice(reader);
    let stream = reader.read::<String>(&STREAM);
    let fields = reader.optional::<List<Renamed>>(&FIELDS);
    let max_len = reader.optional::<Whole<1, { u64::MAX }>>(&MAX_LEN);
    let nodes = reader.optional::<List<Server>>(&URLS);
    let regions = reader.optional::<List<String>>(&REGIONS);
    let cancel_event = reader.read::<String>(&CANCEL_EVENT);
    let look_every = reader.read::<Whole<1, 3_600>>(&LOOK_EVERY);
    let timeout = reader.read::<Whole<100, 8_000>>(&TIMEOUT);
    // Where sessions write back to is known when it is built.
    let mut options = OrsOptions::new("");
    options.stream = stream?;
    options.fields = listed(fields?).map(|Renamed(ours, theirs)| (ours, theirs)).collect();
    options.keep = max_len?.map(|max| max.0);
    options.nodes = listed(nodes?).map(|Server(node)| node).collect();
    options.regions = listed(regions?).collect();
    options.cancel_event = cancel_event?;
    options.look_every = Duration::from_secs(look_every?.0);
    options.timeout = Duration::from_millis(timeout?.0);
    Some(Arc::new(Ors { options, redis: redis? }))
}

fn listed<T>(list: Option<List<T>>) -> impl Iterator<Item = T> {
    list.into_iter().flat_map(|List(all)| all)
}

/// The Redis of the voice platform, by its keys or the original's secret.
fn read_voice(reader: &mut Reader<'_>) -> Option<redis::Options> {
    let original = match reader.optional::<Given>(&CONNECTION)? {
        None => Original::default(),
        Some(Given(text)) => match serde_json::from_str(text.expose_secret()) {
            Ok(original) => original,
            Err(_) => {
                reader.wrong(CONNECTION.name, None, "expected a JSON object of the original's form");
                return None;
            }
        },
    };
    let options = connection::read(reader, &VOICE, original)?;
    if options.is_none() {
        reader.wrong(VOICE.mode.name, Some("off".to_owned()), "expected standalone, sentinel or cluster");
    }
    options
}

/// How the voice platform is reached.
#[derive(Debug)]
struct Ors {
    options: OrsOptions,
    redis: redis::Options,
}

impl TelephonyConfig for Ors {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn look_every(&self) -> Option<Duration> {
        (!self.options.nodes.is_empty()).then_some(self.options.look_every)
    }

    fn build(&self, around: &Around) -> Result<Arc<dyn Telephony>, BuildError> {
        let redis = Redis::new(self.redis.clone()).map_err(BuildError::of("orchestrator.ors.redis"))?;
        let mut options = self.options.clone();
        options.ges_url.clone_from(&around.ges_url);
        let ors = OrsOrchestrator::new(
            options,
            Arc::new(Voice::new(redis.clone())),
            around.client.clone(),
            around.clock.clone(),
            around.observer.clone(),
        );
        let ors = Arc::new(ors.map_err(BuildError::of(STREAM.name))?);
        Ok(Arc::new(Wired { ors, check: Arc::new(RedisCheck(redis)) }))
    }
}

/// The voice platform, and its Redis to be watched.
struct Wired {
    ors: Arc<OrsOrchestrator>,
    check: Arc<RedisCheck>,
}

impl Telephony for Wired {
    fn orchestrator(&self) -> Arc<dyn Orchestrator> {
        self.ors.clone()
    }

    fn check(&self) -> Option<(&'static str, Arc<dyn Check>)> {
        Some(("ORS_REDIS_STATUS", self.check.clone()))
    }
}
