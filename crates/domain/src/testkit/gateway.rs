//! A gateway that answers what a test scripted, and keeps what it was given.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::demand::locked;
use crate::credit::CreditBalance;
use crate::phone::Phone;
use crate::ports::{GatewayFacts, Held, HeldWhy, SendAnswer, SendReport, Sms, SmsGateway};

/// An SMS that reached the gateway. Its text is not shown: it holds a code.
#[derive(Clone, PartialEq, Eq)]
pub struct SentSms {
    /// To whom.
    pub to: Phone,
    /// What.
    pub text: String,
}

impl SentSms {
    /// The code in it: the first run of 6 to 10 ASCII digits.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let runs = self.text.split(|character: char| !character.is_ascii_digit());
        runs.into_iter().find(|run| (6..=10).contains(&run.len())).map(str::to_owned)
    }
}

impl fmt::Debug for SentSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentSms").field("to", &self.to).finish_non_exhaustive()
    }
}

/// Answers from a script, then with the standing answer.
#[derive(Debug)]
pub struct ScriptedGateway {
    facts: GatewayFacts,
    script: Mutex<Script>,
    held: watch::Sender<bool>,
    reached: watch::Sender<usize>,
}

#[derive(Debug)]
struct Script {
    next: VecDeque<Result<SendAnswer, Held>>,
    standing: SendAnswer,
    sent: Vec<SentSms>,
    left: Option<CreditBalance>,
}

impl Default for ScriptedGateway {
    fn default() -> Self {
        Self::named("scripted")
    }
}

impl ScriptedGateway {
    /// One that has this name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let script =
            Script { next: VecDeque::new(), standing: SendAnswer::Accepted, sent: Vec::new(), left: None };
        Self {
            facts: GatewayFacts {
                name: name.into(),
                kind: "scripted",
                host: "localhost".into(),
                sender: "Demo".into(),
                credit_low: CreditBalance::from_credits(10),
                credit_low_days: 3,
            },
            script: Mutex::new(script),
            held: watch::Sender::new(false),
            reached: watch::Sender::new(0),
        }
    }

    /// Answers these next, one each.
    pub fn answer_next(&self, answers: impl IntoIterator<Item = SendAnswer>) {
        locked(&self.script).next.extend(answers.into_iter().map(Ok));
    }

    /// Takes nothing the next time, as one whose circuit breaker is open.
    pub fn hold_next(&self, retry_after: Duration) {
        locked(&self.script).next.push_back(Err(Held { why: HeldWhy::Open, retry_after }));
    }

    /// Forgets what was scripted and not asked for.
    pub fn forget_script(&self) {
        locked(&self.script).next.clear();
    }

    /// Answers this when nothing else is scripted; [`SendAnswer::Accepted`] at first.
    pub fn answer_always(&self, answer: SendAnswer) {
        locked(&self.script).standing = answer;
    }

    /// Tells this of what is left; nothing at first.
    pub fn leave(&self, left: Option<CreditBalance>) {
        locked(&self.script).left = left;
    }

    /// Every SMS that reached it, whatever it answered.
    #[must_use]
    pub fn sent(&self) -> Vec<SentSms> {
        locked(&self.script).sent.clone()
    }

    /// The code in the last SMS.
    #[must_use]
    pub fn last_code(&self) -> Option<String> {
        locked(&self.script).sent.last().and_then(SentSms::code)
    }

    /// Takes SMS but answers nobody until [`ScriptedGateway::release`].
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Answers everybody who waits, and at once from now on.
    pub fn release(&self) {
        self.held.send_replace(false);
    }

    /// Waits until at least `count` SMS have reached it since it was made.
    pub async fn reached(&self, count: usize) {
        // The sender lives as long as `self`, so that waiting cannot fail.
        let _ = self.reached.subscribe().wait_for(|reached| *reached >= count).await;
    }
}

#[async_trait]
impl SmsGateway for ScriptedGateway {
    fn facts(&self) -> &GatewayFacts {
        &self.facts
    }

    fn carries_to(&self, _: Phone) -> bool {
        true
    }

    async fn send(&self, sms: &Sms, _within: Duration) -> Result<SendReport, Held> {
        let answer = {
            let mut script = locked(&self.script);
            let answer = script.next.pop_front().unwrap_or(Ok(script.standing))?;
            script.sent.push(SentSms { to: sms.to, text: sms.text.as_str().to_owned() });
            answer
        };
        self.reached.send_modify(|reached| *reached += 1);
        let _ = self.held.subscribe().wait_for(|held| !held).await;
        Ok(answer.into())
    }

    async fn credit(&self) -> Option<CreditBalance> {
        locked(&self.script).left
    }
}
