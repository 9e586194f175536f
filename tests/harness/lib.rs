//! The harness of the end-to-end tests: the real binary in a directory of its own ([`Service`]), or the real wiring in
//! this process with a clock that the test moves ([`Stack`]). Every test owns its data and takes free ports.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

mod client;
mod fleet;
mod load;
mod receiver;
mod service;
mod stack;
mod wire;

pub use client::{Answer, Client};
pub use fleet::{Fleet, Ground};
pub use load::{Asked, Call, Load, Outcome, Proved};
pub use receiver::{Message, Receiver};
pub use service::{Finished, Service, directory, run};
pub use stack::Stack;
pub use wire::Wire;

/// The code in the text of an SMS: it begins with it.
#[must_use]
pub fn code_in(text: &str) -> String {
    let code: String =
        text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    assert!((6..=10).contains(&code.len()), "there is no code in {text:?}");
    code
}

/// A code of the same length that is not this one.
#[must_use]
pub fn wrong(code: &str) -> String {
    let last = if code.ends_with('0') { '1' } else { '0' };
    let mut wrong = code.to_owned();
    wrong.pop();
    wrong.push(last);
    wrong
}
