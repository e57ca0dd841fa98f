//! What nodes share and may lose: rate windows, observed waits, and who is there. Without Redis each node has its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ges_core::NodeId;
use ges_core::in_process::{LocalWindows, QueueEstimators};
use ges_core::port::{RateWindows, WaitTimes};
use ges_http::BoxError;
use ges_storage::redis::{Options, Presence, RedisWindows, SharedWaits, keys};
use secrecy::{ExposeSecret, SecretString};

use super::BuildError;
use super::connection::{self, Keys, Original};
use crate::health::Check;
use crate::keys::{Key, Reader, Secret};

static OWN: Keys = connection::keys!(
    "redis",
    "off",
    "Redis for what nodes share and may lose: `off`, `standalone`, `sentinel` or `cluster`. Without it nodes count requests each for itself, and what a hanging node holds is taken over within a minute instead of seconds."
);
const PREFIX: Key = Key::new("redis.prefix", "ges", "Begins every key and channel; the same on all nodes.");
const SECRET: Key = Key::secret(
    "redis.secret",
    "Personal data in keys is hashed with it. The same on all nodes; required unless the mode is `off`. Also the variable `REDIS_CACHEKEY` or `REDIS-CACHEKEY`.",
)
.also(&["REDIS_CACHEKEY", "REDIS-CACHEKEY"]);

pub(crate) fn all_keys() -> Vec<&'static Key> {
    [OWN.all(), vec![&PREFIX, &SECRET]].concat()
}

/// The Redis of our own.
#[derive(Clone, Debug)]
pub struct Redis {
    /// How to reach it.
    pub options: Options,
    /// Begins every key and channel.
    pub prefix: String,
    /// Hashes personal data in keys.
    pub secret: SecretString,
}

impl Redis {
    /// The outer `None` is a mistake that was noted, the inner one means that there is no Redis.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Option<Redis>> {
        let options = connection::read(reader, &OWN, Original::default());
        let prefix = reader.read::<String>(&PREFIX);
        let Some(options) = options? else { return Some(None) };
        let secret = reader.read::<Secret>(&SECRET);
        Some(Some(Redis { options, prefix: prefix?, secret: secret?.0 }))
    }

    /// Its secrets, each with its key.
    pub(crate) fn secrets(&self) -> Vec<(&'static str, &SecretString)> {
        vec![(SECRET.name, &self.secret)]
    }
}

/// The hot state of one node.
pub(crate) struct Hot {
    pub windows: Arc<dyn RateWindows>,
    pub waits: Arc<dyn WaitTimes>,
    /// This node among the others; none without Redis.
    pub presence: Option<Arc<Presence>>,
    /// Where it is shared.
    pub check: Option<Arc<dyn Check>>,
}

impl Hot {
    /// As configured. Opens no connection.
    ///
    /// # Errors
    /// When Redis cannot be used as described.
    pub fn new(wanted: Option<&Redis>, node: &NodeId) -> Result<Self, BuildError> {
        let Some(wanted) = wanted else {
            return Ok(Hot {
                windows: Arc::new(LocalWindows::default()),
                waits: Arc::new(QueueEstimators::default()),
                presence: None,
                check: None,
            });
        };
        let redis =
            ges_storage::redis::Redis::new(wanted.options.clone()).map_err(BuildError::of("redis"))?;
        let keys = keys::Keys::new(&wanted.prefix);
        let secret = wanted.secret.expose_secret().as_bytes();
        let windows = RedisWindows::new(redis.clone(), keys.clone(), secret);
        let waits = Arc::new(SharedWaits::default());
        let presence = Presence::new(redis.clone(), &keys, node.clone(), waits.clone());
        Ok(Hot {
            windows: Arc::new(windows),
            waits,
            presence: Some(Arc::new(presence)),
            check: Some(Arc::new(RedisCheck(redis))),
        })
    }
}

/// An answer within this time says as much as a question: a Redis in use is not asked, and one that is not is asked
/// seldom.
const LATELY: Duration = Duration::from_secs(30);

/// Whether a Redis works.
pub(super) struct RedisCheck(pub ges_storage::redis::Redis);

#[async_trait]
impl Check for RedisCheck {
    async fn check(&self) -> Result<(), BoxError> {
        Ok(self.0.check(LATELY).await?)
    }
}
