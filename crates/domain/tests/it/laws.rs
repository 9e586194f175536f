//! Laws of the decision: whatever happens to a verification in whatever order, these hold.

use std::time::Duration;

use domain::application::ApplicationId;
use domain::code::{CodeLength, Nonce, PepperId};
use domain::deliverability::Pace;
use domain::id::{AccountId, VerificationId};
use domain::message::Locale;
use domain::phone::Phone;
use domain::policy::{COOLDOWN_MIN, Policy};
use domain::route::RouteName;
use domain::time::{Timestamp, after};
use domain::verification::step::DeliveryReport;
use domain::verification::{
    Budget, Command, DeliveryState, Effect, MessageOptions, Outcome, Purpose, Seed, State, Subject,
    Verification, open, step,
};
use proptest::prelude::*;
use uuid::Uuid;

const START: i64 = 1_800_000_000;

fn instant(millis_after_start: u64) -> Timestamp {
    after(Timestamp::from_second(START).unwrap(), Duration::from_millis(millis_after_start))
}

fn seed(number: u8) -> Seed {
    Seed {
        nonce: Nonce::from_bytes([number; 16]),
        pepper: PepperId::from_bytes([1; 8]),
        length: CodeLength::SIX,
    }
}

fn begun() -> Verification {
    let subject = Subject {
        application: ApplicationId::default_application(),
        account: Some(AccountId::from_uuid(Uuid::from_u128(7))),
        phone: Phone::from_digits(9_779_841_234_567).unwrap(),
        purpose: Purpose::Contact,
    };
    let message = MessageOptions { locale: Locale::English, app_hash: None, origin: None };
    let id = VerificationId::from_uuid(Uuid::from_u128(9));
    open(id, subject, None, message, Budget::of(&Policy::default()), seed(0), instant(0))
}

fn command() -> impl Strategy<Value = Command> {
    let report = prop_oneof![
        Just(DeliveryReport::Sent),
        Just(DeliveryReport::Unknown),
        Just(DeliveryReport::NotSent),
        Just(DeliveryReport::ReceiverRefused),
    ];
    let pace = prop_oneof![Just(Pace::Usual), Just(Pace::Early)];
    prop_oneof![
        Just(Command::Settle),
        (any::<u8>(), prop::bool::weighted(0.9))
            .prop_map(|(number, pepper_known)| Command::Resend { seed: seed(number), pepper_known }),
        (1_u32..8, report, pace).prop_map(|(number, report, pace)| Command::RecordDelivery {
            number,
            report,
            replaced: None,
            sent_before: None,
            route: RouteName::parse("nepal"),
            pace,
        }),
        prop::bool::weighted(0.2).prop_map(|matches| Command::Check { matches }),
        prop::bool::weighted(0.2).prop_map(|matches| Command::Check { matches }),
        Just(Command::RejectTaken),
        Just(Command::Lock),
        Just(Command::Cancel),
    ]
}

/// Commands, each some milliseconds after the one before; often at the edges of waits and lives.
fn history() -> impl Strategy<Value = Vec<(u64, Command)>> {
    let wait = prop_oneof![
        3 => 0_u64..5_000,
        3 => Just(60_000_u64),
        2 => Just(120_000_u64),
        1 => Just(300_000_u64),
        1 => Just(599_999_u64),
        1 => Just(600_000_u64),
        1 => 0_u64..1_000_000,
    ];
    prop::collection::vec((wait, command()), 0..40)
}

