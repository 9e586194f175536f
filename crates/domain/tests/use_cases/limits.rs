//! Limits on sends, and what a gateway's answer does to them.

use std::time::Duration;

use crate::answers::{begun, check, done, new, only, refusal, refused, start};
use domain::account::Username;
use domain::credential::Caller;
use domain::limit::LimitName;
use domain::policy::Policy;
use domain::ports::{Clock as _, SendAnswer};
use domain::refusal::Refusal;
use domain::testkit::{World, phone, start_request};
use domain::use_cases::{self, StartRequest, resend};
use domain::verification::DeliveryState;

const TEN_MINUTES: Duration = Duration::from_mins(10);
const A_DAY: Duration = Duration::from_hours(24);

/// What the counters hold: sends of phones in ten minutes and in a day, sends of accounts, phones of accounts.
fn counted(world: &World) -> [usize; 4] {
    let now = world.clock.now();
    let total = |name, window| world.counters.total(name, window, now);
    [
        total(LimitName::SendsPerPhone, TEN_MINUTES),
        total(LimitName::SendsPerPhone, A_DAY),
        total(LimitName::SendsPerAccount, A_DAY),
        total(LimitName::PhonesPerAccount, A_DAY),
    ]
}

async fn start_as(
    world: &World,
    key: &Caller,
    account: &str,
    number: &str,
) -> Result<use_cases::Answer<use_cases::Started>, use_cases::Failure> {
    let account = Username::parse(account).ok();
    let request = StartRequest { account, ..start_request(phone(number)) };
    use_cases::start(&world.verifier, key, request).await
}

/// What is told when the only gateway is not reached.
const fn unavailable() -> Refusal {
    Refusal::GatewayUnavailable { retry_after: Duration::from_secs(5) }
}

#[tokio::test]
async fn a_send_is_counted_where_it_belongs() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone("9841234567")).await;
    assert_eq!(counted(&world), [1, 1, 1, 1]);
    world.pass(Duration::from_mins(1));
    done(resend(&world.verifier, &ram, first.id).await);
    assert_eq!(counted(&world), [2, 2, 2, 1], "a resend is a send, to the same phone");
    begun(&world, &world.application(), phone("9841234567")).await;
    assert_eq!(counted(&world), [3, 3, 2, 1], "a send for no account is counted for the phone only");
}

#[tokio::test]
async fn a_refused_start_counts_nothing() {
    let world = World::new();
    let ram = world.user("ram").await;
    begun(&world, &ram, phone("9841234567")).await;
    let answer = start(&world, &ram, phone("9841234567")).await;
    assert!(matches!(refusal(answer), Refusal::ResendTooSoon { .. }));
    assert_eq!(counted(&world), [1, 1, 1, 1]);
}

#[tokio::test]
async fn one_phone_gets_five_sends_in_ten_minutes_over_all_applications() {
    let world = World::builder().application("shop", "Shop", Policy::default()).build();
    let (here, there) = (world.application(), world.application_of("shop"));
    for number in 0..5 {
        let key = if number % 2 == 0 { &here } else { &there };
        new(start_as(&world, key, &format!("account-{number}"), "9841234567").await);
        world.pass(Duration::from_secs(10));
    }
    let answer = refused(start_as(&world, &here, "account-5", "9841234567").await);
    let retry_after = Duration::from_secs(550);
    assert_eq!(
        answer,
        Refusal::RateLimited { retry_after }.into(),
        "it tells nothing of whose sends they were"
    );
    assert_eq!(world.gateway.sent().len(), 5);
    assert_eq!(world.store.verifications().len(), 5, "nothing is stored");
    new(start_as(&world, &here, "account-5", "9851234567").await);
    world.pass(retry_after);
    new(start_as(&world, &here, "account-5", "9841234567").await);
}

#[tokio::test]
async fn one_phone_gets_ten_sends_a_day() {
    let world = World::new();
    let key = world.application();
    for number in 0..10 {
        new(start_as(&world, &key, &format!("account-{number}"), "9841234567").await);
        world.pass(TEN_MINUTES);
    }
    let answer = start_as(&world, &key, "account-10", "9841234567").await;
    let retry_after = A_DAY.saturating_sub(10 * TEN_MINUTES);
    assert_eq!(refusal(answer), Refusal::RateLimited { retry_after });
}

#[tokio::test]
async fn one_account_gets_five_phones_a_day() {
    let world = World::new();
    let ram = world.user("ram").await;
    for number in 0..5 {
        begun(&world, &ram, phone(&format!("984123456{number}"))).await;
    }
    let answer = start(&world, &ram, phone("9841234565")).await;
    assert_eq!(refusal(answer), Refusal::RateLimited { retry_after: A_DAY });
    assert_eq!(counted(&world), [5, 5, 5, 5], "the refused send is counted nowhere");
    world.pass(TEN_MINUTES);
    begun(&world, &ram, phone("9841234560")).await;
}

