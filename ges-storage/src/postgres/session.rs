//! One connection, set up, with every statement prepared.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bb8::ManageConnection;
use bb8_postgres::PostgresConnectionManager;
use futures_util::future::try_join_all;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::api;
use super::clock::{SharedClock, steady};
use super::error::OpenError;
use super::failure::{Failure, Said};
use super::options::{Options, Tls};
use super::tls;

/// A parameter of a statement.
pub(super) type Value<'a> = &'a (dyn ToSql + Sync);

/// How much longer the client waits than the server works, so that the server's own word comes first.
const GRACE: Duration = Duration::from_millis(250);

/// Lists the statements once: what they are called here, and their text.
macro_rules! statements {
    ($($name:ident = $text:expr;)+) => {
        /// What can be asked.
        #[derive(Clone, Copy, Debug)]
        pub(super) enum Say { $($name),+ }

        const TEXTS: &[&str] = &[$($text),+];
    };
}

statements! {
    Clock = "SELECT clock() AS clock";
    Names = "SELECT tenant, service FROM name_keys($1, $2)";
    Book = "SELECT written, known, counts, clock FROM book($1, $2)";
    Lock = "SELECT lock_services($1)";
    Change = "SELECT verdicts, broken, clock FROM replace_records($1, $2)";
    Get = "SELECT record, whole_data(id, tenant, data) FROM callback WHERE id = $2 \
           AND tenant = (SELECT key FROM tenant WHERE name = $1)";
    Lease = "SELECT id, tenant_name, version, fence, record, data, due, next, clock FROM lease($1, $2, $3, $4, $5, $6, $7)";
    Services = "SELECT s.key, b.n FROM unnest($1::text[], $2::text[]) WITH ORDINALITY b (tenant, service, n) \
                JOIN tenant t ON t.name = b.tenant JOIN service s ON s.tenant = t.key AND s.name = b.service";
    GiveBack = "SELECT give_back($1) AS clock";
    EndLeases = "SELECT ended, clock FROM end_leases($1)";
    Held = "SELECT held, clock FROM held($1, $2)";
    NextWake = "SELECT next, clock FROM next_wake()";
    Occupancy = "SELECT p.minute, p.taken FROM tenant t JOIN service s ON s.tenant = t.key \
                 JOIN place p ON p.service = s.key \
                 WHERE t.name = $1 AND s.name = $2 AND p.minute >= $3 AND p.minute < $4";
    Tally = "SELECT s.name, s.scheduled, s.queued, s.routing, s.processing FROM service s \
             WHERE s.tenant = (SELECT key FROM tenant WHERE name = $1) \
             AND s.scheduled + s.queued + s.routing + s.processing > 0 ORDER BY s.name";
    List = "SELECT id, record, whole_data(id, tenant, data) FROM callback c \
            WHERE c.tenant = (SELECT key FROM tenant WHERE name = $1) \
            AND c.desired < $2 AND (c.desired, c.id) > ($3, $4) \
            AND ($5::text[] IS NULL OR c.service IN (SELECT s.key FROM service s WHERE s.tenant = c.tenant \
                                                     AND s.name = ANY ($5))) \
            AND ($6::callback_state[] IS NULL OR c.state = ANY ($6)) ORDER BY c.desired, c.id LIMIT $7";
    ListNumber = "SELECT id, record, whole_data(id, tenant, data) FROM callback c WHERE c.number = $8 \
            AND c.tenant = (SELECT key FROM tenant WHERE name = $1) \
            AND c.desired < $2 AND (c.desired, c.id) > ($3, $4) \
            AND ($5::text[] IS NULL OR c.service IN (SELECT s.key FROM service s WHERE s.tenant = c.tenant \
                                                     AND s.name = ANY ($5))) \
            AND ($6::callback_state[] IS NULL OR c.state = ANY ($6)) ORDER BY c.desired, c.id LIMIT $7";
    Purge = "SELECT purge($1, $2)";
    Check = "UPDATE probe SET times = times + 1 RETURNING clock() AS clock";
    CallInGroup = "SELECT g.version, c.record FROM call_in_group g \
                   LEFT JOIN call_in c ON c.group_key = g.key AND c.waiting \
                   WHERE g.tenant = $1 AND g.name = $2 ORDER BY c.id";
    CallInChange = "SELECT write_call_ins($1, $2, $3, $4, $5, $6, $7, $8)";
    CallIn = "SELECT record FROM call_in WHERE id = $2 AND tenant = $1";
    PurgeCallIns = "WITH old AS (SELECT ctid FROM call_in WHERE created <= $1 ORDER BY created LIMIT $2) \
                    DELETE FROM call_in c WHERE c.ctid = ANY (ARRAY(SELECT old.ctid FROM old)) RETURNING 1";
    Published = "SELECT body FROM settings WHERE tenant = $1";
    Versions = "SELECT tenant, version FROM settings";
    Publish = "SELECT publish($1, $2, $3, $4)";
    Seat = "SELECT take_seat($1)";
    Seated = "SELECT name FROM node";
    Strays = "SELECT DISTINCT d.owner FROM due d WHERE d.owner <> '' \
              AND NOT EXISTS (SELECT 1 FROM node n WHERE n.name = d.owner)";
    NextSeat = "SELECT seat, name FROM next_seat($1)";
    Leave = "SELECT leave($1)";
    WakeRing = "SELECT wake_ring($1)";
}