/// Plays a history and shows every step, with the verification before it.
fn play(
    history: &[(u64, Command)],
    mut each: impl FnMut(&Verification, Command, Timestamp, &domain::verification::Step),
) {
    let mut current = begun();
    let mut elapsed = 0;
    for (wait, command) in history {
        elapsed += wait;
        let now = instant(elapsed);
        let decided = step(&current, command.clone(), now);
        each(&current, command.clone(), now, &decided);
        current = decided.next;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn final_is_final(history in history()) {
        play(&history, |before, _, _, decided| {
            if before.state != State::Pending {
                assert_eq!(before.state, decided.next.state);
                assert_ne!(decided.outcome, Outcome::Approved);
            }
        });
    }

    #[test]
    fn a_verification_is_approved_at_most_once_and_only_by_a_right_code_within_its_life(history in history()) {
        let mut approvals = 0;
        play(&history, |before, command, now, decided| {
            if decided.outcome == Outcome::Approved {
                approvals += 1;
                assert_eq!(command, Command::Check { matches: true });
                assert!(now < before.generation.expires_at);
                assert_eq!(decided.next.state, State::Approved { at: now });
                assert_eq!(decided.effect, Some(Effect::Bind));
            }
        });
        assert!(approvals <= 1);
    }

    #[test]
    fn wrong_checks_never_exceed_the_budget(history in history()) {
        let mut wrong = 0;
        play(&history, |before, _, _, decided| {
            if matches!(decided.outcome, Outcome::CodeIncorrect | Outcome::PhoneTaken) {
                wrong += 1;
            }
            assert!(decided.next.checks_used >= before.checks_used, "checks are never given back");
            assert!(decided.next.checks_used <= decided.next.budget.checks_max + 1);
        });
        assert!(wrong <= 5, "{wrong} wrong checks");
    }

    #[test]
    fn a_resend_never_refills_the_checks(history in history()) {
        play(&history, |before, command, _, decided| {
            if matches!(command, Command::Resend { .. }) {
                assert_eq!(before.checks_used, decided.next.checks_used);
            }
        });
    }

    #[test]
    fn sends_keep_their_number_and_their_distance(history in history()) {
        let mut last_send = instant(0);
        let (mut excused, mut early) = (false, false);
        play(&history, |before, command, now, decided| {
            assert!(decided.next.sends_used <= decided.next.budget.sends_max());
            if decided.outcome == Outcome::SendDue {
                let Some(Effect::Send { number }) = decided.effect else { panic!("a send that is due is an effect") };
                assert_eq!(number, before.delivery.number + 1);
                let waited = now.duration_since(last_send);
                let least = if early { 30 } else { 60 };
                assert!(excused || waited >= jiff::SignedDuration::from_secs(least), "{waited:?}");
                last_send = now;
                (excused, early) = (false, false);
            }
            // Only a send that certainly did not happen, and not because of the receiver, spares the wait. One that did, by a
            // route that is slow or lossy, halves it.
            if let Command::RecordDelivery { report, pace, .. } = command {
                let sent = matches!(report, DeliveryReport::Sent | DeliveryReport::Unknown);
                early |= sent && pace == Pace::Early && decided.outcome == Outcome::DeliveryRecorded;
                excused |= decided.outcome == Outcome::DeliveryRecorded && report == DeliveryReport::NotSent;
                let eased = decided.next.resend_at < before.resend_at;
                assert!(!eased || early || report == DeliveryReport::NotSent, "{report:?} spared the wait");
                assert!(!(eased && sent) || decided.next.resend_at >= after(before.sent_at, COOLDOWN_MIN));
            }
        });
    }

    #[test]
    fn at_the_instant_of_its_end_a_code_is_dead(history in history()) {
        play(&history, |before, command, now, decided| {
            if before.state == State::Pending && now >= before.generation.expires_at {
                assert!(matches!(decided.next.state, State::Expired { .. }), "{:?}", decided.next.state);
                assert!(!matches!(decided.outcome, Outcome::Approved | Outcome::CodeIncorrect | Outcome::SendDue), "{command:?}");
            }
        });
    }

    #[test]
    fn a_generation_keeps_its_code_until_a_resend_replaces_it(history in history()) {
        play(&history, |before, command, now, decided| {
            if before.generation != decided.next.generation {
                assert!(matches!(command, Command::Resend { .. }));
                assert_eq!(decided.outcome, Outcome::SendDue);
                assert_eq!(decided.next.generation.expires_at, after(now, Duration::from_mins(10)));
            }
        });
    }

    #[test]
    fn the_version_counts_changes_and_nothing_else(history in history()) {
        play(&history, |before, _, _, decided| {
            let mut with_old_version = decided.next.clone();
            with_old_version.version = before.version;
            let changed = with_old_version != *before;
            assert_eq!(decided.next.version, before.version + u32::from(changed));
        });
    }

    #[test]
    fn what_a_verification_is_about_never_changes(history in history()) {
        play(&history, |before, _, _, decided| {
            assert_eq!(&before.id, &decided.next.id);
            assert_eq!(&before.subject, &decided.next.subject);
            assert_eq!(&before.budget, &decided.next.budget);
            assert_eq!(before.created_at, decided.next.created_at);
        });
    }

    #[test]
    fn a_delivery_is_answered_once(history in history()) {
        play(&history, |before, command, _, decided| {
            if matches!(command, Command::RecordDelivery { .. }) && decided.outcome == Outcome::DeliveryRecorded {
                assert_eq!(before.delivery.state, DeliveryState::Sending);
                assert_ne!(decided.next.delivery.state, DeliveryState::Sending);
            }
        });
    }

    #[test]
    fn deciding_twice_is_deciding_the_same(history in history()) {
        play(&history, |before, command, now, decided| {
            assert_eq!(&step(before, command, now), decided);
        });
    }
}

#[test]
fn one_millisecond_before_its_end_a_code_is_good() {
    let verification = begun();
    let right = Command::Check { matches: true };
    assert_eq!(step(&verification, right.clone(), instant(599_999)).outcome, Outcome::Approved);
    let late = step(&verification, right, instant(600_000));
    assert_eq!(late.outcome, Outcome::Final(State::Expired { at: instant(600_000) }));
}

#[test]
fn a_resend_with_little_life_left_begins_a_new_code_and_the_used_checks_stay_used() {
    let mut current = begun();
    for _ in 0..3 {
        current = step(&current, Command::Check { matches: false }, instant(1_000)).next;
    }
    let early = step(&current, Command::Resend { seed: seed(1), pepper_known: true }, instant(60_000)).next;
    assert_eq!(early.generation, current.generation, "the code is the same while it has life");
    let late = step(&current, Command::Resend { seed: seed(1), pepper_known: true }, instant(420_001)).next;
    assert_ne!(late.generation.nonce, current.generation.nonce);
    assert_eq!(late.checks_left(), 2);
}

#[test]
fn the_last_wrong_check_locks_and_then_even_the_right_code_is_refused() {
    let mut current = begun();
    for left in (0..5).rev() {
        let decided = step(&current, Command::Check { matches: false }, instant(1));
        assert_eq!(decided.outcome, Outcome::CodeIncorrect);
        assert_eq!(decided.next.checks_left(), left);
        current = decided.next;
    }
    assert_eq!(current.state, State::Locked { at: instant(1) });
    assert_eq!(step(&current, Command::Check { matches: true }, instant(2)).outcome, Outcome::TooManyChecks);
}

#[test]
fn an_approved_verification_is_no_place_to_guess() {
    let mut current = step(&begun(), Command::Check { matches: true }, instant(1)).next;
    for _ in 0..5 {
        let decided = step(&current, Command::Check { matches: false }, instant(2));
        assert_eq!(decided.outcome, Outcome::CodeIncorrect);
        current = decided.next;
    }
    assert_eq!(step(&current, Command::Check { matches: true }, instant(3)).outcome, Outcome::TooManyChecks);
}

#[test]
fn a_right_code_at_the_last_check_can_be_repeated() {
    let mut current = begun();
    for _ in 0..4 {
        current = step(&current, Command::Check { matches: false }, instant(1)).next;
    }
    let approved = step(&current, Command::Check { matches: true }, instant(2));
    assert_eq!(approved.outcome, Outcome::Approved);
    let again = step(&approved.next, Command::Check { matches: true }, instant(3));
    assert_eq!(again.outcome, Outcome::ApprovedBefore);
    assert_eq!(again.next, approved.next);
}

#[test]
fn a_failed_send_is_given_back_and_a_refused_receiver_still_waits() {
    let failed = |report| {
        step(
            &begun(),
            Command::RecordDelivery {
                number: 1,
                report,
                replaced: None,
                sent_before: None,
                route: None,
                pace: Pace::Early,
            },
            instant(500),
        )
    };
    let not_sent = failed(DeliveryReport::NotSent);
    assert_eq!(not_sent.effect, Some(Effect::Refund));
    assert_eq!((not_sent.next.sends_left(), not_sent.next.resend_at), (4, instant(500)));
    let refused = failed(DeliveryReport::ReceiverRefused);
    assert_eq!(refused.effect, Some(Effect::Refund));
    assert_eq!((refused.next.sends_left(), refused.next.resend_at), (4, instant(60_000)));
}
