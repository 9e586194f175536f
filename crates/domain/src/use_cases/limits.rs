//! Limits, as operators look at them: which there are, how full the counters of somebody are, and emptying them.

use super::{Failure, Verifier};
use crate::application::ApplicationId;
use crate::code::CodeLength;
use crate::guess::{GuessClass, GuessTotals};
use crate::id::AccountId;
use crate::limit::{Counter, Limit, LimitName, Usage, counters_of_account, counters_of_phone};
use crate::phone::Phone;
use crate::policy::Policy;
use crate::time::{Day, Timestamp};
use crate::verification::{Purpose, Subject};

/// Whose counters are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitSubject {
    /// Those of a phone: over all applications.
    Phone(Phone),
    /// Those of an account.
    Account(AccountId),
}

/// How full the counters of somebody are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitUsage {
    /// Each counter, and how full it is.
    pub counters: Vec<(Counter, Usage)>,
    /// The guess budget of a phone; an account has none.
    pub guesses: Option<GuessUsage>,
}

/// How much of its guess budget a phone has used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessUsage {
    /// Its wrong checks.
    pub totals: GuessTotals,
    /// The length of its next code.
    pub code_length: CodeLength,
    /// Until when it is sent no code, because its day is spent.
    pub blocked_until: Option<Timestamp>,
}

/// The limits of an application, in the order in which they are looked at.
///
/// # Errors
/// [`Failure`] when the application is not configured.
pub fn list(verifier: &Verifier, application: &ApplicationId) -> Result<Vec<(LimitName, Limit)>, Failure> {
    let limits = &verifier.application(application)?.policy.limits;
    let named = [
        (LimitName::SendsPerPhone, &limits.sends_per_phone),
        (LimitName::SendsPerAccount, &limits.sends_per_account),
        (LimitName::PhonesPerAccount, &limits.phones_per_account),
    ];
    Ok(named.into_iter().flat_map(|(name, limits)| limits.iter().map(move |limit| (name, *limit))).collect())
}

/// How full the counters of somebody are now; looking changes nothing.
///
/// # Errors
/// [`Failure`] when a port fails or the application is not configured.
pub async fn usage(
    verifier: &Verifier,
    application: &ApplicationId,
    subject: LimitSubject,
) -> Result<LimitUsage, Failure> {
    let policy = &verifier.application(application)?.policy;
    let now = verifier.now();
    let counters = used(verifier, counters(verifier, policy, application, subject), now).await?;
    let guesses = match subject {
        LimitSubject::Phone(phone) => Some(guesses(verifier, policy, application, phone, now).await?),
        LimitSubject::Account(_) => None,
    };
    Ok(LimitUsage { counters, guesses })
}

/// Empties the counters of somebody, for support; answers what each of them held. The budget of wrong checks stays as it
/// is: nothing but time gives it back.
///
/// # Errors
/// [`Failure`] when a port fails or the application is not configured; some counters may be empty then.
pub async fn reset(
    verifier: &Verifier,
    application: &ApplicationId,
    subject: LimitSubject,
) -> Result<Vec<(Counter, Usage)>, Failure> {
    let policy = &verifier.application(application)?.policy;
    let before = used(verifier, counters(verifier, policy, application, subject), verifier.now()).await?;
    let keys: Vec<_> = before.iter().map(|(counter, _)| counter.key.clone()).collect();
    verifier.ports.counters.clear(&keys).await?;
    Ok(before)
}

fn counters(
    verifier: &Verifier,
    policy: &Policy,
    application: &ApplicationId,
    subject: LimitSubject,
) -> Vec<Counter> {
    match subject {
        LimitSubject::Phone(phone) => counters_of_phone(policy, verifier.phone_key.fingerprint(phone)),
        LimitSubject::Account(account) => counters_of_account(policy, application, account),
    }
}

async fn used(
    verifier: &Verifier,
    counters: Vec<Counter>,
    now: Timestamp,
) -> Result<Vec<(Counter, Usage)>, Failure> {
    let usages = verifier.ports.counters.usage(&counters, now).await?;
    Ok(counters.into_iter().zip(usages).collect())
}

async fn guesses(
    verifier: &Verifier,
    policy: &Policy,
    application: &ApplicationId,
    phone: Phone,
    now: Timestamp,
) -> Result<GuessUsage, Failure> {
    // The wrong checks are the phone's, whatever else the subject is.
    let subject =
        Subject { application: application.clone(), account: None, phone, purpose: Purpose::Contact };
    let totals = verifier.ports.verifications.standing(&subject, Day::of(now)).await?.guesses;
    let code_length = policy.guesses.code_length(policy.code_length, policy.code_length_long, totals);
    let class = GuessClass::of(code_length, policy.code_length_long);
    let blocked_until = policy.guesses.blocked_until(class, totals, now);
    Ok(GuessUsage { totals, code_length, blocked_until })
}
