//! Typed identifiers. Owns their making from an instant and random bits; never draws those itself.

use std::fmt;

use uuid::Uuid;

use crate::ports::{Entropy, PortError};
use crate::time::Timestamp;

/// Makes a `UUIDv7` (RFC 9562 5.7): the instant in front, so that ids sort by age, and 74 random bits behind.
///
/// # Errors
/// [`PortError`] when the source of randomness does not answer.
fn uuid_v7(now: Timestamp, entropy: &dyn Entropy) -> Result<Uuid, PortError> {
    let mut random = [0; 10];
    entropy.fill(&mut random)?;
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, made at `now`.
            ///
            /// # Errors
            /// [`PortError`] when the source of randomness does not answer.
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Result<Self, PortError> {
                uuid_v7(now, entropy).map(Self)
            }

            /// The id with this UUID: for adapters that load what was stored.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// Reads the hyphenated form, in either case (some platforms write it in capitals).
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                // `Uuid` also reads braced, URN and simple forms, of other lengths.
                (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id! {
    /// Names a verification. Not a secret: whoever reads one is authorised each time.
    VerificationId
}
id! {
    /// Names an account.
    AccountId
}
id! {
    /// Names a key or a user token; never the secret itself.
    CredentialId
}
id! {
    /// Names a block or an entry of an allow-list.
    BlockId
}
id! {
    /// Names an event; receivers know by it what they have had already.
    EventId
}
id! {
    /// Names the delivery of an event to a webhook.
    WebhookDeliveryId
}
id! {
    /// Names a process that adds to the statistics.
    StatisticWriterId
}
id! {
    /// Names an attempt to hand an SMS to a gateway.
    DeliveryId
}
