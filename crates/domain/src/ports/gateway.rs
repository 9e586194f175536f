//! What carries an SMS.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::breaker::BreakerState;
use crate::credit::CreditBalance;
use crate::delivery::{Credits, MessageId};
use crate::message::SmsText;
use crate::phone::Phone;
use crate::verification::DeliveryState;

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

impl SendAnswer {
    /// Every answer.
    pub const ALL: [Self; 5] =
        [Self::Accepted, Self::ReceiverRefused, Self::Refused, Self::NotSent, Self::Unknown];

    /// Whether the SMS went out, or may have.
    #[must_use]
    pub const fn may_have_sent(self) -> bool {
        match self {
            Self::Accepted | Self::Unknown => true,
            Self::ReceiverRefused | Self::Refused | Self::NotSent => false,
        }
    }

    /// The name in storage, logs, CLI and HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::ReceiverRefused => "receiver-refused",
            Self::Refused => "refused",
            Self::NotSent => "not-sent",
            Self::Unknown => "unknown",
        }
    }

    /// The answer of this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.as_str() == text)
    }
}

/// All that a gateway tells of an SMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendReport {
    /// What it says.
    pub answer: SendAnswer,
    /// Its number of the SMS, to ask it by.
    pub message_id: Option<MessageId>,
    /// What the SMS cost.
    pub credits: Option<Credits>,
}

impl SendAnswer {
    /// What is known of an attempt that was answered so.
    #[must_use]
    pub const fn state(self) -> DeliveryState {
        match self {
            Self::Accepted => DeliveryState::Sent,
            Self::Unknown => DeliveryState::Unknown,
            Self::ReceiverRefused | Self::Refused | Self::NotSent => DeliveryState::Failed,
        }
    }
}

impl From<SendAnswer> for SendReport {
    fn from(answer: SendAnswer) -> Self {
        Self { answer, message_id: None, credits: None }
    }
}

/// The gateway takes no SMS at the moment: nothing was called, and nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Why.
    pub why: HeldWhy,
    /// When asking again makes sense.
    pub retry_after: Duration,
}

/// Why a gateway takes no SMS at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldWhy {
    /// Its circuit breaker is open: of late it failed, or has no credits left.
    Open,
    /// As many calls as are allowed are under way, and as many as may wait are waiting.
    Full,
}

impl HeldWhy {
    /// The name in logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Full => "full",
        }
    }
}

/// What operators are told of a gateway. It never changes while the process runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayFacts {
    /// Its name among the configured ones: each delivery has it.
    pub name: Arc<str>,
    /// What kind of gateway it is: `sparrow`, `http`, `console`, `simulator`.
    pub kind: &'static str,
    /// The host that it is called at.
    pub host: Box<str>,
    /// The sender that receivers see.
    pub sender: Box<str>,
    /// Fewer credits than this are low; zero where nobody wants to know.
    pub credit_low: CreditBalance,
    /// Credits that last for fewer days than this are low; zero where nobody wants to know for how long they last.
    pub credit_low_days: u16,
}

/// How a gateway is at the moment, in this process: each replica learns for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatewayCondition {
    /// Whether calls are let through.
    pub breaker: BreakerState,
    /// Calls under way.
    pub calls: u32,
    /// Sends that wait for a call to end.
    pub waiting: u32,
}

impl GatewayCondition {
    /// Of a gateway that nothing guards: it is always called.
    pub const UNGUARDED: Self = Self { breaker: BreakerState::Closed, calls: 0, waiting: 0 };
}

/// Carries an SMS.
#[async_trait]
pub trait SmsGateway: Send + Sync + fmt::Debug {
    /// What operators are told of it.
    fn facts(&self) -> &GatewayFacts;

    /// How it is at the moment.
    fn condition(&self) -> GatewayCondition {
        GatewayCondition::UNGUARDED
    }

    /// Whether it carries to this phone at all. One that does not is not called: that would say nothing about the phone.
    fn carries_to(&self, phone: Phone) -> bool;

    /// Hands the SMS over, once: no retry after any byte has left, because the gateway may have sent it. Answers
    /// within the gateway's stated time-out and within `within`, whichever is shorter, always. [`Held`] means that it was
    /// certainly not called; only what guards a gateway answers so.
    async fn send(&self, sms: &Sms, within: Duration) -> Result<SendReport, Held>;

    /// What is left at it; `None` where it has nothing to tell, or did not. Why it did not is told to the operator by the
    /// adapter. Answers within the gateway's stated time-out, always.
    async fn credit(&self) -> Option<CreditBalance>;
}
