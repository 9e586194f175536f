//! Refusals: what the rules decide against a caller. They are outcomes, not errors, and each has one meaning over
//! all front ends; how it reads is theirs.

use std::time::Duration;

use crate::verification::Verification;

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The caller acts for one account and named another.
    AccountForbidden,
    /// The caller's credential is not for this kind of operation.
    ScopeMissing,
    /// The account has already proved that it holds this phone.
    AlreadyVerified,
    /// The purpose needs a phone that the account has proved before, and this is not it.
    PhoneNotVerified,
    /// The application has no such app hash.
    AppHashUnknown,
    /// The application has no such origin.
    OriginUnknown,
    /// The last send is too recent.
    ResendTooSoon {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The verification has no sends left; a new one can be started when it is over.
    SendsUsedUp {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A limit on sends is reached. Which one is not told: it may be about somebody else's doings.
    RateLimited {
        /// How long to wait, coarsely.
        retry_after: Duration,
    },
    /// Too many numbers of the application were invalid of late: those of which nothing is known have to wait.
    NewNumbersPaused {
        /// How long to wait, coarsely.
        retry_after: Duration,
    },
    /// An operator has blocked the phone, numbers that begin like it, or the account. Which, is not told.
    Blocked,
    /// The gateway says that this phone cannot receive.
    DestinationUnsupported,
    /// The gateway refuses to send at all; the operator has to act.
    GatewayRefused,
    /// No gateway could be reached or takes anything at the moment, and nothing was sent.
    GatewayUnavailable {
        /// When asking again makes sense.
        retry_after: Duration,
    },
    /// There is no such verification, or it is somebody else's.
    VerificationNotFound,
    /// The code is not the right one; it cost one check.
    CodeIncorrect,
    /// No checks are left: of the verification, or of the phone for today.
    TooManyChecks {
        /// How long until a new start makes sense.
        retry_after: Duration,
    },
    /// The verification's life is over.
    VerificationExpired,
    /// The verification was canceled.
    VerificationCanceled,
    /// The verification is approved already, so there is nothing to send or cancel.
    VerificationApproved,
    /// Another account of the application holds the phone. Told after a right code only, or to those who administer.
    PhoneTaken,
    /// There is no such account, or it is another application's.
    AccountNotFound,
    /// There is no such key, or it is another application's.
    KeyNotFound,
    /// There is no such user token, or it is another account's.
    TokenNotFound,
    /// There is no such application, or it is not the caller's.
    ApplicationNotFound,
}

/// A refusal, with the verification that it is about when the caller may know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// The caller's own verification.
    pub verification: Option<Box<Verification>>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, verification: None }
    }
}

impl Refusal {
    /// The class of every refusal.
    pub const CLASSES: [&'static str; 25] = [
        "account-forbidden",
        "scope-missing",
        "already-verified",
        "phone-not-verified",
        "app-hash-unknown",
        "origin-unknown",
        "resend-too-soon",
        "sends-used-up",
        "rate-limited",
        "new-numbers-paused",
        "blocked",
        "destination-unsupported",
        "gateway-refused",
        "gateway-unavailable",
        "verification-not-found",
        "code-incorrect",
        "too-many-checks",
        "verification-expired",
        "verification-canceled",
        "verification-approved",
        "phone-taken",
        "account-not-found",
        "key-not-found",
        "token-not-found",
        "application-not-found",
    ];

    /// Its class, as a slug, for statistics: that of the problem as which it is told over HTTP.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::AccountForbidden => "account-forbidden",
            Self::ScopeMissing => "scope-missing",
            Self::AlreadyVerified => "already-verified",
            Self::PhoneNotVerified => "phone-not-verified",
            Self::AppHashUnknown => "app-hash-unknown",
            Self::OriginUnknown => "origin-unknown",
            Self::ResendTooSoon { .. } => "resend-too-soon",
            Self::SendsUsedUp { .. } => "sends-used-up",
            Self::RateLimited { .. } => "rate-limited",
            Self::NewNumbersPaused { .. } => "new-numbers-paused",
            Self::Blocked => "blocked",
            Self::DestinationUnsupported => "destination-unsupported",
            Self::GatewayRefused => "gateway-refused",
            Self::GatewayUnavailable { .. } => "gateway-unavailable",
            Self::VerificationNotFound => "verification-not-found",
            Self::CodeIncorrect => "code-incorrect",
            Self::TooManyChecks { .. } => "too-many-checks",
            Self::VerificationExpired => "verification-expired",
            Self::VerificationCanceled => "verification-canceled",
            Self::VerificationApproved => "verification-approved",
            Self::PhoneTaken => "phone-taken",
            Self::AccountNotFound => "account-not-found",
            Self::KeyNotFound => "key-not-found",
            Self::TokenNotFound => "token-not-found",
            Self::ApplicationNotFound => "application-not-found",
        }
    }

    /// This refusal, about this verification of the caller's own.
    #[must_use]
    pub fn about(self, verification: Verification) -> Refused {
        Refused { refusal: self, verification: Some(Box::new(verification)) }
    }
}
