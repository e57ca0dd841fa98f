//! How nodes know of each other: each says one small thing on one channel about once a second, and hears the others.
//!
//! The one message carries everything nodes tell each other: that they are there, which settings changed, what they saw
//! in queues. Nothing else is asked or said, so that an idle node costs Redis one command a second. What is heard makes
//! things fast and never right: leases expire, settings are compared and waits are learned without it.

mod message;
mod outbox;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ges_core::node::{BEAT, Members, SILENCE};
use ges_core::port::{Gone, News};
use ges_core::{NodeId, TenantId};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};

use self::message::Message;
use super::handle::Redis;
use super::keys::Keys;
use super::waits::SharedWaits;

pub(super) use self::message::Seen;
pub(super) use self::outbox::Outbox;
use futures_util::StreamExt as _;

/// After a message that was not taken, and between two tries to listen.
const AGAIN: Duration = Duration::from_millis(300);

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
    members: Mutex<Members>,
    /// What the members count from.
    started: Instant,
    /// Somebody new was heard, who has not heard us yet.
    hello: Notify,
}

impl fmt::Debug for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presence").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Presence {
    /// A node that is not heard until [`Presence::attend`]. What `waits` sees is told to the others, and learns from them.
    pub fn new(redis: Redis, keys: &Keys, node: NodeId, waits: Arc<SharedWaits>) -> Self {
        let members = Mutex::new(Members::new(node.clone()));
        Presence {
            redis,
            channel: keys.nodes(),
            node,
            seq: tokio::sync::Mutex::new(0),
            waits,
            members,
            started: Instant::now(),
            hello: Notify::new(),
        }
    }

    /// Speaks and listens until it is dropped. `news` is told what the others said: a node is suspected to be gone when it
    /// was not heard for [`SILENCE`] while we heard ourselves.
    ///
    /// # Cancel safety
    /// Dropped, this node falls silent; the others take it for gone unless it says [`Presence::farewell`].
    pub async fn attend(&self, news: &News) {
        tokio::select! {
            () = self.speak() => {}
            () = self.listen(news) => {}
        }
    }

    /// Tells the others that this node leaves in good order. When nobody takes it, silence tells the same a little later.
    ///
    /// # Cancel safety
    /// Dropped, it may or may not have been said; see above.
    pub async fn farewell(&self) {
        let _ = self.say(true).await;
    }

    /// Tells the others at once that the settings of a tenant were published here, and once more with the next message
    /// when that fails.
    ///
    /// # Cancel safety
    /// Dropped, it is told with the next message.
    pub async fn settings_changed(&self, tenant: TenantId) {
        self.waits.outbox().settings_changed(tenant);
        let _ = self.say(false).await;
    }

    /// Expects to hear these nodes from now on. Who was there before this node, and fell silent before it could be heard,
    /// would not be missed otherwise.
    pub fn expect(&self, nodes: &[NodeId]) {
        let now = self.now();
        let mut members = self.members();
        nodes.iter().for_each(|node| members.expect(node, now));
    }

    /// The other nodes that were heard lately.
    pub fn peers(&self) -> Vec<Peer> {
        let peers = self.members().peers(self.now());
        peers.into_iter().map(|(node, silent)| Peer { node, silent }).collect()
    }

    /// Whether nothing is heard, not even this node itself: nobody is suspected then.
    pub fn is_cut_off(&self) -> bool {
        self.members().is_deaf(self.now())
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

    async fn listen(&self, news: &News) {
        loop {
            if let Ok(mut listening) = self.redis.listen(&self.channel).await {
                let mut messages = listening.on_message();
                let since = Instant::now();
                loop {
                    let look_at = self.started + self.members().look_at(self.now());
                    let look_at = look_at.max(Instant::now() + AGAIN / 10);
                    tokio::select! {
                        // What has arrived counts before anybody is called silent.
                        biased;
                        message = messages.next() => match message {
                            Some(message) => self.heard(message.get_payload_bytes(), news),
                            None => break,
                        },
                        () = sleep_until(look_at) => {
                            self.tell_gone(news);
                            if since.elapsed() > SILENCE && self.is_cut_off() {
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

    fn heard(&self, bytes: &[u8], news: &News) {
        let Some(message) = Message::read(bytes) else { return };
        let mut members = self.members();
        let before = members.is_known(&message.node);
        if !members.heard(&message.node, message.seq, message.left, self.now()) {
            return;
        }
        drop(members);
        if message.left {
            news.gone(message.node, Gone::Left);
        } else if !before {
            self.hello.notify_one();
            news.joined(message.node);
        }
        message.settings.into_iter().for_each(|tenant| news.settings_changed(tenant));
        for seen in message.seen {
            self.waits.learn(seen);
        }
    }

    fn tell_gone(&self, news: &News) {
        let gone = self.members().gone(self.now());
        gone.into_iter().for_each(|node| news.gone(node, Gone::Suspected));
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
