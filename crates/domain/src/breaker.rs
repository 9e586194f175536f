//! The circuit breaker of a gateway: whether calls are let through. Owns the decision; reads no clock and calls nobody.
//!
//! | it is | and becomes | when |
//! |---|---|---|
//! | closed | open for `open_for` | `refusals` answers [`Refused`](SendAnswer::Refused) came without a success between them |
//! | closed | open for `open_for` | `failure_percent` of the calls in `window` failed, and they were `calls_min` or more |
//! | closed | open for `open_for` | `calls_min` calls in a row failed |
//! | open | half-open | its time is over, or credits were read where it was open for want of them ([`Breaker::lift`]) |
//! | half-open | open for twice as long as before | the probe failed |
//! | half-open | closed, and all is forgotten | `probes` probes in a row succeeded |
//! | any | open until a given instant | no credits are left ([`Breaker::hold`]) |
//!
//! A call fails when the gateway refuses for a reason of the operator's, was not reached, or did not make clear what it did. It
//! succeeds when the SMS is accepted, and when it is refused because of its receiver: the gateway works. An answer to a
//! call that was let through before the breaker last opened changes nothing: it tells of the time before.

mod settings;
mod window;

use std::time::Duration;

pub use self::settings::{BreakerSettings, BreakerSettingsFault};
use self::window::Window;
use crate::ports::SendAnswer;

/// When asking again makes sense while a probe is under way.
const PROBE_WAIT: Duration = Duration::from_secs(1);

/// Whether calls are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// All of them.
    Closed,
    /// None: of late they failed.
    Open {
        /// When one is let through to try.
        retry_after: Duration,
    },
    /// One at a time, to see whether the gateway works again.
    HalfOpen,
}

impl BreakerState {
    /// The name of every state.
    pub const NAMES: [&'static str; 3] = ["closed", "open", "half-open"];

    /// The name in logs, metrics, CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half-open",
        }
    }

    /// When a call is let through to try; `None` unless it is open.
    #[must_use]
    pub const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Open { retry_after } => Some(retry_after),
            Self::Closed | Self::HalfOpen => None,
        }
    }
}

/// Why a breaker opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenedWhy {
    /// The gateway refuses, for a reason that the operator has to mend.
    Refused,
    /// Too many calls failed.
    Failures,
    /// The probe failed otherwise than by a refusal.
    Probe,
    /// No credits are left.
    NoCredits,
}

impl OpenedWhy {
    /// The name in logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Failures => "failures",
            Self::Probe => "probe-failed",
            Self::NoCredits => "no-credits",
        }
    }
}

/// How the state of a breaker changed, for those who tell operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerChange {
    /// It opened.
    Opened {
        /// Why.
        why: OpenedWhy,
        /// For how long, unless it is lifted.
        open_for: Duration,
    },
    /// It lets one call try before its time is over.
    Lifted,
    /// It closed.
    Closed,
}

/// Whether a call is let through.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is; what came of it is to be told with this, whatever it was.
    Admitted(Pass),
    /// It is not.
    Held {
        /// When asking again makes sense.
        retry_after: Duration,
    },
}

/// A call that was let through, and has not ended yet.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a call whose end is not told keeps a half-open breaker from ever closing"]
pub struct Pass {
    /// How often the breaker had opened by then.
    opened: u64,
}

/// A circuit breaker. Instants are durations since any start that never changes; one that is earlier than another before it
/// counts as that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    settings: BreakerSettings,
    phase: Phase,
    window: Window,
    failures_in_a_row: u16,
    refusals_in_a_row: u8,
    /// Since it was last closed.
    failed_probes: u32,
    /// How often it has opened.
    opened: u64,
    latest: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Closed,
    Open { until: Duration, why: OpenedWhy },
    HalfOpen { good: u8, probing: bool },
}

impl Breaker {
    /// A closed one, which has seen nothing.
    ///
    /// # Errors
    /// The first of the settings that cannot be taken.
    pub fn new(settings: BreakerSettings) -> Result<Self, BreakerSettingsFault> {
        settings.check()?;
        Ok(Self {
            settings,
            phase: Phase::Closed,
            window: Window::new(settings.window),
            failures_in_a_row: 0,
            refusals_in_a_row: 0,
            failed_probes: 0,
            opened: 0,
            latest: Duration::ZERO,
        })
    }

