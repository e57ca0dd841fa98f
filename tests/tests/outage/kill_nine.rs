//! `kill -9` at random moments under load: what was answered is there, once, in time, and the places add up.

mod ledger;
mod load;
mod verdict;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ges_core::port::Clock;
use ges_core::system::SystemClock;
use ges_tests::chance::Chance;
use ges_tests::receiver::Receiver;
use ges_tests::server::{Server, Site};

use ledger::Ledger;
use load::{SERVICES, Tight};
use verdict::Verdict;

const THREADS: usize = 6;

#[test]
fn what_was_answered_survives_kill_nine() {
    let chance = Chance::of_this_run("kill -9 under load");
    let rounds = std::env::var("GES_KILL_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let receiver = Receiver::open().unwrap();
    let site = Site::new(receiver.address(), SERVICES);
    let tight = Tight::tomorrow(SystemClock.now());
    let ledger = Ledger::default();
    let mut verdict = Verdict::default();
    let over = AtomicBool::new(false);
    let begun = Instant::now();
    thread::scope(|scope| {
        let taken = receiver.taken();
        let (over_ref, ledger_ref) = (&over, &ledger);
        scope.spawn(move || load::write_back(&taken, ledger_ref, over_ref));
        // Whatever goes wrong below, the thread above must be let go.
        let _release = Release(&over);
        let mut server = start(&site, &mut verdict);
        for round in 0..rounds {
            let moment = Duration::from_millis(chance.between(10, 350));
            let stop = AtomicBool::new(false);
            thread::scope(|scope| {
                for _ in 0..THREADS {
                    let (chance, site, ledger, stop, tight) =
                        (chance.branch(), &site, &ledger, &stop, &tight);
                    scope.spawn(move || load::run(&chance, site, ledger, stop, tight));
                }
                // The moment of the kill is what is random here; nothing is waited for.
                thread::sleep(moment);
                server.kill();
                stop.store(true, Ordering::SeqCst);
            });
            server = start(&site, &mut verdict);
            verdict.after_restart(round, &site, &ledger, &tight);
        }
        verdict.rounds = rounds;
        verdict.come_to_rest(&site, &ledger, &receiver);
        over.store(true, Ordering::SeqCst);
        verdict.at_the_end(&site, &ledger, &receiver);
        server.kill();
    });
    verdict.print(begun.elapsed(), &ledger, &receiver);
    verdict.assert_clean(&site, &ledger);
}

fn start(site: &Site, verdict: &mut Verdict) -> Server {
    let server = site.start().unwrap_or_else(|ended| panic!("a restart must be clean: {ended:?}"));
    verdict.restarts.push(server.ready_after);
    server
}

struct Release<'a>(&'a AtomicBool);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
