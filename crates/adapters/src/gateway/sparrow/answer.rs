//! What an answer of Sparrow means. Owns the table in the documentation of [`sparrow`](super). It does no I/O, and of
//! Sparrow's words it lets nothing through but numbers: an answer may repeat the text or the phone.

use domain::ports::{SendAnswer, SendReport, Sms};
use serde_json::{Map, Value};

use crate::gateway::{ids, numbers};

/// The code of success, in the JSON as in HTTP.
const OK: u16 = 200;

/// An answer, judged.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judged {
    /// What it means.
    pub(super) answer: SendAnswer,
    /// The numbers it holds.
    pub(super) said: Said,
}

/// The numbers of Sparrow's JSON, as far as they could be read. The documentation promises `response_code` and
/// `count`; the others are seen in the wild.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Said {
    /// 200, or why not. Four digits at most: what is longer is no code of theirs, and could be a phone of ours.
    pub(super) response_code: Option<u16>,
    /// For how many receivers the SMS was queued. Four digits at most, as above.
    pub(super) count: Option<u16>,
    /// Sparrow's number of the SMS.
    pub(super) message_id: Option<u64>,
    /// What it cost, in credits.
    pub(super) credit_consumed: Option<f64>,
}

impl Judged {
    /// The same, in the words of the port.
    pub(super) fn report(&self, sms: &Sms) -> SendReport {
        SendReport {
            answer: self.answer,
            message_id: self.said.message_id.and_then(|id| ids::kept(&id.to_string(), sms)),
            credits: self.said.credit_consumed.and_then(numbers::credits),
        }
    }
}

impl Said {
    /// Whether an accepted SMS went otherwise than one SMS to one receiver should: the meaning of another `count` is
    /// not documented, and more than one credit pays for more than one segment.
    pub(super) fn is_odd(&self) -> bool {
        self.count != Some(1) || self.credit_consumed.is_some_and(|credits| credits > 1.0)
    }
}

/// Judges an answer by its HTTP status and its body; `None` is a body that could not be read to its end.
///
/// A success with a `count` of 0 was queued for nobody, though one receiver was named: nothing was sent, so that the next
/// route may carry it. It is no [`SendAnswer::ReceiverRefused`], because 1007 and 1011 are there to say that; whatever it is,
/// it lies with Sparrow or the account, and the next SMS would fare the same. So it is refused like what the operator has
/// to mend, which opens the breaker at once instead of letting everybody find out for themselves.
pub(super) fn judge(status: u16, body: Option<&[u8]>) -> Judged {
    let said = body.map(read).unwrap_or_default();
    let answer = match (status, said.response_code) {
        (200, Some(OK)) if said.count == Some(0) => SendAnswer::Refused,
        (200, Some(OK)) => SendAnswer::Accepted,
        (200..=299, Some(code)) => refusal(code).unwrap_or(SendAnswer::Unknown),
        // A refusal that claims success contradicts itself; a 303 says that the call was carried out.
        (300..=499, Some(OK)) | (303, _) => SendAnswer::Unknown,
        (300..=399, _) => SendAnswer::Refused,
        (400..=499, code) => code.and_then(refusal).unwrap_or(SendAnswer::Refused),
        _ => SendAnswer::Unknown,
    };
    Judged { answer, said }
}

/// What a code between those of the documentation refuses, whatever the HTTP status; `None` for other codes.
///
/// 1009 stands between those and is not documented. All around it but 1007 and 1011 refuse for the whole account, so it
/// is taken for one of them, and opens the breaker: should it mean less, what it costs is one SMS let through to try after
/// `breaker.open_for`; should a code of the account be taken for less, every SMS would run into it.
fn refusal(code: u16) -> Option<SendAnswer> {
    match code {
        1007 | 1011 => Some(SendAnswer::ReceiverRefused),
        1000..=1013 => Some(SendAnswer::Refused),
        _ => None,
    }
}

