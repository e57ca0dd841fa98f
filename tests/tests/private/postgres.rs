//! Postgres: what was committed is there after every way to end it.

use ges_tests::private::{Certificates, Postgres};

use super::place::wait_until;

fn is_away(postgres: &Postgres) -> bool {
    std::net::TcpStream::connect(postgres.address()).is_err()
}

fn count(postgres: &Postgres, database: &str) -> String {
    postgres.ask(database, "SELECT count(*) FROM t").join("")
}

#[test]
fn what_was_committed_survives_every_end() {
    let postgres = Postgres::options().with("work_mem", "7MB").start();
    assert_eq!(postgres.ask("postgres", "SHOW fsync"), ["on"]);
    assert_eq!(postgres.ask("postgres", "SHOW work_mem"), ["7MB"]);
    let database = postgres.fresh_database_name();
    assert_ne!(database, postgres.fresh_database_name());
    postgres.ask(&database, "CREATE TABLE t (n int); INSERT INTO t VALUES (1)");
    let ends: [fn(&Postgres); 3] = [Postgres::kill_nine, Postgres::stop_immediate, Postgres::stop];
    for (done, end) in ends.into_iter().enumerate() {
        end(&postgres);
        assert!(!postgres.is_alive() && is_away(&postgres) && postgres.processes().is_empty());
        assert!(postgres.try_ask(&database, "SELECT 1").is_err());
        postgres.restart();
        assert_eq!(count(&postgres, &database), (done + 1).to_string());
        postgres.ask(&database, "INSERT INTO t VALUES (1)");
    }
}

#[test]
fn a_frozen_one_answers_when_it_goes_on() {
    let postgres = Postgres::start();
    postgres.pause();
    assert!(postgres.try_ask("postgres", "SELECT 1").is_err(), "nobody answers");
    postgres.resume();
    assert_eq!(postgres.ask("postgres", "SELECT 1"), ["1"]);
}

#[test]
fn a_synchronous_replica_has_everything_and_takes_over() {
    let first = Postgres::start();
    let database = first.fresh_database_name();
    first.ask(&database, "CREATE TABLE t (n int)");
    let second = first.standby();
    first.ask(&database, "INSERT INTO t VALUES (1)");
    first.kill_nine();
    second.promote();
    assert_eq!(count(&second, &database), "1");
    second.ask(&database, "INSERT INTO t VALUES (2)");
    let third = second.standby();
    second.ask(&database, "INSERT INTO t VALUES (3)");
    drop(second);
    third.promote();
    assert_eq!(count(&third, &database), "3");
}

#[test]
fn transactions_are_counted() {
    let postgres = Postgres::start();
    let database = postgres.fresh_database_name();
    let before = postgres.statistics();
    for _ in 0..10 {
        postgres.ask(&database, "SELECT 1");
    }
    wait_until(|| postgres.statistics() >= before + 10);
}

#[test]
fn one_is_shared_by_all_tests_of_a_process() {
    let (one, same) = (Postgres::shared(), Postgres::shared());
    assert_eq!(one.address(), same.address());
    assert_eq!(one.ask("postgres", "SELECT 1"), ["1"]);
}

#[test]
fn a_full_disk_fails_writes_until_there_is_room() {
    let Some(postgres) = Postgres::options().with("wal_keep_size", "0").on_small_disk(250).try_start() else {
        return println!("DID NOT RUN: no file system can be mounted here; it takes root");
    };
    let database = postgres.fresh_database_name();
    postgres.ask(&database, "CREATE TABLE t (n text)");
    postgres.fill_disk();
    let write = "INSERT INTO t SELECT repeat('x', 2000) FROM generate_series(1, 20000)";
    assert!(postgres.try_ask(&database, write).is_err());
    postgres.make_room();
    if !postgres.is_alive() {
        postgres.restart();
    }
    wait_until(|| postgres.try_ask(&database, "INSERT INTO t VALUES ('1')").is_ok());
    assert_eq!(count(&postgres, &database), "1");
}

#[test]
fn tls_can_be_verified() {
    let certificates = Certificates::new();
    let authority = certificates.authority_text();
    let postgres = Postgres::options().with_tls(certificates).start();
    assert_eq!(postgres.ask("postgres", "SHOW ssl"), ["on"]);
    assert!(authority.contains("BEGIN CERTIFICATE"));
    let is_ours = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert_eq!(postgres.ask("postgres", is_ours), ["t"], "clients take it when it is offered");
}
