//! The run: load without end, one fault after the other, then rest.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ges_core::port::Clock;
use ges_core::system::SystemClock;
use ges_tests::chance::Chance;

use super::fault::{Kind, Span};
use super::ledger::Ledger;
use super::load::{Pace, Street, Tight};
use super::plan::Plan;
use super::pulse::{Pulse, Trouble};
use super::session::Sessions;
use super::verdict::{Verdict, unfinished};
use super::world::{Shape, World};
use super::{load, session};

/// Clients at a time.
const CALLERS: usize = 16;
/// Sessions at a time.
const PLAYERS: usize = 48;
/// What works again does so within this.
const SETTLE_MAX: Duration = Duration::from_secs(60);
/// When nobody disturbs any more, everything due is done within this.
const REST_MAX: Duration = Duration::from_secs(300);
/// How long the voice platform's Redis is down as a rule.
const VOICE_DOWN: Duration = Duration::from_secs(3);

/// One fault, and what it did to the clients.
pub struct Happened {
    pub kind: Kind,
    pub span: Span,
    pub trouble: Trouble,
}

impl Happened {
    /// Until when requests failed, from when they need not have.
    pub fn recovery(&self) -> Duration {
        let possible = if self.kind.is_outage() { self.span.healed } else { self.span.begun };
        self.trouble.last.map_or(Duration::ZERO, |last| last.saturating_duration_since(possible))
    }
}

/// Everything that is known at the end.
pub struct Report {
    pub happened: Vec<Happened>,
    pub verdict: Verdict,
    pub ledger: Ledger,
    pub lasted: Duration,
}

