//! A type for every name and id, so that one cannot be passed for another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Declares a cheap-to-clone name: any text, compared byte for byte.
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                $name(text.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name! {
    /// A tenant: the contact-centre id, CCID ([callback-domain §2](crate::rules)). Every key in every store begins with
    /// it.
    TenantId
}
name! {
    /// A callback service, which is also the name of its callback virtual queue ([callback-domain §2](crate::rules)).
    ServiceName
}
name! {
    /// Who holds a lease: one running process, fresh at every start, so that a restarted node is a new owner.
    NodeId
}

/// The opaque id of one callback: a UUID, unique per tenant ([callback-domain §2](crate::rules),
/// [engagement-api-v3 §3.1](crate::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallbackId(pub Uuid);

impl fmt::Display for CallbackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl std::str::FromStr for CallbackId {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        // Only the hyphenated form is an id; either letter case names the same callback.
        if text.len() != 36 {
            return Err(NotAnId);
        }
        Uuid::try_parse(text).map(CallbackId).map_err(|_| NotAnId)
    }
}

/// A text that is not a hyphenated UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: a hyphenated UUID such as b3f2b6a4-7a53-4f0a-8f6e-2f4b7c1d9e10 is expected")]
pub struct NotAnId;
