//! The wires: delay, loss of the request, loss of the answer after the effect, partitions, and servers that are away.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::executor::{Millis, Slip};
use crate::faults::Kind;
use crate::world::World;

/// Who can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The durable store.
    Database,
    /// The hot store.
    Redis,
    /// The voice platform.
    Voice,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// Nobody took the request; nothing was done.
    Refused,
    /// It may have been done or not.
    Unknown,
}

/// One kind of server as the wires see it.
#[derive(Clone, Copy, Debug)]
struct Server {
    up: bool,
    /// Raised when it goes away: answers under way are lost then.
    life: u64,
    /// It answers nothing before this instant.
    stalled: Millis,
    /// Answers lost in a thousand.
    forgets: u64,
}

impl Default for Server {
    fn default() -> Self {
        Server { up: true, life: 0, stalled: 0, forgets: 0 }
    }
}

/// The state of all wires.
#[derive(Default)]
pub struct Net {
    servers: [Server; 3],
    cut: BTreeSet<(usize, Place)>,
    /// Noise in a thousand: lost requests, lost answers.
    pub noise: u64,
    /// Slow ones in a thousand.
    pub slow: u64,
    /// Writes in a thousand of which the database's adapter cannot tell what became of them.
    pub unknown: u64,
    /// Hand-overs in a thousand that panic.
    pub panics: u64,
}

impl Net {
    /// The server goes away, and what was on its way back is lost.
    pub fn away(&mut self, place: Place) {
        let server = &mut self.servers[place as usize];
        server.up = false;
        server.life += 1;
    }

    /// It is back.
    pub fn back(&mut self, place: Place) {
        self.servers[place as usize].up = true;
    }

    /// It takes requests and does nothing before this instant.
    pub fn stall(&mut self, place: Place, until: Millis) {
        self.servers[place as usize].stalled = until;
    }

    /// So many of its answers in a thousand are lost after the effect.
    pub fn forgets(&mut self, place: Place, permille: u64) {
        self.servers[place as usize].forgets = permille;
    }

    /// Cuts or mends the wire between a node and a place.
    pub fn cut(&mut self, node: usize, place: Place, cut: bool) {
        if cut {
            self.cut.insert((node, place));
        } else {
            self.cut.remove(&(node, place));
        }
    }

    /// Nothing fails any more.
    pub fn heal(&mut self) {
        *self = Net { servers: self.servers, ..Net::default() };
        for server in &mut self.servers {
            *server = Server { life: server.life, ..Server::default() };
        }
    }

    /// Whether a node reaches a place now.
    pub fn reaches(&self, node: usize, place: Place) -> bool {
        self.servers[place as usize].up && !self.cut.contains(&(node, place))
    }

    fn is_cut(&self, node: usize, place: Place) -> bool {
        self.cut.contains(&(node, place))
    }
}

impl World {
    /// Sends a request from or to a node and brings back its answer, or the lack of one within `limit`. The effect
    /// happens at the server whatever becomes of the caller, if the request arrives.
    pub fn call<T: Send + 'static>(
        self: &Arc<Self>,
        node: usize,
        place: Place,
        limit: Millis,
        effect: impl FnOnce(&Arc<World>) -> T + Send + 'static,
    ) -> Slip<Result<T, Away>> {
        let slip = Slip::default();
        let (go, back) = (self.delay(), self.delay());
        let now = self.exec.now();
        let (noise, stalled, cut, up) = {
            let net = self.net();
            let server = net.servers[place as usize];
            (net.noise, server.stalled, net.is_cut(node, place), server.up)
        };
        let deadline = now + limit;
        if cut || self.rarely(noise) {
            self.injected().count(Kind::LostRequest);
            self.bring_at(deadline, &slip, Err(Away::Unknown));
            return slip;
        }
        if !up {
            self.bring_at(now + go, &slip, Err(Away::Refused));
            return slip;
        }
        let arrival = (now + go).max(if stalled > now { stalled + go } else { 0 });
        if arrival > deadline {
            self.bring_at(deadline, &slip, Err(Away::Unknown));
        }
        let (world, answer) = (self.clone(), slip.clone());
        self.exec.at(arrival, move || {
            let server = world.net().servers[place as usize];
            if !server.up {
                world.bring_at(world.exec.now(), &answer, Err(Away::Refused));
                return;
            }
            let done = effect(&world);
            let cut = world.net().is_cut(node, place);
            let arrival = world.exec.now() + back;
            if cut || world.rarely(noise + server.forgets) || arrival > deadline {
                world.injected().count(Kind::LostAnswer);
                world.bring_at(deadline.max(world.exec.now()), &answer, Err(Away::Unknown));
                return;
            }
            let receiver = world.clone();
            world.exec.at(arrival, move || {
                let same = receiver.net().servers[place as usize].life == server.life;
                answer.bring(if same { Ok(done) } else { Err(Away::Unknown) });
            });
        });
        slip
    }

    fn bring_at<T: Send + 'static>(&self, at: Millis, slip: &Slip<Result<T, Away>>, what: Result<T, Away>) {
        let slip = slip.clone();
        self.exec.at(at, move || slip.bring(what));
    }

    /// How long one way takes.
    pub fn delay(&self) -> Millis {
        let slow = self.net().slow;
        if self.rarely(slow) { self.draw(20, 1500) } else { self.draw(0, 3) }
    }
}
