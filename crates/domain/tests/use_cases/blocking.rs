//! Blocks and allow-lists: who is refused, before what, and who is let through.

use std::time::Duration;

use crate::answers::{begun, check, done, failure, new, only, prove, refusal, start};
use domain::application::ApplicationId;
use domain::block::{BLOCKS_MAX, BLOCKS_OF_APPLICATIONS_MAX, Block, BlockAction, BlockSubject, Prefix};
use domain::credential::Caller;
use domain::ports::{BlockScope, Clock as _, Lost};
use domain::refusal::Refusal;
use domain::testkit::{World, phone};
use domain::time::{Day, after};
use domain::use_cases::blocks::{self, BlockMade, NewBlock};
use domain::use_cases::{self, CheckTarget, Failure};

const PHONE: &str = "9841234567";

async fn make(world: &World, action: BlockAction, subject: BlockSubject, life: Option<Duration>) -> Block {
    let new = NewBlock {
        application: Some(ApplicationId::default_application()),
        action,
        subject,
        reason: None,
        expires_at: life.map(|life| after(world.clock.now(), life)),
    };
    match blocks::add(&world.verifier, new).await.unwrap() {
        BlockMade::Made(block) => block,
        other @ (BlockMade::Full | BlockMade::Over) => panic!("{other:?}"),
    }
}

async fn deny(world: &World, subject: BlockSubject) -> Block {
    make(world, BlockAction::Deny, subject, None).await
}

async fn remove(world: &World, block: &Block) {
    let default = ApplicationId::default_application();
    let removed = blocks::remove(&world.verifier, BlockScope::Of(&default), block.id).await.unwrap();
    assert_eq!(removed.map(|(removed, _)| removed).as_ref(), Some(block));
}

fn account(caller: &Caller) -> BlockSubject {
    match caller {
        Caller::User(account) => BlockSubject::Account(account.id),
        Caller::Application(_) | Caller::Admin(_) => panic!("it is a user"),
    }
}

fn prefix() -> BlockSubject {
    BlockSubject::Prefix(Prefix::parse("+977984").unwrap())
}

#[tokio::test]
async fn whoever_is_denied_is_sent_nothing_and_nothing_is_counted() {
    let world = World::new();
    let ram = world.user("ram").await;
    let subjects = [BlockSubject::Phone(phone(PHONE)), prefix(), account(&ram)];
    for subject in subjects {
        let block = deny(&world, subject).await;
        let answer = start(&world, &ram, phone(PHONE)).await;
        assert_eq!(refusal(answer), Refusal::Blocked, "{subject:?}");
        remove(&world, &block).await;
    }
    assert_eq!((world.gateway.sent().len(), world.counters.calls("take")), (0, 0));
    assert_eq!(world.store.verifications(), []);
    begun(&world, &ram, phone(PHONE)).await;
}

#[tokio::test]
async fn a_deny_refuses_resends_and_starts_that_are_resends() {
    let world = World::new();
    let ram = world.user("ram").await;
    let live = begun(&world, &ram, phone(PHONE)).await;
    world.pass(Duration::from_mins(2));
    deny(&world, prefix()).await;
    let resent = use_cases::resend(&world.verifier, &ram, live.id).await;
    assert_eq!(refusal(resent), Refusal::Blocked);
    assert_eq!(refusal(start(&world, &ram, phone(PHONE)).await), Refusal::Blocked);
    assert_eq!(world.gateway.sent().len(), 1);
}

#[tokio::test]
async fn a_check_goes_on_unless_the_phone_or_the_account_itself_is_denied() {
    let world = World::new();
    let ram = world.user("ram").await;
    let live = begun(&world, &ram, phone(PHONE)).await;
    let code = world.right_code();
    let target = CheckTarget::Id(live.id);
    for subject in [BlockSubject::Phone(phone(PHONE)), account(&ram)] {
        let block = deny(&world, subject).await;
        let checked = use_cases::check(&world.verifier, &ram, &target, &code).await;
        assert_eq!(refusal(checked), Refusal::Blocked, "{subject:?}");
        let wrong = use_cases::check(&world.verifier, &ram, &target, &world.wrong_code(1)).await;
        assert_eq!(refusal(wrong), Refusal::Blocked, "nothing is compared");
        remove(&world, &block).await;
    }
    assert_eq!(only(&world).checks_left(), 5);
    let today = Day::of(world.clock.now());
    assert_eq!(world.store.wrong_checks(phone(PHONE), today).short_today, 0);
    deny(&world, prefix()).await;
    done(use_cases::check(&world.verifier, &ram, &target, &code).await);
}

