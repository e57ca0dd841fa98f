//! A runtime for all tests, and stores where nobody else writes.

use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ges_core::port::StoreError;
use ges_core::{CallbackId, TenantId};
use ges_storage::postgres::{Options, PostgresStore};
use ges_tests::private::Postgres;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime"))
}

pub fn block_on<F: Future>(future: F) -> F::Output {
    runtime().block_on(future)
}

/// A schema of the shared cluster that was never used.
pub fn fresh_schema() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("case_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Few connections: many tests run at once.
pub fn options(url: &str) -> Options {
    let mut options = Options::new(url).expect("the address");
    options.connections = 3;
    // There are many tests at a time, and perhaps few cores.
    options.connect_limit = Duration::from_secs(20);
    options.pool_limit = Duration::from_secs(20);
    options
}

/// What a call answers when the database cannot be reached, or is lost before it has answered.
pub fn is_away(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(_) | StoreError::OutcomeUnknown(_))
}

pub async fn open(options: Options) -> PostgresStore {
    PostgresStore::open(options).await.expect("the store opens")
}

pub async fn open_shared(schema: &str) -> PostgresStore {
    open(options(&Postgres::shared().url("postgres")).schema(schema)).await
}

/// Makes a record of this schema unreadable; answers whether there is one.
pub fn spoilt(schema: &str, tenant: &TenantId, id: CallbackId) -> bool {
    let key = format!("SELECT key FROM {schema}.tenant WHERE name = '{tenant}'");
    let spoil = format!(
        "UPDATE {schema}.callback SET record = '{{' WHERE id = '{id}' AND tenant = ({key}) RETURNING id"
    );
    Postgres::shared().ask("postgres", &spoil).iter().any(|row| *row == id.to_string())
}

/// Somebody who has locked something, and keeps it until it is told to commit.
pub async fn bystander(url: &str, lock: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client.batch_execute(&format!("BEGIN; {lock}")).await.expect("the lock");
    client
}

/// What must come to an end, comes to it within this; a test that hangs fails here.
pub async fn bounded<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("an end within a minute")
}

/// Asks until the answer is yes. Each question takes its time at the server, so this does not spin.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let asked = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    let done = tokio::time::timeout(Duration::from_secs(60), asked).await;
    done.unwrap_or_else(|_| panic!("not within a minute: {what}"));
}
