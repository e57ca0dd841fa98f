//! Who asks: customers that book, move, cancel and look, administrators that list and publish, and sessions that write
//! back. All of them repeat what got no answer.

use std::sync::Arc;
use std::time::Duration;

use ges_core::callback::{Callback, CancelledBy, SessionUpdate};
use ges_core::engine::{Edit, Engine, EngineError, NewCallback};
use ges_core::number::PhoneNumber;
use ges_core::port::{Peers, PublishError, Query, SettingsStore};
use ges_core::settings::Published;
use ges_core::{ServiceName, Timestamp};
use serde_json::json;

use crate::database::NodeStore;
use crate::dropped::{Asking, surviving};
use crate::executor::{Millis, Slip, WORLD};
use crate::faults::Kind;
use crate::invariants::{DATA_MARK, NUMBER_MARK};
use crate::node::edition_of;
use crate::oracle::{Id, Promise, Seen};
use crate::world::{STORM, World};

/// How long a client waits for an answer.
const PATIENCE: Millis = 15_000;

/// How many customers come on their own; some bring friends.
const CUSTOMERS: i64 = 44;

/// How many come when nothing fails any more.
const LATE_CUSTOMERS: i64 = 16;

/// They come so long after the last fault.
const SETTLED: Millis = 160_000;

/// For so long after the last fault hosts drop futures.
pub const IMPATIENCE: Millis = 900_000;

impl World {
    /// Plans everybody's visits.
    pub fn invite(self: &Arc<Self>) {
        for _ in 0..CUSTOMERS {
            let at = self.draw(1_000, STORM - 120_000);
            let world = self.clone();
            self.exec.spawn(WORLD, async move { world.customer(at).await });
        }
        for _ in 0..3 {
            let at = self.draw(60_000, STORM - 60_000);
            let world = self.clone();
            self.exec.spawn(WORLD, async move { world.administrator(at).await });
        }
    }

    /// Plans the visits of those who come when nothing fails any more, while hosts still drop futures.
    pub fn invite_late(self: &Arc<Self>) {
        for _ in 0..LATE_CUSTOMERS {
            let at = self.draw(SETTLED, IMPATIENCE - 60_000);
            let world = self.clone();
            self.exec.spawn(WORLD, async move { world.customer(at).await });
        }
    }

