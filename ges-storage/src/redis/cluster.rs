//! A cluster: each call goes to the node that answers for its key, wherever that has moved.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::{Cmd, Value, cmd};
use tokio::time::{Instant, timeout};

use super::circuit::State;
use super::dial::{Dialer, Target};
use super::failure::Failure;
use super::node::{Node, Trouble};
use super::options::Address;
use super::slots::{SlotMap, slot_of};

/// A call follows so many redirections.
const HOPS_MAX: usize = 5;
/// The layout is learned anew at most this often.
const LEARN_EVERY: Duration = Duration::from_millis(250);

pub(super) struct Cluster {
    dialer: Arc<Dialer>,
    seeds: Vec<Address>,
    known: Mutex<Known>,
    /// One learns for all.
    learning: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Known {
    map: Arc<SlotMap>,
    nodes: HashMap<Address, Arc<Node>>,
    /// The map has proved wrong, or there is none yet.
    stale: bool,
}

impl Cluster {
    pub fn new(dialer: Arc<Dialer>, seeds: Vec<Address>) -> Self {
        let known = Known { stale: true, ..Known::default() };
        Cluster { dialer, seeds, known: Mutex::new(known), learning: tokio::sync::Mutex::default() }
    }

    /// Sends one command to the node of this key.
    pub async fn send(&self, key: &[u8], command: &Cmd) -> Result<Value, Failure> {
        let limit = self.dialer.options().answer_within;
        let sent = timeout(limit, self.follow(key, command)).await;
        let outcome = sent.unwrap_or(Err(Failure::Late(limit)));
        if outcome.as_ref().is_err_and(Failure::is_passing) {
            // A node that is gone is replaced; whoever asks next asks who stands in its place.
            self.lock().stale = true;
        }
        outcome
    }

    async fn follow(&self, key: &[u8], command: &Cmd) -> Result<Value, Failure> {
        let slot = slot_of(key);
        if self.lock().stale {
            self.learn().await;
        }
        let primary = self.lock().map.primary(slot).cloned();
        let primary = primary.ok_or_else(|| Failure::Away("no node answers for this key".to_owned()))?;
        let mut node = self.node(&primary);
        let mut asking = false;
        for _ in 0..HOPS_MAX {
            let answer = if asking { node.send_asking(command).await } else { node.send(command).await };
            match answer {
                Ok(value) => return Ok(value),
                Err(Trouble::Failed(failure)) => return Err(failure),
                Err(Trouble::Elsewhere { address, only_now }) => {
                    asking = only_now;
                    if !only_now {
                        self.lock().stale = true;
                    }
                    node = self.node(&address);
                }
            }
        }
        Err(Failure::Away("the key moves from node to node".to_owned()))
    }

    /// The nodes any of which will do, those that answer first.
    pub async fn any(&self) -> Vec<Arc<Node>> {
        if self.lock().stale {
            self.learn().await;
        }
        let primaries = self.lock().map.primaries();
        let mut nodes: Vec<_> = primaries.iter().map(|address| self.node(address)).collect();
        nodes.sort_by_key(|node| node.circuit().state() != State::Up);
        nodes
    }

    /// Away while any node is that answers for keys.
    pub fn state(&self) -> State {
        let primaries = self.lock().map.primaries();
        let known = self.lock();
        let states = primaries.iter().filter_map(|address| Some(known.nodes.get(address)?.circuit().state()));
        let away = states.filter_map(|state| match state {
            State::Away { since } => Some(since),
            State::Up => None,
        });
        away.min().map_or(State::Up, |since| State::Away { since })
    }

    pub fn last_answer(&self) -> Option<Instant> {
        self.lock().nodes.values().filter_map(|node| node.circuit().last_answer()).max()
    }

    pub fn is_stale(&self) -> bool {
        self.lock().stale
    }

    /// Asks the nodes for the layout, unless somebody did just now.
    async fn learn(&self) {
        let mut last = self.learning.lock().await;
        if last.is_some_and(|last| last.elapsed() < LEARN_EVERY) {
            return;
        }
        *last = Some(Instant::now());
        let mut asked = self.lock().map.primaries();
        asked.extend(self.seeds.iter().filter(|seed| !asked.contains(seed)).cloned().collect::<Vec<_>>());
        let mut question = cmd("CLUSTER");
        question.arg("SLOTS");
        let each = self.dialer.options().answer_within / 3;
        for address in asked {
            let node = self.node(&address);
            let Ok(Ok(answer)) = timeout(each, node.send(&question)).await else { continue };
            let Some(map) = SlotMap::read(&answer, &address).filter(|map| !map.primaries().is_empty()) else {
                continue;
            };
            self.adopt(map);
            return;
        }
    }

    fn adopt(&self, map: SlotMap) {
        let mut known = self.lock();
        let primaries = map.primaries();
        known.nodes.retain(|address, _| primaries.contains(address) || self.seeds.contains(address));
        known.map = Arc::new(map);
        known.stale = false;
    }

    fn node(&self, address: &Address) -> Arc<Node> {
        let mut known = self.lock();
        let made = || Arc::new(Node::new(self.dialer.clone(), Target::At(address.clone())));
        known.nodes.entry(address.clone()).or_insert_with(made).clone()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
