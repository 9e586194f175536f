//! A verification: one attempt to prove that somebody holds a phone. Owns its data and how it begins; what happens to
//! it later is decided in [`step`](mod@step).

use std::sync::Arc;
use std::time::Duration;

use crate::account::{Username, VerifiedPhone};
use crate::application::ApplicationId;
use crate::code::{CodeLength, CodeSource, Nonce, PepperId};
use crate::id::{AccountId, VerificationId};
use crate::message::{AppHash, Locale, Origin};
use crate::phone::Phone;
use crate::policy::Policy;
use crate::route::RouteName;
use crate::time::{Timestamp, after};

pub mod step;

pub use step::{Command, Effect, Outcome, Step, step};

/// What an approved verification is good for; a code for one purpose never serves another (OWASP ASVS 6.6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// To bind the phone to the account.
    Contact,
    /// To sign in with the account's proved phone.
    Login,
    /// To recover the account by its proved phone.
    Recovery,
    /// To confirm something the account is about to do.
    Transaction,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] = [Self::Contact, Self::Login, Self::Recovery, Self::Transaction];

    /// The name in storage, CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Login => "login",
            Self::Recovery => "recovery",
            Self::Transaction => "transaction",
        }
    }

    /// The purpose of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }

    /// Whether an approval binds the phone to the account.
    #[must_use]
    pub const fn binds(self) -> bool {
        matches!(self, Self::Contact)
    }
}

/// Whom and what a verification is about. At most one verification of a subject is live at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject {
    /// The application that asks.
    pub application: ApplicationId,
    /// The account it is for; none when an application only wants to know who holds a phone.
    pub account: Option<AccountId>,
    /// The phone to prove.
    pub phone: Phone,
    /// What the proof is for.
    pub purpose: Purpose,
}

/// What a send needs besides the code, kept for resends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageOptions {
    /// The language of the SMS.
    pub locale: Locale,
    /// The build of the Android app that may read it.
    pub app_hash: Option<AppHash>,
    /// The web origin that may read the code.
    pub origin: Option<Origin>,
}

/// How far a verification has come. All but the first are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A right code approves it.
    Pending,
    /// The right code came back.
    Approved {
        /// When.
        at: Timestamp,
    },
    /// Its life ended.
    Expired {
        /// The end of its life, or when that was noticed; never before.
        at: Timestamp,
    },
    /// It was called off.
    Canceled {
        /// When.
        at: Timestamp,
    },
    /// Too many wrong checks.
    Locked {
        /// When.
        at: Timestamp,
    },
}

impl State {
    /// The name of every state.
    pub const NAMES: [&'static str; 5] = ["pending", "approved", "expired", "canceled", "locked"];

    /// The name in storage, CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved { .. } => "approved",
            Self::Expired { .. } => "expired",
            Self::Canceled { .. } => "canceled",
            Self::Locked { .. } => "locked",
        }
    }

    /// When it became final; `None` while pending.
    #[must_use]
    pub const fn final_at(self) -> Option<Timestamp> {
        match self {
            Self::Pending => None,
            Self::Approved { at } | Self::Expired { at } | Self::Canceled { at } | Self::Locked { at } => {
                Some(at)
            }
        }
    }
}

/// One code and its life. A resend late in the life begins the next generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// What makes its code differ from every other.
    pub nonce: Nonce,
    /// The pepper of its code.
    pub pepper: PepperId,
    /// The digits of its code.
    pub length: CodeLength,
    /// When its code dies: at this instant it is dead.
    pub expires_at: Timestamp,
}

/// The last SMS that was handed to a gateway, or is about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// How many-eth attempt it is, failed ones included; begins with 1.
    pub number: u32,
    /// What is known of it.
    pub state: DeliveryState,
    /// Since when.
    pub at: Timestamp,
}

