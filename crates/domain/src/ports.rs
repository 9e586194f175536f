//! The ports: what the rules need from the world. Each method is one atomic promise, written so that an adapter can
//! be tested against it (the suites are in `testkit::contract`); no transaction crosses a port.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::account::{Account, Username, VerifiedPhone};
use crate::application::ApplicationId;
use crate::credential::{Credential, SecretHash};
use crate::guess::{Guess, GuessTotals};
use crate::id::{AccountId, CredentialId, VerificationId};
use crate::limit::{CounterKey, LimitName, Member, Take};
use crate::message::SmsText;
use crate::phone::Phone;
use crate::time::{Day, Timestamp};
use crate::verification::{Subject, Verification};

mod error;

pub use error::{Dependency, PortError, PortErrorKind, chain};

/// What time it is.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now, in whole milliseconds.
    fn now(&self) -> Timestamp;
}

/// Randomness fit for secrets.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills `bytes` with unpredictable bits.
    ///
    /// # Errors
    /// [`PortError`] when there are none to be had.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), PortError>;
}

/// An SMS to be sent.
#[derive(Debug)]
pub struct Sms {
    /// To whom.
    pub to: Phone,
    /// What.
    pub text: SmsText,
}

/// What a gateway says of an SMS. Its own words stay with it: the adapter logs them, callers never see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendAnswer {
    /// It was taken.
    Accepted,
    /// It was not taken, because of the receiver.
    ReceiverRefused,
    /// It was not taken, for a reason that the operator has to mend (credit, token, identity, address).
    Refused,
    /// It was certainly not sent: the gateway was not reached.
    NotSent,
    /// It may have been sent: no answer, or none that makes sense.
    Unknown,
}

/// Carries an SMS.
#[async_trait]
pub trait SmsGateway: Send + Sync + fmt::Debug {
    /// Hands the SMS over, once: no retry after any byte has left, because the gateway may have sent it. Answers
    /// within the gateway's stated time-out, always.
    async fn send(&self, sms: &Sms) -> SendAnswer;
}

/// Whether all limits had room.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// One was taken from each.
    All(Receipt),
    /// One of them had none; nothing is taken from any.
    Refused {
        /// The limit that had none.
        name: LimitName,
        /// When it has room again.
        retry_after: Duration,
    },
}

/// What was taken, so that it can be given back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Receipt(pub Vec<(CounterKey, Member)>);

/// Counters with a life: sliding windows, exact.
#[async_trait]
pub trait Counters: Send + Sync + fmt::Debug {
    /// Takes one from each. Each counter is atomic: however many take at once, it never holds more than its limit
    /// within any window. When one has no room, nothing of this call remains in the others.
    /// A member that a counter holds already is not counted again, and its life begins anew.
    async fn take(&self, takes: &[Take], now: Timestamp) -> Result<Taken, PortError>;

    /// Gives back what a [`Receipt`] says; what is gone already is no error.
    async fn refund(&self, receipt: &Receipt) -> Result<(), PortError>;

    /// Whether a `take` would be answered.
    async fn ping(&self) -> Result<(), PortError>;
}

/// What is known of a subject before a start or a check by phone.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// The youngest verification of the subject, whatever its state.
    pub latest: Option<Verification>,
    /// The wrong checks of the phone.
    pub guesses: GuessTotals,
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
    /// With this state, by its name; a pending one whose life is over counts as pending until it is touched.
    pub state: Option<&'static str>,
}

/// A page of a listing, youngest first.
#[derive(Clone, Copy, Debug)]
pub struct Page<Id> {
    /// Only what is older than this.
    pub before: Option<Id>,
    /// At most so many.
    pub limit: u16,
}

/// Keeps verifications, and the ledger of wrong checks beside them. Every verification that it answers has the name of
/// its account filled in.
#[async_trait]
pub trait VerificationStore: Send + Sync + fmt::Debug {
    /// The youngest verification of the subject and the wrong checks of its phone, in one look.
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

    /// Deletes up to `max` verifications that became final, or whose life ended, before `before`; and ledger rows
    /// from before `ledger_before`. Answers how many verifications went.
    async fn sweep(&self, before: Timestamp, ledger_before: Day, max: u32) -> Result<u64, PortError>;

    /// Whether the store would answer.
    async fn ping(&self) -> Result<(), PortError>;
}

/// Keeps accounts.
#[async_trait]
pub trait AccountStore: Send + Sync + fmt::Debug {
    /// Stores the account unless one of this name exists in the application; answers the one that is there now, and
    /// whether it is the given one. However many add one name at once, one account comes of it.
    async fn add(&self, account: &Account) -> Result<(Account, bool), PortError>;

    /// The account of this name, compared exactly.
    async fn find(
        &self,
        application: &ApplicationId,
        username: &Username,
    ) -> Result<Option<Account>, PortError>;

    /// The account with this id.
    async fn load_account(&self, id: AccountId) -> Result<Option<Account>, PortError>;

    /// A page of an application's accounts, youngest first.
    async fn list_accounts(
        &self,
        application: &ApplicationId,
        page: Page<AccountId>,
    ) -> Result<Vec<Account>, PortError>;
}

/// A credential in force, and the account of a user token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The credential.
    pub credential: Credential,
    /// The account it stands for; present exactly for a user token.
    pub account: Option<Account>,
}

/// Keeps credentials.
#[async_trait]
pub trait CredentialStore: Send + Sync + fmt::Debug {
    /// Stores a credential under the hash of its secret.
    async fn issue(&self, credential: &Credential, hash: &SecretHash) -> Result<(), PortError>;

    /// The credential with this hash, whether or not in force, with the account of a user token, in one look.
    async fn holder(&self, hash: &SecretHash) -> Result<Option<Holder>, PortError>;

    /// A page of an application's keys, or of its user tokens, youngest first, with the usernames of the tokens.
    async fn list_credentials(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        page: Page<CredentialId>,
    ) -> Result<Vec<(Credential, Option<Username>)>, PortError>;

    /// Revokes it at `now`; one that is revoked already keeps its instant. `None` when the application has no such
    /// credential of that kind.
    async fn revoke(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        id: CredentialId,
        now: Timestamp,
    ) -> Result<Option<Credential>, PortError>;
}

/// Which credentials to list or revoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFilter {
    /// Keys of the application.
    Keys,
    /// User tokens, of one account or of all.
    UserTokens(Option<AccountId>),
}

/// Hears of failures that changed no answer, so that the operator can: a note that was not written, a count that was
/// not given back.
pub trait Alarms: Send + Sync + fmt::Debug {
    /// Tells what was lost and why.
    fn raise(&self, lost: Lost, cause: &PortError);
}

/// What a failure after the fact loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The gateway's answer to a send; the delivery stays `sending`.
    DeliveryRecord,
    /// Counts that a send gave back; the limit stays stricter until its window has passed.
    Refund,
}

/// Every port, as the use cases take them.
#[derive(Clone, Debug)]
pub struct Ports {
    /// Verifications.
    pub verifications: Arc<dyn VerificationStore>,
    /// Accounts.
    pub accounts: Arc<dyn AccountStore>,
    /// Credentials.
    pub credentials: Arc<dyn CredentialStore>,
    /// Counters.
    pub counters: Arc<dyn Counters>,
    /// The gateway.
    pub gateway: Arc<dyn SmsGateway>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where failures after the fact go.
    pub alarms: Arc<dyn Alarms>,
}
