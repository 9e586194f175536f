//! What the API document says of these operations beyond their types: the words of their fields, and their typical
//! requests and answers.

use domain::verification::{DeliveryState, Purpose, State};
use poem_openapi::types::{Example, ToJSON};
use serde_json::{Value, json};

use super::{StartVerification, VerificationResource};
use crate::docs::Notes;

/// What the document says of these operations.
pub(crate) fn notes(notes: &mut Notes) {
    notes.closed("VerificationStatus", State::NAMES, &["Verification.status", "listVerifications?status"]);
    notes.closed(
        "Purpose",
        Purpose::ALL.map(Purpose::as_str),
        &["Verification.purpose", "StartVerification.purpose", "CheckPhone.purpose"],
    );
    // Gateways that report deliveries will know more than these.
    let deliveries = DeliveryState::ALL.map(DeliveryState::as_str);
    notes.open(deliveries, &["Verification.delivery"]);
    starts(notes);
    let right = "The right code";
    for operation in ["checkVerification", "checkPhone"] {
        notes.answer(operation, "200", "approved", right, json_of(&approved()));
    }
    notes.answer("resendVerification", "200", "resent", "The code went out again", json_of(&resent()));
    let canceled = VerificationResource { status: "canceled".to_owned(), ..VerificationResource::example() };
    notes.answer("cancelVerification", "200", "canceled", "Its code is dead", json_of(&canceled));
    let page = json!({"items": [json_of(&approved())], "next": approved().id});
    notes.answer("listVerifications", "200", "page", "A page, and there is another", page);
}

fn starts(notes: &mut Notes) {
    let start = "startVerification";
    notes.request(start, "user-token", "With a user token", json_of(&StartVerification::example()));
    let phone = "9841234567";
    let key = json!({"phone": phone, "account": "ram", "locale": "ne"});
    notes.request(start, "application-key", "With an application key, for one of its users, in Nepali", key);
    let app_hash = json!({"phone": phone, "app_hash": "FA+9qCX9VSu"});
    notes.request(start, "android-app", "From an Android app that reads the SMS", app_hash);
    let login = json!({"phone": phone, "account": "ram", "purpose": "login"});
    notes.request(start, "login", "To prove the verified phone at a login", login);
    notes.answer(start, "200", "resent", "It was live, and went out again", json_of(&resent()));
}

/// The example, a minute later.
fn resent() -> VerificationResource {
    VerificationResource {
        resend_at: "2026-11-23T05:38:43.133Z".to_owned(),
        sends_left: 2,
        ..VerificationResource::example()
    }
}

fn approved() -> VerificationResource {
    VerificationResource {
        status: "approved".to_owned(),
        checks_left: 4,
        approved_at: Some("2026-11-23T05:36:12.480Z".to_owned()),
        ..VerificationResource::example()
    }
}

fn json_of(value: &impl ToJSON) -> Value {
    value.to_json().unwrap_or_default()
}
