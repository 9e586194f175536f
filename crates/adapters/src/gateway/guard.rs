//! What stands before a gateway: how many calls it gets at a time, how many sends wait for one to end, and when it is left
//! alone because it fails. Owns the counting and the waiting; when a gateway is left alone is decided by
//! [`domain::breaker`], and what its answers mean by the gateway. It never calls twice, and never keeps an SMS: what finds
//! no room is turned away at once.
//!
//! A send asks for one of `calls_max` places. Where none is free it waits, first come first served, among `waiting_max` others
//! at most, and no longer than `wait_max` and half of its time: the other half is the call's. Then the breaker is asked,
//! the call is made in what is left of the time, and its answer is told to the breaker. Whoever stops waiting for a send leaves
//! nothing behind, and a call that nobody waits for any more counts as one that may have sent.
//!
//! Each process learns for itself. Where all goes well a send costs one box for its future, two short locks and no
//! waiting.

mod call;
mod settings;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::breaker::{Admission, Breaker, BreakerChange, BreakerState, OpenedWhy};
use domain::credit::CreditBalance;
use domain::phone::Phone;
use domain::ports::{GatewayCondition, GatewayFacts, Held, HeldWhy, SendAnswer, SendReport, Sms, SmsGateway};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout};

use self::call::{Call, Place};
pub use self::settings::{GuardSettings, GuardSettingsFault};

/// When asking again makes sense where all places are taken: some of them are free by then.
const FULL_WAIT: Duration = Duration::from_secs(1);
/// What the gateway's own time-out is shorter than the guard's by, so that the gateway tells what happened. Whoever
/// keeps to the port never meets the guard's.
const OVERRUN: Duration = Duration::from_millis(50);
/// The longest time that a send is given.
const WITHIN_MAX: Duration = Duration::from_mins(10);

/// A gateway that is guarded.
///
/// ```
/// # use std::sync::Arc;
/// # use adapters::gateway::{GuardSettings, GuardedGateway, SparrowGateway, SparrowSettings};
/// # fn guarded(sparrow: SparrowGateway) -> Result<GuardedGateway, Box<dyn std::error::Error>> {
/// let guarded = GuardedGateway::new(Arc::new(sparrow), GuardSettings::default())?;
/// # Ok(guarded) }
/// ```
#[derive(Debug)]
pub struct GuardedGateway {
    inner: Arc<dyn SmsGateway>,
    settings: GuardSettings,
    began: Instant,
    breaker: Mutex<Breaker>,
    places: Semaphore,
    waiting: AtomicU32,
    /// Wakes those who wait when the breaker opens.
    opened: Notify,
}

impl GuardedGateway {
    /// Guards this gateway, once: guards of the same gateway know nothing of each other. Time is the machine's, which never
    /// goes back: a clock that is set keeps no breaker open.
    ///
    /// # Errors
    /// The first of the settings that cannot be taken.
    pub fn new(inner: Arc<dyn SmsGateway>, settings: GuardSettings) -> Result<Self, GuardSettingsFault> {
        settings.check()?;
        let breaker = Mutex::new(Breaker::new(settings.breaker)?);
        let places = Semaphore::new(usize::try_from(settings.calls_max).unwrap_or(Semaphore::MAX_PERMITS));
        let (waiting, opened) = (AtomicU32::new(0), Notify::new());
        Ok(Self { inner, settings, began: Instant::now(), breaker, places, waiting, opened })
    }

