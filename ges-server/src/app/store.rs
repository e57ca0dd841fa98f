//! Opens the stores that the configuration asks for.

use std::path::PathBuf;
use std::sync::Arc;

use ges_core::memory::MemoryStore;
use ges_core::port::{CallInStore, CallbackStore, Clock, SettingsStore};
use ges_storage::embedded::{self, EmbeddedStore};
use ges_storage::postgres::{self, PostgresStore, Tls};
use secrecy::ExposeSecret;

use crate::config::{Authorities, Postgres, Server, Storage};
use ges_core::system::SystemClock;

/// The durable stores, which are one and the same thing behind three ports.
#[derive(Clone)]
pub struct Stores {
    /// Callbacks.
    pub callbacks: Arc<dyn CallbackStore>,
    /// Call-in requests.
    pub call_ins: Arc<dyn CallInStore>,
    /// Published settings.
    pub settings: Arc<dyn SettingsStore>,
    /// The time: one for all who share the store.
    pub clock: Arc<dyn Clock>,
    /// Which one it is, for what only that one can do.
    pub kind: StoreKind,
}

/// The kinds of durable store.
#[derive(Clone)]
pub enum StoreKind {
    /// Nothing survives.
    Memory,
    /// Files of this machine.
    Embedded(Arc<EmbeddedStore>),
    /// A database that nodes share.
    Postgres(PostgresStore),
}

/// Why the stores cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreNotOpened {
    /// The files of this machine.
    #[error("storage.directory = {}: {source}", .directory.display())]
    Embedded {
        /// Where they are.
        directory: PathBuf,
        /// What is wrong with them.
        #[source]
        source: embedded::OpenError,
    },
    /// The database.
    #[error("storage.postgres: {0}")]
    Postgres(#[from] postgres::OpenError),
}

impl StoreNotOpened {
    /// Whether it may come right by itself: a database that is still starting.
    pub fn may_pass(&self) -> bool {
        matches!(self, StoreNotOpened::Postgres(postgres::OpenError::Unreachable(_)))
    }
}

impl Stores {
    /// Opens them. The embedded one blocks until its file has been read: some tenths of a second for 100,000 records.
    ///
    /// # Errors
    /// [`StoreNotOpened`] says which, what is wrong with it, and what to do.
    pub async fn open(storage: &Storage) -> Result<Self, StoreNotOpened> {
        match storage {
            Storage::Memory => Ok(Stores::of(Arc::new(MemoryStore::default()), StoreKind::Memory)),
            Storage::Embedded(directory) => {
                let opened = EmbeddedStore::open(directory, embedded::Options::default());
                let failed = |source| StoreNotOpened::Embedded { directory: directory.clone(), source };
                let store = Arc::new(opened.map_err(failed)?);
                Ok(Stores::of(store.clone(), StoreKind::Embedded(store)))
            }
            Storage::Postgres(wanted) => {
                let store = PostgresStore::open(options(wanted)?).await?;
                Ok(Stores::of(Arc::new(store.clone()), StoreKind::Postgres(store)))
            }
        }
    }

    fn of<S>(store: Arc<S>, kind: StoreKind) -> Self
    where
        S: CallbackStore + CallInStore + SettingsStore + 'static,
    {
        let clock: Arc<dyn Clock> = match &kind {
            StoreKind::Memory | StoreKind::Embedded(_) => Arc::new(SystemClock),
            StoreKind::Postgres(store) => Arc::new(store.clock()),
        };
        Stores { callbacks: store.clone(), call_ins: store.clone(), settings: store, clock, kind }
    }
}

/// The adapter's options as configured.
///
/// # Errors
/// When the address cannot be understood.
pub fn options(wanted: &Postgres) -> Result<postgres::Options, postgres::OpenError> {
    let mut options = match &wanted.server {
        Server::Url(url) => postgres::Options::new(url.expose_secret())?,
        Server::Parts { hosts, database, user, password } => {
            let list = |part: &dyn Fn(&crate::config::Node) -> String| {
                hosts.iter().map(part).collect::<Vec<_>>().join(",")
            };
            let mut words = vec![
                ("host", list(&|node| node.host.clone())),
                ("port", list(&|node| node.port.unwrap_or(5432).to_string())),
                ("dbname", database.clone()),
                ("user", user.clone()),
                ("target_session_attrs", "read-write".to_owned()),
            ];
            words.extend(password.iter().map(|password| ("password", password.expose_secret().to_owned())));
            let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
            let words: Vec<String> =
                words.iter().map(|(name, value)| format!("{name}='{}'", quoted(value))).collect();
            postgres::Options::new(&words.join(" "))?
        }
    };
    options = options.schema(wanted.schema.clone());
    options.tls = match &wanted.tls {
        None => Tls::Off,
        Some(Authorities::Public) => Tls::Verify,
        Some(Authorities::File(path)) => Tls::Authority(path.clone()),
    };
    options.connections = wanted.pool_max;
    options.statement_limit = wanted.statement_timeout;
    options.migrate = wanted.migrate;
    Ok(options)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Node;

    #[test]
    fn parts_become_an_address_whatever_stands_in_them_and_the_password_is_not_shown() {
        let node = |host: &str, port| Node { host: host.to_owned(), port };
        let wanted = Postgres {
            server: Server::Parts {
                hosts: vec![node("db-1", Some(5433)), node("::1", None)],
                database: "it's".to_owned(),
                user: r"back\slash".to_owned(),
                password: Some(r"quote' \ and space".into()),
            },
            schema: "ges".to_owned(),
            tls: None,
            pool_max: 4,
            statement_timeout: Duration::from_secs(5),
            migrate: false,
        };
        let shown = format!("{:?}", options(&wanted).unwrap());
        assert!(shown.contains("db-1") && shown.contains("it's") && !shown.contains("quote"), "{shown}");
    }
}
