//! Verifications and the ledger of wrong checks.

use async_trait::async_trait;

use super::{MemoryStore, Tables, page_of};
use crate::guess::Guess;
use crate::id::VerificationId;
use crate::phone::Phone;
use crate::ports::{
    Approval, Approved, Change, Dependency, Inserted, Loaded, Page, PortError, Saved, Standing,
    VerificationFilter, VerificationStore,
};
use crate::time::{Day, Timestamp};
use crate::verification::{Command, State, Subject, Verification, step};

impl Tables {
    fn insert(&mut self, verification: &Verification) -> Inserted {
        let now = verification.created_at;
        let pending: Vec<_> = self
            .verifications
            .values()
            .filter(|other| other.subject == verification.subject && other.state == State::Pending)
            .cloned()
            .collect();
        if pending.iter().any(|other| other.is_live(now)) {
            return Inserted::LiveExists;
        }
        for other in pending {
            let settled = step(&other, Command::Settle, now).next;
            self.replace(&settled);
        }
        self.verifications.insert(verification.id, verification.clone());
        Inserted::Stored
    }

    /// What stands against a change, if anything does.
    fn obstacle(&self, change: &Change<'_>) -> Option<Saved> {
        let present = self.verifications.get(&change.next.id);
        if present.is_none_or(|present| present.version != change.expected) {
            return Some(Saved::Conflict);
        }
        let fits = |guess: Guess| {
            let today = self.totals(change.next.subject.phone, guess.day);
            guess.fits(today.short_today, today.long_today)
        };
        (!change.guess.is_none_or(fits)).then_some(Saved::BudgetSpent)
    }

    fn write(&mut self, change: &Change<'_>) {
        if let Some(guess) = change.guess.filter(|guess| guess.wrong) {
            self.charge(change.next.subject.phone, guess.day, guess.class, 1);
        }
        if change.next.version != change.expected {
            self.replace(change.next);
        }
    }

    /// Stores the verification in the place of what it was, with the event when it has become final.
    pub(super) fn replace(&mut self, next: &Verification) {
        let before = self.verifications.insert(next.id, next.clone());
        if before.is_some_and(|before| before.state == State::Pending) {
            self.became_final(next);
        }
    }

    pub(super) fn save(&mut self, change: &Change<'_>) -> Saved {
        if let Some(obstacle) = self.obstacle(change) {
            return obstacle;
        }
        self.write(change);
        Saved::Stored
    }

    fn approve(&mut self, approval: &Approval<'_>) -> Result<Approved, PortError> {
        match self.obstacle(&approval.change) {
            None | Some(Saved::Stored) => {}
            Some(Saved::Conflict) => return Ok(Approved::Conflict),
            Some(Saved::BudgetSpent) => return Ok(Approved::BudgetSpent),
        }
        let Some(account) = self.accounts.get(&approval.account).cloned() else {
            return Err(PortError::inconsistent(
                Dependency::Store,
                "the account of a verification is not there",
            ));
        };
        let holds = |phone: Phone| phone == approval.phone.phone;
        let holder = self.accounts.values_mut().find(|other| {
            other.id != account.id
                && other.application == account.application
                && other.phone.is_some_and(|held| holds(held.phone))
        });
        if holder.is_some() && !approval.transfer {
            return Ok(Approved::PhoneTaken);
        }
        let transferred_from = holder.map(|holder| {
            holder.phone = None;
            holder.id
        });
        if let Some(loser) = transferred_from {
            self.transferred(approval, loser);
        }
        let mut account = account;
        account.phone = Some(approval.phone);
        self.accounts.insert(account.id, account);
        self.write(&approval.change);
        Ok(Approved::Stored { transferred_from })
    }

    fn sweep(&mut self, before: Timestamp, ledger_before: Day, max: u32) -> u64 {
        let over = |verification: &&Verification| {
            verification.state.final_at().is_some_and(|final_at| final_at < before)
        };
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let old: Vec<_> = self.verifications.values().filter(over).take(max).map(|old| old.id).collect();
        for id in &old {
            self.verifications.remove(id);
        }
        self.deliveries.retain(|_, delivery| !old.contains(&delivery.verification));
        self.ledger.retain(|(_, day), _| *day >= ledger_before);
        old.len() as u64
    }
}

#[async_trait]
impl VerificationStore for MemoryStore {
    async fn standing(&self, subject: &Subject, today: Day) -> Result<Standing, PortError> {
        self.call("standing", |tables| {
            let mut of_subject = tables.verifications.values().filter(|found| found.subject == *subject);
            // Of those that began in one millisecond the ids tell no order; a pending one is always the youngest.
            let latest = of_subject.clone().find(|found| found.state == State::Pending);
            let latest = latest.or_else(|| of_subject.next_back());
            let latest = latest.map(|latest| tables.answered(latest));
            let account = subject.account.and_then(|account| tables.accounts.get(&account));
            let proved = account.and_then(|account| account.phone);
            Ok(Standing { latest, guesses: tables.totals(subject.phone, today), proved })
        })
        .await
    }

    async fn load(&self, id: VerificationId, today: Day) -> Result<Option<Loaded>, PortError> {
        self.call("load", |tables| {
            let found = tables.verifications.get(&id);
            Ok(found.map(|stored| {
                let guesses = tables.totals(stored.subject.phone, today);
                Loaded { verification: tables.answered(stored), guesses }
            }))
        })
        .await
    }

    async fn insert(&self, verification: &Verification) -> Result<Inserted, PortError> {
        self.call("insert", |tables| Ok(tables.insert(verification))).await
    }

    async fn save(&self, change: &Change<'_>) -> Result<Saved, PortError> {
        self.call("save", |tables| Ok(tables.save(change))).await
    }

    async fn approve(&self, approval: &Approval<'_>) -> Result<Approved, PortError> {
        self.call("approve", |tables| tables.approve(approval)).await
    }

    async fn list(
        &self,
        filter: &VerificationFilter,
        page: Page<VerificationId>,
    ) -> Result<Vec<Verification>, PortError> {
        self.call("list", |tables| {
            let wanted = |row: &&Verification| {
                let subject = &row.subject;
                filter.application.as_ref().is_none_or(|application| *application == subject.application)
                    && filter.account.is_none_or(|account| subject.account == Some(account))
                    && filter.phone.is_none_or(|phone| subject.phone == phone)
                    && filter.state.is_none_or(|state| row.state.as_str() == state)
            };
            let rows = page_of(tables.verifications.iter(), page, wanted);
            Ok(rows.map(|row| tables.answered(row)).collect())
        })
        .await
    }

    async fn sweep(&self, before: Timestamp, ledger_before: Day, max: u32) -> Result<u64, PortError> {
        self.call("sweep", |tables| Ok(tables.sweep(before, ledger_before, max))).await
    }

    async fn ping(&self) -> Result<(), PortError> {
        self.call("ping", |_| Ok(())).await
    }
}
