//! A gateway for development: it sends nothing and shows each SMS, with phone and code, to whoever started the process.
//! Owns what is shown, and that it cannot be had where others could reach it by accident.

use std::fmt;
use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::credit::CreditBalance;
use domain::phone::Phone;
use domain::ports::{GatewayFacts, Held, SendAnswer, SendReport, Sms, SmsGateway};
use domain::route::RouteName;
use reqwest::Url;

use super::call::is_this_machine;

/// What kind of gateway it is.
const KIND: &str = "console";

/// Shows SMS on the standard error, and answers that each was accepted.
///
/// Whoever reads there can prove any phone: it is for the machine of a developer and for nothing else. Four things keep
/// it from anywhere else:
///
/// * it is there only where the configuration asks for it by its kind, never because something else is missing;
/// * [`new`](Self::new) refuses to make it unless the service listens on a loopback address only, and `server.public_url`
///   is not set or leads to this machine;
/// * the configuration refuses it beside a gateway that sends: as the last route it would claim that SMS were sent which were
///   not ([`ConsoleGatewayFault::StandsAlone`]);
/// * it warns in the log when it is made, and of each SMS that it does not send.
pub struct ConsoleGateway {
    facts: GatewayFacts,
    out: Mutex<Box<dyn Write + Send>>,
}

/// Where the service can be reached.
#[derive(Clone, Copy, Debug)]
pub struct ConsoleReach<'a> {
    /// The address that it listens on (`server.listen`).
    pub listen: IpAddr,
    /// Where it is reached from outside (`server.public_url`), where that is told.
    pub public_url: Option<&'a str>,
}

/// Why there is to be no console gateway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsoleGatewayFault {
    /// The name is no slug.
    #[error("must have 1 to 40 lower-case letters, digits and inner dashes")]
    Name,
    /// Others than this machine can call the service.
    #[error(
        "prints phones and codes in place of sending them, and is for development only: `server.listen` must be a \
         loopback address such as 127.0.0.1:8080"
    )]
    Listens,
    /// The service is told to be reached from elsewhere.
    #[error(
        "prints phones and codes in place of sending them, and is for development only: `server.public_url` must not be \
         set, or lead to this machine"
    )]
    Public,
    /// Another gateway really sends.
    #[error("sends nothing and says that it did: it cannot stand beside a gateway that sends")]
    StandsAlone,
}

impl ConsoleGateway {
    /// One of this name, for a service that is reached so.
    ///
    /// # Errors
    /// [`ConsoleGatewayFault`] when the name is none, or others could reach the service.
    pub fn new(name: &str, reach: ConsoleReach<'_>) -> Result<Self, ConsoleGatewayFault> {
        Self::writing(name, reach, Box::new(io::stderr()))
    }

    /// The same, which shows what it does not send elsewhere.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn writing(
        name: &str,
        reach: ConsoleReach<'_>,
        out: Box<dyn Write + Send>,
    ) -> Result<Self, ConsoleGatewayFault> {
        if RouteName::parse(name).is_none() {
            return Err(ConsoleGatewayFault::Name);
        }
        // `0.0.0.0` and `::` are every address of the machine; neither is a loopback address.
        if !reach.listen.to_canonical().is_loopback() {
            return Err(ConsoleGatewayFault::Listens);
        }
        let stays = |url: &str| Url::parse(url).is_ok_and(|url| url.host_str().is_some_and(is_this_machine));
        if !reach.public_url.is_none_or(stays) {
            return Err(ConsoleGatewayFault::Public);
        }
        tracing::warn!(
            gateway = name,
            "NO SMS IS SENT by the console gateway: phones and codes are printed on the standard error"
        );
        let facts = GatewayFacts {
            name: name.into(),
            kind: KIND,
            host: "localhost".into(),
            sender: "console".into(),
            credit_low: CreditBalance::default(),
            credit_low_days: 0,
        };
        Ok(Self { facts, out: Mutex::new(out) })
    }

    fn show(&self, sms: &Sms) -> io::Result<()> {
        let mut shown = format!("NOT SENT: to {}, text\n", sms.to.e164());
        for line in sms.text.as_str().lines() {
            // What moves the cursor of a terminal could hide or forge a line.
            let visible: String =
                line.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
            shown.push_str("  | ");
            shown.push_str(&visible);
            shown.push('\n');
        }
        // One write, so that those of several sends do not mix. Whoever panicked while writing left nothing half done here.
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(shown.as_bytes())?;
        out.flush()
    }
}

#[async_trait]
impl SmsGateway for ConsoleGateway {
    fn facts(&self) -> &GatewayFacts {
        &self.facts
    }

    fn carries_to(&self, _: Phone) -> bool {
        true
    }

    async fn send(&self, sms: &Sms, _within: Duration) -> Result<SendReport, Held> {
        let gateway = &*self.facts.name;
        let answer = match self.show(sms) {
            Ok(()) => {
                tracing::warn!(gateway, "an SMS was printed and NOT SENT");
                SendAnswer::Accepted
            }
            Err(error) => {
                let error = error.to_string();
                tracing::warn!(gateway, error, "an SMS could not be printed, and was not sent");
                SendAnswer::NotSent
            }
        };
        Ok(answer.into())
    }

    async fn credit(&self) -> Option<CreditBalance> {
        None
    }
}

impl fmt::Debug for ConsoleGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleGateway").field("facts", &self.facts).finish_non_exhaustive()
    }
}
