//! The clock, the randomness, and what can be said of all gateways.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::super::demand::kept;
use crate::ports::{Clock, Entropy, Sms, SmsGateway};

/// The contract of [`Clock`].
///
/// # Panics
/// When a promise is not kept.
pub fn clock(clock: &Arc<dyn Clock>) {
    for _ in 0..1000 {
        let now = clock.now();
        assert_eq!(now.subsec_nanosecond() % 1_000_000, 0, "a clock must show whole milliseconds");
    }
}

/// The contract of [`Entropy`].
///
/// # Panics
/// When a promise is not kept.
pub fn entropy(entropy: &Arc<dyn Entropy>) {
    let mut fills = BTreeSet::new();
    for _ in 0..1000 {
        let mut bytes = [0; 16];
        kept(entropy.fill(&mut bytes));
        assert!(fills.insert(bytes), "no two fills of 16 bytes may be the same");
    }

    // That a byte stays zero over 64 fills of an honest source has a chance of 2^-512.
    let mut touched = [false; 333];
    for _ in 0..64 {
        let mut bytes = [0_u8; 333];
        kept(entropy.fill(&mut bytes));
        for (touched, byte) in touched.iter_mut().zip(bytes) {
            *touched |= byte != 0;
        }
    }
    assert!(touched.iter().all(|touched| *touched), "a fill must reach every byte, whatever the length");

    kept(entropy.fill(&mut []));
}

/// What can be said of every [`SmsGateway`]: it answers `sms` within `bound`, whatever is behind it.
///
/// # Panics
/// When it does not.
pub async fn sms_gateway(gateway: Arc<dyn SmsGateway>, sms: &Sms, bound: Duration) {
    let answer = tokio::time::timeout(bound, gateway.send(sms, bound)).await;
    assert!(answer.is_ok(), "a gateway must answer within its stated time-out");
}
