//! The laws of blocks and allow-lists.

use std::time::Duration;

use domain::application::ApplicationId;
use domain::block::{Block, BlockAction, BlockList, BlockQuestion, BlockSubject, Prefix, Verdict};
use domain::id::{AccountId, BlockId};
use domain::phone::Phone;
use domain::time::{Timestamp, after};
use proptest::prelude::*;
use uuid::Uuid;

fn application(number: u8) -> ApplicationId {
    ApplicationId::parse(&format!("app-{number}")).unwrap()
}

fn account(number: u8) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(u128::from(number) + 1))
}

fn phone(last: u64) -> Phone {
    Phone::from_digits(9_779_841_234_000 + last).unwrap()
}

fn block(application: Option<ApplicationId>, action: BlockAction, subject: BlockSubject) -> Block {
    let id = BlockId::from_uuid(Uuid::nil());
    let created_at = Timestamp::UNIX_EPOCH;
    Block { id, application, action, subject, reason: None, created_at, expires_at: None }
}

/// Subjects of which many are about [`phone`] 0 or 1 and the accounts 0 and 1.
fn subjects() -> impl Strategy<Value = BlockSubject> {
    prop_oneof![
        (0..3_u64).prop_map(|last| BlockSubject::Phone(phone(last))),
        (1..11_u32).prop_map(|cut| BlockSubject::Prefix(
            Prefix::from_digits(9_779_841_234_000 / 10_u64.pow(cut))
                .unwrap_or(Prefix::parse("+9779").unwrap())
        )),
        (0..2_u8).prop_map(|number| BlockSubject::Account(account(number))),
    ]
}

fn blocks() -> impl Strategy<Value = Block> {
    let action = prop_oneof![Just(BlockAction::Deny), Just(BlockAction::Allow)];
    (proptest::option::of(0..2_u8), action, subjects(), proptest::option::of(0..3_u64)).prop_map(
        |(whose, action, subject, life)| Block {
            expires_at: life.map(|life| after(Timestamp::UNIX_EPOCH, Duration::from_secs(life))),
            ..block(whose.map(application), action, subject)
        },
    )
}

fn ask(list: &BlockList, whose: &ApplicationId, now: Timestamp) -> [Verdict; 2] {
    let question = BlockQuestion { application: whose, account: Some(account(0)), phone: phone(0) };
    [list.verdict_on_send(&question, now), list.verdict_on_check(&question, now)]
}

/// How narrow a subject of a number is: the digits that it names.
fn digits(subject: BlockSubject) -> Option<u32> {
    match subject {
        BlockSubject::Phone(_) => Some(99),
        BlockSubject::Prefix(prefix) => Some(prefix.length()),
        BlockSubject::Account(_) => None,
    }
}

/// What the list decides, said in the plainest way: a deny that no allow answers.
fn plainly(blocks: &[Block], whose: &ApplicationId, now: Timestamp) -> Verdict {
    let about = |block: &&Block| {
        let mine = block.application.as_ref().is_none_or(|named| named == whose);
        let lives = block.expires_at.is_none_or(|end| now < end);
        let this = match block.subject {
            BlockSubject::Phone(named) => named == phone(0),
            BlockSubject::Prefix(prefix) => phone(0).e164().starts_with(&prefix.to_string()),
            BlockSubject::Account(named) => named == account(0),
        };
        mine && lives && this
    };
    let about: Vec<&Block> = blocks.iter().filter(about).collect();
    let answers = |allow: &Block, deny: &Block| {
        allow.action == BlockAction::Allow
            && digits(allow.subject).is_some() == digits(deny.subject).is_some()
            && digits(allow.subject) >= digits(deny.subject)
            && (allow.application.is_none() || deny.application.is_some())
    };
    let denied = about
        .iter()
        .any(|deny| deny.action == BlockAction::Deny && !about.iter().any(|allow| answers(allow, deny)));
    if denied { Verdict::Denied } else { Verdict::Open }
}