    /// Whether calls are let through.
    #[must_use]
    pub fn state(&self, now: Duration) -> BreakerState {
        match self.phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { until, .. } => match until.saturating_sub(now.max(self.latest)) {
                Duration::ZERO => BreakerState::HalfOpen,
                retry_after => BreakerState::Open { retry_after },
            },
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Asks whether a call is let through.
    pub fn admit(&mut self, now: Duration) -> Admission {
        let now = self.move_on(now);
        match &mut self.phase {
            Phase::Open { until, .. } => Admission::Held { retry_after: until.saturating_sub(now) },
            Phase::HalfOpen { probing: true, .. } => Admission::Held { retry_after: PROBE_WAIT },
            Phase::HalfOpen { probing, .. } => {
                *probing = true;
                Admission::Admitted(Pass { opened: self.opened })
            }
            Phase::Closed => Admission::Admitted(Pass { opened: self.opened }),
        }
    }

    /// Tells what came of a call. One that nobody waited for is told as [`Unknown`](SendAnswer::Unknown).
    #[expect(clippy::needless_pass_by_value, reason = "a call ends once")]
    pub fn record(&mut self, pass: Pass, answer: SendAnswer, now: Duration) -> Option<BreakerChange> {
        let now = self.move_on(now);
        if pass.opened != self.opened {
            return None;
        }
        match self.phase {
            Phase::Closed => self.count(answer, now),
            // Nothing is let through while it is open.
            Phase::Open { .. } => None,
            Phase::HalfOpen { good, .. } => self.probed(answer, good, now),
        }
    }

    /// A call that was let through was not made after all: another may take its place.
    #[expect(clippy::needless_pass_by_value, reason = "a call ends once")]
    pub fn give_back(&mut self, pass: Pass) {
        if let Phase::HalfOpen { probing, .. } = &mut self.phase
            && pass.opened == self.opened
        {
            *probing = false;
        }
    }

    /// No credits are left: nothing is let through until then, or longer where it is open anyway.
    pub fn hold(&mut self, until: Duration, now: Duration) -> Option<BreakerChange> {
        let now = self.move_on(now);
        if until <= now {
            return None;
        }
        if let Phase::Open { until: known, why } = self.phase {
            let until = known.max(until);
            self.phase = Phase::Open { until, why: OpenedWhy::NoCredits };
            let open_for = until.saturating_sub(now);
            let is_news = why != OpenedWhy::NoCredits;
            return is_news.then_some(BreakerChange::Opened { why: OpenedWhy::NoCredits, open_for });
        }
        Some(self.open(until.saturating_sub(now), OpenedWhy::NoCredits, now))
    }

    /// Credits are left. Where it is open for want of them, or because of a refusal, which may have been for want of them,
    /// one call is let through to try. What it is open for besides, no reading of credits can tell.
    pub fn lift(&mut self, now: Duration) -> Option<BreakerChange> {
        self.move_on(now);
        match self.phase {
            Phase::Open { why: OpenedWhy::NoCredits | OpenedWhy::Refused, .. } => {
                self.phase = Phase::HalfOpen { good: 0, probing: false };
                Some(BreakerChange::Lifted)
            }
            Phase::Open { why: OpenedWhy::Failures | OpenedWhy::Probe, .. }
            | Phase::Closed
            | Phase::HalfOpen { .. } => None,
        }
    }

    /// Lets time pass, and answers what time it is.
    fn move_on(&mut self, now: Duration) -> Duration {
        self.latest = self.latest.max(now);
        if let Phase::Open { until, .. } = self.phase
            && until <= self.latest
        {
            self.phase = Phase::HalfOpen { good: 0, probing: false };
        }
        self.latest
    }

    /// Counts a call that ended while it was closed.
    fn count(&mut self, answer: SendAnswer, now: Duration) -> Option<BreakerChange> {
        let failed = is_failure(answer);
        self.window.add(failed, now);
        if !failed {
            (self.failures_in_a_row, self.refusals_in_a_row) = (0, 0);
            return None;
        }
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        let refused = u8::from(answer == SendAnswer::Refused);
        self.refusals_in_a_row = self.refusals_in_a_row.saturating_add(refused);
        let why = if self.refusals_in_a_row >= self.settings.refusals {
            OpenedWhy::Refused
        } else if self.failures_in_a_row >= self.settings.calls_min || self.too_many_failed(now) {
            OpenedWhy::Failures
        } else {
            return None;
        };
        Some(self.open(self.settings.open_for, why, now))
    }

    fn too_many_failed(&self, now: Duration) -> bool {
        let (calls, failures) = self.window.counts(now);
        calls >= u64::from(self.settings.calls_min)
            && failures.saturating_mul(100) >= calls.saturating_mul(u64::from(self.settings.failure_percent))
    }

    /// Goes by what came of a probe; `good` ones were before it.
    fn probed(&mut self, answer: SendAnswer, good: u8, now: Duration) -> Option<BreakerChange> {
        if is_failure(answer) {
            self.failed_probes = self.failed_probes.saturating_add(1);
            let why = if answer == SendAnswer::Refused { OpenedWhy::Refused } else { OpenedWhy::Probe };
            return Some(self.open(self.open_for(), why, now));
        }
        let good = good.saturating_add(1);
        if good < self.settings.probes {
            self.phase = Phase::HalfOpen { good, probing: false };
            return None;
        }
        self.phase = Phase::Closed;
        self.failed_probes = 0;
        Some(BreakerChange::Closed)
    }

    /// For how long it opens after so many failed probes.
    fn open_for(&self) -> Duration {
        let times = 1_u32.checked_shl(self.failed_probes).unwrap_or(u32::MAX);
        self.settings.open_for.saturating_mul(times).min(self.settings.open_for_max)
    }

    fn open(&mut self, open_for: Duration, why: OpenedWhy, now: Duration) -> BreakerChange {
        self.phase = Phase::Open { until: now.saturating_add(open_for), why };
        self.opened = self.opened.saturating_add(1);
        self.window = Window::new(self.settings.window);
        (self.failures_in_a_row, self.refusals_in_a_row) = (0, 0);
        BreakerChange::Opened { why, open_for }
    }
}

/// Whether an answer tells that the gateway does not work.
const fn is_failure(answer: SendAnswer) -> bool {
    match answer {
        SendAnswer::Accepted | SendAnswer::ReceiverRefused => false,
        SendAnswer::Refused | SendAnswer::NotSent | SendAnswer::Unknown => true,
    }
}

#[cfg(test)]
mod tests;
