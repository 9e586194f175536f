//! What can be made to go wrong, and the script that says when. It decides nothing about the wire itself (`wire`).

use std::collections::VecDeque;
use std::time::Duration;

use poem::http::HeaderValue;
use serde::{Deserialize, Serialize};

/// No behaviour keeps a caller waiting longer than this.
pub(crate) const DELAY_MAX: Duration = Duration::from_mins(1);

/// How many one-shot behaviours may wait.
const QUEUE_MAX: usize = 1000;

/// How a call is answered.
///
/// As JSON it is tagged by `kind`: `{"kind": "refuse", "code": 1012}`, `{"kind": "slow-headers", "millis": 500}`.
///
/// *Delivered* below means that the call is judged as Sparrow would (token, identity, text, receivers, credits) and,
/// if it passes, the SMS is in the inbox and paid for, whatever the caller then sees. *Not delivered* means that the
/// call is not judged at all: nothing enters the inbox and no credit is used.
///
/// On a credit call there is nothing to deliver; the answer that is delayed, cut or replaced is the credit answer,
/// and [`CountZero`](Behaviour::CountZero) reports no credits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Behaviour {
    /// As documented. Delivered.
    #[default]
    Normal,
    /// HTTP 403 with this `response_code`, documented or not (1009, 1099). Not delivered.
    Refuse {
        /// The `response_code`.
        code: u32,
    },
    /// Any status, body and content type. Not delivered, even if the answer claims success.
    Status {
        /// 200 to 599; anything else becomes 500.
        status: u16,
        /// The body as it is.
        #[serde(default)]
        body: String,
        /// The `Content-Type`, `application/json` if the script names none.
        #[serde(default = "json_content_type")]
        content_type: String,
    },
    /// HTTP 200 and `response_code` 200, but `count` 0. Not delivered.
    CountZero,
    /// HTTP 200 with an HTML page, as a captive proxy or a maintenance page would. Not delivered.
    #[serde(rename = "html-with-200")]
    HtmlWith200,
    /// The normal answer, but only the first half of its JSON, with an honest length. Delivered.
    TruncatedJson,
    /// HTTP 302 to `location`. Not delivered.
    Redirect {
        /// The `Location`.
        location: String,
    },
    /// A server error without JSON, as a proxy in front of Sparrow would answer. Not delivered.
    ServerError {
        /// 500 to 599, 500 if the script names none; anything else becomes 500.
        #[serde(default = "internal_server_error")]
        status: u16,
    },
    /// Delivered at once; the normal answer begins only after `millis`.
    SlowHeaders {
        /// The wait, at most 60 s.
        millis: u64,
    },
    /// Delivered at once; the headers come at once, the body after `millis`.
    SlowBody {
        /// The wait between headers and body, at most 60 s.
        millis: u64,
    },
    /// Delivered, but nothing is answered for 60 s; who still waits then gets an empty 504.
    Hang,
    /// Delivered; the connection breaks after half of the body.
    ResetMidway,
    /// Delivered, but the answer is a 500: the caller cannot know.
    AcceptThenFail,
    /// Waits `millis`, then is normal. Delivered after the wait, and also to a caller who has given up by then: the
    /// SMS is late.
    Latency {
        /// The wait, at most 60 s.
        millis: u64,
    },
}

impl Behaviour {
    /// Why it cannot be put on the wire as written, if it cannot. From Rust such a one falls back as its fields say;
    /// over HTTP it is refused, because a typing mistake in a test would otherwise prove the wrong thing.
    pub(crate) fn flaw(&self) -> Option<&'static str> {
        match self {
            Behaviour::Status { status, content_type, .. } => {
                if (200..=599).contains(status) {
                    HeaderValue::from_str(content_type).is_err().then_some("content_type is no header value")
                } else {
                    Some("status must be 200 to 599")
                }
            }
            Behaviour::ServerError { status } => {
                (!(500..=599).contains(status)).then_some("status must be 500 to 599")
            }
            Behaviour::Redirect { location } => {
                HeaderValue::from_str(location).is_err().then_some("location is no header value")
            }
            Behaviour::SlowHeaders { millis }
            | Behaviour::SlowBody { millis }
            | Behaviour::Latency { millis } => {
                (Duration::from_millis(*millis) > DELAY_MAX).then_some("millis must be at most 60000")
            }
            Behaviour::Normal
            | Behaviour::Refuse { .. }
            | Behaviour::CountZero
            | Behaviour::HtmlWith200
            | Behaviour::TruncatedJson
            | Behaviour::Hang
            | Behaviour::ResetMidway
            | Behaviour::AcceptThenFail => None,
        }
    }
}

