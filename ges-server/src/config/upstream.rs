//! Keys of the neighbours: telephony, CAPTCHA, statistics.

use std::time::Duration;

use ges_upstream::client::ClientOptions;
use ges_upstream::sandbox::{Config as Sandbox, LOOK_EVERY};
use ges_upstream::webhook::Webhook;
use hyper::Uri;
use secrecy::SecretString;

use super::http::Http;
use super::ors::{self, Ors};
use super::outgoing;
use crate::chance;
use crate::keys::{Key, Reader, Secret, Setting, Url, Whole};

const KIND: Key = Key::new(
    "orchestrator.kind",
    "",
    "Who calls the customers: `ors` (the voice platform), `webhook` (any telephony) or `sandbox` (played in this process). Required; a demonstration plays.",
);
const WRITE_BACK_URL: Key = Key::new(
    "orchestrator.write_back_url",
    "",
    "Base address under which sessions reach the internal listener of any node; by default the address it is bound to. Also the variable `GES_URL`.",
)
.also(&["GES_URL"]);
const WRITE_BACK_SECRET: Key = Key::secret(
    "orchestrator.write_back_secret",
    "Makes the write-back tokens. The same on all nodes; required for `webhook`.",
);
const WEBHOOK_URL: Key =
    Key::new("orchestrator.webhook.url", "", "Where attempts are posted; required for `webhook`.");
const WEBHOOK_SECRET: Key =
    Key::secret("orchestrator.webhook.secret", "Signs every post; required for `webhook`.");
const WEBHOOK_TIMEOUT: Key = Key::new(
    "orchestrator.webhook.timeout_ms",
    "5000",
    "Milliseconds until a post without answer is given up.",
);
const WEBHOOK_CONCURRENCY: Key =
    Key::new("orchestrator.webhook.concurrency", "64", "Posts under way at once.");
const AGENTS: Key = Key::new("orchestrator.sandbox.agents", "3", "Agents of each queue.");
const SEED: Key = Key::new("orchestrator.sandbox.seed", "1", "The same seed plays the same calls.");
const ANSWER_PERCENT: Key =
    Key::new("orchestrator.sandbox.answer_percent", "80", "Of a hundred customers, so many answer.");
const BUSY_PERCENT: Key = Key::new(
    "orchestrator.sandbox.busy_percent",
    "10",
    "Of a hundred customers, so many are busy; the rest does not answer.",
);
const ROUTE_MS: Key =
    Key::new("orchestrator.sandbox.route_ms", "500", "Milliseconds from a free agent to the first ring.");
const RING_MS: Key =
    Key::new("orchestrator.sandbox.ring_ms", "1000", "Milliseconds a customer's phone rings.");
const TALK_MS: Key =
    Key::new("orchestrator.sandbox.talk_ms", "2000", "Milliseconds agent and customer talk.");
const RETRY_MS_MAX: Key = Key::new(
    "orchestrator.sandbox.retry_ms_max",
    "2000",
    "Longest milliseconds between two dial attempts, whatever the service says.",
);
const CAPTCHA_URL: Key = Key::new(
    "captcha.url",
    "https://www.google.com/recaptcha/api/siteverify",
    "Who verifies CAPTCHA tokens.",
);
const CAPTCHA_TIMEOUT: Key =
    Key::new("captcha.timeout_ms", "3000", "Milliseconds until a verification is given up.");
const STATISTICS_URL: Key = Key::new(
    "statistics.url",
    "",
    "Base address of GWS, such as https://gws.example.com; without it no statistics can be read.",
);
const STATISTICS_TIMEOUT: Key =
    Key::new("statistics.timeout_ms", "4000", "Milliseconds until GWS is given up.");

pub(super) fn keys() -> Vec<&'static Key> {
    [TELEPHONY, &ors::keys(), OTHERS, outgoing::KEYS].concat()
}

const TELEPHONY: &[&Key] = &[
    &KIND,
    &WRITE_BACK_URL,
    &WRITE_BACK_SECRET,
    &WEBHOOK_URL,
    &WEBHOOK_SECRET,
    &WEBHOOK_TIMEOUT,
    &WEBHOOK_CONCURRENCY,
    &AGENTS,
    &SEED,
    &ANSWER_PERCENT,
    &BUSY_PERCENT,
    &ROUTE_MS,
    &RING_MS,
    &TALK_MS,
    &RETRY_MS_MAX,
];
const OTHERS: &[&Key] = &[&CAPTCHA_URL, &CAPTCHA_TIMEOUT, &STATISTICS_URL, &STATISTICS_TIMEOUT];

/// All neighbours.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Telephony.
    pub orchestrator: Orchestrator,
    /// Proof of being human.
    pub captcha: Captcha,
    /// Statistics.
    pub statistics: Statistics,
    /// How they are reached over HTTPS.
    pub outgoing: ClientOptions,
}

/// Telephony.
#[derive(Clone, Debug)]
pub struct Orchestrator {
    /// Which.
    pub kind: OrchestratorKind,
    /// Where sessions write back to.
    pub write_back_url: String,
    /// Makes the write-back tokens.
    pub write_back_secret: SecretString,
}

/// The kinds of telephony.
#[derive(Clone, Debug)]
pub enum OrchestratorKind {
    /// Any telephony that takes a post.
    Webhook(Webhook),
    /// Played in this process.
    Sandbox(Sandbox),
    /// The voice platform.
    Ors(Box<Ors>),
}

/// Proof of being human.
#[derive(Clone, Debug)]
pub struct Captcha {
    /// Who verifies.
    pub url: Uri,
    /// Until it is given up.
    pub timeout: Duration,
}

