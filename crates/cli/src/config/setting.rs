//! How single settings are written and shown. Owns the spellings of durations, limits and lists; never repeats what it
//! was given.

use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

use domain::code::CodeLength;
use domain::limit::Limit;
use domain::phone::Country;
use domain::policy::PhoneTaken;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::raw::Raw;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// The most entries of a list.
const ENTRIES_MAX: usize = 64;

/// A type of settings.
pub(super) trait Setting: Sized {
    /// Reads one; the error says what is allowed, without what was given.
    fn read(raw: &Raw) -> Result<Self, String>;

    /// How [`Setting::read`] would take it.
    fn shown(&self) -> Value;
}

/// A type of settings that have bounds.
pub(super) trait Bounded: Setting + PartialOrd {
    /// What it is, for a sentence such as "must be a duration from 1s to 5m".
    const KIND: &'static str;
}

impl Bounded for u8 {
    const KIND: &'static str = "a whole number";
}

impl Bounded for u16 {
    const KIND: &'static str = "a whole number";
}

impl Bounded for u32 {
    const KIND: &'static str = "a whole number";
}

impl Bounded for Duration {
    const KIND: &'static str = "a duration";
}

/// Reads a setting that is text.
pub(super) fn from_text<T>(
    raw: &Raw,
    allowed: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, String> {
    raw.text().and_then(parse).ok_or_else(|| allowed.to_owned())
}

impl Setting for bool {
    fn read(raw: &Raw) -> Result<Self, String> {
        let truth = match raw {
            Raw::Boolean(truth) => Some(*truth),
            Raw::Variable(text) => text.parse().ok(),
            Raw::Text(_) | Raw::Integer(_) | Raw::List(_) | Raw::Unset | Raw::EmptySection | Raw::Other => {
                None
            }
        };
        truth.ok_or_else(|| "must be true or false".to_owned())
    }

    fn shown(&self) -> Value {
        json!(self)
    }
}

fn integer(raw: &Raw) -> Option<i64> {
    match raw {
        Raw::Integer(number) => Some(*number),
        Raw::Variable(text) => text.trim().parse().ok(),
        Raw::Text(_) | Raw::Boolean(_) | Raw::List(_) | Raw::Unset | Raw::EmptySection | Raw::Other => None,
    }
}

/// A number that counts something.
fn count<N: TryFrom<i64> + Copy + Display>(raw: &Raw, max: N) -> Result<N, String> {
    let number = integer(raw).and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| format!("must be a whole number from 0 to {max}"))
}

impl Setting for u32 {
    fn read(raw: &Raw) -> Result<Self, String> {
        count(raw, Self::MAX)
    }

    fn shown(&self) -> Value {
        json!(self)
    }
}

impl Setting for u8 {
    fn read(raw: &Raw) -> Result<Self, String> {
        count(raw, Self::MAX)
    }

    fn shown(&self) -> Value {
        json!(self)
    }
}

impl Setting for u16 {
    fn read(raw: &Raw) -> Result<Self, String> {
        count(raw, Self::MAX)
    }

    fn shown(&self) -> Value {
        json!(self)
    }
}

impl Setting for String {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must be text in quotes", |text| Some(text.to_owned()))
    }

    fn shown(&self) -> Value {
        json!(self)
    }
}

impl Setting for SocketAddr {
    fn read(raw: &Raw) -> Result<Self, String> {
        let allowed = "must be an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080";
        from_text(raw, allowed, |text| text.parse().ok())
    }

    fn shown(&self) -> Value {
        json!(self.to_string())
    }
}

impl Setting for Duration {
    fn read(raw: &Raw) -> Result<Self, String> {
        integer(raw)
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(Self::from_secs)
            .or_else(|| raw.text().and_then(duration))
            .ok_or_else(|| {
                "must be a duration such as 500ms, 90s, 10m, 24h or 180d, or whole seconds".to_owned()
            })
    }

    fn shown(&self) -> Value {
        json!(duration_text(*self))
    }
}

/// The duration of `500ms`, or of what [`seconds`] takes.
fn duration(text: &str) -> Option<Duration> {
    match text.trim().strip_suffix("ms") {
        Some(millis) if millis.bytes().all(|byte| byte.is_ascii_digit()) => {
            let millis = millis.parse().ok()?;
            (millis <= 365_000 * DAY * 1000).then(|| Duration::from_millis(millis))
        }
        Some(_) => None,
        None => seconds(text).map(Duration::from_secs),
    }
}

/// Seconds of `90s`, `10m`, `24h`, `180d`, `90`; `None` for anything else, and beyond a thousand years.
fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) =
        text.split_at(text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len()));
    let unit = match unit {
        "" | "s" => 1,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit).filter(|seconds| *seconds <= 365_000 * DAY)
}

/// The shortest spelling of a duration of whole milliseconds. One day is 24h, because limits are windows, not days.
pub(super) fn duration_text(duration: Duration) -> String {
    match duration.as_secs() {
        _ if duration.subsec_millis() > 0 => format!("{}ms", duration.as_millis()),
        0 => "0s".to_owned(),
        seconds if seconds.is_multiple_of(DAY) && seconds > DAY => format!("{}d", seconds / DAY),
        seconds if seconds.is_multiple_of(HOUR) => format!("{}h", seconds / HOUR),
        seconds if seconds.is_multiple_of(MINUTE) => format!("{}m", seconds / MINUTE),
        seconds => format!("{seconds}s"),
    }
}