/// Which behaviour applies when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Script {
    /// For send calls, whenever `next` is empty.
    pub(crate) standing: Behaviour,
    /// For the next send calls, one each.
    pub(crate) next: VecDeque<Behaviour>,
    /// For credit calls.
    pub(crate) credit: Behaviour,
}

impl Script {
    /// The script that a JSON text describes: a whole script, or one behaviour as the standing one.
    pub(crate) fn parse(json: &[u8]) -> Result<Script, String> {
        let value: serde_json::Value = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        // Serde would take `[]` for a script in which everything is left out.
        if !value.is_object() {
            return Err("a script is an object".to_owned());
        }
        let script = if value.get("kind").is_some() {
            serde_json::from_value(value).map(|standing| Script { standing, ..Script::default() })
        } else {
            serde_json::from_value::<Script>(value)
        }
        .map_err(|error| error.to_string())?;
        if script.next.len() > QUEUE_MAX {
            return Err(format!("next holds more than {QUEUE_MAX} behaviours"));
        }
        let flaw = script.next.iter().chain([&script.standing, &script.credit]).find_map(Behaviour::flaw);
        flaw.map_or(Ok(script), |flaw| Err(flaw.to_owned()))
    }

    pub(crate) fn enqueue(&mut self, behaviour: Behaviour) -> bool {
        let room = self.next.len() < QUEUE_MAX;
        if room {
            self.next.push_back(behaviour);
        }
        room
    }

    /// The behaviour of the send call that has just arrived.
    pub(crate) fn take(&mut self) -> Behaviour {
        self.next.pop_front().unwrap_or_else(|| self.standing.clone())
    }
}

fn json_content_type() -> String {
    "application/json".to_owned()
}

fn internal_server_error() -> u16 {
    500
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_behaviour_is_tagged_in_kebab_case() {
        let rows = [
            (Behaviour::Normal, r#"{"kind":"normal"}"#),
            (Behaviour::Refuse { code: 1009 }, r#"{"kind":"refuse","code":1009}"#),
            (Behaviour::HtmlWith200, r#"{"kind":"html-with-200"}"#),
            (Behaviour::SlowHeaders { millis: 5 }, r#"{"kind":"slow-headers","millis":5}"#),
            (Behaviour::AcceptThenFail, r#"{"kind":"accept-then-fail"}"#),
            (
                Behaviour::Status { status: 418, body: "x".into(), content_type: "text/plain".into() },
                r#"{"kind":"status","status":418,"body":"x","content_type":"text/plain"}"#,
            ),
        ];
        for (behaviour, json) in rows {
            assert_eq!(serde_json::to_string(&behaviour).unwrap(), json);
            assert_eq!(serde_json::from_str::<Behaviour>(json).unwrap(), behaviour);
        }
    }

    #[test]
    fn a_single_behaviour_is_a_script() {
        let script = Script::parse(br#"{"kind":"server-error"}"#).unwrap();
        assert_eq!(script.standing, Behaviour::ServerError { status: 500 });
        assert!(script.next.is_empty());
    }

    #[test]
    fn a_script_that_cannot_be_played_is_refused() {
        let long = format!(r#"{{"next":[{}]}}"#, vec![r#"{"kind":"hang"}"#; QUEUE_MAX + 1].join(","));
        for json in [
            "",
            "[]",
            r#"{"kind":"explode"}"#,
            r#"{"kind":"refuse"}"#,
            r#"{"kind":"refuse","code":1007,"colour":"red"}"#,
            r#"{"standing":{"kind":"normal"},"later":[]}"#,
            r#"{"kind":"status","status":99}"#,
            r#"{"next":[{"kind":"server-error","status":200}]}"#,
            r#"{"credit":{"kind":"latency","millis":60001}}"#,
            r#"{"kind":"redirect","location":"a\nb"}"#,
            &long,
        ] {
            assert!(Script::parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
