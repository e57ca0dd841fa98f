//! A suite that finds nothing may be blind: each fault is shown to it once.

use std::sync::Mutex;

use pollster::block_on;

use super::*;
use crate::in_process::LocalWindows;
use crate::throttle::{Reservation, TakesBack, Unit, WindowTable};

/// What is wrong with the windows of a process.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Looks whether there is room, lets go, and counts under the next lock.
    ChecksThenActs,
    /// Asks for one window after the other and keeps what it has when the next is full.
    TakesOneByOne,
    /// Nothing goes back.
    KeepsAll,
    /// Knows a window by service and kind alone.
    MixesKeys,
    /// What comes back makes room, in whatever window is open by then.
    ForgetsWhichWindow,
}

struct Wrong {
    fault: Fault,
    table: Mutex<WindowTable>,
}

impl Wrong {
    fn count(&self, asked: &[WindowRequest], now: Timestamp) -> Result<Vec<Unit>, Exceeded> {
        self.table.lock().unwrap().reserve(asked, now)
    }

    fn take(&self, asked: &[WindowRequest], now: Timestamp) -> Result<Vec<Unit>, Exceeded> {
        match self.fault {
            Fault::ChecksThenActs => {
                let seen = self.count(asked, now)?;
                self.table.lock().unwrap().release(seen);
                // What it counts in lies far away.
                std::thread::yield_now();
                let unbounded = asked.iter().map(|one| WindowRequest { limit: u32::MAX, ..one.clone() });
                self.count(&unbounded.collect::<Vec<_>>(), now)
            }
            Fault::TakesOneByOne => {
                let mut units = Vec::new();
                for one in asked {
                    units.extend(self.count(std::slice::from_ref(one), now)?);
                }
                Ok(units)
            }
            Fault::MixesKeys => {
                let mixed = asked.iter().map(|one| {
                    let key = WindowKey::new("all", one.key.service(), one.key.kind().clone(), "");
                    WindowRequest { key, ..one.clone() }
                });
                self.count(&mixed.collect::<Vec<_>>(), now)
            }
            _ => self.count(asked, now),
        }
    }
}

impl TakesBack for Wrong {
    fn take_back(&self, units: Vec<Unit>) {
        let mut table = self.table.lock().unwrap();
        match self.fault {
            Fault::KeepsAll => {}
            Fault::ForgetsWhichWindow => units.into_iter().for_each(|(key, serial)| {
                // Windows are numbered as they open.
                (serial..serial + 3).for_each(|serial| table.release(vec![(key.clone(), serial)]));
            }),
            _ => table.release(units),
        }
    }
}

#[async_trait]
impl RateWindows for Process {
    async fn reserve(&self, asked: &[WindowRequest], now: Timestamp) -> Result<Reservation, Exceeded> {
        let units = self.0.take(asked, now)?;
        Ok(Reservation::new(units, self.0.clone()))
    }
}

#[derive(Clone)]
struct Process(Arc<Wrong>);

#[async_trait]
impl WindowsUnderTest for Fault {
    async fn fresh(&self) -> Box<dyn Counting> {
        Box::new(Process(Arc::new(Wrong { fault: *self, table: Mutex::default() })))
    }
}

#[async_trait]
impl Counting for Process {
    fn windows(&self) -> Arc<dyn RateWindows> {
        Arc::new(self.clone())
    }
}

/// Two processes that count apart and say that they count together, and one that fails when it is cut off.
struct Apart;
struct Two(Arc<LocalWindows>, Arc<LocalWindows>);

#[async_trait]
impl WindowsUnderTest for Apart {
    async fn fresh(&self) -> Box<dyn Counting> {
        Box::new(Two(Arc::default(), Arc::default()))
    }
}

#[async_trait]
impl Counting for Two {
    fn windows(&self) -> Arc<dyn RateWindows> {
        self.0.clone()
    }
    fn another(&self) -> Option<Arc<dyn RateWindows>> {
        Some(self.1.clone())
    }
    async fn cut_off(&self) -> bool {
        true
    }
}

fn broken(under: &dyn WindowsUnderTest) -> Vec<&'static str> {
    report::tests::broken(|| block_on(run_all(under)), CASES.iter().map(|case| case.name))
}

#[test]
fn without_a_fault_nothing_is_broken() {
    block_on(run_all(&Fault::None)).assert_missing(&[Missing::Another, Missing::CutOff]);
}

#[test]
fn each_fault_breaks_its_own_promises() {
    assert_eq!(broken(&Fault::ChecksThenActs), ["of_many_at_once_as_many_as_the_limit_are_taken"]);
    assert_eq!(
        broken(&Fault::KeepsAll),
        ["what_is_dropped_goes_back", "what_is_kept_stays", "a_dropped_question_takes_nothing"]
    );
    assert_eq!(broken(&Fault::MixesKeys), ["windows_of_other_keys_are_apart"]);
    assert_eq!(broken(&Fault::ForgetsWhichWindow), ["what_goes_back_late_is_no_room_in_a_later_window"]);
    assert!(broken(&Fault::TakesOneByOne).contains(&"all_windows_are_taken_or_none"));
    assert_eq!(
        broken(&Apart),
        [
            "two_nodes_count_together",
            "of_many_at_once_through_two_nodes_as_many_as_the_limit_are_taken",
            "what_one_node_gives_back_another_can_take"
        ]
    );
}