/// What is known of a delivery. No gateway of ours reports more than that it took the SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// Being handed over; after a crash it stays so, and the SMS may or may not have left.
    Sending,
    /// The gateway took it.
    Sent,
    /// The gateway's answer did not come or did not make sense: it may have been sent.
    Unknown,
    /// It was certainly not sent.
    Failed,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Sending, Self::Sent, Self::Unknown, Self::Failed];

    /// The name in storage, CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// One attempt to prove that somebody holds a phone, with the budgets and deadlines that held when it began.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// Its id; not a secret.
    pub id: VerificationId,
    /// Counts its changes; a change is saved only over the version that it was made from.
    pub version: u32,
    /// Whom and what it is about.
    pub subject: Subject,
    /// The name of the subject's account, for whoever reads the answer: the store keeps it with the account, not here,
    /// and fills it in whenever it answers a verification.
    pub username: Option<Username>,
    /// How far it has come.
    pub state: State,
    /// The code in force.
    pub generation: Generation,
    /// How the SMS looks.
    pub message: MessageOptions,
    /// The last delivery.
    pub delivery: Delivery,
    /// The route by which the last SMS went that was sent, or may have been.
    pub sent_by: Option<RouteName>,
    /// When it began.
    pub created_at: Timestamp,
    /// When the last SMS that was sent, or may have been, began to be handed over; without any, the last that was not.
    pub sent_at: Timestamp,
    /// From when on it may be sent again.
    pub resend_at: Timestamp,
    /// Sends used, failed ones given back.
    pub sends_used: u32,
    /// Checks used, over all generations. One more than the budget only where an approved one met wrong checks later.
    pub checks_used: u32,
    /// The budgets it began with.
    pub budget: Budget,
}

/// The part of the policy that is baked into a verification when it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The life of each generation.
    pub lifetime: Duration,
    /// A resend with less life left begins the next generation.
    pub renew_below: Duration,
    /// Checks in all.
    pub checks_max: u32,
    /// The waits between sends; there is one send more than there are waits.
    pub cooldowns: Arc<[Duration]>,
}

impl Budget {
    /// The budget that a verification of this policy begins with.
    #[must_use]
    pub fn of(policy: &Policy) -> Self {
        Self {
            lifetime: policy.lifetime,
            renew_below: policy.renew_below,
            checks_max: policy.checks_max,
            cooldowns: policy.cooldowns.as_slice().into(),
        }
    }

    /// Sends in all.
    #[must_use]
    pub fn sends_max(&self) -> u32 {
        u32::try_from(self.cooldowns.len()).unwrap_or(u32::MAX).saturating_add(1)
    }
}

/// What makes a generation's code unlike every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Fresh random bits.
    pub nonce: Nonce,
    /// The newest pepper.
    pub pepper: PepperId,
    /// The length that the guess budget asks for now.
    pub length: CodeLength,
}

/// Begins a verification, with its first send under way.
#[must_use]
pub fn open(
    id: VerificationId,
    subject: Subject,
    username: Option<Username>,
    message: MessageOptions,
    budget: Budget,
    seed: Seed,
    now: Timestamp,
) -> Verification {
    Verification {
        id,
        version: 0,
        subject,
        username,
        state: State::Pending,
        generation: seed.generation(after(now, budget.lifetime)),
        message,
        delivery: Delivery { number: 1, state: DeliveryState::Sending, at: now },
        sent_by: None,
        created_at: now,
        sent_at: now,
        resend_at: after(now, Policy::cooldown(&budget.cooldowns, 1)),
        sends_used: 1,
        checks_used: 0,
        budget,
    }
}

impl Seed {
    const fn generation(self, expires_at: Timestamp) -> Generation {
        Generation { nonce: self.nonce, pepper: self.pepper, length: self.length, expires_at }
    }
}

impl Verification {
    /// Whether a right code would approve it at `now`.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Pending) && now < self.generation.expires_at
    }

    /// Sends that are left.
    #[must_use]
    pub fn sends_left(&self) -> u32 {
        self.budget.sends_max().saturating_sub(self.sends_used)
    }

    /// Checks that are left.
    #[must_use]
    pub const fn checks_left(&self) -> u32 {
        self.budget.checks_max.saturating_sub(self.checks_used)
    }

    /// What its code is derived from.
    #[must_use]
    pub const fn code_source(&self) -> CodeSource {
        CodeSource {
            verification: self.id,
            phone: self.subject.phone,
            purpose: self.subject.purpose,
            nonce: self.generation.nonce,
            pepper: self.generation.pepper,
            length: self.generation.length,
        }
    }

    /// What an approval at `at` proves about the account, if it binds one.
    #[must_use]
    pub fn binding(&self, at: Timestamp) -> Option<(AccountId, VerifiedPhone)> {
        let account = self.subject.account.filter(|_| self.subject.purpose.binds())?;
        Some((account, VerifiedPhone { phone: self.subject.phone, verified_at: at }))
    }
}
