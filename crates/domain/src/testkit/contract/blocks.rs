//! The contract of the store of blocks.

use std::sync::Arc;
use std::time::Duration;

use super::super::demand::{kept, present};
use super::ground::Ground;
use crate::account::Account;
use crate::application::ApplicationId;
use crate::block::{Block, BlockAction, BlockReason, BlockSubject, Decision, Prefix};
use crate::event::{Event, EventAccount, EventKind};
use crate::id::BlockId;
use crate::ports::{AccountStore, BlockAdded, BlockScope, BlockStore, EventFilter, EventStore, Page};
use crate::time::{Timestamp, after};

/// The contract of [`BlockStore`]. The store may hold blocks of others; the most that any suite asks for is more than
/// all suites together make.
///
/// # Panics
/// When a promise is not kept.
pub async fn block_store(
    blocks: Arc<dyn BlockStore>,
    accounts: Arc<dyn AccountStore>,
    events: Arc<dyn EventStore>,
    ground: &Ground,
) {
    let bench = Bench { blocks, accounts, events, ground };
    what_is_added_is_found_as_it_was(&bench).await;
    a_full_store_takes_no_more(&bench).await;
    what_is_foreign_is_not_there(&bench).await;
    what_is_removed_is_gone(&bench).await;
    pages_have_no_gap_and_no_duplicate(&bench).await;
    what_is_in_force_is_all_there(&bench).await;
    what_has_expired_is_swept(&bench).await;
    decisions_are_told(&bench).await;
}

struct Bench<'a> {
    blocks: Arc<dyn BlockStore>,
    accounts: Arc<dyn AccountStore>,
    events: Arc<dyn EventStore>,
    ground: &'a Ground,
}

const MAX: u32 = 1_000_000;

impl Bench<'_> {
    fn block(&self, application: Option<&ApplicationId>, subject: BlockSubject) -> Block {
        let now = self.ground.now();
        Block {
            id: kept(BlockId::new(now, self.ground.entropy())),
            application: application.cloned(),
            action: BlockAction::Deny,
            subject,
            reason: None,
            created_at: now,
            expires_at: None,
        }
    }

    async fn account(&self, application: &ApplicationId) -> Account {
        let account = self.ground.account(application, "ram");
        kept(self.accounts.add(&account).await);
        account
    }

    async fn add(&self, block: &Block) {
        let added = kept(self.blocks.add_block(block, MAX).await);
        assert_eq!(added, BlockAdded::Stored, "a block must be stored while there is room");
    }

    async fn in_force(&self, now: Timestamp) -> Vec<Block> {
        kept(self.blocks.all_blocks(now).await)
    }
}

fn prefix() -> BlockSubject {
    BlockSubject::Prefix(present(Prefix::parse("+977984"), "six digits are a prefix"))
}

async fn what_is_added_is_found_as_it_was(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let account = bench.account(&application).await;
    let plain = bench.block(Some(&application), BlockSubject::Phone(bench.ground.phone()));
    let reasoned = Block {
        action: BlockAction::Allow,
        reason: BlockReason::parse("गाली: ticket 12").ok(),
        expires_at: Some(after(plain.created_at, Duration::from_hours(1))),
        ..bench.block(Some(&application), prefix())
    };
    let of_account = bench.block(Some(&application), BlockSubject::Account(account.id));
    for (block, username) in [(plain, None), (reasoned, None), (of_account, Some(&account.username))] {
        bench.add(&block).await;
        let found = kept(bench.blocks.load_block(BlockScope::Of(&application), block.id).await);
        let expected = Some((block.clone(), username.cloned()));
        assert_eq!(found, expected, "a block must be found as it was added, with the name of its account");
    }
    let for_all = bench.block(None, BlockSubject::Phone(bench.ground.phone()));
    bench.add(&for_all).await;
    let found = kept(bench.blocks.load_block(BlockScope::OfAll, for_all.id).await);
    assert_eq!(found, Some((for_all, None)), "a block for all applications must be found among those");
}

async fn a_full_store_takes_no_more(bench: &Bench<'_>) {
    let application = bench.ground.application();
    bench.add(&bench.block(Some(&application), prefix())).await;
    let one_too_many = bench.block(Some(&application), prefix());
    let added = kept(bench.blocks.add_block(&one_too_many, 1).await);
    assert_eq!(added, BlockAdded::Full, "a full store must take no more");
    let found = kept(bench.blocks.load_block(BlockScope::Of(&application), one_too_many.id).await);
    assert_eq!(found, None, "what a full store did not take must not be there");
}

async fn what_is_foreign_is_not_there(bench: &Bench<'_>) {
    let (here, there) = (bench.ground.application(), bench.ground.application());
    let mine = bench.block(Some(&here), prefix());
    let for_all = bench.block(None, prefix());
    bench.add(&mine).await;
    bench.add(&for_all).await;
    let foreign = [
        (BlockScope::Of(&there), mine.id),
        (BlockScope::OfAll, mine.id),
        (BlockScope::Of(&here), for_all.id),
    ];
    for (scope, id) in foreign {
        assert_eq!(kept(bench.blocks.load_block(scope, id).await), None, "a foreign block must not be found");
        assert_eq!(kept(bench.blocks.remove_block(scope, id, bench.ground.now()).await), None, "nor removed");
    }
    let page = Page { before: None, limit: 10 };
    let listed = kept(bench.blocks.list_blocks(BlockScope::Of(&here), page).await);
    assert_eq!(listed, [(mine, None)], "a listing must hold the application's own and nothing else");
}

