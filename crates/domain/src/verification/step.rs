//! The decision: what a command does to a verification at an instant. Pure and total; it cannot fail, and it knows
//! nothing of stores, gateways, clocks or callers.

use super::{DeliveryState, Generation, Seed, State, Verification};
use crate::deliverability::Pace;
use crate::policy::Policy;
use crate::route::RouteName;
use crate::time::{Timestamp, after, until};

/// Something that happens to a verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing but the passing of time.
    Settle,
    /// Send the code again.
    Resend {
        /// For the case that a new generation begins.
        seed: Seed,
        /// Whether the pepper of the present code is still configured; without it the code cannot be sent again.
        pepper_known: bool,
    },
    /// The gateway's answer to a send.
    RecordDelivery {
        /// Which send it answers.
        number: u32,
        /// What the answer says.
        report: DeliveryReport,
        /// The generation that the send replaced, if it did. What was certainly not sent replaces nothing.
        replaced: Option<Generation>,
        /// When the verification was sent before this send, if it was. What was certainly not sent leaves it at that.
        sent_before: Option<Timestamp>,
        /// The route by which it was sent, or may have been.
        route: Option<RouteName>,
        /// How soon it may be sent again, if it was sent or may have been.
        pace: Pace,
    },
    /// A submitted code, compared.
    Check {
        /// Whether it was the code of the present generation.
        matches: bool,
    },
    /// A right code that could not be honoured, because another account holds the phone.
    RejectTaken,
    /// The guess budget of the phone is used up.
    Lock,
    /// Call it off.
    Cancel,
}

/// What a gateway's answer says about a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryReport {
    /// It was taken.
    Sent,
    /// It may have been.
    Unknown,
    /// There is no SMS: the phone is for tests. It costs no send, and there is no wait until the next.
    Simulated,
    /// It was certainly not, and trying again is harmless.
    NotSent,
    /// It was certainly not, because of the receiver: trying again at once would be a nuisance to the gateway.
    ReceiverRefused,
}

/// What came of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to decide: the verification stands as it is.
    Settled,
    /// An SMS is to be sent.
    SendDue,
    /// The last send is too recent.
    TooSoon {
        /// From when on it may be sent again.
        resend_at: Timestamp,
    },
    /// No sends are left.
    SendsUsedUp,
    /// The gateway's answer is noted.
    DeliveryRecorded,
    /// The gateway's answer is about a send that has been overtaken, or one that was answered before.
    DeliveryIgnored,
    /// The right code: the verification is approved now.
    Approved,
    /// The right code again, of a verification that it approved before.
    ApprovedBefore,
    /// Not the right code.
    CodeIncorrect,
    /// The right code, but the phone is another account's.
    PhoneTaken,
    /// No checks are left.
    TooManyChecks,
    /// It is called off.
    Canceled,
    /// It is final for another reason, or an approved one's life is over.
    Final(State),
}

/// What the use case has to do besides saving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Hand the code to the gateway, as the delivery with this number.
    Send {
        /// See [`super::Delivery::number`].
        number: u32,
    },
    /// Bind the phone to the account, in the same transaction.
    Bind,
    /// Give back what the send took from the counters.
    Refund,
}

/// A decision: the verification as it is from now on, what came of the command, and what is to be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The verification from now on; its version is one higher exactly when anything changed.
    pub next: Verification,
    /// What came of the command.
    pub outcome: Outcome,
    /// What is to be done after `next` is saved.
    pub effect: Option<Effect>,
}

/// Decides.
#[must_use]
pub fn step(verification: &Verification, command: Command, now: Timestamp) -> Step {
    let mut next = verification.clone();
    expire_if_over(&mut next, now);
    let (outcome, effect) = match command {
        Command::Settle => (Outcome::Settled, None),
        Command::Resend { seed, pepper_known } => resend(&mut next, seed, pepper_known, now),
        Command::RecordDelivery { number, report, replaced, sent_before, route, pace } => {
            record_delivery(&mut next, Recorded { number, report, replaced, sent_before, route, pace }, now)
        }
        Command::Check { matches } => check(&mut next, matches, now),
        Command::RejectTaken => reject_taken(&mut next, now),
        Command::Lock => (finish(&mut next, State::Locked { at: now }, Outcome::TooManyChecks), None),
        Command::Cancel => (cancel(&mut next, now), None),
    };
    if next != *verification {
        next.version = verification.version.wrapping_add(1);
    }
    Step { next, outcome, effect }
}

fn expire_if_over(next: &mut Verification, now: Timestamp) {
    if matches!(next.state, State::Pending) && now >= next.generation.expires_at {
        next.state = State::Expired { at: now };
    }
}

