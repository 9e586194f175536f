//! A gateway that takes its time, and counts what reaches it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use adapters::gateway::{GuardSettings, GuardedGateway};
use async_trait::async_trait;
use domain::breaker::BreakerSettings;
use domain::credit::CreditBalance;
use domain::message::{AppName, Content, Locale, MessageFormat};
use domain::phone::Phone;
use domain::ports::{GatewayFacts, Held, SendAnswer, SendReport, Sms, SmsGateway};

use crate::logs;

/// What a call does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plays {
    /// It answers.
    Answers(SendAnswer),
    /// It never answers.
    Hangs,
    /// It is not made, since the gateway is itself held.
    Held,
}

pub(crate) const ACCEPTED: Plays = Plays::Answers(SendAnswer::Accepted);
pub(crate) const REFUSED: Plays = Plays::Answers(SendAnswer::Refused);
pub(crate) const NOT_SENT: Plays = Plays::Answers(SendAnswer::NotSent);
pub(crate) const UNKNOWN: Plays = Plays::Answers(SendAnswer::Unknown);

/// What a send has that waits as long as it must.
pub(crate) const LONG: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Scripted {
    facts: GatewayFacts,
    plays: Mutex<Plays>,
    /// How long a call takes.
    takes: Mutex<Duration>,
    left: Mutex<Option<CreditBalance>>,
    under_way: AtomicU32,
    most: AtomicU32,
    calls: Mutex<Vec<Call>>,
}

/// A call as it arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) to: Phone,
    pub(crate) within: Duration,
}

impl Scripted {
    pub(crate) fn named(name: &str) -> Arc<Self> {
        Arc::new(Self {
            facts: GatewayFacts {
                name: name.into(),
                kind: "scripted",
                host: "localhost".into(),
                sender: "Demo".into(),
                credit_low: CreditBalance::default(),
                credit_low_days: 0,
            },
            plays: Mutex::new(ACCEPTED),
            takes: Mutex::new(Duration::ZERO),
            left: Mutex::new(None),
            under_way: AtomicU32::new(0),
            most: AtomicU32::new(0),
            calls: Mutex::new(Vec::new()),
        })
    }

    pub(crate) fn plays(&self, plays: Plays) {
        *self.plays.lock().unwrap() = plays;
    }

    pub(crate) fn takes(&self, time: Duration) {
        *self.takes.lock().unwrap() = time;
    }

    pub(crate) fn leave(&self, credits: Option<u32>) {
        *self.left.lock().unwrap() = credits.map(CreditBalance::from_credits);
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    pub(crate) fn all_calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The most calls that were under way at a time.
    pub(crate) fn most(&self) -> u32 {
        self.most.load(Ordering::SeqCst)
    }
}

/// Ends however the call ends.
struct UnderWay<'a>(&'a AtomicU32);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl SmsGateway for Scripted {
    fn facts(&self) -> &GatewayFacts {
        &self.facts
    }

    fn carries_to(&self, _: Phone) -> bool {
        true
    }

    async fn send(&self, sms: &Sms, within: Duration) -> Result<SendReport, Held> {
        self.calls.lock().unwrap().push(Call { to: sms.to, within });
        let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        let _ends = UnderWay(&self.under_way);
        self.most.fetch_max(under_way, Ordering::SeqCst);
        let (plays, takes) = (*self.plays.lock().unwrap(), *self.takes.lock().unwrap());
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        match plays {
            Plays::Answers(answer) => Ok(answer.into()),
            Plays::Hangs => std::future::pending().await,
            Plays::Held => {
                Err(Held { why: domain::ports::HeldWhy::Full, retry_after: Duration::from_secs(1) })
            }
        }
    }

    async fn credit(&self) -> Option<CreditBalance> {
        *self.left.lock().unwrap()
    }
}

/// This gateway, guarded.
pub(crate) fn guarded(gateway: &Arc<Scripted>, settings: GuardSettings) -> Arc<GuardedGateway> {
    logs::listen();
    Arc::new(GuardedGateway::new(gateway.clone(), settings).unwrap())
}

/// So many calls, so many that wait.
pub(crate) fn room(calls_max: u32, waiting_max: u32) -> GuardSettings {
    GuardSettings { calls_max, waiting_max, ..GuardSettings::default() }
}

/// A breaker that only opens when all else fails, for what is not about it.
pub(crate) fn unbreakable(settings: GuardSettings) -> GuardSettings {
    let breaker =
        BreakerSettings { failure_percent: 100, calls_min: 10_000, refusals: 20, ..settings.breaker };
    GuardSettings { breaker, ..settings }
}

/// An SMS to the phone with this number.
pub(crate) fn sms(number: u64) -> Sms {
    let content =
        Content { locale: Locale::English, code: "042137", minutes: 10, app_hash: None, origin: None };
    let text = MessageFormat::new(AppName::parse("Example").unwrap()).render(&content);
    Sms { to: phone(number), text }
}

pub(crate) fn phone(number: u64) -> Phone {
    Phone::from_digits(9_779_841_000_000 + number).unwrap()
}

/// Hands one over.
pub(crate) async fn send(guard: &GuardedGateway) -> Result<SendAnswer, Held> {
    guard.send(&sms(0), LONG).await.map(|report| report.answer)
}