impl Setting for Limit {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must be a limit such as 5/10m: at most 5 in 10 minutes", |text| {
            let (max, window) = text.split_once('/')?;
            let window = Duration::from_secs(seconds(window)?);
            Some(Self { max: max.trim().parse().ok()?, window })
        })
    }

    fn shown(&self) -> Value {
        json!(format!("{}/{}", self.max, duration_text(self.window)))
    }
}

impl Setting for CodeLength {
    fn read(raw: &Raw) -> Result<Self, String> {
        integer(raw)
            .and_then(|digits| Self::new(u8::try_from(digits).ok()?))
            .ok_or_else(|| "must be a whole number from 6 to 10".to_owned())
    }

    fn shown(&self) -> Value {
        json!(self.digits())
    }
}

impl Setting for PhoneTaken {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must be \"reject\" or \"transfer\"", |text| match text {
            "reject" => Some(Self::Reject),
            "transfer" => Some(Self::Transfer),
            _ => None,
        })
    }

    fn shown(&self) -> Value {
        match self {
            Self::Reject => json!("reject"),
            Self::Transfer => json!("transfer"),
        }
    }
}

impl Setting for Country {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must be the two letters of a country, such as NP (ISO 3166-1)", Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

impl<T: Setting> Setting for Vec<T> {
    fn read(raw: &Raw) -> Result<Self, String> {
        let split;
        let entries = match raw {
            Raw::List(entries) => entries,
            Raw::Variable(text) => {
                let entry = |entry: &str| Raw::Variable(Zeroizing::new(entry.trim().to_owned()));
                split = text.split(',').map(entry).collect();
                &split
            }
            Raw::Text(_)
            | Raw::Integer(_)
            | Raw::Boolean(_)
            | Raw::Unset
            | Raw::EmptySection
            | Raw::Other => {
                return Err("must be a list in brackets".to_owned());
            }
        };
        if entries.len() > ENTRIES_MAX {
            return Err(format!("must have at most {ENTRIES_MAX} entries"));
        }
        let mut list = Self::with_capacity(entries.len());
        let mut problems = Vec::new();
        for (entry, raw) in entries.iter().enumerate() {
            match T::read(raw) {
                Ok(setting) => list.push(setting),
                Err(problem) => problems.push(format!("entry {} {problem}", entry + 1)),
            }
        }
        if problems.is_empty() { Ok(list) } else { Err(problems.join("; ")) }
    }

    fn shown(&self) -> Value {
        self.iter().map(Setting::shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_as_it_is_shown() {
        for (text, seconds) in [
            ("0s", 0),
            ("90s", 90),
            ("10m", 600),
            ("1h", HOUR),
            ("24h", DAY),
            ("36h", 36 * HOUR),
            ("180d", 180 * DAY),
        ] {
            let duration = Duration::from_secs(seconds);
            assert_eq!(Duration::read(&Raw::Text(text.to_owned().into())), Ok(duration), "{text}");
            assert_eq!(duration_text(duration), text);
        }
        for (text, millis) in [("1ms", 1), ("500ms", 500), ("1500ms", 1500)] {
            let duration = Duration::from_millis(millis);
            assert_eq!(Duration::read(&Raw::Text(text.to_owned().into())), Ok(duration), "{text}");
            assert_eq!(duration_text(duration), text);
        }
        assert_eq!(Duration::read(&Raw::Integer(90)), Ok(Duration::from_secs(90)));
        assert_eq!(Duration::read(&Raw::Variable("90".to_owned().into())), Ok(Duration::from_secs(90)));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "s",
            "ms",
            "-1s",
            "-1ms",
            "+1ms",
            "1.5h",
            "10 m",
            "10min",
            "1h30m",
            "१०m",
            "99999999999999999999s",
            "99999999999999999999ms",
            "365001d",
        ] {
            assert!(Duration::read(&Raw::Text(text.to_owned().into())).is_err(), "{text}");
        }
        assert!(Duration::read(&Raw::Integer(-1)).is_err());
    }

    #[test]
    fn a_limit_is_a_number_in_a_window() {
        let read = |text: &str| Limit::read(&Raw::Text(text.to_owned().into()));
        assert_eq!(read("5/10m"), Ok(Limit { max: 5, window: Duration::from_mins(10) }));
        assert_eq!(read("10 / 24h").unwrap().shown(), json!("10/24h"));
        for text in ["5", "5/", "/10m", "-5/10m", "5/10m/1h", "five/10m"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_entry_of_a_list_that_is_wrong_is_named() {
        let list = Raw::List(vec![Raw::Text("5/10m".to_owned().into()), Raw::Integer(7), Raw::Other]);
        let problem = Vec::<Limit>::read(&list).unwrap_err();
        assert!(
            problem.contains("entry 2 must be a limit") && problem.contains("entry 3 must be"),
            "{problem}"
        );
        assert!(!problem.contains("entry 1"), "{problem}");
    }

    #[test]
    fn numbers_are_text_only_in_the_environment() {
        assert_eq!(u32::read(&Raw::Variable(" 7 ".to_owned().into())), Ok(7));
        assert!(u32::read(&Raw::Text("7".to_owned().into())).is_err());
        assert!(u32::read(&Raw::Integer(-7)).is_err());
        assert_eq!(bool::read(&Raw::Variable("true".to_owned().into())), Ok(true));
        assert!(bool::read(&Raw::Variable("yes".to_owned().into())).is_err());
    }
}
