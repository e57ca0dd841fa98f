//! A member of the consumer group: takes entries, runs each attempt once, and claims what a dead member left.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::streams::{StreamAutoClaimReply, StreamId, StreamReadReply};
use redis::{Client, RedisError, cmd, pipe};

use super::Error;
use super::session;
use super::write_back::WriteBack;

/// So many entries are taken at once.
const BATCH: usize = 100;
/// How long to wait for new ones before looking for what others left.
const WAIT: Duration = Duration::from_secs(1);
/// A finished attempt is remembered for so long: longer than the server remembers what it has appended.
const REMEMBERED: Duration = Duration::from_secs(2 * 86_400);

/// A member.
pub struct Consumer {
    redis: MultiplexedConnection,
    stream: String,
    group: String,
    name: String,
    claim_after: Duration,
    write_back: WriteBack,
}

/// An entry of the stream.
#[derive(Clone, Debug)]
pub struct Attempt {
    entry: String,
    fields: BTreeMap<String, String>,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its session has ended.
    Ran { id: String, attempt: String, ended: session::Ended },
    /// It had been finished before: the entry came once more.
    Repeated { id: String, attempt: String },
    /// It names no callback.
    Strange { entry: String },
}

impl Attempt {
    /// A field; empty when it is not there.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The name of its session. It follows from the key, so that whoever runs the attempt again runs the same session.
    pub fn session(&self) -> String {
        format!("{}-{}", self.field("callbackId"), self.field("attempt"))
    }
}

impl Consumer {
    /// Joins the group, and founds it when there is none: from the first entry, so that nothing is missed.
    pub async fn join(
        url: &str,
        stream: &str,
        group: &str,
        name: &str,
        claim_after: Duration,
    ) -> Result<Self, Error> {
        let mut redis = Client::open(url)?.get_multiplexed_async_connection().await?;
        // Waiting for entries takes longer than answers usually may.
        redis.set_response_timeout(WAIT * 10);
        let mut found = cmd("XGROUP");
        found.arg("CREATE").arg(stream).arg(group).arg("0").arg("MKSTREAM");
        match found.query_async::<()>(&mut redis).await {
            Err(error) if error.code() != Some("BUSYGROUP") => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        let (stream, group, name) = (stream.to_owned(), group.to_owned(), name.to_owned());
        Ok(Consumer { redis, stream, group, name, claim_after, write_back: WriteBack::new() })
    }

    /// Entries to be finished: what a dead member left, otherwise new ones; none when none come for a while.
    pub async fn take(&mut self) -> Result<Vec<Attempt>, Error> {
        let left = self.claim().await?;
        if left.is_empty() { Ok(self.read().await?) } else { Ok(left) }
    }

    /// Runs an attempt unless it has been run, and tells the group that its entry is done.
    ///
    /// The session comes first and the note that it is done afterwards: whoever dies in between leaves an entry that is
    /// claimed, and a session that is run under the same name again, which every telephony can tell.
    pub async fn finish(&mut self, attempt: Attempt) -> Result<Outcome, Error> {
        let id = attempt.field("callbackId").to_owned();
        let number = attempt.field("attempt").to_owned();
        if id.is_empty() {
            self.acknowledge(&attempt.entry).await?;
            return Ok(Outcome::Strange { entry: attempt.entry });
        }
        let done = format!("ors:done:{{{}}}:{}", self.stream, attempt.session());
        let known: bool = cmd("EXISTS").arg(&done).query_async(&mut self.redis).await?;
        if known {
            self.acknowledge(&attempt.entry).await?;
            return Ok(Outcome::Repeated { id, attempt: number });
        }
        let ended = session::run(&attempt, &self.write_back).await?;
        let mut both = pipe();
        both.atomic().cmd("SET").arg(&done).arg(&attempt.entry).arg("EX").arg(REMEMBERED.as_secs()).ignore();
        both.cmd("XACK").arg(&self.stream).arg(&self.group).arg(&attempt.entry).ignore();
        both.query_async::<()>(&mut self.redis).await?;
        Ok(Outcome::Ran { id, attempt: number, ended })
    }

    async fn claim(&mut self) -> Result<Vec<Attempt>, RedisError> {
        let mut claim = cmd("XAUTOCLAIM");
        claim.arg(&self.stream).arg(&self.group).arg(&self.name);
        // A frozen clock would show as 0, and nothing must be taken from the living.
        claim.arg(self.claim_after.as_millis().max(1).to_string()).arg("0-0").arg("COUNT").arg(BATCH);
        let reply: StreamAutoClaimReply = claim.query_async(&mut self.redis).await?;
        Ok(reply.claimed.into_iter().map(Attempt::from).collect())
    }

    async fn read(&mut self) -> Result<Vec<Attempt>, RedisError> {
        let mut read = cmd("XREADGROUP");
        read.arg("GROUP").arg(&self.group).arg(&self.name).arg("COUNT").arg(BATCH);
        read.arg("BLOCK").arg(WAIT.as_millis().to_string()).arg("STREAMS").arg(&self.stream).arg(">");
        let reply: Option<StreamReadReply> = read.query_async(&mut self.redis).await?;
        let streams = reply.map(|reply| reply.keys).unwrap_or_default();
        Ok(streams.into_iter().flat_map(|stream| stream.ids).map(Attempt::from).collect())
    }

    async fn acknowledge(&mut self, entry: &str) -> Result<(), RedisError> {
        cmd("XACK").arg(&self.stream).arg(&self.group).arg(entry).query_async(&mut self.redis).await
    }
}

impl From<StreamId> for Attempt {
    fn from(entry: StreamId) -> Self {
        let text = |value| redis::from_redis_value::<String>(value).unwrap_or_default();
        let fields = entry.map.into_iter().map(|(name, value)| (name, text(value))).collect();
        Attempt { entry: entry.id, fields }
    }
}

impl fmt::Display for Outcome {
    /// Numbers and user data stay out of it.
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Ran { id, attempt, ended } => write!(to, "{id} attempt {attempt}: {ended}"),
            Outcome::Repeated { id, attempt } => write!(to, "{id} attempt {attempt}: was done before"),
            Outcome::Strange { entry } => write!(to, "entry {entry} names no callback"),
        }
    }
}
