//! The part of a node among others: it hears who comes and who is gone, takes over, and follows what is published.
//!
//! Nothing here is needed for a promise to be kept; it only makes the time short in which one waits for a node that is
//! gone. What is not told is found by a timer: leases expire, and published versions are looked up once a minute.

use std::sync::Arc;
use std::time::Duration;

use super::Publications;
use super::staff::{Staff, Tasks};
use crate::bell::{Bell, Once, either};
use crate::id::NodeId;
use crate::port::{News, Notice, Peers, Told, Work};

/// How often the published versions are looked up whatever was heard: one query for any number of tenants.
const LOOK_UP_EVERY: Duration = Duration::from_secs(60);

/// This node among others, until it leaves.
pub(super) struct Others {
    member: Arc<Member>,
    tasks: Arc<Tasks>,
}

struct Member {
    staff: Arc<Staff>,
    peers: Option<Arc<dyn Peers>>,
    news: News,
    /// Something may have been published elsewhere.
    published: Bell,
    leaving: Once,
}

impl Others {
    /// Takes the seat of this node, and takes part from then on.
    pub async fn join(
        staff: &Arc<Staff>,
        peers: Option<Arc<dyn Peers>>,
        publications: Option<Arc<Publications>>,
    ) -> Self {
        let member = Arc::new(Member {
            staff: staff.clone(),
            peers,
            news: News::default(),
            published: Bell::default(),
            leaving: Once::default(),
        });
        let tasks = Tasks::new(staff.runtime.clone());
        if let Some(peers) = member.peers.clone() {
            // Without a seat its leases run out by themselves; it tries again while it attends.
            let _ = staff.supervised(Work::Peers, peers.join()).await;
            tasks.begin(member.clone().attend(peers));
            tasks.begin(member.clone().hear());
        }
        if let Some(publications) = publications {
            tasks.begin(member.clone().follow(publications));
        }
        Others { member, tasks }
    }

    /// Leaves, and tells the others: they look for what this node gave back.
    pub async fn leave(self) {
        self.member.leaving.happen();
        self.tasks.all_gone().await;
        if let Some(peers) = &self.member.peers {
            let leave = async {
                peers.leave().await;
                Ok(())
            };
            let _ = self.member.staff.supervised(Work::Peers, leave).await;
        }
    }
}

impl Member {
    async fn attend(self: Arc<Self>, peers: Arc<dyn Peers>) {
        self.until_leaving(async {
            loop {
                let attend = async {
                    peers.attend(&self.news).await;
                    Ok(())
                };
                let _ = self.staff.supervised(Work::Peers, attend).await;
                self.staff.pause().await;
            }
        })
        .await;
    }

    async fn hear(self: Arc<Self>) {
        self.until_leaving(async {
            loop {
                match self.news.next().await {
                    Told::Joined(node) => {
                        self.staff.observer.noticed(&Notice::Joined(&node));
                        // What it published before it was heard was not heard either.
                        self.published.ring();
                    }
                    Told::Settings(_) => self.published.ring(),
                    Told::Gone(node, how) => {
                        self.staff.observer.noticed(&Notice::Gone(&node, how));
                        self.take_over(&node).await;
                    }
                }
            }
        })
        .await;
    }

    async fn take_over(&self, node: &NodeId) {
        let Staff { dispatcher, runtime, observer, .. } = &*self.staff;
        let begun = runtime.steady();
        // When it fails, the next look does it.
        if let Ok(leases @ 1..) = self.staff.supervised(Work::TakeOver, dispatcher.take_over(node)).await {
            let lasted = runtime.steady().saturating_sub(begun);
            observer.noticed(&Notice::TookOver { node, leases, lasted });
        }
    }

    /// Puts into force what others publish.
    async fn follow(self: Arc<Self>, publications: Arc<Publications>) {
        self.until_leaving(async {
            loop {
                let _ = either(self.published.heard(), self.staff.runtime.sleep(LOOK_UP_EVERY)).await;
                self.catch_up(&publications).await;
            }
        })
        .await;
    }

    async fn catch_up(&self, publications: &Publications) {
        let caught_up = loop {
            match self.staff.supervised(Work::Publications, publications.catch_up()).await {
                Ok(caught_up) => break caught_up,
                Err(_) => self.staff.pause().await,
            }
        };
        for unusable in &caught_up.unusable {
            let (tenant, version, why) = (&unusable.tenant, unusable.version, &unusable.why);
            self.staff.observer.noticed(&Notice::Unusable { tenant, version, why });
        }
        if caught_up.in_force > 0 {
            self.staff.observer.noticed(&Notice::InForce(caught_up.in_force));
        }
    }

    async fn until_leaving(&self, work: impl Future<Output = ()>) {
        let _ = either(self.leaving.happened(), work).await;
    }
}
