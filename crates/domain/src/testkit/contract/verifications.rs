//! The contract of the store of verifications, and of the ledger of wrong checks beside it.

mod approving;
mod budget;
mod inserting;
mod listing;
mod races;
mod round_trip;
mod saving;
mod sweeping;

use std::sync::Arc;

use super::super::demand::{kept, present};
use super::ground::Ground;
use crate::account::{Account, VerifiedPhone};
use crate::application::ApplicationId;
use crate::code::CodeLength;
use crate::guess::{Guess, GuessClass, GuessTotals};
use crate::phone::Phone;
use crate::ports::{
    AccountStore, Approval, Approved, Change, Inserted, Loaded, Saved, Standing, VerificationStore,
};
use crate::time::{Day, Timestamp};
use crate::verification::{Command, Purpose, State, Step, Subject, Verification, step};

/// The contract of [`VerificationStore`], but for [`VerificationStore::sweep`], which has [`sweep`]. The accounts are
/// those of the same store.
///
/// # Panics
/// When a promise is not kept.
pub async fn verification_store(
    verifications: Arc<dyn VerificationStore>,
    accounts: Arc<dyn AccountStore>,
    ground: &Ground,
) {
    let bench = Bench { verifications, accounts, ground };
    kept(bench.verifications.ping().await);
    inserting::all(&bench).await;
    saving::all(&bench).await;
    round_trip::all(&bench).await;
    budget::all(&bench).await;
    approving::all(&bench).await;
    listing::all(&bench).await;
    races::all(&bench).await;
}

/// The contract of [`VerificationStore::sweep`]. It sweeps everything from before 2002 out of the store and counts what
/// went: nobody else may do that at the same time. Younger things are not touched.
///
/// # Panics
/// When a promise is not kept.
pub async fn sweep(
    verifications: Arc<dyn VerificationStore>,
    accounts: Arc<dyn AccountStore>,
    ground: &Ground,
) {
    let bench = Bench { verifications, accounts, ground };
    sweeping::all(&bench).await;
}

/// What the parts of the suite stand on.
pub(super) struct Bench<'a> {
    pub(super) verifications: Arc<dyn VerificationStore>,
    pub(super) accounts: Arc<dyn AccountStore>,
    pub(super) ground: &'a Ground,
}

impl Bench<'_> {
    /// An account that is stored.
    pub(super) async fn account(&self, application: &ApplicationId, name: &str) -> Account {
        kept(self.accounts.add(&self.ground.account(application, name)).await).0
    }

    /// A subject of a stored account, with a phone and an application of its own.
    pub(super) async fn subject_with_account(&self) -> Subject {
        let application = self.ground.application();
        let account = self.account(&application, "ram").await;
        Subject {
            application,
            account: Some(account.id),
            phone: self.ground.phone(),
            purpose: Purpose::Contact,
        }
    }

    /// A verification of the subject that is stored.
    pub(super) async fn begun(&self, subject: &Subject) -> Verification {
        let verification = self.ground.verification(subject);
        self.must_insert(&verification).await;
        verification
    }

    pub(super) async fn must_insert(&self, verification: &Verification) {
        let inserted = kept(self.verifications.insert(verification).await);
        assert_eq!(inserted, Inserted::Stored, "a verification whose subject has no live one must be stored");
    }

    async fn save(&self, next: &Verification, expected: u32, guess: Option<Guess>) -> Saved {
        kept(self.verifications.save(&Change { next, expected, guess }).await)
    }

    /// Stores what becomes of a verification.
    pub(super) async fn must_save(&self, next: &Verification, guess: Option<Guess>) {
        let saved = self.save(next, next.version.wrapping_sub(1), guess).await;
        assert_eq!(saved, Saved::Stored, "a change of the stored version must be stored");
    }

    async fn load(&self, verification: &Verification) -> Option<Loaded> {
        kept(self.verifications.load(verification.id, today(verification)).await)
    }

    /// The verification as it is stored.
    pub(super) async fn reload(&self, verification: &Verification) -> Verification {
        present(self.load(verification).await, "a stored verification must be found by its id").verification
    }

    async fn standing(&self, subject: &Subject, today: Day) -> Standing {
        kept(self.verifications.standing(subject, today).await)
    }

    async fn totals(&self, phone: Phone, today: Day) -> GuessTotals {
        let nobody = Subject { phone, ..self.ground.subject() };
        self.standing(&nobody, today).await.guesses
    }

    /// The account as it is stored.
    async fn reload_account(&self, account: &Account) -> Account {
        present(
            kept(self.accounts.load_account(account.id).await),
            "a stored account must be found by its id",
        )
    }

    pub(super) async fn approve(&self, attempt: &Attempt, transfer: bool) -> Approved {
        kept(self.verifications.approve(&attempt.approval(transfer)).await)
    }

    /// Charges wrong checks to a phone, each with a save of a verification of its own subject.
    async fn charge(&self, phone: Phone, day: Day, class: GuessClass, times: u32) {
        let mut current = self.begun(&Subject { phone, ..self.ground.subject() }).await;
        for _ in 0..times {
            let next = changed(&current);
            self.must_save(&next, Some(wide(day, class))).await;
            current = next;
        }
    }
}

/// A right code that is about to be stored, with all that belongs to it.
pub(super) struct Attempt {
    pub(super) approved: Verification,
    expected: u32,
    guess: Option<Guess>,
    account: Account,
    phone: VerifiedPhone,
}

impl Attempt {
    /// A right code for a live verification of the account's.
    pub(super) fn of(live: &Verification, account: &Account, now: Timestamp) -> Self {
        let approved = step_of(live, Command::Check { matches: true }, now).next;
        let phone = VerifiedPhone { phone: live.subject.phone, verified_at: now };
        let guess = Guess { wrong: false, ..wide(Day::of(now), GuessClass::Short) };
        Self { approved, expected: live.version, guess: Some(guess), account: account.clone(), phone }
    }

    fn approval(&self, transfer: bool) -> Approval<'_> {
        let change = Change { next: &self.approved, expected: self.expected, guess: self.guess };
        Approval { change, account: self.account.id, phone: self.phone, transfer }
    }
}

fn step_of(verification: &Verification, command: Command, now: Timestamp) -> Step {
    step(verification, command, now)
}

/// The day on which a verification began.
fn today(verification: &Verification) -> Day {
    Day::of(verification.created_at)
}

/// The verification with some change.
pub(super) fn changed(verification: &Verification) -> Verification {
    let mut next = verification.clone();
    next.version += 1;
    next.checks_used += 1;
    next
}

/// The verification in a final state.
pub(super) fn finished(verification: &Verification, state: State) -> Verification {
    let mut next = verification.clone();
    next.version += 1;
    next.state = state;
    next
}

/// A wrong check under ceilings that are never reached.
const fn wide(day: Day, class: GuessClass) -> Guess {
    Guess { day, class, wrong: true, short_ceiling: 1_000_000, ceiling: 1_000_000 }
}

/// The same attempt, while the budget has no room for it.
pub(super) fn under_no_room(attempt: Attempt) -> Attempt {
    Attempt { guess: attempt.guess.map(|guess| Guess { short_ceiling: 0, ceiling: 0, ..guess }), ..attempt }
}

/// Every final state, at `at`.
pub(super) const fn final_states(at: Timestamp) -> [State; 4] {
    [State::Approved { at }, State::Expired { at }, State::Canceled { at }, State::Locked { at }]
}

/// Every length of a code.
fn code_lengths() -> impl Iterator<Item = CodeLength> {
    (6..=10).filter_map(CodeLength::new)
}
