//! Which number and code a request gets.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{AccessCode, Allocation, CallInGroup, CallInRequest, CallInState, Caller, ToNumber};
use crate::Timestamp;
use crate::number::ComparisonNumber;
use crate::user_data::UserData;

/// A source of chance. Codes are only as secret as this is unpredictable: hosts give a cryptographic generator, tests a
/// counter.
pub trait Chance {
    /// A number below `bound`, each with the same chance; `bound` is at least 1.
    fn below(&mut self, bound: u64) -> u64;
}

impl<F: FnMut(u64) -> u64> Chance for F {
    fn below(&mut self, bound: u64) -> u64 {
        self(bound)
    }
}

/// What a customer asks for.
#[derive(Clone, Debug)]
pub struct CallInAsk {
    /// The id the request will have.
    pub id: Uuid,
    /// The number the customer will call from, if given.
    pub from: Option<Caller>,
    /// The callback to tie the call to, if given; the caller has looked it up.
    pub callback: Option<TiedCallback>,
    /// Data to attach to the call.
    pub user_data: UserData,
    /// How many requests the group has been asked for before; decides whose turn it is in round-robin order.
    pub turn: u64,
}

/// A callback a request is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TiedCallback {
    /// Its id.
    pub id: Uuid,
    /// Whether it is COMPLETED.
    pub completed: bool,
}

/// Why no request is made ([engagement-api-v3 §3.8](crate::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallInRefused {
    /// The group takes no requests.
    #[error("the call-in group takes no requests at present")]
    Disabled,
    /// The callback it is to be tied to is over.
    #[error("the callback is completed")]
    CallbackCompleted,
    /// Every number, or every code of every number, is taken.
    #[error(
        "no number available in the call-in group; one becomes free when a request is matched or expires"
    )]
    NoNumber,
}

/// Gives a request its number and, where the group has codes, its code ([callback-administration §9.3](crate::rules)).
///
/// With codes, many requests share a number and the code is unique among the live ones on it. Without, a number and
/// the number of its caller are live together once, and a request that does not say who will call has the number to
/// itself. `requests` are at least all waiting ones on the group's numbers; dead ones among them are ignored.
///
/// Two draws of `chance` at most: one for the number, one for the code, whatever is taken already.
///
/// # Errors
///
/// [`CallInRefused`].
pub fn allocate<'r>(
    group: &CallInGroup,
    requests: impl IntoIterator<Item = &'r CallInRequest>,
    ask: CallInAsk,
    now: Timestamp,
    chance: &mut dyn Chance,
) -> Result<CallInRequest, CallInRefused> {
    if !group.is_enabled() {
        return Err(CallInRefused::Disabled);
    }
    if ask.callback.is_some_and(|callback| callback.completed) {
        return Err(CallInRefused::CallbackCompleted);
    }
    let mut taken: BTreeMap<ToNumber, Taken> = BTreeMap::new();
    for request in requests.into_iter().filter(|request| request.is_live(now)) {
        taken.entry(request.to).or_default().add(request);
    }
    let from = ask.from.as_ref().map(|caller| caller.comparison);
    let nothing = Taken::default();
    let is_free = |number: &ToNumber| {
        let taken = taken.get(number).unwrap_or(&nothing);
        match group.code_length() {
            Some(length) => taken.free_codes(length) > 0,
            None => taken.leaves_room_for(from),
        }
    };
    let to = choose(group, is_free, ask.turn, chance).ok_or(CallInRefused::NoNumber)?;
    let code = match group.code_length() {
        Some(length) => {
            Some(taken.get(&to).unwrap_or(&nothing).draw(length, chance).ok_or(CallInRefused::NoNumber)?)
        }
        None => None,
    };
    Ok(CallInRequest {
        id: ask.id,
        group: group.name().to_owned(),
        to,
        from: ask.from,
        code,
        callback_id: ask.callback.map(|callback| callback.id),
        user_data: ask.user_data,
        created_at: now,
        expires_at: now + group.expiry(),
        state: CallInState::Waiting,
    })
}

/// One of the free numbers: any, or the first from the one whose turn it is.
fn choose(
    group: &CallInGroup,
    is_free: impl Fn(&ToNumber) -> bool,
    turn: u64,
    chance: &mut dyn Chance,
) -> Option<ToNumber> {
    let numbers = group.numbers();
    match group.allocation() {
        Allocation::Random => {
            let free: Vec<ToNumber> = numbers.iter().copied().filter(is_free).collect();
            free.get(draw_index(free.len(), chance)?).copied()
        }
        Allocation::RoundRobin => {
            // Both casts keep the value: a group has at most 100 numbers.
            let first = turn.checked_rem(numbers.len() as u64)? as usize;
            numbers.iter().cycle().skip(first).take(numbers.len()).copied().find(|number| is_free(number))
        }
    }
}

fn draw_index(length: usize, chance: &mut dyn Chance) -> Option<usize> {
    let bound = u64::try_from(length).ok().filter(|&bound| bound > 0)?;
    // The remainder keeps a source of chance that does not know its bound from choosing nothing.
    usize::try_from(chance.below(bound) % bound).ok()
}

/// What the live requests on one number have taken of it.
#[derive(Default)]
struct Taken {
    codes: BTreeSet<u32>,
    callers: BTreeSet<ComparisonNumber>,
    exclusively: bool,
}

impl Taken {
    fn add(&mut self, request: &CallInRequest) {
        match (request.code, &request.from) {
            (Some(code), _) => _ = self.codes.insert(code.value()),
            (None, Some(from)) => _ = self.callers.insert(from.comparison),
            (None, None) => self.exclusively = true,
        }
    }

    fn leaves_room_for(&self, from: Option<ComparisonNumber>) -> bool {
        match from {
            Some(from) => !self.exclusively && !self.callers.contains(&from),
            None => !self.exclusively && self.callers.is_empty(),
        }
    }

    fn taken_codes(&self, length: u8) -> impl Iterator<Item = u32> {
        let (first, count) = AccessCode::range(length);
        self.codes.range(first..first.saturating_add(count)).copied()
    }

    fn free_codes(&self, length: u8) -> u32 {
        let (_, count) = AccessCode::range(length);
        let taken = u32::try_from(self.taken_codes(length).count()).unwrap_or(u32::MAX);
        count.saturating_sub(taken)
    }

    /// A free code, each with the same chance. The draw is a rank among the free codes; walking over the taken ones in
    /// order turns the rank into the code.
    fn draw(&self, length: u8, chance: &mut dyn Chance) -> Option<AccessCode> {
        let (first, _) = AccessCode::range(length);
        let rank = draw_index(usize::try_from(self.free_codes(length)).ok()?, chance)?;
        let mut code = first.saturating_add(u32::try_from(rank).ok()?);
        for taken in self.taken_codes(length) {
            if taken > code {
                break;
            }
            code = code.saturating_add(1);
        }
        AccessCode::from_value(code)
    }
}
