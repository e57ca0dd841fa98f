//! How a cluster is to be before its first start.

use std::process::Command;
use std::sync::OnceLock;

use super::super::{Certificates, Place, binary};
use super::{Postgres, USER};

/// What every cluster has. The durable settings (`fsync`, `synchronous_commit`, `full_page_writes`) stay as Postgres has
/// them by itself: on.
const SETTINGS: &[(&str, &str)] = &[
    ("unix_socket_directories", ""),
    ("max_connections", "300"),
    ("shared_buffers", "64MB"),
    ("wal_level", "replica"),
    ("hot_standby", "on"),
    ("logging_collector", "off"),
    ("log_timezone", "UTC"),
    ("timezone", "UTC"),
];

/// Settings of a cluster.
#[derive(Debug, Default)]
pub struct PostgresOptions {
    settings: Vec<(String, String)>,
    certificate: Option<Certificates>,
    mebibytes: Option<u32>,
}

impl PostgresOptions {
    /// The same, with a setting of `postgresql.conf`.
    pub fn with(mut self, setting: &str, value: &str) -> Self {
        self.settings.push((setting.to_owned(), value.to_owned()));
        self
    }

    /// The same, with TLS, which clients may use or not, and a certificate of its own of this authority. Its folder
    /// is there as long as the server.
    pub fn with_tls(mut self, certificates: Certificates) -> Self {
        self.certificate = Some(certificates);
        self
    }

    /// The same, on a disk of its own of so many mebibytes that can be filled. An empty cluster takes about 40.
    pub fn on_small_disk(mut self, mebibytes: u32) -> Self {
        self.mebibytes = Some(mebibytes);
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    /// When Postgres is not installed or does not start, and when a small disk is wanted where none can be mounted.
    pub fn start(self) -> Postgres {
        self.try_start().unwrap_or_else(|| panic!("no file system can be mounted here; it takes root"))
    }

    /// The same; `None` when a small disk is wanted where none can be mounted.
    pub fn try_start(self) -> Option<Postgres> {
        let place = match self.mebibytes {
            Some(size) => Place::of_size(size)?,
            None => Place::new(),
        };
        let mut postgres = Postgres::in_place(place, self.mebibytes);
        let place = &postgres.place;
        let mut copy = Command::new("cp");
        copy.args(["-a", "--reflink=auto"]).arg(template().folder().join("data")).arg(place.folder());
        let copied = copy.output().unwrap_or_else(|error| panic!("cp: {error}"));
        assert!(copied.status.success(), "cp: {}", String::from_utf8_lossy(&copied.stderr));
        if let Some(certificates) = &self.certificate {
            let (certificate, key) = certificates.issue(postgres.address.ip());
            place.put("server.pem", &certificate);
            place.put("server.key", &key);
        }
        place.put("data/postgresql.auto.conf", &self.text(&postgres));
        postgres.certificates = self.certificate;
        postgres.launch();
        Some(postgres)
    }

    fn text(&self, postgres: &Postgres) -> String {
        let own = SETTINGS.iter().map(|(name, value)| format!("{name} = '{value}'\n"));
        let given =
            self.settings.iter().map(|(name, value)| format!("{name} = '{}'\n", value.replace('\'', "''")));
        let mut text: String = own.chain(given).collect();
        if self.certificate.is_some() {
            let folder = postgres.place.folder().display();
            text += &format!(
                "ssl = on\nssl_cert_file = '{folder}/server.pem'\nssl_key_file = '{folder}/server.key'\n"
            );
        }
        text
    }
}

/// An empty cluster that others are copied from: making one takes seconds.
fn template() -> &'static Place {
    static TEMPLATE: OnceLock<Place> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let place = Place::new();
        let mut command = place.command(&binary::of_postgres("initdb"));
        command.args(["--username", USER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        command.arg("-D").arg(place.folder().join("data"));
        place.run("initdb", &mut command);
        let anybody = "host all all 127.0.0.0/8 trust\nhost replication all 127.0.0.0/8 trust\n";
        place.put("data/pg_hba.conf", anybody);
        place
    })
}