#[tokio::test]
async fn one_account_gets_ten_sends_a_day() {
    let world = World::new();
    let ram = world.user("ram").await;
    for round in 0..2 {
        for number in 0..5 {
            begun(&world, &ram, phone(&format!("984123456{number}"))).await;
        }
        world.pass(TEN_MINUTES);
        assert_eq!(counted(&world)[2], 5 * (round + 1));
    }
    let answer = start(&world, &ram, phone("9841234560")).await;
    assert!(matches!(refusal(answer), Refusal::RateLimited { .. }));
    assert_eq!(world.gateway.sent().len(), 10);
}

#[tokio::test]
async fn an_sms_that_may_have_been_sent_counts_and_its_code_is_good() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.gateway.answer_next([SendAnswer::Unknown]);
    let begun = begun(&world, &ram, phone("9841234567")).await;
    assert_eq!(begun.delivery.state, DeliveryState::Unknown);
    assert_eq!(begun, only(&world));
    assert_eq!(counted(&world), [1, 1, 1, 1]);
    assert_eq!(begun.sends_left(), 3);
    assert!(matches!(refusal(start(&world, &ram, phone("9841234567")).await), Refusal::ResendTooSoon { .. }));
    assert!(done(check(&world.verifier, &ram, &begun, &world.right_code()).await).now);
}

#[tokio::test]
async fn an_sms_that_was_not_sent_is_given_back_and_may_be_tried_at_once() {
    for (answer, told) in
        [(SendAnswer::Refused, Refusal::GatewayRefused), (SendAnswer::NotSent, unavailable())]
    {
        let world = World::new();
        let ram = world.user("ram").await;
        for _ in 0..20 {
            world.gateway.answer_next([answer]);
            let refused = refused(start(&world, &ram, phone("9841234567")).await);
            assert_eq!(refused.refusal, told);
            let stored = only(&world);
            assert_eq!(
                refused.verification.as_deref(),
                Some(&stored),
                "the caller is told of his verification"
            );
            assert_eq!(stored.delivery.state, DeliveryState::Failed);
            assert_eq!((stored.sends_left(), stored.resend_at), (4, world.clock.now()));
            assert_eq!(counted(&world), [0, 0, 0, 1], "only that the account turned to this phone stays");
            world.pass(Duration::from_secs(1));
        }
        crate::answers::resent(start(&world, &ram, phone("9841234567")).await);
        assert_eq!(counted(&world), [1, 1, 1, 1]);
    }
}

#[tokio::test]
async fn a_receiver_that_is_refused_is_given_back_but_not_tried_at_once() {
    let world = World::new();
    let ram = world.user("ram").await;
    world.gateway.answer_always(SendAnswer::ReceiverRefused);
    let answer = refused(start(&world, &ram, phone("9841234567")).await);
    assert_eq!(answer.refusal, Refusal::DestinationUnsupported);
    assert_eq!(answer.verification.as_deref(), Some(&only(&world)));
    assert_eq!(counted(&world), [0, 0, 0, 1], "only that the account turned to this phone stays");
    assert_eq!(only(&world).sends_left(), 4);
    assert!(matches!(refusal(start(&world, &ram, phone("9841234567")).await), Refusal::ResendTooSoon { .. }));
    assert_eq!(world.gateway.sent().len(), 1);
}

#[tokio::test]
async fn a_resend_that_was_not_sent_gives_back_itself_and_nothing_else() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone("9841234567")).await;
    world.pass(Duration::from_mins(1));
    world.gateway.answer_next([SendAnswer::NotSent]);
    assert_eq!(refusal(resend(&world.verifier, &ram, first.id).await), unavailable());
    assert_eq!(counted(&world), [1, 1, 1, 1], "the first send was sent, and its phone stays counted");
    assert_eq!(only(&world).sends_left(), 3);
}

#[tokio::test]
async fn a_late_resend_that_was_not_sent_leaves_the_delivered_code_good() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone("9841234567")).await;
    let code = world.right_code();
    world.pass(Duration::from_mins(8));
    world.gateway.answer_next([SendAnswer::NotSent]);
    assert_eq!(refusal(resend(&world.verifier, &ram, first.id).await), unavailable());
    assert_eq!(only(&world).generation, first.generation);
    let target = domain::use_cases::CheckTarget::Id(first.id);
    let answer = domain::use_cases::check(&world.verifier, &ram, &target, &code).await;
    assert!(crate::answers::done(answer).now);
}

#[tokio::test]
async fn an_sms_says_how_long_its_code_still_lives() {
    let world = World::new();
    let ram = world.user("ram").await;
    let first = begun(&world, &ram, phone("9841234567")).await;
    world.pass(Duration::from_mins(6));
    crate::answers::done(resend(&world.verifier, &ram, first.id).await);
    let texts: Vec<_> = world.gateway.sent().into_iter().map(|sms| sms.text).collect();
    assert!(texts[0].contains("10 min") && texts[1].contains("4 min"), "{texts:?}");
}
