//! What carries an SMS.

use std::fmt;

use async_trait::async_trait;

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

/// Carries an SMS.
#[async_trait]
pub trait SmsGateway: Send + Sync + fmt::Debug {
    /// Hands the SMS over, once: no retry after any byte has left, because the gateway may have sent it. Answers
    /// within the gateway's stated time-out, always.
    async fn send(&self, sms: &Sms) -> SendAnswer;
}
