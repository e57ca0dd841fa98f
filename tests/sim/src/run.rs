//! One seed from start to rest.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bugs::Bug;
use crate::clients::IMPATIENCE;
use crate::executor::Millis;
use crate::faults::Kind;
use crate::oracle::{Seen, Violation};
use crate::world::{STORM, World};

/// How often the oracle looks at everything while nothing fails.
const LOOK_EVERY: Millis = 5_000;

/// Beyond the last life limit, so long until everything must be at rest: nodes with clocks of their own may be two
/// minutes behind, sessions in a long queue and talks that have begun take their time.
const AFTER_ALL: Millis = 900_000;

/// What became of one seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which.
    pub seed: u64,
    /// The first broken promise.
    pub violation: Option<Violation>,
    /// The last events in words, when a promise was broken.
    pub words: String,
    /// When the world began, by its own time.
    pub start: Millis,
    /// The hash of everything that happened: equal for equal runs.
    pub hash: u64,
    /// Simulated milliseconds.
    pub simulated: Millis,
    /// Callbacks booked.
    pub callbacks: u64,
    /// Sessions started.
    pub sessions: u64,
    /// Events at the ports.
    pub events: u64,
    /// How often nodes asked the store for what is due.
    pub looks: u64,
    /// Faults by kind.
    pub faults: BTreeMap<Kind, u64>,
}

/// Runs one seed, with a mistake planted if one is named.
pub fn run(seed: u64, bug: Option<Bug>) -> Outcome {
    let world = World::of(seed, bug);
    world.prepare();
    world.invite();
    let storm_ends = world.start + STORM;
    let broken = |world: &Arc<World>| world.oracle().broken.is_some();
    world.exec.run_until(storm_ends, || broken(&world));
    if !broken(&world) {
        world.calm();
        world.invite_late();
        let quiet = world.exec.now();
        let patient = quiet + IMPATIENCE;
        let later = world.clone();
        world.exec.at(patient, move || {
            later.injected().dropped = 0;
            later.call_it_a_day();
        });
        let mut deadline = quiet;
        loop {
            let next = world.exec.now() + LOOK_EVERY;
            world.exec.run_until(next, || broken(&world));
            world.audit_all();
            world.see(&Seen::Quiet { since: quiet });
            world.see_in_force(quiet);
            if broken(&world) || world.exec.now() > patient && world.at_rest() {
                break;
            }
            deadline = deadline.max(world.rest_by());
            if world.exec.now() > deadline {
                break;
            }
        }
        world.see(&Seen::Rest);
    }
    let outcome = world.outcome(seed);
    world.dissolve();
    outcome
}

impl World {
    /// Tells which settings each node that lives has in force.
    fn see_in_force(&self, since: Millis) {
        let living: Vec<_> = {
            let nodes = self.nodes();
            let living =
                nodes.iter().filter(|node| node.serves && !node.frozen && !self.exec.is_dead(node.owner));
            living.map(|node| (node.name.clone(), node.engine.clone())).collect()
        };
        for (node, engine) in &living {
            for tenant in self.tenants.iter().map(|tenant| &tenant.id) {
                let version = engine.settings(tenant).map_or(0, |settings| settings.version);
                self.see(&Seen::InForce { node, tenant, version, since });
            }
        }
    }

    /// Whether everything is over.
    fn at_rest(&self) -> bool {
        let over = {
            let oracle = self.oracle();
            oracle
                .book
                .records
                .values()
                .all(|known| !known.now.is_unfinished() && known.now.outbox.is_empty())
        };
        over && self.voice().is_quiet()
    }

    /// When everything that is known now must be at rest.
    fn rest_by(&self) -> Millis {
        let oracle = self.oracle();
        let busy = oracle.book.records.values().filter_map(|known| {
            let record = &known.now;
            match record.is_unfinished() {
                true => Some(record.expires_at().as_millis().max(known.since)),
                false => (!record.outbox.is_empty()).then_some(known.since),
            }
        });
        // A session without a record to write to ends by itself within minutes.
        busy.max().unwrap_or(self.start + STORM) + AFTER_ALL
    }

    fn outcome(&self, seed: u64) -> Outcome {
        let (faults, looks) = {
            let injected = self.injected();
            (injected.kinds.clone(), injected.looks)
        };
        let sessions = self.voice().started() as u64;
        let oracle = self.oracle();
        let words = oracle.broken.as_ref().map_or_else(String::new, |_| oracle.trace.words(self.start, None));
        Outcome {
            seed,
            violation: oracle.broken.clone(),
            words,
            start: self.start,
            hash: oracle.trace.hash(),
            simulated: self.exec.now() - self.start,
            callbacks: oracle.callbacks,
            sessions,
            events: oracle.trace.events(),
            looks,
            faults,
        }
    }
}
