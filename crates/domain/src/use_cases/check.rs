//! Check: is this the code? A right one approves and binds; a wrong one costs a check of the verification and one of
//! the phone's guess budget.

use super::refused::{refusal, underivable};
use super::statistics::{self, About};
use super::{Answer, Failure, Stop, TRIES_MAX, Verifier, answer, today};
use crate::account::Username;
use crate::application::Application;
use crate::code::SubmittedCode;
use crate::credential::Caller;
use crate::guess::{Guess, GuessClass, GuessTotals};
use crate::id::{AccountId, VerificationId};
use crate::phone::Phone;
use crate::policy::PhoneTaken;
use crate::ports::{Approval, Approved, Change, Loaded, Saved};
use crate::refusal::{Refusal, Refused};
use crate::time::{Timestamp, until};
use crate::verification::{Command, Effect, Outcome, Purpose, State, Step, Subject, Verification, step};

/// Which verification a code is for.
#[derive(Clone, Debug)]
pub enum CheckTarget {
    /// The one with this id.
    Id(VerificationId),
    /// The one that is live for this phone and account.
    Phone {
        /// The phone.
        phone: Phone,
        /// The account; a user token's own when absent.
        account: Option<Username>,
        /// What the proof is for.
        purpose: Purpose,
    },
}

/// A right code.
#[derive(Clone, Debug, PartialEq)]
pub struct Proved {
    /// The approved verification.
    pub verification: Verification,
    /// Whether this check approved it; otherwise one before did.
    pub now: bool,
    /// The account that lost the phone to this one.
    pub transferred_from: Option<AccountId>,
}

/// Checks a code.
///
/// # Errors
/// [`Failure`] when a port fails; nothing was approved then, or it will be told again when asked again.
pub async fn check(
    verifier: &Verifier,
    caller: &Caller,
    target: &CheckTarget,
    submitted: &SubmittedCode,
) -> Result<Answer<Proved>, Failure> {
    let checked = check_or_stop(verifier, caller, target, submitted).await;
    let answered = answer(checked.map_err(|stop| told(stop, target)));
    let (phone, purpose) = match target {
        CheckTarget::Id(_) => (None, None),
        CheckTarget::Phone { phone, account: _, purpose } => (Some(*phone), Some(*purpose)),
    };
    statistics::tell_refusal(verifier, About::new(caller.application(), phone, purpose), &answered);
    answered
}

/// A check by phone tells nothing of what is over, also when it ends while it is being checked.
fn told(stop: Stop, target: &CheckTarget) -> Stop {
    let over =
        |refusal: Refusal| matches!(refusal, Refusal::VerificationExpired | Refusal::VerificationCanceled);
    match (stop, target) {
        (Stop::Refused(refused), CheckTarget::Phone { .. }) if over(refused.refusal) => {
            Refusal::VerificationNotFound.into()
        }
        (stop, CheckTarget::Id(_) | CheckTarget::Phone { .. }) => stop,
    }
}

async fn check_or_stop(
    verifier: &Verifier,
    caller: &Caller,
    target: &CheckTarget,
    submitted: &SubmittedCode,
) -> Result<Proved, Stop> {
    match caller {
        Caller::User(_) | Caller::Application(_) => {}
        Caller::Admin(_) => return Err(Refusal::ScopeMissing.into()),
    }
    let application = verifier.application(caller.application())?;
    let mut target = target.clone();
    for _ in 0..TRIES_MAX {
        let now = verifier.now();
        let found = match &target {
            CheckTarget::Id(id) => verifier.ports.verifications.load(*id, today(now)).await?,
            CheckTarget::Phone { phone, account, purpose } => {
                live_of(verifier, caller, *phone, account.as_ref(), *purpose, now).await?
            }
        };
        let loaded = owned(found, caller).ok_or(Refusal::VerificationNotFound)?;
        super::blocks::may_check(verifier, &loaded.verification.subject, now)?;
        target = CheckTarget::Id(loaded.verification.id);
        if let Some(proved) = try_once(verifier, application, loaded, submitted, now).await? {
            return Ok(proved);
        }
    }
    Err(Failure::Contended.into())
}