#[tokio::test]
async fn a_narrower_allow_lets_through_but_lifts_no_limit() {
    let world = World::new();
    let key = world.application();
    deny(&world, prefix()).await;
    make(&world, BlockAction::Allow, BlockSubject::Phone(phone(PHONE)), None).await;
    assert_eq!(refusal(start(&world, &key, phone("9841234568")).await), Refusal::Blocked);
    for _ in 0..5 {
        let begun = new(start(&world, &key, phone(PHONE)).await);
        done(use_cases::cancel(&world.verifier, &key, begun.id).await);
        world.pass(Duration::from_secs(61));
    }
    let refused = refusal(start(&world, &key, phone(PHONE)).await);
    assert!(matches!(refused, Refusal::RateLimited { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_block_ends_by_itself_and_is_swept() {
    let world = World::new();
    let ram = world.user("ram").await;
    let hour = Duration::from_hours(1);
    make(&world, BlockAction::Deny, prefix(), Some(hour)).await;
    assert_eq!(refusal(start(&world, &ram, phone(PHONE)).await), Refusal::Blocked);
    world.pass(hour);
    prove(&world, &ram, phone(PHONE)).await;
    world.pass(Duration::from_millis(1));
    assert_eq!(use_cases::sweep(&world.verifier, use_cases::Retention::default()).await.unwrap(), 1);
    let new = NewBlock {
        application: None,
        action: BlockAction::Deny,
        subject: prefix(),
        reason: None,
        expires_at: Some(world.clock.now()),
    };
    assert_eq!(blocks::add(&world.verifier, new).await.unwrap(), BlockMade::Over);
}

#[tokio::test]
async fn a_list_that_is_too_old_fails_closed() {
    let world = World::new();
    let ram = world.user("ram").await;
    let live = begun(&world, &ram, phone(PHONE)).await;
    world.store.set_blocks_stale(true);
    world.pass(Duration::from_mins(2));
    assert!(matches!(failure(start(&world, &ram, phone(PHONE)).await), Failure::Port(_)));
    let code = world.right_code();
    assert!(matches!(failure(check(&world.verifier, &ram, &live, &code).await), Failure::Port(_)));
    assert_eq!(world.gateway.sent().len(), 1);
}

#[tokio::test]
async fn there_is_an_end_to_blocks() {
    let world = World::new();
    for _ in 0..BLOCKS_OF_APPLICATIONS_MAX {
        deny(&world, prefix()).await;
    }
    let new = |application| NewBlock {
        application,
        action: BlockAction::Deny,
        subject: prefix(),
        reason: None,
        expires_at: None,
    };
    let own = new(Some(ApplicationId::default_application()));
    assert_eq!(blocks::add(&world.verifier, own).await.unwrap(), BlockMade::Full);
    // An application cannot use up the room of those that hold for all.
    for _ in BLOCKS_OF_APPLICATIONS_MAX..BLOCKS_MAX {
        assert!(matches!(blocks::add(&world.verifier, new(None)).await.unwrap(), BlockMade::Made(_)));
    }
    assert_eq!(blocks::add(&world.verifier, new(None)).await.unwrap(), BlockMade::Full);
}

#[tokio::test]
async fn a_change_that_is_kept_is_told_even_when_it_takes_effect_later() {
    let world = World::new();
    world.store.fail_next("refresh", 1);
    deny(&world, prefix()).await;
    assert_eq!(world.alarms.raised(), [Lost::BlockRefresh]);
}