fn resend(
    next: &mut Verification,
    seed: Seed,
    pepper_known: bool,
    now: Timestamp,
) -> (Outcome, Option<Effect>) {
    match next.state {
        State::Pending => {}
        State::Approved { .. } | State::Expired { .. } | State::Canceled { .. } | State::Locked { .. } => {
            return (Outcome::Final(next.state), None);
        }
    }
    if next.sends_left() == 0 {
        return (Outcome::SendsUsedUp, None);
    }
    if now < next.resend_at {
        return (Outcome::TooSoon { resend_at: next.resend_at }, None);
    }
    // A code that is shorter than the guess budget now asks for could not be checked any more.
    let too_short = seed.length > next.generation.length;
    let dying = until(now, next.generation.expires_at) < next.budget.renew_below;
    let renew = !pepper_known || too_short || dying;
    if renew {
        let expires_at = after(now, next.budget.lifetime);
        next.generation =
            Generation { nonce: seed.nonce, pepper: seed.pepper, length: seed.length, expires_at };
    }
    next.sends_used += 1;
    next.sent_at = now;
    next.resend_at = after(now, Policy::cooldown(&next.budget.cooldowns, next.sends_used));
    let number = next.delivery.number.saturating_add(1);
    next.delivery = super::Delivery { number, state: DeliveryState::Sending, at: now };
    (Outcome::SendDue, Some(Effect::Send { number }))
}

/// The gateways' answer to a send; see [`Command::RecordDelivery`].
struct Recorded {
    number: u32,
    report: DeliveryReport,
    replaced: Option<Generation>,
    sent_before: Option<Timestamp>,
    route: Option<RouteName>,
    pace: Pace,
}

fn record_delivery(next: &mut Verification, recorded: Recorded, now: Timestamp) -> (Outcome, Option<Effect>) {
    let Recorded { number, report, replaced, sent_before, route, pace } = recorded;
    let awaited = next.delivery.number == number && next.delivery.state == DeliveryState::Sending;
    if !awaited {
        return (Outcome::DeliveryIgnored, None);
    }
    next.delivery.at = now;
    let (state, effect) = match report {
        DeliveryReport::Sent | DeliveryReport::Simulated => (DeliveryState::Sent, None),
        DeliveryReport::Unknown => (DeliveryState::Unknown, None),
        DeliveryReport::NotSent | DeliveryReport::ReceiverRefused => {
            (DeliveryState::Failed, Some(Effect::Refund))
        }
    };
    next.delivery.state = state;
    if effect.is_none() {
        next.sent_by = route;
        let wait = pace.wait(Policy::cooldown(&next.budget.cooldowns, next.sends_used));
        next.resend_at = next.resend_at.min(after(next.sent_at, wait));
    }
    if effect.is_some() {
        next.sends_used = next.sends_used.saturating_sub(1);
        next.sent_at = sent_before.unwrap_or(next.sent_at);
        if let Some(replaced) = replaced.filter(|replaced| now < replaced.expires_at)
            && replaced.length >= next.generation.length
        {
            next.generation = replaced;
        }
    }
    match report {
        DeliveryReport::NotSent => next.resend_at = now,
        DeliveryReport::Simulated => {
            next.sends_used = next.sends_used.saturating_sub(1);
            next.resend_at = now;
        }
        DeliveryReport::Sent | DeliveryReport::Unknown | DeliveryReport::ReceiverRefused => {}
    }
    (Outcome::DeliveryRecorded, effect)
}

fn check(next: &mut Verification, matches: bool, now: Timestamp) -> (Outcome, Option<Effect>) {
    let approved = match next.state {
        State::Pending => false,
        // The same person taps twice, or the answer got lost: the right code is told again that it was right. Wrong
        // ones go on to be counted, or an approved verification would be a place to guess without end.
        State::Approved { .. } if now < next.generation.expires_at => true,
        State::Locked { .. } => return (Outcome::TooManyChecks, None),
        State::Approved { .. } | State::Expired { .. } | State::Canceled { .. } => {
            return (Outcome::Final(next.state), None);
        }
    };
    // The check that approved does not count against those that follow: at most `checks_max` are ever wrong, and a
    // right one at the very end can still be repeated.
    if next.checks_used >= next.budget.checks_max + u32::from(approved) {
        return (Outcome::TooManyChecks, None);
    }
    if approved && matches {
        return (Outcome::ApprovedBefore, None);
    }
    next.checks_used += 1;
    if matches {
        next.state = State::Approved { at: now };
        let effect = next.binding(now).map(|_| Effect::Bind);
        return (Outcome::Approved, effect);
    }
    if next.checks_left() == 0 && !approved {
        next.state = State::Locked { at: now };
    }
    (Outcome::CodeIncorrect, None)
}

fn reject_taken(next: &mut Verification, now: Timestamp) -> (Outcome, Option<Effect>) {
    // Counted like any check: the budget bounds comparisons, whatever they find.
    let (outcome, _) = check(next, false, now);
    let outcome = if outcome == Outcome::CodeIncorrect { Outcome::PhoneTaken } else { outcome };
    (outcome, None)
}

fn cancel(next: &mut Verification, now: Timestamp) -> Outcome {
    match next.state {
        State::Canceled { .. } => Outcome::Canceled,
        State::Pending | State::Approved { .. } | State::Expired { .. } | State::Locked { .. } => {
            finish(next, State::Canceled { at: now }, Outcome::Canceled)
        }
    }
}

/// Makes a pending verification final; a final one stays what it is.
fn finish(next: &mut Verification, state: State, outcome: Outcome) -> Outcome {
    match next.state {
        State::Pending => {
            next.state = state;
            outcome
        }
        State::Approved { .. } | State::Expired { .. } | State::Canceled { .. } | State::Locked { .. } => {
            Outcome::Final(next.state)
        }
    }
}
