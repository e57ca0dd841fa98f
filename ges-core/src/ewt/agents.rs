//! Who answers: the agents seen, what they are busy with, and how long they handle a call.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::formula::Handling;
use super::observation::{AgentKey, CallClass, CallKey};
use crate::time::Timestamp;

/// How many finished calls an agent is judged by ([callback-domain §14.2](crate::rules), mode2).
const CALLS_PER_AGENT: usize = 10;

/// The agents and the calls in service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Agents {
    known: Vec<Agent>,
    serving: Vec<Serving>,
    /// Whether the host reports who logs in and out. Without such reports presence is a guess from activity.
    roster: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Agent {
    key: AgentKey,
    last_active: Timestamp,
    logged_in: bool,
    busy: bool,
    /// One bit for every class of call taken so far; none means that nothing is known yet.
    classes: u16,
    handled_ms: VecDeque<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Serving {
    call: CallKey,
    agent: Option<AgentKey>,
    class: CallClass,
    since: Timestamp,
}

/// The agents present, as one class of calls sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Staff {
    pub(super) present: u32,
    pub(super) present_for_class: u32,
    pub(super) idle_for_class: u32,
}

/// Whether an agent is there is judged by these.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presence {
    /// An agent not active since counts as gone, where logins are not reported.
    pub(super) active_since: Timestamp,
}

impl Agent {
    fn is_present(&self, roster: bool, presence: Presence) -> bool {
        self.busy || if roster { self.logged_in } else { self.last_active >= presence.active_since }
    }

    fn serves(&self, class: CallClass) -> bool {
        self.classes == 0 || self.classes & class.bit() != 0
    }
}

impl Agents {
    pub(super) fn is_serving(&self, call: CallKey) -> bool {
        self.serving.iter().any(|serving| serving.call == call)
    }

    pub(super) fn staff(&self, class: CallClass, presence: Presence) -> Staff {
        let mut staff = Staff::default();
        for agent in self.known.iter().filter(|agent| agent.is_present(self.roster, presence)) {
            staff.present += 1;
            if agent.serves(class) {
                staff.present_for_class += 1;
                staff.idle_for_class += u32::from(!agent.busy);
            }
        }
        for serving in self.serving.iter().filter(|serving| serving.agent.is_none()) {
            staff.present += 1;
            staff.present_for_class += u32::from(serving.class == class);
        }
        staff
    }

    /// Whether it is known that nobody is there to answer.
    pub(super) fn none_logged_in(&self) -> bool {
        self.roster && self.serving.is_empty() && !self.known.iter().any(|agent| agent.logged_in)
    }

    pub(super) fn handling(&self, class: CallClass, presence: Presence) -> Handling {
        let mut handling = Handling::default();
        for agent in &self.known {
            if agent.is_present(self.roster, presence) && agent.serves(class) {
                let calls = u32::try_from(agent.handled_ms.len()).unwrap_or(u32::MAX);
                handling.agents = handling.agents.saturating_add(1);
                handling.calls = handling.calls.saturating_add(calls);
                let total = agent.handled_ms.iter().map(|ms| u64::from(*ms)).sum();
                handling.total_ms = handling.total_ms.saturating_add(total);
            }
        }
        handling
    }

    /// A call of `class` reached an agent. An agent has one call at a time: a new one ends the one before,
    /// whose end was not reported.
    pub(super) fn answered(
        &mut self,
        call: CallKey,
        agent: Option<AgentKey>,
        class: Option<CallClass>,
        at: Timestamp,
        most: usize,
    ) {
        let agent = agent.filter(|key| self.make_room_for(*key, at, most));
        if let Some(key) = agent {
            self.serving.retain(|serving| serving.agent != Some(key));
            if let Some(agent) = self.agent(key) {
                agent.busy = true;
                agent.logged_in = true;
                agent.last_active = at;
                agent.classes |= class.map_or(0, CallClass::bit);
            }
        }
        // Calls beyond the bound are not followed: there, the agents known already say enough.
        if self.serving.len() < most {
            let class = class.unwrap_or_default();
            self.serving.push(Serving { call, agent, class, since: at });
        }
    }

    /// A call ended; how many milliseconds it was handled, if it was known.
    pub(super) fn finished(&mut self, call: CallKey, at: Timestamp) -> Option<u64> {
        let place = self.serving.iter().position(|serving| serving.call == call)?;
        let Serving { agent, since, .. } = self.serving.swap_remove(place);
        let handled_ms = u64::try_from(at.since(since).as_millis()).unwrap_or(u64::MAX);
        if let Some(agent) = agent.and_then(|key| self.agent(key)) {
            agent.busy = false;
            agent.last_active = at;
            agent.handled_ms.push_back(u32::try_from(handled_ms).unwrap_or(u32::MAX));
            while agent.handled_ms.len() > CALLS_PER_AGENT {
                agent.handled_ms.pop_front();
            }
        }
        Some(handled_ms)
    }

    pub(super) fn logged_in(&mut self, key: AgentKey, at: Timestamp, most: usize) {
        self.roster = true;
        if self.make_room_for(key, at, most)
            && let Some(agent) = self.agent(key)
        {
            agent.logged_in = true;
            agent.last_active = at;
        }
    }

    pub(super) fn logged_out(&mut self, key: AgentKey) {
        self.roster = true;
        self.serving.retain(|serving| serving.agent != Some(key));
        self.known.retain(|agent| agent.key != key);
    }

    /// Forgets services that began before `oldest`: their end was never reported.
    pub(super) fn forget_before(&mut self, oldest: Timestamp) {
        if self.serving.iter().all(|serving| serving.since >= oldest) {
            return;
        }
        self.serving.retain(|serving| serving.since >= oldest);
        for agent in &mut self.known {
            agent.busy = self.serving.iter().any(|serving| serving.agent == Some(agent.key));
        }
    }

    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        let handled: usize = self.known.iter().map(|agent| agent.handled_ms.capacity()).sum();
        self.known.capacity() * size_of::<Agent>()
            + self.serving.capacity() * size_of::<Serving>()
            + handled * size_of::<u32>()
    }

    fn agent(&mut self, key: AgentKey) -> Option<&mut Agent> {
        self.known.iter_mut().find(|agent| agent.key == key)
    }

    /// Makes sure the agent is known, at the cost of whoever was idle longest; false when all are busy.
    fn make_room_for(&mut self, key: AgentKey, at: Timestamp, most: usize) -> bool {
        if self.agent(key).is_some() {
            return true;
        }
        if self.known.len() >= most {
            let idle = self.known.iter().enumerate().filter(|(_, agent)| !agent.busy);
            let Some((oldest, _)) = idle.min_by_key(|(_, agent)| (agent.logged_in, agent.last_active)) else {
                return false;
            };
            self.known.swap_remove(oldest);
        }
        // Room for what mode2 looks back at, taken once.
        let handled_ms = VecDeque::with_capacity(CALLS_PER_AGENT + 1);
        let agent = Agent { key, last_active: at, logged_in: true, busy: false, classes: 0, handled_ms };
        self.known.push(agent);
        true
    }
}
