//! A second server that has everything the first has acknowledged, and takes its place.

use super::super::{Place, binary, patience};
use super::Postgres;

impl Postgres {
    /// A synchronous streaming replica: once this returns, nothing is acknowledged by the primary that the replica has
    /// not forced to its disk. While the replica is away, commits wait.
    pub fn standby(&self) -> Postgres {
        let standby = self.asynchronous_standby();
        self.ask("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.ask("postgres", "SELECT pg_reload_conf()");
        let state = "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'";
        patience::until("a synchronous replica", || {
            let rows = self.try_ask("postgres", state)?;
            if rows.iter().any(|row| row == "sync") { Ok(()) } else { Err(format!("{rows:?}")) }
        });
        standby
    }

    /// A replica that commits do not wait for. It answers questions, and has a disk of its own if the primary has.
    pub fn asynchronous_standby(&self) -> Postgres {
        let place = match self.mebibytes {
            Some(size) => Place::of_size(size).unwrap_or_default(),
            None => Place::new(),
        };
        let standby = Postgres::in_place(place, self.mebibytes);
        let mut command = standby.place.command(&binary::of_postgres("pg_basebackup"));
        command.arg("--pgdata").arg(standby.place.folder().join("data"));
        command.args(["--dbname", &self.url("postgres"), "--checkpoint=fast", "--wal-method=stream"]);
        command.args(["--write-recovery-conf", "--no-sync"]);
        standby.place.run("pg_basebackup", &mut command);
        standby.launch();
        standby
    }

    /// Makes a replica a primary of its own that waits for nobody, and waits until it takes writes.
    pub fn promote(&self) {
        self.ask("postgres", "SELECT pg_promote(true, 60)");
        patience::until("a primary", || {
            match self.try_ask("postgres", "SELECT pg_is_in_recovery()")?.first() {
                Some(row) if row == "f" => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
        self.wait_for_nobody();
    }

    /// Commits no longer wait for a replica.
    pub fn wait_for_nobody(&self) {
        self.ask("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
        self.ask("postgres", "SELECT pg_reload_conf()");
    }
}