/// Runs a plan.
pub fn run(plan: &Plan, chance: &Chance) -> Report {
    let begun = Instant::now();
    let mut world = World::build(plan.nodes, Shape::ALL[0]);
    let ledger = Ledger::default();
    let sessions = Sessions::default();
    let mut happened = Vec::new();
    let mut broken = world.start_nodes().err();
    let pulse = Pulse::of(world.doors());
    let pace = Pace::of(plan.rate);
    let street = Street {
        sessions: &sessions,
        ledger: &ledger,
        pulse: &pulse,
        pace: &pace,
        tight: Tight::after(SystemClock.now()),
    };
    let (no_more_calls, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let (voice, ors) = (world.voice_address(), Arc::clone(&world.ors));
    let (start, started) = channel();
    let started = Mutex::new(started);
    thread::scope(|scope| {
        // Whatever goes wrong below, the others must be let go.
        let _release = (Release(&no_more_calls), Release(&over));
        let (started, sessions_ref, ledger_ref, pulse_ref) = (&started, &sessions, &ledger, &pulse);
        let (over_ref, no_more_calls_ref, ors_ref) = (&over, &no_more_calls, &*ors);
        scope.spawn(move || session::read(voice, sessions_ref, ledger_ref, &start, over_ref));
        for _ in 0..PLAYERS {
            let chance = chance.branch();
            scope.spawn(move || {
                session::play(
                    &chance,
                    started,
                    sessions_ref,
                    ledger_ref,
                    pulse_ref,
                    (ors_ref, plan.dying_percent),
                    over_ref,
                )
            });
        }
        for _ in 0..CALLERS {
            let chance = chance.branch();
            scope.spawn(move || load::run(&chance, street, no_more_calls_ref));
        }
        if broken.is_none() {
            broken = days(plan, chance, &mut world, &pulse, &ledger, &mut happened).err();
        }
        no_more_calls.store(true, Ordering::SeqCst);
        if broken.is_none() {
            broken = rest(&mut world).err();
        }
        over.store(true, Ordering::SeqCst);
    });
    let mut verdict = Verdict::of(&world, &ledger, &sessions, &happened);
    if let Some(broken) = broken {
        verdict.note("did not come back", broken);
    }
    for node in &world.nodes {
        if node.panics() > 0 {
            verdict.note("did not come back", format!("a node reports a bug:\n{}", node.log()));
        }
    }
    Report { happened, verdict, ledger, lasted: begun.elapsed() }
}

/// All faults, in each shape of the world.
fn days(
    plan: &Plan,
    chance: &Chance,
    world: &mut World,
    pulse: &Pulse,
    ledger: &Ledger,
    happened: &mut Vec<Happened>,
) -> Result<(), String> {
    settle(pulse).map_err(|why| format!("at first: {why}\n{}", logs(world)))?;
    let mut done: BTreeSet<Kind> = BTreeSet::new();
    let begun = Instant::now();
    let each = Duration::from_secs(60 * plan.minutes) / u32::try_from(Shape::ALL.len()).unwrap_or(1);
    let mut long_silence = Duration::from_secs(plan.voice_down_secs);
    for (day, shape) in Shape::ALL.into_iter().enumerate() {
        let until = plan.faults * (day + 1) / Shape::ALL.len();
        let latest = begun + each * u32::try_from(day + 1).unwrap_or(1);
        // A short run has each kind once; a long one goes round until it has had enough.
        let is_short = plan.faults == 0;
        let is_enough =
            |happened: &[Happened]| !is_short && (happened.len() >= until || Instant::now() > latest);
        if is_enough(happened) {
            continue;
        }
        if day > 0 {
            world.change_shape(shape)?;
            settle(pulse).map_err(|why| format!("{shape:?}: {why}\n{}", logs(world)))?;
        }
        loop {
            let mut kinds = Kind::of(shape, world.small_disks);
            kinds.retain(|kind| !is_short || !done.contains(kind));
            kinds.retain(|kind| plan.only.is_empty() || plan.only.contains(kind));
            let is_over = is_short || kinds.is_empty();
            shuffle(&mut kinds, chance);
            for kind in kinds {
                done.insert(kind);
                let silence = if kind == Kind::VoiceDown {
                    std::mem::replace(&mut long_silence, VOICE_DOWN)
                } else {
                    VOICE_DOWN
                };
                happened.push(one(kind, chance, world, pulse, silence)?);
                tell(happened, ledger);
                if is_enough(happened) {
                    break;
                }
            }
            if is_over || is_enough(happened) {
                break;
            }
        }
    }
    while ledger.acknowledged() < plan.callbacks {
        thread::sleep(Duration::from_millis(50));
        if pulse.trouble().last.is_some_and(|last| last.elapsed() > SETTLE_MAX) {
            pulse.begin();
        }
    }
    Ok(())
}

/// One fault, from a world in which everything works to one in which everything works again.
fn one(
    kind: Kind,
    chance: &Chance,
    world: &mut World,
    pulse: &Pulse,
    silence: Duration,
) -> Result<Happened, String> {
    pulse.begin();
    // A server of the harness that does not do what it is told ends the run, but not without its tables.
    let span = catch_unwind(AssertUnwindSafe(|| kind.happen(world, chance, silence)))
        .unwrap_or_else(|_| Err("a server did not do as it was told, see above".to_owned()))
        .map_err(|why| format!("{kind}: {why}"))?;
    settle(pulse).map_err(|why| format!("{kind}: {why}\n{}", logs(world)))?;
    if world.nodes.iter_mut().any(super::node::Node::has_ended) {
        return Err(format!("{kind}: a node ended by itself\n{}", logs(world)));
    }
    let trouble = pulse.trouble();
    // Some ordinary time, so that no fault is judged by the one before it.
    thread::sleep(Duration::from_millis(chance.between(200, 800)));
    Ok(Happened { kind, span, trouble })
}

/// Waits until every node answers several requests in a row, all of them sent from now on.
fn settle(pulse: &Pulse) -> Result<(), String> {
    let since = Instant::now();
    pulse.ask_anew();
    loop {
        let unsteady = pulse.unsteady();
        if unsteady.is_empty() {
            return Ok(());
        }
        if since.elapsed() > SETTLE_MAX {
            let trouble = pulse.trouble();
            return Err(format!(
                "nodes {unsteady:?} do not answer as they should after {SETTLE_MAX:?}: {trouble:?}"
            ));
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until everything due is finished.
fn rest(world: &mut World) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        let left = unfinished(world);
        if left == Ok(0) {
            return Ok(());
        }
        if begun.elapsed() > REST_MAX {
            return Err(format!("{left:?} callbacks are not finished after {REST_MAX:?}\n{}", logs(world)));
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn logs(world: &World) -> String {
    world.nodes.iter().map(super::node::Node::log).collect::<Vec<_>>().join("\n--\n")
}

fn shuffle(kinds: &mut [Kind], chance: &Chance) {
    for at in (1..kinds.len()).rev() {
        let other = usize::try_from(chance.below(at as u64 + 1)).unwrap_or(0);
        kinds.swap(at, other);
    }
}

#[allow(clippy::print_stdout, reason = "a run of half an hour says where it is")]
fn tell(happened: &[Happened], ledger: &Ledger) {
    if let Some(last) = happened.last() {
        println!(
            "{:3} {}: {} failed, {} without answer, fine after {} ms, over after {} ms; {} booked so far",
            happened.len(),
            last.kind,
            last.trouble.failed,
            last.trouble.silent,
            last.recovery().as_millis(),
            last.span.begun.elapsed().as_millis(),
            ledger.acknowledged()
        );
    }
}

struct Release<'a>(&'a AtomicBool);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