/// One load-decide-save; `None` when somebody else changed the verification first.
async fn try_once(
    verifier: &Verifier,
    application: &Application,
    loaded: Loaded,
    submitted: &SubmittedCode,
    now: Timestamp,
) -> Result<Option<Proved>, Stop> {
    let Loaded { verification: current, guesses } = loaded;
    let Some(code) = verifier.peppers.derive(&current.code_source()) else {
        return Err(underivable(&current, now).about(current).into());
    };
    let matches = match application.test_number(current.subject.phone, now) {
        Some(test) => test.code.is(submitted),
        None => code.matches(submitted),
    };
    let decided = step(&current, Command::Check { matches }, now);
    if decided.outcome == Outcome::Approved {
        still_holds(verifier, &current, now).await?;
    }
    let approved = matches!(decided.outcome, Outcome::Approved | Outcome::ApprovedBefore);
    let compared = approved || decided.outcome == Outcome::CodeIncorrect;
    let guess = compared.then(|| guess(application, &current, guesses, now, !approved));
    if decided.effect == Some(Effect::Bind) {
        return approve(
            verifier,
            application,
            Loaded { verification: current, guesses },
            decided,
            guess,
            now,
        )
        .await;
    }
    match save(verifier, &current, &decided, guess).await? {
        Saved::Stored => {}
        Saved::Conflict => return Ok(None),
        Saved::BudgetSpent => return Err(lock(verifier, application, &current, guesses, now).await?.into()),
    }
    match refusal(decided.outcome, &decided.next, now) {
        None => {
            let approved_now = decided.outcome == Outcome::Approved;
            Ok(Some(Proved { verification: decided.next, now: approved_now, transferred_from: None }))
        }
        Some(Refusal::TooManyChecks { .. }) => {
            Err(none_left(application, &decided.next, guesses, now).about(decided.next).into())
        }
        Some(refusal) => Err(refusal.about(decided.next).into()),
    }
}

/// No checks are left: a start makes sense behind its wait, and not before the phone has wrong checks again.
fn none_left(
    application: &Application,
    verification: &Verification,
    totals: GuessTotals,
    now: Timestamp,
) -> Refusal {
    let policy = &application.policy;
    let next_length = policy.guesses.code_length(policy.code_length, policy.code_length_long, totals);
    let class = GuessClass::of(next_length, policy.code_length_long);
    let blocked = policy.guesses.blocked_until(class, totals, now).unwrap_or(now);
    Refusal::TooManyChecks { retry_after: until(now, blocked.max(verification.resend_at)) }
}

/// A purpose that does not bind is about the account's proved phone. When the account has lost it since the start (it
/// moved on, or the phone went over to another), the right code proves nothing any more, and the verification ends.
async fn still_holds(verifier: &Verifier, current: &Verification, now: Timestamp) -> Result<(), Stop> {
    let subject = &current.subject;
    let (false, Some(account)) = (subject.purpose.binds(), subject.account) else { return Ok(()) };
    let account = verifier.ports.accounts.load_account(account).await?;
    let proved = account.and_then(|account| account.phone);
    if proved.is_some_and(|proved| proved.phone == subject.phone) {
        return Ok(());
    }
    let ended = step(current, Command::Cancel, now);
    // Losing a race to another change leaves the verification to the next check, which comes here again.
    save(verifier, current, &ended, None).await?;
    Err(Refusal::PhoneNotVerified.about(ended.next).into())
}

fn guess(
    application: &Application,
    verification: &Verification,
    totals: GuessTotals,
    now: Timestamp,
    wrong: bool,
) -> Guess {
    let policy = &application.policy;
    let class = GuessClass::of(verification.generation.length, policy.code_length_long);
    policy.guesses.guess(class, totals, now, wrong)
}

async fn save(
    verifier: &Verifier,
    current: &Verification,
    decided: &Step,
    guess: Option<Guess>,
) -> Result<Saved, Stop> {
    // A decision that changed nothing and compared nothing needs no write.
    if decided.next.version == current.version && guess.is_none() {
        return Ok(Saved::Stored);
    }
    let change = Change { next: &decided.next, expected: current.version, guess };
    let saved = verifier.ports.verifications.save(&change).await?;
    if saved == Saved::Stored {
        statistics::tell_end(verifier, current, &decided.next);
    }
    Ok(saved)
}

