//! What a host asks for when it books, and what it is answered.

use serde_json::{Value, json};

use crate::callback::{Callback, Fingerprint, OfferType, Request};
use crate::id::{CallbackId, ServiceName};
use crate::number::PhoneNumber;
use crate::time::Timestamp;

/// A wish to be called back.
#[derive(Clone, Debug)]
pub struct NewCallback {
    /// The id the callback shall have; one of the engine's making when absent. A booking under an id can be repeated: see
    /// [`Engine::book`](super::Engine::book). It must be as hard to guess as any other, since it names the callback.
    pub id: Option<CallbackId>,
    /// Which callback service.
    pub service: ServiceName,
    /// When; as soon as possible when absent.
    pub desired: Option<Timestamp>,
    /// Whether to insist on a place in the slot of the desired time.
    pub always_check_capacity: bool,
    /// What kind of offer was accepted; follows from `desired` when absent.
    pub offer_type: Option<OfferType>,
    /// Proof of being human, where the tenant demands one.
    pub captcha_token: Option<String>,
    /// Everything that is kept with the record. Its direction and offer type are set by the engine.
    pub request: Request,
}

impl NewCallback {
    /// A wish for a callback in turn.
    pub fn immediate(service: impl Into<ServiceName>, number: PhoneNumber) -> Self {
        NewCallback {
            id: None,
            service: service.into(),
            desired: None,
            always_check_capacity: false,
            offer_type: None,
            captcha_token: None,
            request: Request::new(number),
        }
    }

    /// A wish for a callback at a chosen time.
    pub fn scheduled(service: impl Into<ServiceName>, number: PhoneNumber, desired: Timestamp) -> Self {
        NewCallback { desired: Some(desired), ..Self::immediate(service, number) }
    }

    /// What tells this wish from others: everything that was asked for. Not its id, not the proof of being human, which is
    /// another one at each try, and not what the engine sets. A release that adds something to ask for changes no
    /// fingerprint, because what is absent leaves no trace.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        // Every field is named here, so that a new one cannot be forgotten.
        let NewCallback {
            id: _,
            service,
            desired,
            always_check_capacity,
            offer_type,
            captcha_token: _,
            request,
        } = self;
        let Request {
            number,
            offer_type: _,
            language,
            direction: _,
            inbound_vq,
            offer_threshold_secs,
            channel,
            offer_timing,
            origination_ixn_id,
            overrides,
            push_targets,
            user_data,
        } = request;
        let mut wish = json!({
            "service": service,
            "desired": desired,
            "strict": always_check_capacity.then_some(true),
            "offer": offer_type,
            "number": number,
            "language": language,
            "inbound": inbound_vq,
            "threshold": offer_threshold_secs,
            "channel": channel,
            "timing": offer_timing,
            "origin": origination_ixn_id,
            "overrides": (!overrides.is_empty()).then_some(overrides),
            "push": (!push_targets.is_empty()).then_some(push_targets),
            "data": (!user_data.is_empty()).then_some(user_data),
        });
        if let Value::Object(members) = &mut wish {
            members.retain(|_, value| !value.is_null());
        }
        // Does nothing unless a host has switched on that JSON keeps the order in which it was sent.
        wish.sort_all_objects();
        Fingerprint::of(&wish.to_string())
    }
}