async fn what_is_removed_is_gone(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let scope = BlockScope::Of(&application);
    let block = bench.block(Some(&application), BlockSubject::Phone(bench.ground.phone()));
    bench.add(&block).await;
    let removed = kept(bench.blocks.remove_block(scope, block.id, bench.ground.now()).await);
    assert_eq!(removed.as_ref(), Some(&block), "a removal must answer what was removed");
    assert_eq!(
        kept(bench.blocks.remove_block(scope, block.id, bench.ground.now()).await),
        None,
        "it must be gone then"
    );
    let in_force = bench.in_force(block.created_at).await;
    assert!(!in_force.contains(&block), "what is removed must not be in force");
}

async fn pages_have_no_gap_and_no_duplicate(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let mut all = Vec::new();
    for _ in 0..5 {
        let block = bench.block(Some(&application), BlockSubject::Phone(bench.ground.phone()));
        bench.add(&block).await;
        all.insert(0, (block, None));
    }
    for limit in [1, 2, 5, 6] {
        let mut found: Vec<(Block, _)> = Vec::new();
        loop {
            let page = Page { before: found.last().map(|(last, _)| last.id), limit };
            let part = kept(bench.blocks.list_blocks(BlockScope::Of(&application), page).await);
            if part.is_empty() {
                break;
            }
            found.extend(part);
            assert!(found.len() <= all.len(), "pages must come to an end");
        }
        assert_eq!(found, all, "pages of {limit} must hold everything once, youngest first");
    }
}

async fn what_is_in_force_is_all_there(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let account = bench.account(&application).await;
    let brief = bench.block(Some(&application), BlockSubject::Account(account.id));
    let ends = after(brief.created_at, Duration::from_mins(1));
    let brief = Block { expires_at: Some(ends), ..brief };
    let for_good = bench.block(None, prefix());
    bench.add(&brief).await;
    bench.add(&for_good).await;
    let just_before = after(brief.created_at, Duration::from_millis(59_999));
    for (now, brief_holds) in [(just_before, true), (ends, false)] {
        let in_force = bench.in_force(now).await;
        assert!(in_force.contains(&for_good), "what has no end must be in force");
        assert_eq!(in_force.contains(&brief), brief_holds, "a block must hold until the instant of its end");
    }
}

async fn what_has_expired_is_swept(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let scope = BlockScope::Of(&application);
    let block = bench.block(Some(&application), prefix());
    let over = Block { expires_at: Some(after(block.created_at, Duration::from_secs(1))), ..block };
    let lasting = bench.block(Some(&application), prefix());
    bench.add(&over).await;
    bench.add(&lasting).await;
    let later = after(over.created_at, Duration::from_secs(2));
    let swept = kept(bench.blocks.sweep_blocks(later, 1000).await);
    assert!(swept >= 1, "what has expired must be swept");
    assert_eq!(kept(bench.blocks.load_block(scope, over.id).await), None, "what is swept must be gone");
    let found = kept(bench.blocks.load_block(scope, lasting.id).await);
    assert!(found.is_some(), "what has no end must stay");
}

async fn decisions_are_told(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let account = bench.account(&application).await;
    let phone = bench.ground.phone();
    let of_phone = bench.block(Some(&application), BlockSubject::Phone(phone));
    let allow = bench.block(Some(&application), prefix());
    let of_prefix = Block { action: BlockAction::Allow, ..allow };
    let of_account = bench.block(Some(&application), BlockSubject::Account(account.id));
    for block in [&of_phone, &of_prefix, &of_account, &bench.block(None, prefix())] {
        bench.add(block).await;
    }
    let one_too_many = bench.block(Some(&application), prefix());
    assert_eq!(kept(bench.blocks.add_block(&one_too_many, 1).await), BlockAdded::Full, "there is no room");
    let end = bench.ground.now();
    for _ in 0..2 {
        kept(bench.blocks.remove_block(BlockScope::Of(&application), of_phone.id, end).await);
    }
    let sweeps = after(end, Duration::from_hours(1));
    kept(bench.blocks.sweep_blocks(sweeps, 1000).await);

    let expected = |given: &Event, block: &Block, decision: Decision, at| Event {
        id: given.id,
        place: given.place,
        application: application.clone(),
        kind: EventKind::FraudDecided,
        at,
        verification: None,
        purpose: None,
        account: (block.id == of_account.id)
            .then(|| EventAccount { id: account.id, username: account.username.clone() }),
        phone: (block.id == of_phone.id).then_some(phone),
        reason: Some(decision.as_str().into()),
        block: Some(block.id),
        credit: None,
        prefix: block.subject.prefix(),
    };
    let page = Page { before: None, limit: 10 };
    let mut told = kept(bench.events.list_events(&application, &EventFilter::default(), page).await);
    told.reverse();
    let decisions = [
        (&of_phone, Decision::Denied, of_phone.created_at),
        (&of_prefix, Decision::Allowed, of_prefix.created_at),
        (&of_account, Decision::Denied, of_account.created_at),
        (&of_phone, Decision::Removed, end),
    ];
    assert_eq!(told.len(), decisions.len(), "each decision about an application must be told once: {told:?}");
    for (event, (block, decision, at)) in told.iter().zip(decisions) {
        assert_eq!(
            *event,
            expected(event, block, decision, at),
            "a decision must be told as it was, in its order"
        );
    }
}