/// What the documentation says of a code, for the operator.
pub(super) fn meaning(code: u16) -> &'static str {
    match code {
        OK => "success",
        1000 => "a required field is missing",
        1001 => "the IP address is not allowed",
        1002 => "the token is invalid",
        1003 | 1004 => "the account is inactive",
        1005 | 1006 => "the account has expired",
        1007 => "the receiver is invalid",
        1008 => "the identity is invalid",
        1010 => "the text is empty",
        1011 => "there is no valid receiver",
        1012 => "no credits are left",
        1013 => "too few credits are left",
        _ => "not documented",
    }
}

/// The numbers of a JSON object; none if it is anything else.
fn read(body: &[u8]) -> Said {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Said::default();
    };
    Said {
        response_code: short(&fields, "response_code"),
        count: short(&fields, "count"),
        message_id: whole(&fields, "message_id"),
        credit_consumed: number(&fields, "credit_consumed"),
    }
}

/// A number of four digits at most: what is longer is no code of theirs, and could be a phone of ours.
pub(super) fn short(fields: &Map<String, Value>, name: &str) -> Option<u16> {
    whole(fields, name).filter(|number| *number <= 9999).and_then(|number| u16::try_from(number).ok())
}

/// A number of a field.
pub(super) fn number(fields: &Map<String, Value>, name: &str) -> Option<f64> {
    fields.get(name).and_then(numbers::number)
}

