//! The API document: what the framework makes of the operations and their types, mended and completed by rules that
//! hold for all of it. Nothing here names an operation or a schema: what is to be said of one is said where it is
//! defined, in its doc comments, its `Example`, or its module's function that takes [`Notes`].

use std::collections::BTreeMap;

use poem_openapi::OpenApiService;
use serde_json::{Value, json};

use crate::accounts::AccountsApi;
use crate::accounts::tokens::TokensApi;
use crate::applications::{self, ApplicationsApi};
use crate::blocks::{self, BlocksApi};
use crate::classic::{self, ClassicApi};
use crate::deliverability::{self, DeliverabilityApi};
use crate::deliveries::{self, DeliveriesApi};
use crate::events::{self, EventsApi};
use crate::health::{self, HealthApi, HealthDetailsApi};
use crate::idempotency;
use crate::invalid_numbers::{self, InvalidNumbersApi};
use crate::keys::{self, KeysApi};
use crate::limits::{self, LimitsApi};
use crate::problem::{self, Slug};
use crate::proofs::{self, ProofsApi};
use crate::sms_routes::{self, SmsRoutesApi};
use crate::statistics::{self, StatisticsApi};
use crate::verifications::{self, VerificationsApi};
use crate::webhooks::{self, WebhooksApi};

mod answers;
mod links;
mod mend;
mod notes;
mod pages;
mod rules;

pub use notes::NoteError;
pub(crate) use notes::Notes;
pub(crate) use pages::{Swagger, WrittenPage, openapi, swagger, to_swagger};

/// The whole API. Its order is that of the sections and the operations in the document.
pub(crate) type Service =
    OpenApiService<(VerificationsApi, Directory, Conduct, Telling, ProofsApi, ClassicApi, HealthApi), ()>;

/// Who is blocked, how full limits are, and how many numbers were invalid.
type Conduct = (BlocksApi, LimitsApi, InvalidNumbersApi);

/// What happened, who is told, and how the service is.
type Telling =
    (DeliveriesApi, SmsRoutesApi, EventsApi, WebhooksApi, StatisticsApi, DeliverabilityApi, HealthDetailsApi);

/// Who is served, and by which credentials.
type Directory = (AccountsApi, TokensApi, KeysApi, ApplicationsApi);

/// What the modules say of their operations and schemas beyond what their types do.
const NOTES: &[fn(&mut Notes)] = &[
    verifications::notes,
    keys::notes,
    applications::notes,
    blocks::notes,
    limits::notes,
    invalid_numbers::notes,
    deliveries::notes,
    sms_routes::notes,
    events::notes,
    webhooks::notes,
    statistics::notes,
    deliverability::notes,
    proofs::notes,
    classic::notes,
    health::notes,
    problem::notes,
];

const SUMMARY: &str = include_str!("docs/description.md");

/// The API document could not be made: a fault of the program.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// What the framework made is not JSON.
    #[error("the API document is not valid JSON")]
    Json(#[from] serde_json::Error),
    /// A module's note is about something that the document does not have.
    #[error("a note is about nothing in the API document")]
    Note(#[from] NoteError),
}

/// The service that is documented and served.
pub(crate) fn service() -> Service {
    OpenApiService::new(
        (
            VerificationsApi,
            (AccountsApi, TokensApi, KeysApi, ApplicationsApi),
            (BlocksApi, LimitsApi, InvalidNumbersApi),
            (
                DeliveriesApi,
                SmsRoutesApi,
                EventsApi,
                WebhooksApi,
                StatisticsApi,
                DeliverabilityApi,
                HealthDetailsApi,
            ),
            ProofsApi,
            ClassicApi,
            HealthApi,
        ),
        "Sparrow Verify",
        env!("CARGO_PKG_VERSION"),
    )
    .description(SUMMARY.trim())
}

/// The document, mended and completed.
///
/// # Errors
/// [`DocumentError`] when the framework's document is not JSON, or a note leads nowhere.
pub(crate) fn document(service: &Service) -> Result<Value, DocumentError> {
    let mut document: Value = serde_json::from_str(&service.spec())?;
    mend::mend(&mut document);
    document["info"]["license"] =
        json!({ "name": env!("CARGO_PKG_LICENSE"), "url": "https://spdx.org/licenses/" });
    document["servers"] = json!([{ "url": "/", "description": "The service that this document comes from" }]);
    rules::complete(&mut document);
    idempotency::describe(&mut document);
    answers::complete(&mut document);
    links::complete(&mut document);
    let mut notes = Notes::default();
    for of_module in NOTES {
        of_module(&mut notes);
    }
    notes.write_into(&mut document)?;
    rules::examples_of_pages(&mut document);
    Ok(document)
}

/// Which operations answer with which kinds of problems, by their summaries, in the document's order.
pub(crate) fn answered_by(document: &Value) -> BTreeMap<Slug, Vec<String>> {
    let mut answered: BTreeMap<Slug, Vec<String>> = BTreeMap::new();
    for operation in rules::operations(document) {
        let Some(summary) = operation.get("summary").and_then(Value::as_str) else { continue };
        for slug in answers::slugs(operation) {
            answered.entry(slug).or_default().push(summary.to_owned());
        }
    }
    answered
}
