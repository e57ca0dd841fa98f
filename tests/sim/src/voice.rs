//! The voice platform: a stream that takes each attempt once, and sessions that run, report in any order and sometimes
//! die.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ges_core::callback::{Reason, SessionState, SessionUpdate};
use ges_core::port::{HandOverError, Handed, Look, Orchestrator, SessionKey, Submission, Unavailable};

use crate::bugs::Bug;
use crate::dropped::panic_silently;
use crate::executor::{Millis, WORLD};
use crate::faults::{Kind, Moment};
use crate::net::{Away, Place};
use crate::oracle::{Id, Seen};
use crate::world::World;

/// How long one call of the voice platform may take.
const LIMIT: Millis = 1_500;

/// The stream and its sessions.
#[derive(Default)]
pub struct Voice {
    sessions: BTreeMap<(Id, u32), Session>,
    /// Refuses new entries before this instant.
    pub refuses: Millis,
    /// Sessions die in a thousand steps.
    pub mortality: u64,
}

struct Session {
    entries: u32,
    alive: bool,
}

impl Voice {
    /// Whether any session runs.
    pub fn is_quiet(&self) -> bool {
        !self.sessions.values().any(|session| session.alive)
    }

    /// Sessions that ever started.
    pub fn started(&self) -> usize {
        self.sessions.len()
    }

    fn is_alive(&self, key: &(Id, u32)) -> bool {
        self.sessions.get(key).is_some_and(|session| session.alive)
    }

    fn end(&mut self, key: &(Id, u32)) {
        if let Some(session) = self.sessions.get_mut(key) {
            session.alive = false;
        }
    }
}

/// The orchestrator of one node.
pub struct NodeVoice {
    /// Everything.
    pub world: Arc<World>,
    /// Whose.
    pub node: usize,
}

impl World {
    /// A node is about to hand over.
    pub fn submitting(&self, node: usize, submission: &Submission) {
        let (clock, ahead) = {
            let mut nodes = self.nodes();
            let clock = &mut nodes[node].clock;
            (clock.latest(self.exec.now()), clock.ahead_at_most(self.exec.now()))
        };
        self.see(&Seen::Submitting { submission, clock, ahead });
    }

    /// The stream takes an entry: the session of its key starts, unless it has one.
    fn enter(self: &Arc<Self>, id: Id, attempt: u32) -> Result<Handed, ()> {
        let reference = format!("session-{attempt}");
        let mut voice = self.voice();
        let key = (id, attempt);
        if voice.sessions.contains_key(&key) && !self.has(Bug::KeyUnchecked) {
            return Ok(Handed { reference: Some(reference) });
        }
        if voice.refuses > self.exec.now() {
            return Err(());
        }
        let alive: Vec<u32> = voice
            .sessions
            .iter()
            .filter(|((of, number), session)| *of == key.0 && *number != attempt && session.alive)
            .map(|((_, number), _)| *number)
            .collect();
        let session = voice.sessions.entry(key.clone()).or_insert(Session { entries: 0, alive: true });
        session.entries += 1;
        let entries = session.entries;
        drop(voice);
        self.see(&Seen::Entered { attempt, id: &key.0, entries, alive: &alive });
        let world = self.clone();
        self.exec.spawn(WORLD, async move { world.session(key).await });
        Ok(Handed { reference: Some(reference) })
    }

