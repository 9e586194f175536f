//! What keeps verifications.

use std::fmt;

use async_trait::async_trait;

use super::{Page, PortError};
use crate::account::VerifiedPhone;
use crate::application::ApplicationId;
use crate::guess::{Guess, GuessTotals};
use crate::id::{AccountId, VerificationId};
use crate::phone::Phone;
use crate::time::{Day, Timestamp};
use crate::verification::{Subject, Verification};

/// What is known of a subject before a start or a check by phone.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The youngest verification of the subject, whatever its state.
    pub latest: Option<Verification>,
    /// The wrong checks of the phone.
    pub guesses: GuessTotals,
    /// The phone that the subject's account has proved to hold, whichever that is.
    pub proved: Option<VerifiedPhone>,
}

/// A verification and the wrong checks of its phone.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The verification.
    pub verification: Verification,
    /// The wrong checks of its phone.
    pub guesses: GuessTotals,
}

/// How an insert went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is stored.
    Stored,
    /// Another live verification of the subject is there; nothing was stored.
    LiveExists,
}

/// How a save went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is stored.
    Stored,
    /// Somebody else changed the verification first; nothing was stored.
    Conflict,
    /// The phone's guess budget has no room for the comparison; nothing was stored.
    BudgetSpent,
}

/// A change of one verification.
#[derive(Debug)]
pub struct Change<'a> {
    /// The verification from now on. When its version is `expected`, nothing of it changes: the budget is asked, and
    /// charged when the guess is wrong.
    pub next: &'a Verification,
    /// The version it was made from.
    pub expected: u32,
    /// The comparison it comes from.
    pub guess: Option<Guess>,
}

/// An approval that binds a phone.
#[derive(Debug)]
pub struct Approval<'a> {
    /// The approved verification, and the comparison that approved it.
    pub change: Change<'a>,
    /// The account that has proved the phone.
    pub account: AccountId,
    /// What it has proved.
    pub phone: VerifiedPhone,
    /// Whether another account that holds the phone loses it.
    pub transfer: bool,
}

/// How an approval went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approved {
    /// Verification and account are stored.
    Stored {
        /// The account that lost the phone.
        transferred_from: Option<AccountId>,
    },
    /// Another account of the application holds the phone; nothing was stored.
    PhoneTaken,
    /// Somebody else changed the verification first; nothing was stored.
    Conflict,
    /// The phone's guess budget has no room for the comparison; nothing was stored.
    BudgetSpent,
}

/// Which verifications to list.
#[derive(Clone, Debug, Default)]
pub struct VerificationFilter {
    /// Of this application.
    pub application: Option<ApplicationId>,
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this phone.
    pub phone: Option<Phone>,
    /// With this state, by its name; a pending one whose life is over counts as pending until it is touched, which
    /// [`super::EventStore::expire`] does.
    pub state: Option<&'static str>,
}

/// Keeps verifications, and the ledger of wrong checks beside them. Every verification that it answers has the name of
/// its account filled in.
#[async_trait]
pub trait VerificationStore: Send + Sync + fmt::Debug {
    /// The youngest verification of the subject, the wrong checks of its phone and what its account has proved, in one
    /// look.
    async fn standing(&self, subject: &Subject, today: Day) -> Result<Standing, PortError>;

    /// One verification and the wrong checks of its phone, in one look.
    async fn load(&self, id: VerificationId, today: Day) -> Result<Option<Loaded>, PortError>;

    /// Stores a new verification. At most one live one of a subject exists: a pending one whose life is over at
    /// `created_at` is settled to expired in the same transaction, a live one makes this [`Inserted::LiveExists`].
    /// When this answers, a crash does not lose it.
    async fn insert(&self, verification: &Verification) -> Result<Inserted, PortError>;

    /// Stores a change over the version it was made from, together with the guess it comes from: of parallel changes
    /// of one version one is stored, and no comparison is stored that the budget has no room for.
    async fn save(&self, change: &Change<'_>) -> Result<Saved, PortError>;

    /// Stores an approval and binds the phone to the account in one transaction: both happen or none.
    async fn approve(&self, approval: &Approval<'_>) -> Result<Approved, PortError>;

    /// A page of verifications, youngest first.
    async fn list(
        &self,
        filter: &VerificationFilter,
        page: Page<VerificationId>,
    ) -> Result<Vec<Verification>, PortError>;

    /// Deletes up to `max` verifications that became final before `before`, and ledger rows from before
    /// `ledger_before`. Answers how many verifications went. One whose life is over becomes final by
    /// [`super::EventStore::expire`].
    async fn sweep(&self, before: Timestamp, ledger_before: Day, max: u32) -> Result<u64, PortError>;

    /// Whether the store would answer.
    async fn ping(&self) -> Result<(), PortError>;
}