fn whole(fields: &Map<String, Value>, name: &str) -> Option<u64> {
    fields.get(name).and_then(numbers::whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> SendAnswer {
        judge(status, Some(body.as_bytes())).answer
    }

    #[test]
    fn success_is_http_200_and_code_200_and_a_receiver() {
        let rows = [
            r#"{"count": 1, "response_code": 200, "response": "1 mesages has been queued for delivery"}"#,
            r#"{"count": 1.0, "response_code": 200.0}"#,
            r#"{"count": "1", "response_code": " 200 "}"#,
            r#"{"count": 2, "response_code": 200, "message_id": 7, "credit_available": 70.0, "new": [{}]}"#,
            // Success is said; by how many receivers is only not said.
            r#"{"response_code": 200}"#,
            r#"{"response_code": 200, "count": null}"#,
            r#"{"response_code": 200, "count": "one"}"#,
            r#"{"response_code": 200, "count": -1}"#,
        ];
        for body in rows {
            assert_eq!(answer(200, body), SendAnswer::Accepted, "{body}");
        }
        assert_eq!(answer(200, r#"{"response_code": 200, "count": 0}"#), SendAnswer::Refused);
        assert_eq!(answer(200, r#"{"response_code": 200, "count": "0.0"}"#), SendAnswer::Refused);
    }

    #[test]
    fn nothing_but_http_200_with_code_200_is_accepted() {
        let bodies: Vec<String> = (0..=9999)
            .step_by(7)
            .chain([199, 200, 201])
            .map(|code| format!(r#"{{"count": 1, "response_code": {code}}}"#))
            .chain(
                ["", "<html>", "200", "[200]", "null", "{}", r#"{"response_code": true}"#].map(str::to_owned),
            )
            .collect();
        for status in
            [100, 101, 200, 201, 202, 204, 301, 302, 303, 304, 400, 403, 404, 429, 500, 503, 600, 999]
        {
            for body in &bodies {
                if answer(status, body) == SendAnswer::Accepted {
                    assert!(status == 200 && body.contains(": 200}"), "{status} {body}");
                }
            }
            assert_ne!(judge(status, None).answer, SendAnswer::Accepted, "{status}");
        }
    }

    #[test]
    fn a_documented_code_refuses_the_receiver_or_calls_the_operator() {
        for status in [200, 400, 403] {
            for code in 1000..=1013 {
                let expected = match code {
                    1007 | 1011 => SendAnswer::ReceiverRefused,
                    _ => SendAnswer::Refused,
                };
                let body = format!(r#"{{"response_code": {code}, "response": "no"}}"#);
                assert_eq!(answer(status, &body), expected, "{status} {body}");
            }
        }
    }

    #[test]
    fn a_refusal_needs_no_known_code() {
        for body in
            [r#"{"response_code": 1099}"#, r#"{"response_code": 9841234567}"#, "{}", "", "<h1>no</h1>", "["]
        {
            for status in [301, 302, 307, 308, 400, 401, 403, 404, 405, 408, 411, 413, 429, 451, 499] {
                assert_eq!(answer(status, body), SendAnswer::Refused, "{status} {body}");
                assert_eq!(judge(status, None).answer, SendAnswer::Refused, "{status}");
            }
        }
    }

    #[test]
    fn what_may_have_been_sent_is_unknown() {
        let rows = [
            // Success without its code.
            (200, ""),
            (200, "{}"),
            (200, "<html>"),
            (200, r#"{"count": 1, "response_co"#),
            (200, r#"[{"count": 1, "response_code": 200}]"#),
            (200, r#"{"count": 1, "response_code": 201}"#),
            (200, r#"{"count": 1, "response_code": 1099}"#),
            (200, r#"{"count": 1, "response_code": null}"#),
            // Success of another kind.
            (201, r#"{"count": 1, "response_code": 200}"#),
            (202, ""),
            (204, ""),
            // See elsewhere for what became of it.
            (303, ""),
            // Two voices.
            (302, r#"{"count": 1, "response_code": 200}"#),
            (403, r#"{"count": 1, "response_code": 200}"#),
            // It broke, perhaps after the send.
            (500, ""),
            (502, "<html>"),
            (503, r#"{"response_code": 1012}"#),
            (504, ""),
            (101, ""),
            (999, ""),
        ];
        for (status, body) in rows {
            assert_eq!(answer(status, body), SendAnswer::Unknown, "{status} {body}");
        }
        assert_eq!(judge(200, None).answer, SendAnswer::Unknown);
    }

    #[test]
    fn every_documented_code_has_a_meaning() {
        for code in (1000..=1013).filter(|code| *code != 1009) {
            assert_ne!(meaning(code), meaning(1009), "{code}");
        }
    }

    #[test]
    fn numbers_are_read_in_every_spelling_and_nothing_else_is() {
        let said = |body: &str| judge(200, Some(body.as_bytes())).said;
        let read = said(r#"{"response_code":"200","count":1.0,"message_id":"81","credit_consumed":"1.5"}"#);
        let expected = Said {
            response_code: Some(200),
            count: Some(1),
            message_id: Some(81),
            credit_consumed: Some(1.5),
        };
        assert_eq!(read, expected);
        for odd in ["1.5", "-1", "1e300", "\"NaN\"", "\"inf\"", "\"\"", "true", "[1]", "{}", "null"] {
            let said = said(&format!(r#"{{"response_code":{odd},"count":{odd},"message_id":{odd}}}"#));
            assert_eq!(said, Said::default(), "{odd}");
        }
        // A phone or a code in the place of a number gets no further than this.
        assert_eq!(said(r#"{"response_code":9841234567}"#), Said::default());
        assert_eq!(said(r#"{"response_code":"042137"}"#), Said::default());
    }

    #[test]
    fn one_receiver_for_one_credit_is_usual() {
        let odd = |body: &str| judge(200, Some(body.as_bytes())).said.is_odd();
        assert!(!odd(r#"{"response_code":200,"count":1}"#));
        assert!(!odd(r#"{"response_code":200,"count":1,"credit_consumed":1.0}"#));
        assert!(odd(r#"{"response_code":200,"count":1,"credit_consumed":2.0}"#));
        assert!(odd(r#"{"response_code":200,"count":2}"#));
        assert!(odd(r#"{"response_code":200}"#));
    }
}