    /// The life of one session.
    async fn session(self: Arc<Self>, key: (Id, u32)) {
        let mut sequence = 0;
        let mut steps = vec![
            (SessionState::Queued, 3_000),
            (SessionState::Routing, 40_000),
            (SessionState::Processing, 15_000),
            (SessionState::Completed(Reason::AGENT_CONNECTED), 90_000),
        ];
        if self.rarely(150) {
            let again = [(SessionState::Queued, 10_000), (SessionState::Routing, 30_000)];
            steps.splice(2..2, again);
        }
        if self.rarely(150) {
            // A long queue.
            steps[1].1 = 600_000;
        }
        if self.rarely(50) {
            steps.truncate(2);
            steps.push((SessionState::Completed(Reason::FAIL_CALL_TO_CUSTOMER), 60_000));
        }
        for (state, longest) in steps {
            self.exec.sleep(self.draw(5, longest)).await;
            let mortality = self.voice().mortality;
            if self.rarely(mortality) {
                self.injected().count(Kind::DeadSession);
                self.voice().end(&key);
            }
            if !self.voice().is_alive(&key) {
                return;
            }
            if state == SessionState::Processing {
                self.see(&Seen::Connected { id: &key.0, attempt: key.1 });
            }
            sequence += 1;
            if matches!(state, SessionState::Completed(_)) {
                self.voice().end(&key);
            }
            let update = SessionUpdate {
                attempt: Some(key.1),
                reference: Some(format!("session-{}", key.1)),
                sequence: Some(sequence),
                state,
            };
            let copies = if self.rarely(100) { 2 } else { 1 };
            for _ in 0..copies {
                let (world, id, update) = (self.clone(), key.0.clone(), update.clone());
                // Beside the session, so that updates overtake each other.
                self.exec.spawn(WORLD, async move { world.write_back(id, update).await });
            }
        }
    }

    /// Writes one update back until somebody takes it, or a few times.
    async fn write_back(self: Arc<Self>, id: Id, update: SessionUpdate) {
        for pause in [0, 300, 2_000, 5_000, 15_000] {
            self.exec.sleep(self.draw(0, pause + 30)).await;
            if self.wrote_back(id.clone(), update.clone()).await {
                return;
            }
        }
    }
}

impl NodeVoice {
    /// Panics, before or after the stream was asked.
    fn panic(&self) -> ! {
        self.world.injected().count(Kind::Panic);
        panic_silently()
    }
}

fn lost() -> Box<dyn std::error::Error + Send + Sync> {
    "the answer was lost".into()
}

#[async_trait]
impl Orchestrator for NodeVoice {
    async fn submit(&self, submission: &Submission) -> Result<Handed, HandOverError> {
        self.world.submitting(self.node, submission);
        self.world.told(|| format!("{submission:?}"));
        let id = (submission.callback.tenant.clone(), submission.callback.id);
        let attempt = submission.attempt;
        let node = self.node;
        let effect = move |world: &Arc<World>| {
            world.moment(node, Moment::Entered);
            world.enter(id, attempt)
        };
        let panics = self.world.net().panics;
        let panics = self.world.rarely(panics);
        if panics && self.world.rarely(500) {
            self.panic();
        }
        let answer = self.world.call(self.node, Place::Voice, LIMIT, effect).await;
        if panics {
            self.panic();
        }
        match answer {
            Ok(Ok(handed)) => Ok(handed),
            Ok(Err(())) => Err(HandOverError::Refused("the stream takes no more".into())),
            Err(Away::Unknown) if self.world.has(Bug::LostAnswerIsRefusal) => {
                Err(HandOverError::Refused(lost()))
            }
            Err(_) => Err(HandOverError::Unavailable(lost())),
        }
    }

    async fn look(&self, session: &SessionKey) -> Result<Look, Unavailable> {
        let key = ((session.tenant.clone(), session.id), session.attempt);
        let effect = move |world: &Arc<World>| world.voice().is_alive(&key);
        match self.world.call(self.node, Place::Voice, LIMIT, effect).await {
            Ok(true) => Ok(Look::Running { position: Some(1), wait_secs: Some(30) }),
            Ok(false) => Ok(Look::Gone),
            Err(_) if self.world.has(Bug::SilenceIsDeath) => Ok(Look::Gone),
            Err(_) => Err(Unavailable(lost())),
        }
    }

    async fn cancel(&self, session: &SessionKey) -> Result<(), Unavailable> {
        if self.world.has(Bug::CancelTellsNobody) {
            return Ok(());
        }
        let key = ((session.tenant.clone(), session.id), session.attempt);
        let effect = move |world: &Arc<World>| world.voice().end(&key);
        self.world.call(self.node, Place::Voice, LIMIT, effect).await.map_err(|_| Unavailable(lost()))
    }

    fn look_every(&self) -> Option<Duration> {
        Some(Duration::from_secs(60))
    }
}