/// An accepted callback: durable before this is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The record as it stands now.
    pub callback: Callback,
    /// Whether the wish had been accepted before, under the id it carries. Then nothing was judged, counted, taken or
    /// written now.
    pub repeated: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::callback::{Direction, OfferTiming, Override, PushTarget};
    use crate::user_data::UserData;

    fn wish() -> NewCallback {
        let desired = "2031-03-04T16:00:00Z".parse().unwrap();
        NewCallback::scheduled("Sales", "+1 519 555 0123".parse().unwrap(), desired)
    }

    /// The wish with something else about it.
    fn but(change: impl FnOnce(&mut NewCallback)) -> NewCallback {
        let mut wish = wish();
        change(&mut wish);
        wish
    }

    fn user_data(text: &str) -> UserData {
        Value::String(text.to_owned()).try_into().unwrap()
    }

    #[test]
    fn whatever_is_asked_for_makes_another_wish() {
        let text = || Some("x".to_owned());
        let overriding = |overrides| but(|wish| wish.request.overrides = overrides);
        let pushing = |targets: &[(&str, &str)]| {
            let target = |(channel, target): &(&str, &str)| PushTarget {
                channel: (*channel).to_owned(),
                target: (*target).to_owned(),
            };
            but(|wish| wish.request.push_targets = targets.iter().map(target).collect())
        };
        let carrying = |text| but(|wish| wish.request.user_data = user_data(text));
        let wishes = [
            wish(),
            but(|wish| wish.service = "Support".into()),
            but(|wish| wish.desired = None),
            but(|wish| wish.desired = Some("2031-03-04T16:00:00.001Z".parse().unwrap())),
            but(|wish| wish.always_check_capacity = true),
            but(|wish| wish.offer_type = Some(OfferType::Scheduled)),
            but(|wish| wish.request.number = "15195550123".parse().unwrap()),
            but(|wish| wish.request.language = "fr-CA".to_owned()),
            but(|wish| wish.request.inbound_vq = text()),
            but(|wish| wish.request.offer_threshold_secs = Some(0)),
            but(|wish| wish.request.channel = text()),
            but(|wish| wish.request.offer_timing = Some(OfferTiming::OnHours)),
            but(|wish| wish.request.origination_ixn_id = text()),
            overriding(Override { route_point: text(), ..Override::default() }),
            overriding(Override { survey_route_point: text(), ..Override::default() }),
            overriding(Override { priority: Some(1), ..Override::default() }),
            pushing(&[("FCM", "a")]),
            pushing(&[("FCM", "a"), ("FCM", "b")]),
            pushing(&[("FCM", "b"), ("FCM", "a")]),
            carrying(r#"{"a":"bc"}"#),
            carrying(r#"{"ab":"c"}"#),
            carrying(r#"{"a":[1,2]}"#),
            carrying(r#"{"a":[2,1]}"#),
        ];
        for (place, one) in wishes.iter().enumerate() {
            for other in &wishes[..place] {
                assert_ne!(one.fingerprint(), other.fingerprint(), "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn what_was_not_asked_for_makes_none() {
        let same = but(|wish| {
            wish.id = Some(CallbackId(uuid::Uuid::max()));
            wish.captcha_token = Some("solved again".to_owned());
            wish.request.direction = Direction::UserOriginated;
            wish.request.offer_type = OfferType::CombinedScheduledAndAsap;
        });
        assert_eq!(same.fingerprint(), wish().fingerprint());
    }

    #[test]
    fn it_is_the_same_in_every_release() {
        let known: Fingerprint = serde_json::from_str("\"f95a3b87-1a7a-5680-829b-e1096553037b\"").unwrap();
        let all = but(|wish| wish.request.user_data = user_data(r#"{"order":{"b":1,"a":[null,0.5]}}"#));
        assert_eq!(all.fingerprint(), known, "{}", serde_json::to_string(&all.fingerprint()).unwrap());
    }

    proptest! {
        #[test]
        fn the_order_in_which_user_data_was_sent_does_not_count(
            entries in prop::collection::btree_map("[a-z]{1,4}", ".{0,4}", 0..6),
        ) {
            let object = |entries: Vec<(&String, &String)>| {
                let members = entries.iter().map(|(name, text)| format!("{name:?}:{}", json!(text)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            };
            let carrying = |text: String| but(|wish| wish.request.user_data = user_data(&text));
            let (there, back) = (object(entries.iter().collect()), object(entries.iter().rev().collect()));
            prop_assert_eq!(carrying(there).fingerprint(), carrying(back).fingerprint());
        }
    }
}
