//! How nodes know of each other: each says one small thing on one channel about once a second, and hears the others.
//!
//! The one message carries everything nodes tell each other: that they are there, which settings changed, what they saw
//! in queues. Nothing else is asked or said, so that an idle node costs Redis one command a second. What is heard makes
//! things fast and never right: leases expire, settings are compared and waits are learned without it.

mod message;
mod outbox;
mod roll;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ges_core::{NodeId, TenantId};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until};

use self::message::Message;
use self::roll::Roll;
use super::handle::Redis;
use super::keys::Keys;
use super::waits::SharedWaits;

pub(super) use self::message::Seen;
pub(super) use self::outbox::Outbox;
use futures_util::StreamExt as _;

/// From one message to the next. A little more than a second, so that a node stays below one command a second with the
/// health checks of all it leans on.
pub const BEAT: Duration = Duration::from_millis(1_100);

/// Whoever is silent for so long is gone: two messages lost, and some.
pub const SILENCE: Duration = Duration::from_secs(3);

/// After a message that was not taken, and between two tries to listen.
const AGAIN: Duration = Duration::from_millis(300);

/// A failure of the others that nobody has asked about yet may wait in so many.
pub const NEWS_MAX: usize = 1_024;

/// What the others told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A node was not heard for [`SILENCE`], while we heard ourselves. It may be wrong; what it held is to be taken
    /// over.
    Gone(NodeId),
    /// A node has left in good order: it holds nothing any more, and what it gave back is to be looked for.
    Left(NodeId),
    /// A node was heard for the first time, or again.
    Came(NodeId),
    /// The settings of this tenant were published on another node. May be told twice.
    Settings(TenantId),
}

/// A node that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Which.
    pub node: NodeId,
    /// For how long it has said nothing.
    pub silent: Duration,
}

/// This node among the others.
pub struct Presence {
    redis: Redis,
    channel: String,
    node: NodeId,
    /// The number of the last message; held while one is on its way, so that they arrive in order.
    seq: tokio::sync::Mutex<u64>,
    waits: Arc<SharedWaits>,
    roll: Mutex<Roll>,
    /// Somebody new was heard, who has not heard us yet.
    hello: Notify,
}

impl Presence {
    /// A node that is not heard until [`Presence::run`]. What `waits` sees is told to the others, and learns from them.
    pub fn new(redis: Redis, keys: &Keys, node: NodeId, waits: Arc<SharedWaits>) -> Self {
        let roll = Mutex::new(Roll::new(node.clone()));
        Presence {
            redis,
            channel: keys.nodes(),
            node,
            seq: tokio::sync::Mutex::new(0),
            waits,
            roll,
            hello: Notify::new(),
        }
    }

    /// Speaks and listens until `stop` ends, then says farewell. `news` is told what the others said; what it has no
    /// room for is dropped, and found by the timers that find everything.
    pub async fn run(&self, news: mpsc::Sender<News>, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = self.speak() => {}
            () = self.listen(&news) => {}
            () = stop => {}
        }
        // When nobody takes it, silence tells the same a little later.
        let _ = self.say(true).await;
    }

    /// Tells the others at once that the settings of a tenant were published here, and once more with the next message
    /// when that fails.
    pub async fn settings_changed(&self, tenant: TenantId) {
        self.waits.outbox().settings_changed(tenant);
        let _ = self.say(false).await;
    }

    /// Expects to hear these nodes from now on. Who was there before this node, and fell silent before it could be heard,
    /// would not be missed otherwise.
    pub fn expect(&self, nodes: &[NodeId]) {
        let now = Instant::now();
        let mut roll = self.roll();
        nodes.iter().for_each(|node| roll.expect(node, now));
    }

    /// The other nodes that were heard lately.
    pub fn peers(&self) -> Vec<Peer> {
        let peers = self.roll().peers(Instant::now());
        peers.into_iter().map(|(node, silent)| Peer { node, silent }).collect()
    }

    /// Whether nothing is heard, not even this node itself: nobody is suspected then.
    pub fn is_cut_off(&self) -> bool {
        self.roll().is_deaf(Instant::now())
    }

    async fn speak(&self) {
        loop {
            let next = Instant::now() + BEAT;
            match self.say(false).await {
                // Whoever freezes in its first second must have been heard by those who came just now.
                Ok(()) => tokio::select! {
                    () = sleep_until(next) => {}
                    () = self.hello.notified() => {}
                },
                Err(_) => sleep(AGAIN).await,
            }
        }
    }

    async fn say(&self, left: bool) -> Result<(), super::Failure> {
        let mut seq = self.seq.lock().await;
        *seq += 1;
        let (settings, seen) = self.waits.outbox().take();
        let message = Message { node: self.node.clone(), seq: *seq, left, settings, seen };
        let said = self.redis.publish(&self.channel, &message.to_bytes()).await;
        if said.is_err() {
            self.waits.outbox().put_back(message.settings, message.seen);
        }
        said
    }

    async fn listen(&self, news: &mpsc::Sender<News>) {
        loop {
            if let Ok(mut listening) = self.redis.listen(&self.channel).await {
                let mut messages = listening.on_message();
                let since = Instant::now();
                loop {
                    let look_at = self.roll().look_at(Instant::now()).max(Instant::now() + AGAIN / 10);
                    tokio::select! {
                        // What has arrived counts before anybody is called silent.
                        biased;
                        message = messages.next() => match message {
                            Some(message) => self.heard(message.get_payload_bytes(), news),
                            None => break,
                        },
                        () = sleep_until(look_at) => {
                            self.tell_gone(news);
                            let now = Instant::now();
                            if now.duration_since(since) > SILENCE && self.roll().is_deaf(now) {
                                // The connection looks alive and brings nothing: another may.
                                break;
                            }
                        }
                    }
                }
            }
            sleep(AGAIN).await;
        }
    }

    fn heard(&self, bytes: &[u8], news: &mpsc::Sender<News>) {
        let Some(message) = Message::read(bytes) else { return };
        let mut roll = self.roll();
        let before = roll.is_known(&message.node);
        if !roll.heard(&message.node, message.seq, message.left, Instant::now()) {
            return;
        }
        drop(roll);
        if message.left {
            let _ = news.try_send(News::Left(message.node));
        } else if !before {
            self.hello.notify_one();
            let _ = news.try_send(News::Came(message.node));
        }
        for tenant in message.settings {
            let _ = news.try_send(News::Settings(tenant));
        }
        for seen in message.seen {
            self.waits.learn(seen);
        }
    }

    fn tell_gone(&self, news: &mpsc::Sender<News>) {
        for node in self.roll().gone(Instant::now()) {
            let _ = news.try_send(News::Gone(node));
        }
    }

    fn roll(&self) -> MutexGuard<'_, Roll> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
