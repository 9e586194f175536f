//! What an answer means, by the rules of the settings. Owns the table in the documentation of
//! [`HttpGateway`](super::HttpGateway). It does no I/O, and of the answer's words it lets nothing through but ids and short
//! numbers: an answer may repeat the text or the phone.

use domain::delivery::MessageId;
use domain::ports::{SendAnswer, SendReport, Sms};
use serde_json::Value;

use super::fault::{HttpGatewayProblem, HttpGatewaySettingsFault};
use super::secret::GatewaySecret;
use super::settings::{
    HttpGatewayRefusal, HttpGatewaySettings, HttpGatewaySuccess, JsonCondition, StatusRange,
};
use crate::gateway::{ids, numbers};

/// The most rules, the most conditions of one, and the most values of one of those.
const REFUSALS_MAX: usize = 50;
const CONDITIONS_MAX: usize = 20;
const VALUES_MAX: usize = 100;
/// The largest code of an error that is logged: what is longer could be a code or a phone of ours.
const ERROR_CODE_MAX: u64 = 99_999;

/// The rules of one gateway.
#[derive(Debug)]
pub(super) struct Rules {
    success: HttpGatewaySuccess,
    refusals: Vec<HttpGatewayRefusal>,
    message_id: Option<String>,
    credits: Option<String>,
    error_code: Option<String>,
    /// What is never kept of an answer.
    secrets: Vec<GatewaySecret>,
}

/// An answer, judged.
#[derive(Debug)]
pub(super) struct Judged {
    /// What it means, and what it tells.
    pub(super) report: SendReport,
    /// What decided it.
    pub(super) by: By,
    /// The gateway's own code of an error.
    pub(super) error_code: Option<u64>,
}

/// What decided what an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The conditions of success.
    Success,
    /// This rule of the settings, beginning with 1.
    Refusal(usize),
    /// Its status, since nothing else fits.
    Status,
    /// Nothing: it claims success and denies it.
    Contradiction,
}

impl By {
    /// The words of the log.
    pub(super) fn words(self) -> String {
        match self {
            Self::Success => "success".to_owned(),
            Self::Refusal(number) => format!("refusal {number}"),
            Self::Status => "status".to_owned(),
            Self::Contradiction => "it contradicts itself".to_owned(),
        }
    }
}

impl Rules {
    /// Reads the rules.
    pub(super) fn parse(settings: &HttpGatewaySettings) -> Result<Self, HttpGatewaySettingsFault> {
        let HttpGatewaySettings { success, refusals, message_id, credits, error_code, .. } = settings;
        if success.status.is_empty() || !success.status.iter().all(|range| range.is_success()) {
            return Err(HttpGatewayProblem::SuccessStatus.of("success.status", ""));
        }
        conditions(&success.json).map_err(|problem| problem.of("success.json", ""))?;
        if refusals.len() > REFUSALS_MAX {
            let problem = HttpGatewayProblem::TooMuch { max: REFUSALS_MAX, what: "rules" };
            return Err(problem.of("refusals", ""));
        }
        for (place, rule) in refusals.iter().enumerate() {
            let fault = |problem: HttpGatewayProblem| problem.of("refusals", (place + 1).to_string());
            if rule.status.is_empty() {
                return Err(fault(HttpGatewayProblem::NoStatus));
            }
            conditions(&rule.json).map_err(fault)?;
        }
        for (key, place) in [("message_id", message_id), ("credits", credits), ("error_code", error_code)] {
            place.as_deref().map_or(Ok(()), pointer).map_err(|problem| problem.of(key, ""))?;
        }
        let basic = settings.basic_auth.as_ref().map(|basic| &basic.password);
        let secrets =
            settings.secret.iter().chain(settings.secrets.values()).chain(&settings.bearer).chain(basic);
        Ok(Self {
            secrets: secrets.cloned().collect(),
            success: success.clone(),
            refusals: refusals.clone(),
            message_id: message_id.clone(),
            credits: credits.clone(),
            error_code: error_code.clone(),
        })
    }