proptest! {
    #[test]
    fn what_is_denied_without_an_allow_as_narrow_is_denied(
        blocks in proptest::collection::vec(blocks(), 0..8),
        second in 0..3_i64,
    ) {
        let now = Timestamp::from_second(second).unwrap();
        let list = BlockList::new(blocks.iter().cloned());
        prop_assert_eq!(ask(&list, &application(0), now)[0], plainly(&blocks, &application(0), now));
    }

    #[test]
    fn the_order_does_not_matter(
        (blocks, shuffled) in proptest::collection::vec(blocks(), 0..8)
            .prop_flat_map(|blocks| (Just(blocks.clone()), Just(blocks).prop_shuffle())),
    ) {
        let now = Timestamp::UNIX_EPOCH;
        let (one, other) = (BlockList::new(blocks), BlockList::new(shuffled));
        prop_assert_eq!(ask(&one, &application(0), now), ask(&other, &application(0), now));
    }

    #[test]
    fn a_narrower_allow_beats_a_deny_and_a_wider_one_does_not(cut in 3..9_u32, wider in 0..6_u32) {
        let prefix = |cut: u32| Prefix::from_digits(9_779_841_234_000 / 10_u64.pow(cut));
        let (Some(narrow), Some(wide)) = (prefix(cut), prefix(cut + wider)) else { return Ok(()) };
        let one = Some(application(0));
        let of = |action, prefix| block(one.clone(), action, BlockSubject::Prefix(prefix));
        let now = Timestamp::UNIX_EPOCH;
        let list = BlockList::new([of(BlockAction::Deny, wide), of(BlockAction::Allow, narrow)]);
        prop_assert_eq!(ask(&list, &application(0), now)[0], Verdict::Open);
        let list = BlockList::new([of(BlockAction::Allow, wide), of(BlockAction::Deny, narrow)]);
        let expected = if wider == 0 { Verdict::Open } else { Verdict::Denied };
        prop_assert_eq!(ask(&list, &application(0), now)[0], expected);
    }

    #[test]
    fn prefixes_refuse_no_check(blocks in proptest::collection::vec(blocks(), 0..8)) {
        let now = Timestamp::UNIX_EPOCH;
        let prefixes = |block: &Block| matches!(block.subject, BlockSubject::Prefix(_));
        let without = BlockList::new(blocks.iter().filter(|block| !prefixes(block)).cloned());
        let list = BlockList::new(blocks);
        prop_assert_eq!(ask(&list, &application(0), now)[1], ask(&without, &application(0), now)[1]);
    }
}

#[test]
fn an_application_does_not_let_through_what_is_denied_to_all() {
    let subject = BlockSubject::Phone(phone(0));
    let denied = block(None, BlockAction::Deny, subject);
    let now = Timestamp::UNIX_EPOCH;
    let list = BlockList::new([denied.clone(), block(Some(application(0)), BlockAction::Allow, subject)]);
    assert_eq!(ask(&list, &application(0), now), [Verdict::Denied; 2]);
    let list = BlockList::new([denied, block(None, BlockAction::Allow, subject)]);
    assert_eq!(ask(&list, &application(0), now), [Verdict::Open; 2]);
}

#[test]
fn a_block_of_one_application_is_no_affair_of_another() {
    let list =
        BlockList::new([block(Some(application(0)), BlockAction::Deny, BlockSubject::Phone(phone(0)))]);
    assert_eq!(ask(&list, &application(1), Timestamp::UNIX_EPOCH), [Verdict::Open; 2]);
    assert_eq!(ask(&list, &application(0), Timestamp::UNIX_EPOCH), [Verdict::Denied; 2]);
}

#[test]
fn every_entry_counts_though_several_are_about_the_same() {
    let subject = BlockSubject::Phone(phone(0));
    let prefix = BlockSubject::Prefix(Prefix::parse("+977984").unwrap());
    let of_account = block(None, BlockAction::Deny, BlockSubject::Account(account(0)));
    let both = [block(None, BlockAction::Deny, subject), block(None, BlockAction::Allow, subject)];
    let list = BlockList::new(both.into_iter().chain([block(None, BlockAction::Deny, prefix), of_account]));
    assert_eq!((list.count(), BlockList::default().count()), (4, 0));
}
