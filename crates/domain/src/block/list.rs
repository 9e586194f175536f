//! All entries, found by whom they are about: a look-up is a few looks into hash tables and allocates nothing.

use std::collections::HashMap;

use super::{Block, BlockAction, BlockQuestion, BlockSubject, Prefix, Verdict};
use crate::application::ApplicationId;
use crate::id::AccountId;
use crate::phone::Phone;
use crate::time::Timestamp;

/// What denies and what lets through. The order in which entries come changes nothing.
///
/// There are two questions, about the number and about the account, and either may deny. To each, an allow answers
/// every deny that is as narrow or wider: a phone is narrower than a prefix, a long prefix narrower than a short one.
/// What is denied to all applications is let through only by what lets through for all of them: that is the operator's
/// affair.
#[derive(Clone, Debug, Default)]
pub struct BlockList {
    phones: HashMap<Phone, Vec<Rule>>,
    prefixes: HashMap<Prefix, Vec<Rule>>,
    accounts: HashMap<AccountId, Vec<Rule>>,
}

/// An entry, without whom it is about.
#[derive(Clone, Debug)]
struct Rule {
    application: Option<ApplicationId>,
    action: BlockAction,
    expires_at: Option<Timestamp>,
}

/// How narrow an entry is that does something, if there is one: the digits of a prefix; a phone has more.
#[derive(Clone, Copy, Debug, Default)]
struct Narrowest {
    /// Of the denies of one application.
    deny: Option<u32>,
    /// Of the denies for all.
    deny_all: Option<u32>,
    /// Of the allows, for one application or for all.
    allow: Option<u32>,
    /// Of the allows for all.
    allow_all: Option<u32>,
}

/// How narrow a phone or an account is: nothing is narrower.
const WHOLE: u32 = u32::MAX;

impl BlockList {
    /// The list of these entries.
    #[must_use]
    pub fn new(blocks: impl IntoIterator<Item = Block>) -> Self {
        let mut list = Self::default();
        for Block { application, action, subject, expires_at, id: _, reason: _, created_at: _ } in blocks {
            let rules = match subject {
                BlockSubject::Phone(phone) => list.phones.entry(phone).or_default(),
                BlockSubject::Prefix(prefix) => list.prefixes.entry(prefix).or_default(),
                BlockSubject::Account(account) => list.accounts.entry(account).or_default(),
            };
            rules.push(Rule { application, action, expires_at });
        }
        list
    }

    /// How many entries there are, those included that have expired since they were read.
    #[must_use]
    pub fn count(&self) -> usize {
        let rules = self.phones.values().chain(self.prefixes.values()).chain(self.accounts.values());
        rules.map(Vec::len).sum()
    }

    /// Whether a code may be sent.
    #[must_use]
    pub fn verdict_on_send(&self, question: &BlockQuestion<'_>, now: Timestamp) -> Verdict {
        let mut number = self.of_phone(question, now);
        if !self.prefixes.is_empty() {
            for prefix in Prefix::all_of(question.phone) {
                number.note(self.prefixes.get(&prefix), prefix.length(), question.application, now);
            }
        }
        both(number, self.of_account(question, now))
    }

    /// Whether a code that was sent may be checked. A whole prefix is denied because of what sends cost, and whoever
    /// has a code of it may still use it; a phone or an account is denied because of who it is.
    #[must_use]
    pub fn verdict_on_check(&self, question: &BlockQuestion<'_>, now: Timestamp) -> Verdict {
        both(self.of_phone(question, now), self.of_account(question, now))
    }

    fn of_phone(&self, question: &BlockQuestion<'_>, now: Timestamp) -> Narrowest {
        let mut number = Narrowest::default();
        if !self.phones.is_empty() {
            number.note(self.phones.get(&question.phone), WHOLE, question.application, now);
        }
        number
    }

    fn of_account(&self, question: &BlockQuestion<'_>, now: Timestamp) -> Narrowest {
        let mut found = Narrowest::default();
        if let Some(account) = question.account {
            found.note(self.accounts.get(&account), WHOLE, question.application, now);
        }
        found
    }
}

fn both(number: Narrowest, account: Narrowest) -> Verdict {
    if number.denies() || account.denies() { Verdict::Denied } else { Verdict::Open }
}

impl Narrowest {
    fn note(&mut self, rules: Option<&Vec<Rule>>, narrow: u32, application: &ApplicationId, now: Timestamp) {
        for rule in rules.into_iter().flatten() {
            let mine = rule.application.as_ref().is_none_or(|whose| whose == application);
            let over = rule.expires_at.is_some_and(|expires_at| expires_at <= now);
            if !mine || over {
                continue;
            }
            let for_all = rule.application.is_none();
            match rule.action {
                BlockAction::Deny if for_all => self.deny_all = self.deny_all.max(Some(narrow)),
                BlockAction::Deny => self.deny = self.deny.max(Some(narrow)),
                BlockAction::Allow => {
                    self.allow = self.allow.max(Some(narrow));
                    if for_all {
                        self.allow_all = self.allow_all.max(Some(narrow));
                    }
                }
            }
        }
    }

    /// Whether a deny is left without an allow as narrow. Nothing is less than anything.
    fn denies(self) -> bool {
        self.deny > self.allow || self.deny_all > self.allow_all
    }
}