    /// Judges an answer by its status and its body; `None` is a body that could not be read to its end.
    pub(super) fn judge(&self, status: u16, body: Option<&[u8]>, sms: &Sms) -> Judged {
        let json = body.and_then(|body| serde_json::from_slice::<Value>(body).ok());
        let json = json.as_ref();
        let (answer, by) = self.meaning(status, json);
        let at = |place: &Option<String>| json.zip(place.as_deref()).and_then(|(json, at)| json.pointer(at));
        let taken = answer == SendAnswer::Accepted;
        let report = SendReport {
            answer,
            message_id: at(&self.message_id)
                .filter(|_| taken)
                .and_then(|id| message_id(id, sms, &self.secrets)),
            credits: at(&self.credits).and_then(numbers::number).and_then(numbers::credits),
        };
        let error_code = at(&self.error_code).and_then(numbers::whole).filter(|code| *code <= ERROR_CODE_MAX);
        Judged { report, by, error_code }
    }

    fn meaning(&self, status: u16, json: Option<&Value>) -> (SendAnswer, By) {
        let succeeded = holds(&self.success.status, status) && all_hold(&self.success.json, json);
        // A status alone is weaker than a rule, which is why it is not a claim that a rule could contradict.
        let claims = !self.success.json.is_empty() && all_hold(&self.success.json, json);
        let mut rules = (1..).zip(&self.refusals).filter(|(_, rule)| holds(&rule.status, status));
        if let Some((number, rule)) = rules.clone().find(|(_, rule)| all_hold(&rule.json, json)) {
            return if claims {
                (SendAnswer::Unknown, By::Contradiction)
            } else {
                (rule.means.answer(), By::Refusal(number))
            };
        }
        // A rule asks what the body says, and the body cannot be read: it might have been refused.
        let undecided = json.is_none() && rules.any(|(_, rule)| !rule.json.is_empty());
        match status {
            _ if succeeded && !undecided => (SendAnswer::Accepted, By::Success),
            // A 303 says that the call was carried out.
            303 => (SendAnswer::Unknown, By::Status),
            300..=499 if claims => (SendAnswer::Unknown, By::Contradiction),
            429 => (SendAnswer::NotSent, By::Status),
            300..=499 => (SendAnswer::Refused, By::Status),
            _ => (SendAnswer::Unknown, By::Status),
        }
    }
}

fn holds(ranges: &[StatusRange], status: u16) -> bool {
    ranges.iter().any(|range| range.holds(status))
}

fn all_hold(conditions: &[JsonCondition], json: Option<&Value>) -> bool {
    conditions.iter().all(|condition| {
        let there = json.and_then(|json| json.pointer(&condition.pointer));
        there.is_some_and(|there| condition.one_of.iter().any(|value| equal(value, there)))
    })
}

/// Whether two values are the same; 1 and 1.0 are.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (one, other) => one == other,
    }
}

/// The gateway's id of the SMS; none where it could tell the phone, the code or a secret, whatever the settings call it.
fn message_id(value: &Value, sms: &Sms, secrets: &[GatewaySecret]) -> Option<MessageId> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) => numbers::whole(value)?.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    // What a gateway was called with it may answer with.
    let tells_secret = secrets.iter().any(|secret| text.contains(secret.reveal()));
    if tells_secret { None } else { ids::kept(&text, sms) }
}

fn conditions(conditions: &[JsonCondition]) -> Result<(), HttpGatewayProblem> {
    if conditions.len() > CONDITIONS_MAX {
        return Err(HttpGatewayProblem::TooMuch { max: CONDITIONS_MAX, what: "conditions" });
    }
    for condition in conditions {
        pointer(&condition.pointer)?;
        if condition.one_of.is_empty() {
            return Err(HttpGatewayProblem::NoValue);
        }
        if condition.one_of.len() > VALUES_MAX {
            return Err(HttpGatewayProblem::TooMuch { max: VALUES_MAX, what: "values" });
        }
    }
    Ok(())
}

/// Whether a text is a JSON pointer: empty or begun by a slash, with `~` before 0 and 1 only.
pub(super) fn pointer(text: &str) -> Result<(), HttpGatewayProblem> {
    let begins = text.is_empty() || text.starts_with('/');
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if begins && escapes { Ok(()) } else { Err(HttpGatewayProblem::Pointer) }
}

#[cfg(test)]
mod tests;