/// Approves and binds in one transaction.
async fn approve(
    verifier: &Verifier,
    application: &Application,
    loaded: Loaded,
    decided: Step,
    guess: Option<Guess>,
    now: Timestamp,
) -> Result<Option<Proved>, Stop> {
    let Loaded { verification: current, guesses } = &loaded;
    let Some((account, phone)) = decided.next.binding(now) else {
        return Err(Failure::Contended.into());
    };
    let transfer = match application.policy.phone_taken {
        PhoneTaken::Reject => false,
        PhoneTaken::Transfer => true,
    };
    let change = Change { next: &decided.next, expected: current.version, guess };
    let approval = Approval { change, account, phone, transfer };
    match verifier.ports.verifications.approve(&approval).await? {
        Approved::Stored { transferred_from } => {
            statistics::tell_end(verifier, current, &decided.next);
            Ok(Some(Proved { verification: decided.next, now: true, transferred_from }))
        }
        Approved::Conflict => Ok(None),
        Approved::BudgetSpent => Err(lock(verifier, application, current, *guesses, now).await?.into()),
        Approved::PhoneTaken => {
            let rejected = step(current, Command::RejectTaken, now);
            match save(verifier, current, &rejected, guess).await? {
                Saved::Stored => {
                    let refusal =
                        refusal(rejected.outcome, &rejected.next, now).unwrap_or(Refusal::PhoneTaken);
                    Err(refusal.about(rejected.next).into())
                }
                Saved::Conflict => Ok(None),
                Saved::BudgetSpent => Err(lock(verifier, application, current, *guesses, now).await?.into()),
            }
        }
    }
}

/// The phone's guess budget is used up: the verification ends, so that the next one begins under the rules that then
/// hold. Losing the race to another change is fine: the budget stays used up.
async fn lock(
    verifier: &Verifier,
    application: &Application,
    current: &Verification,
    totals: GuessTotals,
    now: Timestamp,
) -> Result<Refused, Stop> {
    let locked = step(current, Command::Lock, now);
    save(verifier, current, &locked, None).await?;
    Ok(none_left(application, &locked.next, totals, now).about(locked.next))
}

/// What a check by phone is about: the youngest verification of the subject, as long as a code could be right for it.
/// Whatever else there is reads as nothing, so that a check by phone tells nothing of what went before.
async fn live_of(
    verifier: &Verifier,
    caller: &Caller,
    phone: Phone,
    account: Option<&Username>,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<Loaded>, Stop> {
    let account = match (caller, account) {
        (Caller::User(own), named) => {
            if named.is_some_and(|named| *named != own.username) {
                return Err(Refusal::AccountForbidden.into());
            }
            Some(own.id)
        }
        (Caller::Application(_) | Caller::Admin(_), None) => None,
        (Caller::Application(application) | Caller::Admin(application), Some(username)) => {
            let Some(account) = verifier.ports.accounts.id_of(application, username).await? else {
                return Ok(None);
            };
            Some(account)
        }
    };
    let subject = Subject { application: caller.application().clone(), account, phone, purpose };
    let standing = verifier.ports.verifications.standing(&subject, today(now)).await?;
    let Some(verification) = standing.latest else { return Ok(None) };
    let open = match step(&verification, Command::Settle, now).next.state {
        State::Pending => true,
        State::Approved { .. } | State::Locked { .. } => now < verification.generation.expires_at,
        State::Expired { .. } | State::Canceled { .. } => false,
    };
    Ok(open.then_some(Loaded { verification, guesses: standing.guesses }))
}

/// What was loaded, if the caller may know of it: a foreign verification reads as none.
pub(super) fn owned(loaded: Option<Loaded>, caller: &Caller) -> Option<Loaded> {
    loaded.filter(|loaded| may_know(&loaded.verification, caller))
}

/// Whether the caller may know of a verification.
pub(super) fn may_know(verification: &Verification, caller: &Caller) -> bool {
    let subject = &verification.subject;
    match caller {
        Caller::User(own) => subject.application == own.application && subject.account == Some(own.id),
        Caller::Application(application) | Caller::Admin(application) => subject.application == *application,
    }
}
