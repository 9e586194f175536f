//! What is stored comes back as it was, field by field.

use std::time::Duration;

use super::super::super::demand::{kept, present};
use super::{Bench, code_lengths, final_states, today};
use crate::message::{AppHash, Locale, Origin};
use crate::phone::Phone;
use crate::ports::{Page, VerificationFilter};
use crate::time::{Timestamp, after};
use crate::verification::{
    Budget, Delivery, DeliveryState, MessageOptions, Purpose, State, Subject, Verification,
};

pub(super) async fn all(bench: &Bench<'_>) {
    every_field_comes_back(bench).await;
    every_final_state_comes_back(bench).await;
    every_delivery_state_comes_back(bench).await;
    every_length_of_a_code_comes_back(bench).await;
    every_size_of_phone_comes_back(bench).await;
    every_budget_comes_back(bench).await;
    every_message_comes_back(bench).await;
    every_millisecond_comes_back(bench).await;
    the_name_of_the_account_is_the_accounts(bench).await;
}

const SAME: &str = "what is stored must come back as it was";

/// Stores a new verification as it is, and looks at it from every side.
async fn comes_back(bench: &Bench<'_>, verification: &Verification) {
    bench.must_insert(verification).await;
    is_found(bench, verification).await;
}

async fn is_found(bench: &Bench<'_>, verification: &Verification) {
    assert_eq!(bench.reload(verification).await, *verification, "{SAME} (by id)");
    let standing = bench.standing(&verification.subject, today(verification)).await;
    assert_eq!(standing.latest.as_ref(), Some(verification), "{SAME} (by subject)");
    let filter =
        VerificationFilter { phone: Some(verification.subject.phone), ..VerificationFilter::default() };
    let listed = kept(bench.verifications.list(&filter, Page { before: None, limit: 1 }).await);
    assert_eq!(listed.first(), Some(verification), "{SAME} (in a listing)");
}

async fn every_field_comes_back(bench: &Bench<'_>) {
    for (purpose, odd) in Purpose::ALL.into_iter().zip(1_u32..) {
        let subject = Subject { purpose, ..bench.subject_with_account().await };
        let mut begun = bench.ground.verification(&subject);
        // Each field differs from the others and from what a default would be.
        let at =
            |seconds: u64| after(begun.created_at, Duration::from_millis(seconds * 1000 + u64::from(odd)));
        let (sent_at, resend_at, delivered_at, expires_at) = (at(61), at(182), at(63), at(599));
        begun.version = odd;
        begun.sent_at = sent_at;
        begun.resend_at = resend_at;
        begun.delivery = Delivery { number: odd + 6, state: DeliveryState::Unknown, at: delivered_at };
        begun.generation.expires_at = expires_at;
        begun.sends_used = odd + 1;
        begun.checks_used = odd;
        comes_back(bench, &begun).await;

        let mut next = begun.clone();
        next.version += 1;
        next.sent_at = at(185);
        next.resend_at = at(305);
        next.delivery = Delivery { number: odd + 7, state: DeliveryState::Failed, at: at(186) };
        next.generation = bench.ground.verification(&subject).generation;
        next.sends_used = odd + 2;
        next.checks_used = odd + 1;
        bench.must_save(&next, None).await;
        is_found(bench, &next).await;
    }
}

async fn every_final_state_comes_back(bench: &Bench<'_>) {
    for state in final_states(after(bench.ground.now(), Duration::from_millis(123_457))) {
        let begun = bench.begun(&bench.ground.subject()).await;
        let over = Verification { version: 1, state, ..begun };
        bench.must_save(&over, None).await;
        is_found(bench, &over).await;
    }
}

async fn every_delivery_state_comes_back(bench: &Bench<'_>) {
    for state in DeliveryState::ALL {
        let begun = bench.begun(&bench.ground.subject()).await;
        let at = bench.ground.now();
        let delivery = Delivery { number: u32::from(u16::MAX), state, at };
        let next = Verification { version: 1, delivery, ..begun };
        bench.must_save(&next, None).await;
        is_found(bench, &next).await;
    }
}