/// Statistics.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// Base address of GWS.
    pub url: Option<Uri>,
    /// Until it is given up.
    pub timeout: Duration,
}

enum Kind {
    Webhook,
    Sandbox,
    Ors,
}

impl Setting for Kind {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "webhook" => Some(Kind::Webhook),
            "ors" => Some(Kind::Ors),
            "sandbox" => Some(Kind::Sandbox),
            _ => None,
        }
    }
    fn expected() -> String {
        "ors, webhook or sandbox".to_owned()
    }
}

type Millis = Whole<10, 3_600_000>;
type Percent = Whole<0, 100>;

fn millis(value: Millis) -> Duration {
    Duration::from_millis(value.0)
}

impl Upstream {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        http: Option<&Http>,
        demonstration: bool,
    ) -> Option<Upstream> {
        let orchestrator = Orchestrator::read(reader, http, demonstration);
        let outgoing = outgoing::read(reader);
        let captcha_url = reader.read::<Url>(&CAPTCHA_URL);
        let captcha_timeout = reader.read::<Whole<100, 8_000>>(&CAPTCHA_TIMEOUT);
        let statistics_url = reader.optional::<Url>(&STATISTICS_URL);
        let statistics_timeout = reader.read::<Whole<100, 8_000>>(&STATISTICS_TIMEOUT);
        Some(Upstream {
            orchestrator: orchestrator?,
            captcha: Captcha { url: captcha_url?.0, timeout: Duration::from_millis(captcha_timeout?.0) },
            statistics: Statistics {
                url: statistics_url?.map(|url| url.0),
                timeout: Duration::from_millis(statistics_timeout?.0),
            },
            outgoing: outgoing?,
        })
    }
}

impl Orchestrator {
    /// How often live sessions are looked at; none when this kind cannot be asked.
    pub fn look_every(&self) -> Option<Duration> {
        match &self.kind {
            OrchestratorKind::Ors(ors) => (!ors.nodes.is_empty()).then_some(ors.look_every),
            OrchestratorKind::Sandbox(_) => Some(LOOK_EVERY),
            OrchestratorKind::Webhook(_) => None,
        }
    }

    fn read(reader: &mut Reader<'_>, http: Option<&Http>, demonstration: bool) -> Option<Orchestrator> {
        let kind = match reader.optional::<Kind>(&KIND)? {
            Some(kind) => Some(kind),
            None if demonstration => Some(Kind::Sandbox),
            None => reader.read::<Kind>(&KIND),
        };
        let url = reader.optional::<Url>(&WRITE_BACK_URL);
        let secret = match &kind {
            Some(Kind::Webhook) => reader.read::<Secret>(&WRITE_BACK_SECRET).map(Some),
            _ => reader.optional::<Secret>(&WRITE_BACK_SECRET),
        };
        let kind = match kind? {
            Kind::Webhook => webhook(reader).map(OrchestratorKind::Webhook),
            Kind::Sandbox => sandbox(reader).map(OrchestratorKind::Sandbox),
            Kind::Ors => Ors::read(reader).map(|ors| OrchestratorKind::Ors(Box::new(ors))),
        };
        let write_back_url = match url? {
            Some(url) => url.0.to_string().trim_end_matches('/').to_owned(),
            None => format!("http://{}", http?.internal),
        };
        // Without webhook nobody outside gets a token, so one that ends with the process is enough.
        let secret = secret?.map_or_else(|| SecretString::from(chance::secret()), |secret| secret.0);
        Some(Orchestrator { kind: kind?, write_back_url, write_back_secret: secret })
    }
}

fn webhook(reader: &mut Reader<'_>) -> Option<Webhook> {
    let url = reader.read::<Url>(&WEBHOOK_URL);
    let secret = reader.read::<Secret>(&WEBHOOK_SECRET);
    let timeout = reader.read::<Whole<100, 30_000>>(&WEBHOOK_TIMEOUT);
    let concurrency = reader.read::<Whole<1, 10_000>>(&WEBHOOK_CONCURRENCY);
    let mut webhook = Webhook::new(url?.0, secret?.0);
    webhook.timeout = Duration::from_millis(timeout?.0);
    webhook.concurrency = usize::try_from(concurrency?.0).ok()?;
    Some(webhook)
}

fn sandbox(reader: &mut Reader<'_>) -> Option<Sandbox> {
    let agents = reader.read::<Whole<0, 10_000>>(&AGENTS);
    let seed = reader.read::<Whole<0, { u64::MAX }>>(&SEED);
    let answer = reader.read::<Percent>(&ANSWER_PERCENT);
    let busy = reader.read::<Percent>(&BUSY_PERCENT);
    let route = reader.read::<Millis>(&ROUTE_MS);
    let ring = reader.read::<Millis>(&RING_MS);
    let talk = reader.read::<Millis>(&TALK_MS);
    let retry = reader.read::<Millis>(&RETRY_MS_MAX);
    if let (Some(answer), Some(busy)) = (answer, busy)
        && answer.0 + busy.0 > 100
    {
        let right = format!("with {}, at most 100 together", ANSWER_PERCENT.name);
        reader.wrong(BUSY_PERCENT.name, Some(busy.0.to_string()), right);
    }
    let mut sandbox = Sandbox::default();
    sandbox.agents = u32::try_from(agents?.0).ok()?;
    sandbox.seed = seed?.0;
    sandbox.answer_percent = answer?.0;
    sandbox.busy_percent = busy?.0;
    sandbox.route = millis(route?);
    sandbox.ring = millis(ring?);
    sandbox.talk = millis(talk?);
    sandbox.retry_max = millis(retry?);
    Some(sandbox)
}
