//! What one node tells the others.

use ges_core::ewt::Observation;
use ges_core::{NodeId, ServiceName, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// One message. Members a later release adds are ignored, those an earlier one lacks are empty, so that releases
/// understand each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Message {
    pub node: NodeId,
    /// Counts the messages of a node from 1.
    pub seq: u64,
    /// The node leaves, and has given back what it held.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
    /// Tenants whose settings changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<TenantId>,
    /// What was seen in queues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<Seen>,
}

/// Something seen in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Seen {
    #[serde(rename = "t")]
    pub tenant: TenantId,
    #[serde(rename = "q")]
    pub queue: ServiceName,
    #[serde(rename = "at")]
    pub at: Timestamp,
    #[serde(rename = "o")]
    pub what: Observation,
}

impl Message {
    /// The message as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Plain data of ours always has a form in JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// A message; `None` for anything else that is said on the channel.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

#[cfg(test)]
mod tests {
    use ges_core::ewt::CallKey;

    use super::*;

    #[test]
    fn what_is_said_is_heard() {
        let message = Message {
            node: "n-1".into(),
            seq: 7,
            left: false,
            settings: vec!["acme".into()],
            seen: vec![Seen {
                tenant: "acme".into(),
                queue: "sales".into(),
                at: Timestamp::from_millis(5),
                what: Observation::entered(CallKey(u64::MAX)),
            }],
        };
        assert_eq!(Message::read(&message.to_bytes()), Some(message));
    }

    #[test]
    fn releases_understand_each_other_and_strangers_are_ignored() {
        let later = br#"{"node":"n","seq":1,"later":{"a":[]}}"#;
        assert!(Message::read(later).is_some_and(|message| message.seen.is_empty() && !message.left));
        for strange in [&b""[..], b"{}", b"hello", b"[1]", b"\xff"] {
            assert_eq!(Message::read(strange), None);
        }
    }

    #[test]
    fn an_idle_node_says_little() {
        let idle = Message { node: "n".into(), seq: 1, left: false, settings: Vec::new(), seen: Vec::new() };
        assert_eq!(idle.to_bytes(), br#"{"node":"n","seq":1}"#);
    }
}