async fn every_length_of_a_code_comes_back(bench: &Bench<'_>) {
    for length in code_lengths() {
        let mut begun = bench.ground.verification(&bench.ground.subject());
        begun.generation.length = length;
        comes_back(bench, &begun).await;
    }
}

async fn every_size_of_phone_comes_back(bench: &Bench<'_>) {
    let tail = bench.ground.phone().digits();
    for digits in [
        10_000_000 + tail % 89_999_999,
        9_779_800_000_000 + tail % 100_000_000,
        900_000_000_000_000 + tail % 99_999_999_999_999,
    ] {
        let phone = present(Phone::from_digits(digits), "8 to 15 digits are a phone");
        let subject = Subject { phone, ..bench.ground.subject() };
        comes_back(bench, &bench.ground.verification(&subject)).await;
    }
}

async fn every_budget_comes_back(bench: &Bench<'_>) {
    let seconds = Duration::from_secs;
    let budgets = [
        (seconds(60), Duration::ZERO, 1, vec![seconds(30)]),
        (seconds(599), seconds(61), 5, vec![seconds(3600), seconds(31), seconds(30)]),
        (
            seconds(600),
            seconds(180),
            3,
            vec![seconds(30), seconds(31), seconds(60), seconds(301), seconds(3599)],
        ),
        (Duration::from_millis(60_500), Duration::from_millis(1_001), 2, vec![Duration::from_millis(45_001)]),
    ];
    for (lifetime, renew_below, checks_max, cooldowns) in budgets {
        let mut begun = bench.ground.verification(&bench.ground.subject());
        begun.budget = Budget { lifetime, renew_below, checks_max, cooldowns: cooldowns.into() };
        comes_back(bench, &begun).await;
    }
}

async fn every_message_comes_back(bench: &Bench<'_>) {
    let app_hash = present(AppHash::parse("FA+9q/X9VSu").ok(), "eleven letters of base64 are an app hash");
    let origin = present(Origin::parse("https://shop.example.com").ok(), "a host behind https is an origin");
    for locale in [Locale::English, Locale::Nepali] {
        for app_hash in [None, Some(&app_hash)] {
            for origin in [None, Some(&origin)] {
                let mut begun = bench.ground.verification(&bench.ground.subject());
                begun.message =
                    MessageOptions { locale, app_hash: app_hash.cloned(), origin: origin.cloned() };
                comes_back(bench, &begun).await;
                let plain = MessageOptions { locale: Locale::English, app_hash: None, origin: None };
                let changed = Verification { version: 1, message: plain, ..begun };
                bench.must_save(&changed, None).await;
                is_found(bench, &changed).await;
            }
        }
    }
}

async fn every_millisecond_comes_back(bench: &Bench<'_>) {
    for millisecond in [0, 1, 9, 99, 100, 500, 998, 999] {
        let second = bench.ground.now().as_second();
        let at = present(Timestamp::from_millisecond(second * 1000 + millisecond).ok(), "it is an instant");
        let begun = bench.ground.verification_at(&bench.ground.subject(), at);
        comes_back(bench, &begun).await;
        let over = Verification { version: 1, state: State::Approved { at }, ..begun };
        bench.must_save(&over, None).await;
        is_found(bench, &over).await;
    }
}

async fn the_name_of_the_account_is_the_accounts(bench: &Bench<'_>) {
    let subject = bench.subject_with_account().await;
    let named = bench.ground.verification(&subject);
    assert!(named.username.is_some(), "the subject has an account");
    let unnamed = Verification { username: None, ..named.clone() };
    bench.must_insert(&unnamed).await;
    is_found(bench, &named).await;

    let next = Verification { version: 1, checks_used: 1, ..named };
    bench.must_save(&Verification { username: None, ..next.clone() }, None).await;
    is_found(bench, &next).await;
}
