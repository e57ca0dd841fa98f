//! The server dies with bookings in flight: what was acknowledged is there.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ges_core::CallbackId;
use ges_core::port::CallbackStore;
use ges_core::testing::fixtures::{at, between, booking, scheduled, service, tenant};
use ges_storage::postgres::PostgresStore;
use ges_tests::private::Postgres;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::support::{block_on, bounded, is_away, open, options};

/// Books without end and notes what was acknowledged.
#[derive(Default)]
struct Load {
    acknowledged: Mutex<BTreeSet<CallbackId>>,
    count: AtomicUsize,
    next: AtomicU64,
    over: AtomicBool,
    progress: Notify,
}

impl Load {
    fn start(store: &PostgresStore) -> (Arc<Load>, Vec<JoinHandle<()>>) {
        let load = Arc::new(Load::default());
        let clients = (0..16).map(|_| {
            let (load, store) = (load.clone(), store.clone());
            tokio::spawn(async move {
                while !load.over.load(Ordering::Relaxed) {
                    load.book_one(&store).await;
                }
            })
        });
        let clients = clients.collect();
        (load, clients)
    }

    async fn book_one(&self, store: &PostgresStore) {
        let record = scheduled(1 + self.next.fetch_add(1, Ordering::Relaxed), at("18:00"));
        match store.book(booking(&record)).await {
            Ok(_) => {
                self.acknowledged.lock().expect("the list").insert(record.id);
                self.count.fetch_add(1, Ordering::Relaxed);
                self.progress.notify_one();
            }
            Err(error) => assert!(is_away(&error), "{error:?}"),
        }
    }

    /// Waits for so many more acknowledged bookings.
    async fn more(&self, count: usize) {
        let goal = self.count.load(Ordering::Relaxed) + count;
        while self.count.load(Ordering::Relaxed) < goal {
            self.progress.notified().await;
        }
    }

    async fn end_and_check(&self, clients: Vec<JoinHandle<()>>, store: &PostgresStore) {
        self.over.store(true, Ordering::Relaxed);
        for client in clients {
            client.await.expect("a client ends well");
        }
        let acknowledged = self.acknowledged.lock().expect("the list").clone();
        for id in &acknowledged {
            assert!(
                store.get(&tenant(), *id).await.expect("get").is_some(),
                "{id} was acknowledged and is lost"
            );
        }
        let tally = store.tally(&tenant()).await.expect("tally");
        let there = tally[0].1.scheduled;
        assert!(there >= acknowledged.len() as u64);
        let window = between("18:00", "18:30");
        let places = store.occupancy(&tenant(), &service(), window).await.expect("occupancy").within(window);
        assert_eq!(u64::from(places), there, "places are those of the records");
    }
}

#[test]
fn acknowledged_bookings_survive_the_death_of_the_server() {
    block_on(bounded(async {
        let server = Postgres::start();
        let store = open(options(&server.fresh_database())).await;
        let (load, clients) = Load::start(&store);
        for _ in 0..2 {
            load.more(200).await;
            server.kill_nine();
            server.restart();
        }
        load.more(200).await;
        load.end_and_check(clients, &store).await;
    }));
}

#[test]
fn acknowledged_bookings_survive_the_loss_of_the_primary() {
    block_on(bounded(async {
        let primary = Postgres::start();
        let database = primary.fresh_database_name();
        let standby = primary.standby();
        let store =
            open(options(&Postgres::url_at(&[primary.address(), standby.address()], &database))).await;
        let (load, clients) = Load::start(&store);
        load.more(200).await;
        primary.kill_nine();
        standby.promote();
        load.more(200).await;
        load.end_and_check(clients, &store).await;
    }));
}
