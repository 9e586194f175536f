//! Sparrow SMS v2 as documented: the fields, the order in which a call is judged, the account's credits and the
//! answers, Sparrow's spelling included. Source: Sparrow's API documentation; `message_id`, `credit_available` and
//! `credit_consumed` are seen in the wild only. It reads no clock and writes nothing to the wire.

use poem::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::inbox::is_receiver;
use crate::{SimulatorConfig, segments};

/// The fields of a send call, as far as they were there.
#[derive(Default, Deserialize)]
pub(crate) struct Fields {
    token: Option<String>,
    from: Option<String>,
    to: Option<String>,
    text: Option<String>,
}

impl Fields {
    /// The fields of a JSON body. Numbers count as text, since a receiver without quotes is an easy mistake;
    /// anything else counts as missing.
    pub(crate) fn from_json(body: &[u8]) -> Fields {
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let field = |name: &str| match body.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
        };
        Fields { token: field("token"), from: field("from"), to: field("to"), text: field("text") }
    }
}

/// An answer before it meets the wire.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Answer {
    /// HTTP 403 with this code, and the documented sentence if there is one.
    pub(crate) fn refusal(code: u32) -> Answer {
        let body = json!({"response_code": code, "response": sentence(code)});
        Answer { status: StatusCode::FORBIDDEN, body }
    }

    /// HTTP 200 for a send call that reached nobody.
    pub(crate) fn nobody() -> Answer {
        Answer::ok(json!({"count": 0, "response_code": 200, "response": queued(0)}))
    }

    /// HTTP 200 for a credit call: what is left and what was used.
    pub(crate) fn credits(available: u64, consumed: u64) -> Answer {
        Answer::ok(json!({
            "credits_available": available,
            "credits_consumed": consumed,
            "response_code": 200,
        }))
    }

    fn ok(body: Value) -> Answer {
        Answer { status: StatusCode::OK, body }
    }
}

/// A send call that passed every check but the credits.
pub(crate) struct Order {
    pub(crate) from: String,
    /// Ten digits each.
    pub(crate) receivers: Vec<String>,
    pub(crate) text: String,
    segments: u64,
}

/// Judges a send call in Sparrow's likely order (it is not documented): fields, token, identity, text, receivers.
/// The error is a `response_code`.
pub(crate) fn judge(config: &SimulatorConfig, fields: Fields) -> Result<Order, u32> {
    let (Some(token), Some(from), Some(to), Some(text)) = (fields.token, fields.from, fields.to, fields.text)
    else {
        return Err(1000);
    };
    // A plain comparison: this token guards nothing.
    if token != config.token {
        return Err(1002);
    }
    if from != config.identity {
        return Err(1008);
    }
    if text.trim().is_empty() {
        return Err(1010);
    }
    let named: Vec<&str> = to.split(',').map(str::trim).collect();
    let receivers: Vec<String> = named.iter().filter(|to| is_receiver(to)).map(|&to| to.to_owned()).collect();
    match (receivers.is_empty(), named.len()) {
        (true, 1) => Err(1007),
        (true, _) => Err(1011),
        (false, _) => Ok(Order { segments: segments::count(&text), from, receivers, text }),
    }
}

/// The account behind the token.
pub(crate) struct Account {
    pub(crate) credits_available: u64,
    credits_consumed: u64,
    last_message_id: u64,
}

impl Account {
    pub(crate) fn with_credits(credits: u64) -> Account {
        Account { credits_available: credits, credits_consumed: 0, last_message_id: 0 }
    }

    /// Pays for an order, one credit per segment and receiver, and answers. The error is a `response_code`.
    pub(crate) fn pay(&mut self, order: &Order) -> Result<Answer, u32> {
        let count = order.receivers.len() as u64;
        let price = order.segments * count;
        if self.credits_available == 0 {
            return Err(1012);
        }
        if self.credits_available < price {
            return Err(1013);
        }
        self.credits_available -= price;
        self.credits_consumed += price;
        self.last_message_id += 1;
        Ok(Answer::ok(json!({
            "count": count,
            "response_code": 200,
            "response": queued(count),
            "message_id": self.last_message_id,
            "credit_available": float(self.credits_available),
            "credit_consumed": float(price),
        })))
    }

    /// Answers a credit call. An account without credits is refused with 1012: the documentation lists that code
    /// for this call too.
    pub(crate) fn credit(&self, config: &SimulatorConfig, token: Option<&str>) -> Answer {
        if token != Some(config.token.as_str()) {
            Answer::refusal(1002)
        } else if self.credits_available == 0 {
            Answer::refusal(1012)
        } else {
            Answer::credits(self.credits_available, self.credits_consumed)
        }
    }
}

fn queued(count: u64) -> String {
    format!("{count} mesages has been queued for delivery")
}

/// Sparrow writes these as `70.0`.
fn float(credits: u64) -> f64 {
    u32::try_from(credits).map_or(f64::from(u32::MAX), f64::from)
}

fn sentence(code: u32) -> &'static str {
    match code {
        1000 => "A required field is missing",
        1001 => "Invalid IP Address",
        1002 => "Invalid Token",
        1003 | 1004 => "Account Inactive",
        1005 | 1006 => "Account has been expired",
        1007 => "Invalid Receiver",
        1008 => "Invalid Sender",
        1010 => "Text cannot be empty",
        1011 => "No valid receiver",
        1012 => "No Credits Available",
        1013 => "Insufficient Credits",
        _ => "Unknown error",
    }
}
