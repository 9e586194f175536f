//! The gateway that prints.

use std::io::{self, Write};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use adapters::gateway::{ConsoleGateway, ConsoleGatewayFault, ConsoleReach};
use domain::ports::{SendAnswer, SmsGateway};
use domain::testkit::contract;

use crate::harness::{CODE, ENOUGH, MODULE, RECEIVER, sms};
use crate::logs::Logs;

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Torn;

impl Write for Torn {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn here() -> ConsoleReach<'static> {
    ConsoleReach { listen: IpAddr::from([127, 0, 0, 1]), public_url: None }
}

fn console() -> ConsoleGateway {
    ConsoleGateway::writing("console", here(), Box::new(io::sink())).unwrap()
}

#[tokio::test]
async fn an_sms_is_shown_whole_and_the_log_says_only_that_it_was_not_sent() {
    let (logs, screen) = (Logs::capture(), Screen::default());
    let gateway = ConsoleGateway::writing("dev", here(), Box::new(screen.clone())).unwrap();
    assert_eq!(logs.warnings(MODULE).len(), 1);
    assert_eq!(gateway.send(&sms(), ENOUGH).await.unwrap().answer, SendAnswer::Accepted);
    let shown = String::from_utf8(screen.0.lock().unwrap().clone()).unwrap();
    let begin = format!("NOT SENT: to +977{RECEIVER}, text\n  | {CODE} is your code");
    assert!(shown.starts_with(&begin), "{shown}");
    assert_eq!(shown.lines().count(), 1 + sms().text.as_str().lines().count());
    let heard = format!("{}{gateway:?}", logs.all());
    assert!(heard.contains("NO SMS IS SENT") && heard.contains("NOT SENT"), "{heard}");
    assert!(!heard.contains(CODE) && !heard.contains(RECEIVER), "{heard}");
}

#[tokio::test]
async fn what_could_not_be_shown_was_not_sent() {
    let gateway = ConsoleGateway::writing("console", here(), Box::new(Torn)).unwrap();
    assert_eq!(gateway.send(&sms(), ENOUGH).await.unwrap().answer, SendAnswer::NotSent);
}

#[test]
fn it_is_for_a_service_that_only_this_machine_reaches() {
    let of = |listen: &str, public_url| {
        let reach = ConsoleReach { listen: listen.parse().unwrap(), public_url };
        ConsoleGateway::new("console", reach).map(|_| ())
    };
    for listen in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(of(listen, None), Ok(()), "{listen}");
    }
    for listen in ["0.0.0.0", "::", "10.0.0.1", "192.0.2.1", "::ffff:10.0.0.1", "2001:db8::1"] {
        assert_eq!(of(listen, None), Err(ConsoleGatewayFault::Listens), "{listen}");
    }
    for url in ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:8080/"] {
        assert_eq!(of("127.0.0.1", Some(url)), Ok(()), "{url}");
    }
    for url in ["https://verify.example.com", "http://localhost.evil.com", "http://10.0.0.1", "no URL", ""] {
        assert_eq!(of("127.0.0.1", Some(url)), Err(ConsoleGatewayFault::Public), "{url}");
    }
    let bad = ConsoleGateway::new("Dev Console", here());
    assert_eq!(bad.err(), Some(ConsoleGatewayFault::Name));
}

#[tokio::test]
async fn it_keeps_the_contract_of_gateways() {
    let gateway = console();
    assert_eq!((gateway.facts().kind, gateway.credit().await), ("console", None));
    contract::sms_gateway(Arc::new(gateway), &sms(), ENOUGH).await;
}
