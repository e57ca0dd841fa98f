//! Which nodes are there, and at once when one is gone.
//!
//! Every node holds the lock of a seat on a connection that does nothing else, and waits on another one for the lock of
//! the next node in the ring. When a process dies its connections close, its lock falls to the one who waits, and that is
//! the news: within milliseconds, and without a statement while nothing happens. A wait ends after half a minute and
//! begins anew, so the ring is looked at again; whoever joins wakes those who wait.
//!
//! A connection can also be lost by a node that lives. Taking it for gone costs it its leases and nothing else: what it
//! held is worth nothing from then on, and it takes its seat again. It may die before it does, and then nobody would miss
//! it: whoever looks at the ring also looks for leases of somebody without a seat. A node that is frozen, or behind a cut
//! network, keeps its lock: that is not noticed here.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ges_core::NodeId;
use ges_core::port::StoreError;
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::failure::{Failure, Said};
use super::link::Link;
use super::session::Say;

/// The longest wait for a lock: whoever joined unnoticed is noticed then.
const WAIT: Duration = Duration::from_secs(30);
/// How much longer the answer to a wait may take than the wait.
const GRACE: Duration = Duration::from_secs(5);
/// After a lost connection the others probably lost theirs too; so long they may take to come back.
const RETURN: Duration = Duration::from_secs(2);
/// After so long those are woken once more who were just about to wait.
const AGAIN: Duration = Duration::from_secs(1);
/// How often a lost connection of one's own is looked for; costs nothing outside the process.
const LOOK: Duration = Duration::from_millis(250);

