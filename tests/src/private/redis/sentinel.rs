//! A primary with replicas, watched by three Sentinels that put a replica in its place.

use std::net::SocketAddr;

use super::super::patience;
use super::{Redis, Talk};

/// The name under which the Sentinels know the primary.
const NAME: &str = "ges";
const SENTINELS: usize = 3;

/// One primary at first, its replicas, and three Sentinels. Failover takes about a second and a half.
#[derive(Debug)]
pub struct RedisSentinel {
    servers: Vec<Redis>,
    sentinels: Vec<Redis>,
}

impl RedisSentinel {
    /// A primary with so many replicas, all known to the Sentinels, and the Sentinels to each other.
    pub fn start(replicas: usize) -> Self {
        RedisSentinel::start_with(replicas, |options| options)
    }

    /// The same, with settings for each server.
    pub fn start_with(replicas: usize, with: impl Fn(super::RedisOptions) -> super::RedisOptions) -> Self {
        let primary = with(Redis::options()).start();
        let (ip, port) = (primary.address.ip(), primary.address.port());
        let (user, password) = super::options::HARNESS;
        let replica = || {
            let options = with(Redis::options()).with("replicaof", &format!("{ip} {port}"));
            options.with("masteruser", user).with("masterauth", &format!("\"{password}\"")).start()
        };
        primary.ask(&["CONFIG", "SET", "masteruser", user]);
        primary.ask(&["CONFIG", "SET", "masterauth", password]);
        let mut servers = vec![primary];
        servers.extend((0..replicas).map(|_| replica()));
        let sentinel = || {
            Redis::options()
                .for_sentinel()
                .with("sentinel monitor", &format!("{NAME} {ip} {port} 2"))
                .with("sentinel down-after-milliseconds", &format!("{NAME} 500"))
                .with("sentinel failover-timeout", &format!("{NAME} 3000"))
                .with("sentinel parallel-syncs", &format!("{NAME} 1"))
                .with("sentinel auth-user", &format!("{NAME} {user}"))
                .with("sentinel auth-pass", &format!("{NAME} \"{password}\""))
                .start()
        };
        let sentinels = (0..SENTINELS).map(|_| sentinel()).collect();
        let all = RedisSentinel { servers, sentinels };
        all.wait_until_whole();
        all
    }

    /// The name under which the Sentinels know the primary.
    pub fn name(&self) -> &'static str {
        NAME
    }

    /// Where the Sentinels listen.
    pub fn sentinels(&self) -> Vec<SocketAddr> {
        self.sentinels.iter().map(Redis::address).collect()
    }

    /// The same as URLs.
    pub fn urls(&self) -> Vec<String> {
        self.sentinels.iter().map(Redis::url).collect()
    }

    /// All servers, the first primary first.
    pub fn servers(&self) -> &[Redis] {
        &self.servers
    }

    /// Whom the Sentinels hold for the primary.
    pub fn primary(&self) -> &Redis {
        patience::until("a primary", || {
            let address = self.named_primary()?;
            let server = self.servers.iter().find(|server| server.address == address);
            server.ok_or_else(|| format!("{address} is none of us"))
        })
    }

    /// Ends the primary as a power cut would; answers it. Where it was stays known to the Sentinels as a replica to be.
    pub fn kill_primary(&self) -> &Redis {
        let primary = self.primary();
        primary.kill_nine();
        primary
    }

    /// Waits until the Sentinels hold another server for the primary, and that one takes writes; answers it.
    pub fn wait_for_another(&self, than: &Redis) -> &Redis {
        patience::until("a failover", || {
            let address = self.named_primary()?;
            let server = self.servers.iter().find(|server| server.address == address);
            let server = server.ok_or_else(|| format!("{address} is none of us"))?;
            if server.address == than.address {
                return Err(format!("it is still {address}"));
            }
            match server.try_ask(&["ROLE"])?.list().first() {
                Some(role) if role.text() == "master" => Ok(server),
                other => Err(format!("{address} is {other:?}")),
            }
        })
    }

    /// Waits until the Sentinels know the primary, a replica for every other server, and each other.
    pub fn wait_until_whole(&self) {
        let others = i64::try_from(SENTINELS - 1).unwrap_or(0);
        let replicas = self.servers.len() - 1;
        for sentinel in &self.sentinels {
            patience::until("sentinels that know each other", || {
                let reply = sentinel.try_ask(&["SENTINEL", "master", NAME])?;
                let fields: Vec<String> = reply.list().iter().map(super::Reply::text).collect();
                let field = |name: &str| {
                    fields.chunks(2).find(|pair| pair.first().is_some_and(|key| key == name))?.get(1).cloned()
                };
                let is_whole = field("num-other-sentinels") == Some(others.to_string())
                    && field("num-slaves") == Some(replicas.to_string())
                    && field("flags").as_deref() == Some("master");
                if is_whole { Ok(()) } else { Err(format!("{fields:?}")) }
            });
        }
        patience::until("replicas that are up to date", || {
            let role = self.primary().try_ask(&["ROLE"])?;
            let connected = role.list().get(2).map_or(0, |list| list.list().len());
            if connected >= replicas { Ok(()) } else { Err(format!("{role:?}")) }
        });
    }

    /// The primary that all living Sentinels name; while they do not agree, nobody knows.
    fn named_primary(&self) -> Result<SocketAddr, String> {
        let mut named: Option<SocketAddr> = None;
        for sentinel in self.sentinels.iter().filter(|sentinel| sentinel.is_alive()) {
            let mut talk = Talk::to(sentinel.address, None)?;
            let reply = talk.ask(&["SENTINEL", "get-master-addr-by-name", NAME]);
            let reply = reply.map_err(|failure| failure.to_string())?;
            let parts: Vec<String> = reply.list().iter().map(super::Reply::text).collect();
            let address = parts.join(":").parse().map_err(|_| format!("{parts:?} is no address"))?;
            if let Some(other) = named.filter(|other| *other != address) {
                return Err(format!("the Sentinels do not agree: {other} or {address}"));
            }
            named = Some(address);
        }
        named.ok_or_else(|| "no sentinel".to_owned())
    }
}
