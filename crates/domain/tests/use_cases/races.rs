//! Many at once.

use std::sync::Arc;
use std::time::Duration;

use crate::answers::{begun, done, only, prove};
use domain::limit::LimitName;
use domain::ports::Clock as _;
use domain::refusal::Refusal;
use domain::testkit::{World, phone, start_request};
use domain::time::Day;
use domain::use_cases::{self, Answer, CheckTarget, Failure, Started};
use domain::verification::{State, Verification};

const RACERS: usize = 64;

/// Runs what `make` makes many times at once, none before all are ready.
async fn race<Run>(make: impl Fn(u64) -> Run) -> Vec<Run::Output>
where
    Run: Future + Send + 'static,
    Run::Output: Send,
{
    let start = Arc::new(tokio::sync::Barrier::new(RACERS));
    let racers: Vec<_> = (0_u64..)
        .take(RACERS)
        .map(|racer| {
            let (start, run) = (Arc::clone(&start), make(racer));
            tokio::spawn(async move {
                start.wait().await;
                run.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for racer in racers {
        answers.push(racer.await.unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_right_checks_one_approves_and_all_are_told() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    let answers = race(|_| {
        let (verifier, ram, code) = (world.verifier.clone(), ram.clone(), world.right_code());
        async move { use_cases::check(&verifier, &ram, &CheckTarget::Id(begun.id), &code).await }
    })
    .await;
    let now = answers.into_iter().map(done).filter(|proved| proved.now).count();
    assert_eq!(now, 1);
    assert_eq!(only(&world).checks_used, 1);
}

/// Starts one subject many times at once.
async fn race_to_start(world: &World) -> Vec<Result<Answer<Started>, Failure>> {
    let ram = world.user("ram").await;
    race(|_| {
        let (verifier, ram) = (world.verifier.clone(), ram.clone());
        async move { use_cases::start(&verifier, &ram, start_request(phone("9841234567"))).await }
    })
    .await
}

/// Sends one verification again many times at once.
async fn race_to_resend(world: &World) -> Vec<Result<Answer<Verification>, Failure>> {
    let ram = world.user("ram").await;
    let first = begun(world, &ram, phone("9841234567")).await;
    world.pass(Duration::from_mins(1));
    race(|_| {
        let (verifier, ram) = (world.verifier.clone(), ram.clone());
        async move { use_cases::resend(&verifier, &ram, first.id).await }
    })
    .await
}

/// What the counters hold: sends of the phone, sends of the account, phones of the account.
fn counted(world: &World) -> [usize; 3] {
    [LimitName::SendsPerPhone, LimitName::SendsPerAccount, LimitName::PhonesPerAccount]
        .map(|name| world.counters.total(name, Duration::from_hours(24), world.clock.now()))
}

/// What goes wrong in a race goes wrong now and then: so it is run more than once.
fn worlds() -> impl Iterator<Item = World> {
    (0..20).map(|seed| World::builder().seed(seed).build())
}

fn is_told_to_wait(refusal: Refusal) -> bool {
    matches!(refusal, Refusal::ResendTooSoon { .. } | Refusal::RateLimited { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_starts_one_sends() {
    let world = World::new();
    let mut started = 0;
    for answer in race_to_start(&world).await {
        match answer.unwrap() {
            Answer::Done(_) => started += 1,
            Answer::Refused(refused) => assert!(is_told_to_wait(refused.refusal)),
        }
    }
    assert_eq!((started, world.gateway.sent().len()), (1, 1));
    only(&world);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_resends_one_sends() {
    let world = World::new();
    let mut resent = 0;
    for answer in race_to_resend(&world).await {
        match answer.unwrap() {
            Answer::Done(_) => resent += 1,
            Answer::Refused(refused) => assert!(is_told_to_wait(refused.refusal)),
        }
    }
    assert_eq!((resent, world.gateway.sent().len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_send_of_many_starts_is_counted_once() {
    for world in worlds() {
        race_to_start(&world).await;
        assert_eq!(counted(&world), [1, 1, 1], "one SMS left");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_send_of_many_resends_is_counted_once() {
    for world in worlds() {
        race_to_resend(&world).await;
        assert_eq!(counted(&world), [2, 2, 1], "two SMS left, to one phone");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_wrong_checks_no_more_are_compared_than_the_budget_has() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    let answers = race(|racer| {
        let (verifier, ram, code) = (world.verifier.clone(), ram.clone(), world.wrong_code(racer));
        async move { use_cases::check(&verifier, &ram, &CheckTarget::Id(begun.id), &code).await }
    })
    .await;
    let mut incorrect = 0;
    for answer in answers {
        match answer {
            Ok(Answer::Done(_)) => panic!("a wrong code was right"),
            Ok(Answer::Refused(refused)) if refused.refusal == Refusal::CodeIncorrect => incorrect += 1,
            Ok(Answer::Refused(refused)) => assert!(matches!(refused.refusal, Refusal::TooManyChecks { .. })),
            Err(failure) => assert!(matches!(failure, Failure::Contended)),
        }
    }
    let stored = only(&world);
    assert!(stored.checks_used <= 5);
    assert_eq!(stored.checks_used, incorrect, "what is told is what is counted");
    let wrong = world.store.wrong_checks(phone("9841234567"), Day::of(world.clock.now()));
    assert_eq!(wrong.short_today, incorrect);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_right_check_among_many_wrong_ones_is_told_once_or_not_at_all() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    let answers = race(|racer| {
        let code = if racer == 0 { world.right_code() } else { world.wrong_code(racer) };
        let (verifier, ram) = (world.verifier.clone(), ram.clone());
        async move { use_cases::check(&verifier, &ram, &CheckTarget::Id(begun.id), &code).await }
    })
    .await;
    let proved = answers.iter().filter(|answer| matches!(answer, Ok(Answer::Done(_)))).count();
    let approved = matches!(only(&world).state, State::Approved { .. });
    assert_eq!(proved, usize::from(approved));
    let bound = world.store.accounts()[0].phone.is_some();
    assert_eq!(bound, approved, "the phone is bound exactly when the verification is approved");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_cancels_all_are_told_the_same() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    let answers = race(|_| {
        let (verifier, ram) = (world.verifier.clone(), ram.clone());
        async move { use_cases::cancel(&verifier, &ram, begun.id).await }
    })
    .await;
    let stored = only(&world);
    assert!(answers.into_iter().map(done).all(|canceled| canceled == stored));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_accounts_that_prove_one_phone_one_holds_it() {
    let world = World::new();
    let mut attempts = Vec::new();
    for number in 0..4 {
        let caller = world.user(&format!("account-{number}")).await;
        let begun = begun(&world, &caller, phone("9841234567")).await;
        attempts.push((caller, begun.id, world.right_code()));
    }
    let attempts = Arc::new(attempts);
    let answers = race(|racer| {
        let (verifier, attempts) = (world.verifier.clone(), Arc::clone(&attempts));
        async move {
            let (caller, id, code) = &attempts[usize::try_from(racer % 4).unwrap()];
            use_cases::check(&verifier, caller, &CheckTarget::Id(*id), code).await
        }
    })
    .await;
    let now =
        answers.iter().filter(|answer| matches!(answer, Ok(Answer::Done(proved)) if proved.now)).count();
    assert_eq!(now, 1);
    let holders = world.store.accounts().iter().filter(|account| account.phone.is_some()).count();
    assert_eq!(holders, 1);
    prove(&world, &world.user("account-9").await, phone("9851234567")).await;
}
