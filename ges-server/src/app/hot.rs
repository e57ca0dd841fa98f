//! What nodes share and may lose: rate windows, observed waits, and who is there. Without Redis each node has its own.

use std::sync::Arc;

use ges_core::NodeId;
use ges_core::in_process::{LocalWindows, QueueEstimators};
use ges_core::port::{RateWindows, WaitTimes};
use ges_storage::redis::keys::Keys;
use ges_storage::redis::{
    Address, Layout, Login, Options, Password, Presence, Redis, RedisWindows, SharedWaits, Tls,
};
use secrecy::{ExposeSecret, SecretString};

use super::BuildError;
use crate::config::{Authorities, Connection, Servers};

/// The hot state of one node.
pub(super) struct Hot {
    pub windows: Arc<dyn RateWindows>,
    pub waits: Arc<dyn WaitTimes>,
    /// This node among the others; none without Redis.
    pub presence: Option<Arc<Presence>>,
    /// Where it is shared.
    pub redis: Option<Redis>,
}

impl Hot {
    /// As configured. Opens no connection.
    ///
    /// # Errors
    /// When Redis cannot be used as described.
    pub fn new(wanted: Option<&crate::config::Redis>, node: &NodeId) -> Result<Self, BuildError> {
        let Some(wanted) = wanted else {
            return Ok(Hot {
                windows: Arc::new(LocalWindows::default()),
                waits: Arc::new(QueueEstimators::default()),
                presence: None,
                redis: None,
            });
        };
        let redis = redis("redis", &wanted.connection)?;
        let keys = Keys::new(&wanted.prefix);
        let secret = wanted.secret.expose_secret().as_bytes();
        let windows = RedisWindows::new(redis.clone(), keys.clone(), secret);
        let waits = Arc::new(SharedWaits::default());
        let presence = Presence::new(redis.clone(), &keys, node.clone(), waits.clone());
        Ok(Hot { windows: Arc::new(windows), waits, presence: Some(Arc::new(presence)), redis: Some(redis) })
    }
}

/// A Redis as configured under this key.
///
/// # Errors
/// When it cannot be used as described.
pub(super) fn redis(key: &'static str, wanted: &Connection) -> Result<Redis, BuildError> {
    Redis::new(options(wanted)).map_err(|source| BuildError::Redis { key, source })
}

fn options(wanted: &Connection) -> Options {
    let address = |(host, port): &(String, u16)| Address { host: host.clone(), port: *port };
    let password = |secret: &SecretString| Password::from(secret.expose_secret());
    let mut sentinel_login = Login::default();
    let layout = match &wanted.servers {
        Servers::Standalone(server) => Layout::Standalone(address(server)),
        Servers::Sentinel { sentinels, master, password: secret } => {
            sentinel_login.password = secret.as_ref().map(password);
            Layout::Sentinel { sentinels: sentinels.iter().map(address).collect(), primary: master.clone() }
        }
        Servers::Cluster(nodes) => Layout::Cluster(nodes.iter().map(address).collect()),
    };
    let tls = wanted.tls.as_ref().map(|tls| Tls {
        ca_file: match &tls.authorities {
            Authorities::Public => None,
            Authorities::File(path) => Some(path.clone()),
        },
        reject_unauthorized: tls.reject_unauthorized,
        server_name: tls.server_name.clone(),
    });
    let mut options = Options::new(layout);
    options.login = Login { user: wanted.user.clone(), password: wanted.password.as_ref().map(password) };
    options.sentinel_login = sentinel_login;
    options.database = wanted.database;
    options.tls = tls;
    options.answer_within = wanted.timeout;
    options
}
