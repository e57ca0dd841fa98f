//! Click-to-call-in ([callback-domain §16.3](crate::rules), [callback-administration §9.3](crate::rules)).

use uuid::Uuid;

use super::{Engine, EngineError, Refusal};
use crate::callin::{
    CallInAsk, CallInRefused, CallInRequest, Caller, Chance, InboundCall, Match, TiedCallback, allocate,
    match_inbound,
};
use crate::id::{CallbackId, TenantId};
use crate::number::PhoneNumber;
use crate::port::{CallInChange, CallInGroupState, IdSource};
use crate::time::Timestamp;
use crate::user_data::UserData;

/// How often an allocation is decided anew when others take numbers meanwhile.
const TRIES: usize = 64;

/// A wish to call in.
#[derive(Clone, Debug)]
pub struct NewCallIn {
    /// Which group of numbers.
    pub group: String,
    /// The number the customer will call from, if known.
    pub from: Option<PhoneNumber>,
    /// The callback to tie the call to.
    pub callback: Option<CallbackId>,
    /// Data to attach to the call.
    pub user_data: UserData,
}

struct FromIds<'a>(&'a dyn IdSource);

impl Chance for FromIds<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }
}

impl Engine {
    /// Hands out a number, and where the group has codes a code. Durable when this answers.
    ///
    /// # Errors
    /// Unknown tenant, group or callback; no number free; the callback is finished.
    ///
    /// # Cancel safety
    /// Dropped before the store was asked to write, it has handed out nothing. Dropped later, a number may be taken of
    /// which nobody was told; it is free again when the request expires.
    pub async fn request_call_in(
        &self,
        tenant: &TenantId,
        wish: NewCallIn,
    ) -> Result<CallInRequest, EngineError> {
        let known = self.catalog.tenant(tenant).ok_or(Refusal::TenantUnknown)?;
        let group = known.settings().call_in_groups.get(&wish.group).cloned().ok_or(Refusal::GroupUnknown)?;
        let callback = match wish.callback {
            Some(id) => {
                let tied = self.load(tenant, id, self.now()).await?;
                Some(TiedCallback { id: id.0, completed: !tied.is_unfinished() })
            }
            None => None,
        };
        for _ in 0..TRIES {
            let now = self.now();
            let state = self.parts.call_ins.group(tenant, &wish.group).await?;
            let ask = CallInAsk {
                id: self.parts.ids.uuid(),
                from: wish.from.clone().map(Caller::new),
                callback,
                user_data: wish.user_data.clone(),
                turn: state.version,
            };
            let made = allocate(&group, &state.waiting, ask, now, &mut FromIds(&*self.parts.ids));
            let made = made.map_err(Refusal::CallIn)?;
            if self.commit_call_ins(tenant, &wish.group, &state, made.clone(), now).await? {
                return Ok(made);
            }
        }
        Err(Refusal::Contended.into())
    }

    /// Recognises an inbound call and consumes its request, so that a second call is not taken for the same. Answers
    /// what was found, and the request if there is one.
    ///
    /// # Errors
    /// Unknown tenant, or a failing store.
    ///
    /// # Cancel safety
    /// Dropped before the store was asked to write, it has consumed nothing. Dropped later, the request may be consumed
    /// without anybody having been told: the same call is then not recognised again.
    pub async fn recognise_call(
        &self,
        tenant: &TenantId,
        call: &InboundCall,
    ) -> Result<(Match, Option<CallInRequest>), EngineError> {
        let known = self.catalog.tenant(tenant).ok_or(Refusal::TenantUnknown)?;
        let settings = known.settings();
        let has_number = |numbers: &[crate::callin::ToNumber]| {
            numbers.iter().any(|number| number.comparison() == call.called)
        };
        let Some(group) = settings.call_in_groups.values().find(|group| has_number(group.numbers())) else {
            return Ok((Match::Nothing, None));
        };
        for _ in 0..TRIES {
            let now = self.now();
            let state = self.parts.call_ins.group(tenant, group.name()).await?;
            let found = match_inbound(&state.waiting, call, now);
            let Match::Found { id, .. } = found else { return Ok((found, None)) };
            let request = state.waiting.iter().find(|request| request.id == id).cloned();
            let Some(Ok(matched)) = request.map(|request| request.matched(now)) else {
                return Ok((Match::Nothing, None));
            };
            if self.commit_call_ins(tenant, group.name(), &state, matched.clone(), now).await? {
                return Ok((found, Some(matched)));
            }
        }
        Err(Refusal::Contended.into())
    }

    /// One call-in request.
    ///
    /// # Errors
    /// When the store fails.
    ///
    /// # Cancel safety
    /// May be dropped at any moment.
    pub async fn call_in(&self, tenant: &TenantId, id: Uuid) -> Result<Option<CallInRequest>, EngineError> {
        Ok(self.parts.call_ins.request(tenant, id).await?)
    }

    /// Writes one request, and those of the group that have expired, so that the waiting ones stay few.
    async fn commit_call_ins(
        &self,
        tenant: &TenantId,
        group: &str,
        state: &CallInGroupState,
        request: CallInRequest,
        now: Timestamp,
    ) -> Result<bool, EngineError> {
        let expired =
            state.waiting.iter().filter(|waiting| !waiting.is_live(now) && waiting.id != request.id);
        let mut requests: Vec<CallInRequest> = expired.cloned().map(|waiting| waiting.expired(now)).collect();
        requests.push(request);
        let change = CallInChange {
            tenant: tenant.clone(),
            group: group.to_owned(),
            expected: state.version,
            requests,
        };
        Ok(self.parts.call_ins.change(change).await?)
    }
}

impl From<CallInRefused> for EngineError {
    fn from(refused: CallInRefused) -> Self {
        Refusal::CallIn(refused).into()
    }
}