    /// Sends a request to some node that serves and brings the answer, if one comes in time.
    async fn request<T, F, W>(self: &Arc<Self>, make: F) -> Option<T>
    where
        T: Send + 'static,
        F: FnOnce(usize, Arc<Engine>) -> W + Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let serving: Vec<usize> = {
            let nodes = self.nodes();
            (0..nodes.len()).filter(|index| nodes[*index].serves).collect()
        };
        let Some(node) = self.chance.pick(&serving).copied() else {
            self.exec.sleep(1_000).await;
            return None;
        };
        let (go, back) = (self.delay(), self.delay());
        let slip: Slip<Option<T>> = Slip::default();
        let (world, answer) = (self.clone(), slip.clone());
        self.exec.at(self.exec.now() + go, move || {
            let (owner, engine) = {
                let nodes = world.nodes();
                (nodes[node].owner, nodes[node].engine.clone())
            };
            let work = make(node, engine);
            let there = world.clone();
            world.exec.spawn(owner, async move {
                // One that panics takes nobody with it.
                let work = surviving(Asking::new(there.clone(), owner, work));
                let done = there.perhaps_dropped(Kind::DroppedRequest, node, work).await;
                let noise = there.net().noise;
                let heard = match done {
                    Some(Some(done)) if !there.rarely(noise) => Some(done),
                    // An impatient one, who asks again at once.
                    None if there.rarely(500) => None,
                    _ => return,
                };
                there.exec.at(there.exec.now() + back, move || answer.bring(heard));
            });
        });
        let late = slip.clone();
        self.exec.at(self.exec.now() + PATIENCE, move || late.bring(None));
        slip.await
    }

    /// One customer, and sometimes friends that want the same slot at the same moment.
    async fn customer(self: Arc<Self>, at: Millis) {
        self.exec.sleep(at).await;
        let friends = if self.rarely(200) { self.draw(2, 5) } else { 1 };
        let tenant = usize::from(self.rarely(400));
        let service = if self.rarely(700) { "sales" } else { "help" };
        let desired = self.rarely(700).then(|| self.desired());
        // Friends often change their minds together, too.
        let moves = (friends > 1 && self.rarely(500)).then(|| {
            (self.exec.now() + self.draw(20_000, 90_000), self.desired() + Duration::from_secs(300))
        });
        for _ in 0..friends {
            let wish = self.wish(service.into(), desired);
            let world = self.clone();
            self.exec.spawn(WORLD, async move { world.visit(tenant, wish, moves).await });
        }
    }

    /// A time to be called at: mostly soon and close to what others want, sometimes days ahead.
    fn desired(&self) -> Timestamp {
        let now = self.exec.now();
        let storm = now < self.start + STORM;
        let ahead = match self.draw(0, 20) {
            0 if storm => self.draw(3_600_000, 13 * 86_400_000),
            1..=5 => self.draw(30_000, 240_000),
            _ => self.draw(60_000, 1_500_000),
        };
        // Half of them on a round minute, as people choose.
        let round = if self.rarely(500) { 300_000 } else { 1_000 };
        Timestamp::from_millis((now + ahead) / round * round)
    }

    fn wish(&self, service: ServiceName, desired: Option<Timestamp>) -> NewCallback {
        let number = format!("+1{NUMBER_MARK}{:03}", self.draw(0, 60));
        let number: PhoneNumber = number.parse().unwrap_or_else(|_| unreachable!("fifteen digits at most"));
        let mut wish = match desired {
            Some(desired) => NewCallback::scheduled(service, number, desired),
            None => NewCallback::immediate(service, number),
        };
        wish.always_check_capacity = self.rarely(300);
        let data = json!({ "order": format!("{DATA_MARK}-{}", self.draw(0, 1_000_000)) });
        wish.request.user_data = data.try_into().unwrap_or_default();
        wish
    }

    /// One wish, and what its customer does afterwards; `moves` when he and his friends move to another time at once.
    async fn visit(self: Arc<Self>, tenant: usize, wish: NewCallback, moves: Option<(Millis, Timestamp)>) {
        let of = self.tenants[tenant].id.clone();
        for _ in 0..3 {
            let (world, tenant, wish) = (self.clone(), of.clone(), wish.clone());
            let asked = self
                .request(move |_, engine| async move {
                    let booked = engine.book(&tenant, wish).await.map(|accepted| accepted.callback);
                    let is_unknown = booked.as_ref().is_err_and(EngineError::is_outcome_unknown);
                    (world.answered(&tenant, booked, Promise::Booked), is_unknown)
                })
                .await;
            let asked = asked.and_then(|(booked, is_unknown)| (!is_unknown).then_some(booked));
            match asked {
                Some(Some(callback)) => match moves {
                    Some((at, to)) => {
                        self.exec.sleep(at - self.exec.now()).await;
                        let id = (callback.tenant.clone(), callback.id);
                        return self.reschedule(&id, to).await;
                    }
                    None => return self.afterwards(callback).await,
                },
                Some(None) => return,
                // Nobody knows: it may be booked already, and is wished for once more.
                None => self.exec.sleep(self.draw(100, 3_000)).await,
            }
        }
    }

    /// What a customer does with a callback he knows of.
    async fn afterwards(self: &Arc<Self>, callback: Callback) {
        let id = (callback.tenant.clone(), callback.id);
        if self.rarely(200) {
            self.look(&id).await;
        }
        match self.draw(0, 10) {
            0 | 1 => {
                self.wait_for(&callback).await;
                self.cancel(&id).await;
            }
            2 => {
                self.wait_for(&callback).await;
                self.reschedule(&id, self.desired()).await;
            }
            3 => {
                self.exec.sleep(self.draw(0, 60_000)).await;
                self.reschedule(&id, self.desired()).await;
                self.exec.sleep(self.draw(0, 600_000)).await;
                self.cancel(&id).await;
            }
            _ => {}
        }
    }

    /// Some time, or the very moment at which it is handed over.
    async fn wait_for(&self, callback: &Callback) {
        let due = callback.desired.as_millis() - self.exec.now();
        let pause = if self.rarely(500) && due > 0 && due < STORM {
            let lead = self.chance.pick(&[0, 5_000, 30_000, 120_000, 300_000]).copied().unwrap_or(0);
            due - lead + self.draw(-30, 30)
        } else {
            self.draw(0, 900_000)
        };
        self.exec.sleep(pause.max(0)).await;
    }

    /// Cancels, and asks again until there is an answer.
    pub async fn cancel(self: &Arc<Self>, id: &Id) {
        for _ in 0..5 {
            let (world, (tenant, id)) = (self.clone(), id.clone());
            let asked = self.request(move |_, engine| async move {
                let done = engine.cancel(&tenant, id, CancelledBy::Client).await;
                let unavailable = matches!(done, Err(EngineError::Store(_)));
                world.answered(&tenant, done, Promise::Cancelled);
                !unavailable
            });
            if asked.await == Some(true) {
                return;
            }
            self.exec.sleep(self.draw(200, 3_000)).await;
        }
    }

    async fn reschedule(self: &Arc<Self>, id: &Id, desired: Timestamp) {
        let edit = Edit { desired: Some(desired), ..Edit::default() };
        let (world, (tenant, id)) = (self.clone(), id.clone());
        self.request(move |_, engine| async move {
            let done = engine.edit(&tenant, id, edit).await;
            world.answered(&tenant, done, Promise::Moved);
        })
        .await;
    }

    /// Looks at a callback as its tenant, and as another.
    async fn look(self: &Arc<Self>, id: &Id) {
        for tenant in self.tenants.iter().map(|tenant| tenant.id.clone()) {
            let (world, id) = (self.clone(), id.1);
            self.request(move |_, engine| async move {
                let done = engine.retrieve(&tenant, id).await.map(|shown| shown.callback);
                world.shown(&tenant, done);
            })
            .await;
        }
    }

    /// Lists one tenant's records, and publishes other settings.
    async fn administrator(self: Arc<Self>, at: Millis) {
        self.exec.sleep(at).await;
        let tenant = usize::from(self.rarely(500));
        let of = self.tenants[tenant].id.clone();
        let world = self.clone();
        self.request(move |_, engine| async move {
            match engine.list(Query::of(of.clone(), 20)).await {
                Ok(page) => page.callbacks.into_iter().for_each(|record| world.shown(&of, Ok(record))),
                Err(error) => world.told_error(&error),
            }
            let _ = engine.tally(&of).await;
        })
        .await;
        if self.rarely(600) {
            self.publish(tenant).await;
        }
    }

    async fn publish(self: &Arc<Self>, tenant: usize) {
        let edition = usize::try_from(self.draw(0, 3)).unwrap_or(0);
        let world = self.clone();
        self.request(move |node, _| async move {
            let of = world.tenants[tenant].id.clone();
            let store = NodeStore { world: world.clone(), node };
            let Ok(current) = store.published(&of).await else { return };
            if edition_of(&current.sections) == edition {
                return;
            }
            let section = [("is".to_owned(), edition.to_string())].into();
            let next = Published {
                version: current.version + 1,
                sections: [("edition".to_owned(), section)].into(),
            };
            match store.publish(&of, next).await {
                Ok(()) => {
                    let publisher = world.nodes()[node].neighbours.clone();
                    publisher.published(&of);
                }
                Err(PublishError::Stale) => {}
                Err(error) => world.told_error(&error),
            }
        })
        .await;
    }

    /// A session's word; tells whether anybody took it.
    pub async fn wrote_back(self: &Arc<Self>, id: Id, update: SessionUpdate) -> bool {
        let world = self.clone();
        let taken = self.request(move |_, engine| async move {
            let done = engine.write_back(&id.0, id.1, update).await;
            let again = matches!(done, Err(EngineError::Store(_)));
            world.answered(&id.0, done, Promise::WrittenBack);
            !again
        });
        taken.await == Some(true)
    }

    /// An engine answered a client: a promise from this moment on, whether the answer arrives or not.
    fn answered(
        &self,
        tenant: &ges_core::TenantId,
        done: Result<Callback, EngineError>,
        promise: impl FnOnce(Callback) -> Promise,
    ) -> Option<Callback> {
        match done {
            Ok(callback) => {
                self.see(&Seen::Shown { to: tenant, record: &callback });
                self.see(&Seen::Promised(&promise(callback.clone())));
                Some(callback)
            }
            Err(error) => {
                self.told_error(&error);
                None
            }
        }
    }

    fn shown(&self, tenant: &ges_core::TenantId, done: Result<Callback, EngineError>) {
        match done {
            Ok(record) => self.see(&Seen::Shown { to: tenant, record: &record }),
            Err(error) => self.told_error(&error),
        }
    }

    /// When nothing fails any more, what was booked for another day is cancelled, so that the world can come to rest.
    pub fn call_it_a_day(self: &Arc<Self>) {
        let far = self.exec.now() + Duration::from_secs(1200).as_millis().try_into().unwrap_or(0);
        let ids: Vec<Id> = {
            let oracle = self.oracle();
            let far = oracle
                .book
                .records
                .iter()
                .filter(|(_, known)| known.now.is_unfinished() && known.now.desired.as_millis() > far);
            far.map(|(id, _)| id.clone()).collect()
        };
        for id in ids {
            let world = self.clone();
            self.exec.spawn(WORLD, async move { world.cancel(&id).await });
        }
    }
}
