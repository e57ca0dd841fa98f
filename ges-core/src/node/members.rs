//! Who is there, judged by what is heard alone.
//!
//! Every node says a small thing about once a second, numbered, and hears what all say, itself included. Nothing here
//! reads a clock or a message: instants are those of a steady clock, given by the one who listens.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::id::NodeId;

/// From one message of a node to its next. A little more than a second, so that a node stays below one command a second
/// with the health checks of all it leans on.
pub const BEAT: Duration = Duration::from_millis(1_100);

/// A node that is silent for this long is gone: two messages lost, and some.
pub const SILENCE: Duration = Duration::from_secs(3);

/// When we have not heard ourselves for so long, it is we who are cut off.
const DEAF: Duration = Duration::from_millis(2 * BEAT.as_millis() as u64 + 300);

/// The nodes that are heard. A silent one counts as gone only while we hear ourselves.
#[derive(Debug)]
pub struct Members {
    me: NodeId,
    /// When we heard ourselves last.
    own: Option<Duration>,
    /// Since when we hear ourselves without a gap.
    hearing_since: Option<Duration>,
    peers: BTreeMap<NodeId, Heard>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    seq: u64,
    at: Duration,
}

impl Heard {
    /// Not only expected.
    fn once(&self) -> bool {
        self.seq > 0
    }
}

impl Members {
    /// Nobody is heard yet. `me` is the node that listens.
    pub fn new(me: NodeId) -> Self {
        Members { me, own: None, hearing_since: None, peers: BTreeMap::new() }
    }

    /// Notes a message; whether it is one of another node that was not heard before.
    pub fn heard(&mut self, node: &NodeId, seq: u64, left: bool, now: Duration) -> bool {
        if *node == self.me {
            let gap = self.own.is_none_or(|own| now.saturating_sub(own) > DEAF);
            self.own = Some(now);
            if gap {
                self.hearing_since = Some(now);
            }
            return false;
        }
        let known = self.peers.get(node).copied();
        if known.is_some_and(|known| seq <= known.seq) {
            return false;
        }
        if left {
            // A node that has left is not gone: it held nothing any more.
            self.peers.remove(node);
        } else {
            self.peers.insert(node.clone(), Heard { seq, at: now });
        }
        true
    }

    /// Expects to hear a node that is said to be there: when it stays silent, it is gone.
    pub fn expect(&mut self, node: &NodeId, now: Duration) {
        if *node != self.me {
            self.peers.entry(node.clone()).or_insert(Heard { seq: 0, at: now });
        }
    }

    /// Whether this node was heard and has neither left nor fallen silent.
    pub fn is_known(&self, node: &NodeId) -> bool {
        *node == self.me || self.peers.get(node).is_some_and(Heard::once)
    }

    /// Nodes that have fallen silent; each is told once and then forgotten, until it speaks again.
    pub fn gone(&mut self, now: Duration) -> Vec<NodeId> {
        let (Some(since), false) = (self.hearing_since, self.is_deaf(now)) else { return Vec::new() };
        let silent = |heard: &Heard| now.saturating_sub(heard.at.max(since)) >= SILENCE;
        let gone: Vec<NodeId> =
            self.peers.iter().filter(|(_, heard)| silent(heard)).map(|(node, _)| node.clone()).collect();
        for node in &gone {
            self.peers.remove(node);
        }
        gone
    }

    /// When somebody may have fallen silent at the earliest.
    pub fn look_at(&self, now: Duration) -> Duration {
        let since = self.hearing_since.unwrap_or(now);
        let first = self.peers.values().map(|heard| heard.at.max(since) + SILENCE).min();
        first.unwrap_or(now + SILENCE)
    }

    /// Whether nothing is heard, our own messages included.
    pub fn is_deaf(&self, now: Duration) -> bool {
        self.own.is_none_or(|own| now.saturating_sub(own) > DEAF)
    }

    /// The other nodes that were heard, and how long each has been silent.
    pub fn peers(&self, now: Duration) -> Vec<(NodeId, Duration)> {
        let heard = self.peers.iter().filter(|(_, heard)| heard.once());
        heard.map(|(node, heard)| (node.clone(), now.saturating_sub(heard.at))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds in tenths, from an arbitrary start.
    struct World {
        start: Duration,
        members: Members,
        seq: u64,
    }

    impl World {
        fn new() -> Self {
            World { start: Duration::from_secs(1_000), members: Members::new("me".into()), seq: 0 }
        }

        fn at(&self, tenths: u64) -> Duration {
            self.start + Duration::from_millis(100 * tenths)
        }

        fn hear(&mut self, node: &str, tenths: u64) -> bool {
            self.seq += 1;
            let at = self.at(tenths);
            self.members.heard(&node.into(), self.seq, false, at)
        }

        fn gone(&mut self, tenths: u64) -> Vec<String> {
            let at = self.at(tenths);
            self.members.gone(at).iter().map(ToString::to_string).collect()
        }
    }

    #[test]
    fn three_seconds_of_silence_are_gone_and_told_once() {
        let mut world = World::new();
        world.hear("me", 0);
        world.hear("other", 1);
        for tenths in (10..=30).step_by(10) {
            world.hear("me", tenths);
        }
        assert!(world.gone(30).is_empty());
        assert_eq!(world.members.look_at(world.at(30)), world.at(31));
        assert_eq!(world.gone(31), ["other"]);
        assert!(world.gone(40).is_empty());
        assert!(world.hear("other", 41), "it speaks again");
        assert_eq!(world.members.peers(world.at(45)), [("other".into(), Duration::from_millis(400))]);
    }

    #[test]
    fn who_is_expected_and_never_heard_is_gone() {
        let mut world = World::new();
        for expected in ["never", "other", "me"] {
            world.members.expect(&expected.into(), world.at(0));
        }
        for tenths in [1, 11, 21, 31] {
            world.hear("me", tenths);
            world.hear("other", tenths);
        }
        assert_eq!(world.members.peers(world.at(31)).len(), 1, "heard");
        assert_eq!(world.gone(31), ["never"]);
    }

    #[test]
    fn who_hears_not_even_himself_suspects_nobody() {
        let mut world = World::new();
        world.hear("me", 0);
        world.hear("other", 0);
        assert!(world.gone(100).is_empty(), "cut off");
        assert!(world.members.is_deaf(world.at(100)));
        world.hear("me", 100);
        assert!(world.gone(100).is_empty(), "the other has to be given time to be heard again");
        for tenths in [110, 120, 129] {
            world.hear("me", tenths);
            assert!(world.gone(tenths).is_empty(), "{tenths}");
        }
        world.hear("me", 130);
        assert_eq!(world.gone(130), ["other"]);
    }

    #[test]
    fn a_farewell_is_no_loss_and_a_repeat_is_no_news() {
        let mut world = World::new();
        world.hear("me", 0);
        let (at, other) = (world.at(0), NodeId::from("other"));
        assert!(world.members.heard(&other, 5, false, at));
        assert!(!world.members.heard(&other, 5, false, at), "the same message once more");
        assert!(!world.members.heard(&other, 4, false, at), "an earlier one");
        assert!(world.members.heard(&other, 6, true, at));
        for tenths in (0..50).step_by(10) {
            world.hear("me", tenths);
            assert!(world.gone(tenths).is_empty());
        }
    }
}
