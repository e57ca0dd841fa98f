//! What is written together and what is leased beside it.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use ges_core::callback::{CancelledBy, Event};
use ges_core::port::{CallbackStore, Change, Conflict, Guard, Lease, LeaseRequest, Raised};
use ges_core::testing::fixtures::{
    after, as_next, at, booking, change, issued, queued, scheduled, service, tenant,
};

use super::support::{folder, open, wait};

const RECORDS: u64 = 400;

#[test]
fn a_lease_that_is_held_is_of_the_newest_version() {
    for raised in [false, true] {
        let home = folder();
        let store = open(home.path());
        let record = |number| scheduled(number, at("12:00"));
        for number in 0..RECORDS {
            wait(store.book(booking(&record(number)))).expect("book");
        }
        let now = at("11:58");
        let request = LeaseRequest {
            owner: "node".into(),
            now,
            until: if raised { at("00:00") } else { now },
            raised: vec![Raised { tenant: tenant(), service: service(), desired_before: at("12:01") }],
            lasting: Duration::from_secs(60),
            limit: 7,
        };
        let request = if raised { request } else { LeaseRequest { raised: Vec::new(), ..request } };
        let leases = Mutex::new(Vec::<Lease>::new());
        thread::scope(|scope| {
            for part in 0..2 {
                let store = &store;
                // Half of the records are changed, in the order they are leased in.
                scope.spawn(move || {
                    for number in (part..RECORDS).step_by(4) {
                        let before = record(number);
                        let next = if number.is_multiple_of(8) {
                            issued(&before, now)
                        } else {
                            after(&before, &Event::Cancel { by: CancelledBy::Client }, now)
                        };
                        let answers = wait(store.change(vec![change(&before, &next)])).expect("change");
                        assert_eq!(answers, [Ok(())]);
                    }
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let leased = wait(store.lease(request.clone())).expect("lease");
                        if leased.is_empty() {
                            break;
                        }
                        leases.lock().expect("the leases").extend(leased.into_iter().map(|one| one.lease));
                    }
                });
            }
        });
        let leases = leases.into_inner().expect("the leases");
        let held = wait(store.held(&leases, now)).expect("held");
        for (lease, _) in leases.iter().zip(held).filter(|(_, held)| *held) {
            let stored = wait(store.get(&tenant(), lease.id)).expect("get").expect("the record");
            assert_eq!(stored.version, lease.version, "raised: {raised}, {}", lease.id);
        }
    }
}

#[test]
fn changes_written_together_count_each_other_as_active() {
    let home = folder();
    let store = open(home.path());
    let now = at("12:00");
    let record = |number| scheduled(number, now);
    for number in 0..3 {
        wait(store.book(booking(&record(number)))).expect("book");
    }
    let to_queue = |number| {
        let queued = as_next(&record(number), queued(&record(number), now));
        Change { guards: vec![Guard::Active { limit: 2 }], ..change(&record(number), &queued) }
    };
    let answers = wait(store.change((0..3).map(to_queue).collect())).expect("change");
    assert_eq!(answers, [Ok(()), Ok(()), Err(Conflict::Refused(0))]);
}
