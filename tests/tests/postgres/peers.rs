//! Who is gone, and who only stopped.

use std::time::Duration;

use ges_core::NodeId;
use ges_core::port::{CallbackStore, LeaseRequest};
use ges_core::testing::fixtures::{at, booking, scheduled};
use ges_storage::postgres::PostgresStore;
use ges_tests::private::{Postgres, Wire};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::support::{block_on, bounded, open, options, until};

/// A node behind a wire of its own.
struct Node {
    wire: Wire,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    store: PostgresStore,
}

type Gone = (NodeId, NodeId);

async fn node(name: &str, database: &str, news: &mpsc::UnboundedSender<Gone>) -> Node {
    let wire = Wire::to(Postgres::shared().address());
    let store = open(options(&Postgres::url_at(&[wire.address()], database))).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let (me, news) = (NodeId::from(name), news.clone());
    let peers = store.peers(me.clone());
    let run = async move {
        tokio::select! {
            () = peers.watch(move |gone| drop(news.send((me.clone(), gone)))) => {}
            _ = stopped => {}
        }
        peers.leave().await;
    };
    Node { wire, stop: Some(stop), task: tokio::spawn(run), store }
}

/// Waits until so many nodes watch each other: each waits for another seat.
async fn ring_of(nodes: usize, database: &str) {
    let watching = "SELECT count(DISTINCT l.relation) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
                    WHERE NOT l.granted AND c.relname LIKE 'seat\\_%' \
                      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let registered = "SELECT count(*) FROM ges.node";
    until("the ring is closed", async || {
        let ask = |sql| Postgres::shared().ask(database, sql)[0] == nodes.to_string();
        ask(registered) && ask(watching)
    })
    .await;
}

/// The same, and forgets what was told on the way: whoever sits down is known before its lock is held, and somebody who
/// looks between the two takes it for gone.
async fn seated(nodes: usize, database: &str, gone: &mut mpsc::UnboundedReceiver<Gone>) {
    ring_of(nodes, database).await;
    while gone.try_recv().is_ok() {}
}

#[test]
fn a_node_that_dies_is_found_gone_by_one_other() {
    block_on(bounded(async {
        let database = Postgres::shared().fresh_database_name();
        let (news, mut gone) = mpsc::unbounded_channel();
        let mut nodes = Vec::new();
        for name in ["a", "b", "c"] {
            nodes.push(node(name, &database, &news).await);
        }
        seated(3, &database, &mut gone).await;
        // A process that is killed: its connections close, and nothing comes after.
        let dead = nodes.remove(1);
        dead.task.abort();
        dead.wire.close();
        let (by, who) = gone.recv().await.expect("news");
        assert_eq!(who, "b".into());
        assert_eq!(by, "a".into(), "the one before it in the ring");
        ring_of(2, &database).await;
        let dead = nodes.remove(1);
        dead.task.abort();
        dead.wire.close();
        assert_eq!(gone.recv().await, Some(("a".into(), "c".into())), "the ring closes around a gap");
        ring_of(1, &database).await;
        assert!(gone.try_recv().is_err(), "each once");
    }));
}

fn lease(owner: &str) -> LeaseRequest {
    LeaseRequest {
        owner: owner.into(),
        now: at("18:00"),
        until: at("18:00"),
        raised: Vec::new(),
        lasting: Duration::from_secs(30),
        limit: 100,
    }
}

#[test]
fn the_leases_of_a_node_end_with_its_seat() {
    block_on(bounded(async {
        let database = Postgres::shared().fresh_database_name();
        // Whoever finds it gone may die before it does anything about it: here it does nothing.
        let (news, mut gone) = mpsc::unbounded_channel();
        let one = node("one", &database, &news).await;
        let dead = node("dead", &database, &news).await;
        seated(2, &database, &mut gone).await;
        one.store.book(booking(&scheduled(1, at("18:00")))).await.expect("book");
        assert_eq!(dead.store.lease(lease("dead")).await.expect("lease").len(), 1);
        dead.task.abort();
        dead.wire.close();
        assert_eq!(gone.recv().await, Some(("one".into(), "dead".into())));
        assert_eq!(one.store.lease(lease("one")).await.expect("lease").len(), 1, "it waits for nobody");
    }));
}

#[test]
fn the_leases_of_a_node_without_a_seat_end_when_somebody_sits_down() {
    block_on(bounded(async {
        let database = Postgres::shared().fresh_database_name();
        // It lost its seat, and all died before it had one again.
        let dead = open(options(&Postgres::shared().url(&database))).await;
        dead.book(booking(&scheduled(1, at("18:00")))).await.expect("book");
        assert_eq!(dead.lease(lease("dead")).await.expect("lease").len(), 1);
        let (news, mut gone) = mpsc::unbounded_channel();
        let one = node("one", &database, &news).await;
        assert_eq!(gone.recv().await, Some(("one".into(), "dead".into())));
        assert_eq!(one.store.lease(lease("one")).await.expect("lease").len(), 1, "it waits for nobody");
        ring_of(1, &database).await;
        assert!(gone.try_recv().is_err(), "who has a seat may lease");
    }));
}

#[test]
fn a_node_that_leaves_is_told_once() {
    block_on(bounded(async {
        let database = Postgres::shared().fresh_database_name();
        let (news, mut gone) = mpsc::unbounded_channel();
        let one = node("one", &database, &news).await;
        let mut other = node("other", &database, &news).await;
        seated(2, &database, &mut gone).await;
        drop(other.stop.take());
        other.task.await.expect("it ends");
        assert_eq!(
            gone.recv().await,
            Some(("one".into(), "other".into())),
            "what it gave back is looked for"
        );
        ring_of(1, &database).await;
        assert!(gone.try_recv().is_err(), "once");
        drop(one);
    }));
}

#[test]
fn a_node_that_loses_its_connections_sits_down_again() {
    block_on(bounded(async {
        let database = Postgres::shared().fresh_database_name();
        let (news, mut gone) = mpsc::unbounded_channel();
        let _one = node("one", &database, &news).await;
        let other = node("other", &database, &news).await;
        seated(2, &database, &mut gone).await;
        // As quickly after many times as after the first.
        for _ in 0..8 {
            other.wire.cut();
            assert_eq!(gone.recv().await, Some(("one".into(), "other".into())), "it could have been dead");
            seated(2, &database, &mut gone).await;
        }
    }));
}

#[test]
fn waiting_stands_in_nobodys_way() {
    block_on(bounded(async {
        let database = Postgres::shared().fresh_database_name();
        let (news, _gone) = mpsc::unbounded_channel();
        let _one = node("one", &database, &news).await;
        let _other = node("other", &database, &news).await;
        ring_of(2, &database).await;
        // A snapshot or a transaction number of one that waits would keep every dead row in the database.
        let keeping = "SELECT application_name, backend_xid, backend_xmin FROM pg_stat_activity \
                       WHERE datname = current_database() AND application_name LIKE 'ges waits%' \
                         AND wait_event_type = 'Lock' AND (backend_xid IS NOT NULL OR backend_xmin IS NOT NULL)";
        assert_eq!(Postgres::shared().ask(&database, keeping), Vec::<String>::new(), "no snapshot is held");
        ring_of(2, &database).await;
    }));
}