    /// Waits for a place.
    async fn wait(&self, within: Duration) -> Result<SemaphorePermit<'_>, Held> {
        let opened = self.opened.notified();
        tokio::pin!(opened);
        // From now on no opening is missed.
        opened.as_mut().enable();
        if let BreakerState::Open { retry_after } = self.state() {
            return Err(Held { why: HeldWhy::Open, retry_after });
        }
        let full = Held { why: HeldWhy::Full, retry_after: FULL_WAIT };
        let _among_others = Place::take(&self.waiting, self.settings.waiting_max).ok_or(full)?;
        tokio::select! {
            biased;
            permit = self.places.acquire() => permit.map_err(|_| full),
            () = opened => {
                Err(Held { why: HeldWhy::Open, retry_after: self.state().retry_after().unwrap_or(FULL_WAIT) })
            }
            () = sleep(self.settings.wait_max.min(within / 2)) => Err(full),
        }
    }

    /// Asks the breaker.
    fn admit(&self) -> Result<Call<'_>, Held> {
        match self.breaker().admit(self.now()) {
            Admission::Admitted(pass) => Ok(Call::new(self, pass)),
            Admission::Held { retry_after } => Err(Held { why: HeldWhy::Open, retry_after }),
        }
    }

    /// Makes the call, in this time.
    async fn call(&self, sms: &Sms, within: Duration) -> Result<SendReport, Held> {
        let leave = within.saturating_sub(OVERRUN.min(within / 10));
        let Ok(said) = timeout(within, self.inner.send(sms, leave)).await else {
            let (gateway, answer) = (self.name(), SendAnswer::Unknown);
            tracing::warn!(gateway, class = answer.as_str(), "the gateway has not answered in time");
            return Ok(answer.into());
        };
        said
    }

    fn state(&self) -> BreakerState {
        self.breaker().state(self.now())
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn name(&self) -> &str {
        &self.inner.facts().name
    }

    /// Tells of a change, once. `answer` is what brought it about.
    fn tell(&self, change: BreakerChange, answer: Option<SendAnswer>) {
        let gateway = self.name();
        match change {
            BreakerChange::Opened { why, open_for } => {
                self.opened.notify_waiters();
                let (why_text, open_s) = (why.as_str(), open_for.as_secs());
                let class = answer.map(SendAnswer::as_str);
                match why {
                    OpenedWhy::NoCredits => tracing::warn!(
                        gateway,
                        why = why_text,
                        open_s,
                        "no credits are left at the gateway: it is called no more"
                    ),
                    OpenedWhy::Refused | OpenedWhy::Failures | OpenedWhy::Probe => tracing::warn!(
                        gateway,
                        why = why_text,
                        class,
                        open_s,
                        "the gateway fails: it is left alone for a while"
                    ),
                }
            }
            BreakerChange::Lifted => {
                tracing::info!(gateway, "credits are left at the gateway: one call is let through to try");
            }
            BreakerChange::Closed => tracing::info!(gateway, "the gateway works again"),
        }
    }
}

#[async_trait]
impl SmsGateway for GuardedGateway {
    fn facts(&self) -> &GatewayFacts {
        self.inner.facts()
    }

    fn condition(&self) -> GatewayCondition {
        let free = u32::try_from(self.places.available_permits()).unwrap_or(u32::MAX);
        GatewayCondition {
            breaker: self.state(),
            calls: self.settings.calls_max.saturating_sub(free),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }

    fn carries_to(&self, phone: Phone) -> bool {
        self.inner.carries_to(phone)
    }

    async fn send(&self, sms: &Sms, within: Duration) -> Result<SendReport, Held> {
        let (asked, within) = (Instant::now(), within.min(WITHIN_MAX));
        // Whoever waits is first: a place that becomes free is theirs, and is not seen here.
        let _place = match self.places.try_acquire() {
            Ok(place) => place,
            Err(_) => self.wait(within).await?,
        };
        let call = self.admit()?;
        match self.call(sms, within.saturating_sub(asked.elapsed())).await {
            Ok(said) => {
                call.end(said.answer);
                Ok(said)
            }
            Err(held) => {
                call.give_back();
                Err(held)
            }
        }
    }

    async fn credit(&self) -> Option<CreditBalance> {
        let told = self.inner.credit().await;
        let now = self.now();
        let change = match told {
            Some(balance) if balance == CreditBalance::default() => {
                self.breaker().hold(now.saturating_add(self.settings.hold_for), now)
            }
            Some(_) => self.breaker().lift(now),
            None => None,
        };
        if let Some(change) = change {
            self.tell(change, None);
        }
        told
    }
}