/// Watches the other nodes; made by [`PostgresStore::peers`](super::PostgresStore::peers).
pub struct Peers {
    link: Arc<Link>,
    node: NodeId,
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Peers {
    pub(super) fn new(link: Arc<Link>, node: NodeId) -> Self {
        Peers { link, node }
    }

    /// The nodes that have a seat, this one among them once it runs. They may be gone without having left.
    ///
    /// # Errors
    /// When the database cannot be asked.
    ///
    /// # Cancel safety
    /// May be dropped at any moment.
    pub async fn seated(&self) -> Result<Vec<NodeId>, StoreError> {
        self.names(Say::Seated).await
    }

    /// Takes a seat, so that whoever finds it empty ends the leases of this node: to be done before it leases anything.
    /// [`Peers::watch`] then holds it.
    ///
    /// # Errors
    /// When the database cannot be asked, or all seats are taken. The node may work all the same: [`Peers::watch`] tries
    /// again, and until then its leases run out by themselves.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: the seat is taken or not.
    pub async fn register(&self) -> Result<(), StoreError> {
        self.seat().await.map(drop)
    }

    /// Holds a seat, and watches until it is dropped. `on_gone` is told of every node that is found gone by this one, or
    /// has left in good order, once; it must return quickly. Survives every loss of the database.
    ///
    /// # Cancel safety
    /// Dropped, it lets go of the lock of its seat: the next in the ring finds it gone, as if the process had died.
    pub async fn watch(&self, mut on_gone: impl FnMut(NodeId) + Send) {
        let (mut returning, mut pause) = (false, LOOK);
        loop {
            // Whatever went wrong, the way on is the same: sit down again. At once after a seat was lost, before the others
            // take it for empty; ever more slowly when there is none to be had.
            pause = match self.sit().await {
                Ok((holder, seat)) => {
                    let _ = self.hold_and_watch(&holder, seat, returning, &mut on_gone).await;
                    LOOK
                }
                Err(_) => (pause * 2).min(WAIT),
            };
            returning = true;
            sleep(pause).await;
            while self.link.ready().await.is_err() {
                sleep(LOOK).await;
            }
        }
    }

    /// Gives up the seat, once nothing is watched any more. When this fails the next in the ring finds the seat empty all
    /// the same.
    ///
    /// # Cancel safety
    /// Dropped, it may or may not have left; see above.
    pub async fn leave(&self) {
        let _ = self.link.ask(Say::Leave, &[&self.node.as_str()]).await;
    }

    async fn hold_and_watch(
        &self,
        holder: &Client,
        seat: i32,
        returning: bool,
        on_gone: &mut (impl FnMut(NodeId) + Send),
    ) -> Result<(), StoreError> {
        let waiter = self.connect(&self.waiting_name(seat)).await?;
        say(&waiter, &format!("SET lock_timeout = {}; BEGIN", WAIT.as_millis())).await?;
        if returning {
            sleep(RETURN).await;
        }
        // Those before this seat watch the wrong node as long as they do not know of it. Whoever was not waiting when it
        // was woken has looked before, so it is woken once more.
        let wake = async {
            loop {
                self.wake_ring(seat).await;
                sleep(AGAIN).await;
                self.wake_ring(seat).await;
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            ended = self.watch_ring(&waiter, seat, on_gone) => ended,
            () = closed(holder) => Err(lost("the own seat is lost")),
            () = wake => Ok(()),
        }
    }

    async fn watch_ring(
        &self,
        waiter: &Client,
        seat: i32,
        on_gone: &mut (impl FnMut(NodeId) + Send),
    ) -> Result<(), StoreError> {
        loop {
            for name in self.names(Say::Strays).await? {
                self.strike(name, on_gone).await?;
            }
            let (next, name) = self.next(seat).await?;
            if wait_for(waiter, next).await? {
                // Under the lock, so that whoever sits down there meanwhile comes after. Who has left by itself holds nothing
                // any more, but somebody has to look for what it gave back.
                self.strike(name, on_gone).await?;
            }
            say(waiter, "ROLLBACK TO SAVEPOINT wait").await?;
        }
    }

    /// Ends the leases of a node with its seat, and tells.
    async fn strike(
        &self,
        name: NodeId,
        on_gone: &mut (impl FnMut(NodeId) + Send),
    ) -> Result<(), StoreError> {
        if name == self.node {
            return Err(lost("the own seat is empty"));
        }
        self.link.ask(Say::Leave, &[&name.as_str()]).await?;
        on_gone(name);
        Ok(())
    }

    async fn names(&self, say: Say) -> Result<Vec<NodeId>, StoreError> {
        let rows = self.link.ask(say, &[]).await?;
        Ok(rows.iter().map(|row| NodeId::from(row.get::<_, &str>(0))).collect())
    }

    /// Has all others look at the ring again. A wake that is lost costs them the rest of their wait.
    async fn wake_ring(&self, seat: i32) {
        let others: Vec<String> =
            (0..SEATS).filter(|other| *other != seat).map(|other| self.waiting_name(other)).collect();
        let _ = self.link.ask(Say::WakeRing, &[&others]).await;
    }

    /// Takes a seat and holds its lock.
    async fn sit(&self) -> Result<(Client, i32), StoreError> {
        loop {
            let seat = self.seat().await?;
            let holder = self.connect("ges holds its seat").await?;
            say(&holder, &format!("BEGIN; LOCK TABLE seat_{seat} IN ROW EXCLUSIVE MODE")).await?;
            // Somebody may have taken it for empty before it was locked.
            if self.seat().await? == seat {
                return Ok((holder, seat));
            }
        }
    }

    async fn seat(&self) -> Result<i32, StoreError> {
        let rows = self.link.ask(Say::Seat, &[&self.node.as_str()]).await?;
        rows.first().and_then(|row| row.get(0)).ok_or_else(|| lost("all seats are taken"))
    }

    async fn next(&self, seat: i32) -> Result<(i32, NodeId), StoreError> {
        let rows = self.link.ask(Say::NextSeat, &[&seat]).await?;
        let next = rows.first().map(|row| (row.get(0), NodeId::from(row.get::<_, &str>(1))));
        next.ok_or_else(|| lost("nobody is registered"))
    }

    /// By what the connection that waits can be found and woken.
    fn waiting_name(&self, seat: i32) -> String {
        let mut name = format!("ges waits {seat} {}", self.link.options.schema);
        // The server keeps no more.
        name.truncate(63);
        name
    }

    async fn connect(&self, name: &str) -> Result<Client, StoreError> {
        let client = self.link.sessions.bare().await?;
        let setting = format!(
            "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET application_name = '{name}'"
        );
        say(&client, &setting).await?;
        Ok(client)
    }
}

/// So many nodes can watch each other.
const SEATS: i32 = 32;

/// Waits for the lock of a seat; `false` when the wait was ended by its limit, or by somebody who joined. The lock is
/// held until the savepoint is rolled back to.
///
/// A session that has to look the table up in the catalogue holds a snapshot until the statement ends, for as long as it
/// waits, and nobody's dead rows could be cleared away meanwhile. So the table is looked up by a statement before, one
/// that waits for nobody.
async fn wait_for(waiter: &Client, seat: i32) -> Result<bool, StoreError> {
    say(waiter, &format!("SAVEPOINT wait; LOCK TABLE seat_{seat} IN ACCESS SHARE MODE")).await?;
    let text = format!("LOCK TABLE seat_{seat} IN SHARE MODE");
    match timeout(WAIT + GRACE, waiter.batch_execute(&text)).await {
        Ok(Ok(())) => Ok(true),
        Ok(Err(error)) => match error.code() {
            Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::QUERY_CANCELED => {
                Ok(false)
            }
            _ => Err(Failure::from(error).into()),
        },
        Err(_) => Err(lost("the wait does not end")),
    }
}

async fn say(client: &Client, text: &str) -> Result<(), StoreError> {
    match timeout(GRACE, client.batch_execute(text)).await {
        Ok(said) => said.map_err(|error| Failure::from(error).into()),
        Err(_) => Err(lost("the database does not answer")),
    }
}

async fn closed(client: &Client) {
    while !client.is_closed() {
        sleep(LOOK).await;
    }
}

fn lost(what: &'static str) -> StoreError {
    StoreError::unavailable(Said::new(what))
}