/// A connection on which every statement is prepared.
pub(super) struct Session {
    pub client: Client,
    statements: Vec<Statement>,
    clock: SharedClock,
    limit: Duration,
    /// Set when an answer did not come in time: it could still come, to somebody else's question.
    spent: AtomicBool,
}

impl Session {
    /// The rows of one statement, within the limit.
    pub async fn rows(&self, say: Say, values: &[Value<'_>]) -> Result<Vec<Row>, Failure> {
        let Some(statement) = self.statements.get(say as usize) else {
            return Err(Failure::Refused(Said::new("the statement is not prepared")));
        };
        let sent = steady();
        let rows = self.noted(within(self.limit, self.client.query(statement, values)).await)?;
        if let Some(first) = rows.first()
            && let Ok(stamp) = first.try_get::<_, i64>("clock")
        {
            self.clock.learn(sent, steady(), stamp);
        }
        Ok(rows)
    }

    /// Something without parameters and rows.
    pub async fn tell(&self, text: &str) -> Result<(), Failure> {
        self.noted(within(self.limit, self.client.batch_execute(text)).await)
    }

    /// Whether it can be used no more.
    pub fn is_spent(&self) -> bool {
        self.client.is_closed() || self.spent.load(Ordering::Relaxed)
    }

    fn noted<T>(&self, answer: Result<T, Failure>) -> Result<T, Failure> {
        if matches!(answer, Err(Failure::Lost(_))) {
            self.spent.store(true, Ordering::Relaxed);
        }
        answer
    }
}

/// An answer within the limit; after it the connection is of no use, because the answer could still come.
pub(super) async fn within<T>(
    limit: Duration,
    asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Failure> {
    match timeout(limit, asked).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Failure::Lost(Said::new("the database did not answer in time"))),
    }
}

/// Makes sessions.
#[derive(Clone)]
pub(super) struct Sessions {
    connections: PostgresConnectionManager<MakeRustlsConnect>,
    setting: String,
    clock: SharedClock,
    connect_limit: Duration,
    limit: Duration,
}

impl Sessions {
    pub fn new(options: &Options, clock: SharedClock) -> Result<Self, OpenError> {
        let name = &options.schema;
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !plain
            || name.is_empty()
            || name.len() > api::NAME_MAX
            || name.starts_with(|first: char| first.is_ascii_digit())
        {
            return Err(OpenError::SchemaName);
        }
        let mut config = options.config.clone();
        config.ssl_mode(match options.tls {
            Tls::Off => tokio_postgres::config::SslMode::Disable,
            Tls::Verify | Tls::Authority(_) => tokio_postgres::config::SslMode::Require,
        });
        config.connect_timeout(options.connect_limit);
        // Who has waited for a lock must see what was committed meanwhile, whatever the database is set to.
        // Every look-up has its index, and tables grow faster than their statistics, so the planner is not asked.
        let setting = format!(
            "SET search_path = \"{functions}\", \"{name}\"; SET statement_timeout = {limit}; \
             SET idle_in_transaction_session_timeout = {limit}; SET lock_timeout = 0; \
             SET default_transaction_isolation = 'read committed'; SET synchronous_commit = on; SET jit = off; \
             SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; \
             SET enable_mergejoin = off; SELECT set_config('plan_cache_mode', 'force_generic_plan', false) \
             WHERE current_setting('server_version_num')::int >= 120000",
            functions = api::schema_of(name),
            limit = options.statement_limit.as_millis(),
        );
        Ok(Sessions {
            connections: PostgresConnectionManager::new(config, tls::connector(&options.tls)?),
            setting,
            clock,
            connect_limit: options.connect_limit,
            limit: options.statement_limit + GRACE,
        })
    }

    /// A connection, set up, and nothing prepared: the tables need not be there.
    pub async fn bare(&self) -> Result<Client, Failure> {
        let client = within(self.connect_limit, self.connections.connect()).await?;
        within(self.limit, client.batch_execute(&self.setting)).await?;
        Ok(client)
    }

    pub async fn open(&self) -> Result<Session, Failure> {
        let client = self.bare().await?;
        let prepared = try_join_all(TEXTS.iter().map(|text| client.prepare(text)));
        // Part of making a connection, which has its own limit.
        let statements = within(self.limit.max(self.connect_limit), prepared).await?;
        let session = Session {
            client,
            statements,
            clock: self.clock.clone(),
            limit: self.limit,
            spent: AtomicBool::new(false),
        };
        session.rows(Say::Clock, &[]).await?;
        Ok(session)
    }
}

impl ManageConnection for Sessions {
    type Connection = Session;
    type Error = Failure;

    async fn connect(&self) -> Result<Session, Failure> {
        self.open().await
    }

    async fn is_valid(&self, session: &mut Session) -> Result<(), Failure> {
        session.rows(Say::Clock, &[]).await.map(drop)
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.is_spent()
    }
}
