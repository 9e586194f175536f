//! What carries an SMS.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::credit::CreditBalance;
use crate::delivery::{Credits, MessageId};
use crate::message::SmsText;
use crate::phone::Phone;

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

impl From<SendAnswer> for SendReport {
    fn from(answer: SendAnswer) -> Self {
        Self { answer, message_id: None, credits: None }
    }
}

/// What operators are told of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayFacts {
    /// Its name among the configured ones: each delivery has it.
    pub name: Arc<str>,
    /// The host that it is called at.
    pub host: Box<str>,
    /// The sender that receivers see.
    pub sender: Box<str>,
    /// Fewer credits than this are low; zero where nobody wants to know.
    pub credit_low: CreditBalance,
}

/// Carries an SMS.
#[async_trait]
pub trait SmsGateway: Send + Sync + fmt::Debug {
    /// What operators are told of it.
    fn facts(&self) -> &GatewayFacts;

    /// Hands the SMS over, once: no retry after any byte has left, because the gateway may have sent it. Answers
    /// within the gateway's stated time-out, always.
    async fn send(&self, sms: &Sms) -> SendReport;

    /// What is left at it; `None` where it has nothing to tell, or did not. Why it did not is told to the operator by the
    /// adapter. Answers within the gateway's stated time-out, always.
    async fn credit(&self) -> Option<CreditBalance>;
}
