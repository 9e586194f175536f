//! The SMS received: a bounded list, oldest first. It knows no HTTP and prints neither text nor whole number.

use std::collections::VecDeque;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One SMS that the simulator took for delivery.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedSms {
    /// The receiver, `+977` and ten digits.
    pub to: String,
    /// The sender identity.
    pub from: String,
    /// The text as it arrived, byte for byte.
    pub text: String,
    /// When it arrived: RFC 3339, UTC, milliseconds.
    pub at: String,
}

impl fmt::Debug for ReceivedSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedSms")
            .field("to", &masked(&self.to))
            .field("from", &self.from)
            .field("text", &"***")
            .field("at", &self.at)
            .finish()
    }
}

/// At most `max` SMS; the oldest makes room.
pub(crate) struct Inbox {
    received: VecDeque<ReceivedSms>,
    max: usize,
}

impl Inbox {
    pub(crate) fn new(max: usize) -> Inbox {
        Inbox { received: VecDeque::new(), max }
    }

    pub(crate) fn push(&mut self, sms: ReceivedSms) {
        self.received.push_back(sms);
        while self.received.len() > self.max {
            self.received.pop_front();
        }
    }

    pub(crate) fn all(&self) -> Vec<ReceivedSms> {
        self.received.iter().cloned().collect()
    }

    /// Those to a number of ten digits.
    pub(crate) fn to(&self, ten_digits: &str) -> Vec<ReceivedSms> {
        self.received.iter().filter(|sms| sms.to.strip_prefix("+977") == Some(ten_digits)).cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        self.received.clear();
    }
}

/// The ten digits of a Nepali mobile number given with or without `+977`. Space around it is dropped, because an
/// unescaped `+` in a query string arrives as a space.
pub(crate) fn ten_digits(given: &str) -> Option<String> {
    let given = given.trim();
    let digits = given.strip_prefix('+').unwrap_or(given);
    let national = match digits.strip_prefix("977") {
        Some(rest) if rest.len() == 10 => rest,
        Some(_) | None => digits,
    };
    is_receiver(national).then(|| national.to_owned())
}

/// Whether Sparrow takes it as a receiver: ten digits, the first a 9.
pub(crate) fn is_receiver(number: &str) -> bool {
    number.len() == 10 && number.starts_with('9') && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// `+97798•••••67`: the country, the operator's first digits and the last two. Every receiver has 14 characters.
fn masked(number: &str) -> String {
    let start = number.get(..6).unwrap_or_default();
    let end = number.get(12..14).unwrap_or_default();
    format!("{start}•••••{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sms(to: &str, text: &str) -> ReceivedSms {
        ReceivedSms { to: to.into(), from: "Example".into(), text: text.into(), at: String::new() }
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut inbox = Inbox::new(2);
        for text in ["one", "two", "three"] {
            inbox.push(sms("+9779841234567", text));
        }
        let texts: Vec<_> = inbox.all().into_iter().map(|sms| sms.text).collect();
        assert_eq!(texts, ["two", "three"]);
    }

    #[test]
    fn a_number_is_found_in_every_usual_form() {
        for form in ["+9779841234567", " 9779841234567", "9779841234567", "9841234567"] {
            assert_eq!(ten_digits(form).as_deref(), Some("9841234567"), "{form}");
        }
        // Ten digits that happen to begin with 977 are a national number.
        assert_eq!(ten_digits("9771234567").as_deref(), Some("9771234567"));
        for form in ["", "+", "984123456", "98412345678", "0841234567", "+9197841234567", "९८४१२३४५६७"]
        {
            assert_eq!(ten_digits(form), None, "{form}");
        }
    }

    #[test]
    fn a_printed_sms_shows_neither_text_nor_number() {
        let printed = format!("{:?}", sms("+9779841234567", "Your code is 042137"));
        assert!(printed.contains("+97798•••••67"), "{printed}");
        assert!(!printed.contains("042137") && !printed.contains("9841234567"), "{printed}");
    }
}
