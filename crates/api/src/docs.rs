//! The API document and Swagger UI. Owns what the framework's document lacks, and mends it; describes nothing that
//! the operations do not say themselves.

use std::sync::Arc;

use domain::credential::Scope;
use domain::verification::Purpose;
use poem::http::{HeaderValue, StatusCode, header};
use poem::web::Data;
use poem::{IntoResponse, Request, Response, handler};
use poem_openapi::OpenApiService;
use serde_json::{Map, Value, json};
use utoipa_swagger_ui::Config;

use crate::accounts::AccountsApi;
use crate::accounts::tokens::TokensApi;
use crate::admin::{BlocksApi, LimitsApi};
use crate::applications::ApplicationsApi;
use crate::classic::ClassicApi;
use crate::deliveries::DeliveriesApi;
use crate::events::EventsApi;
use crate::health::HealthApi;
use crate::keys::KeysApi;
use crate::verifications::VerificationsApi;
use crate::webhooks::WebhooksApi;

/// The whole API.
pub(crate) type Service =
    OpenApiService<(VerificationsApi, DeliveriesApi, Telling, ClassicApi, HealthApi, Directory, Conduct), ()>;

/// What happened, and who is told.
type Telling = (EventsApi, WebhooksApi);

/// Who is served, and by which credentials.
type Directory = (AccountsApi, TokensApi, KeysApi, ApplicationsApi);

/// Who is blocked, and how full limits are.
type Conduct = (BlocksApi, LimitsApi);

const DESCRIPTION: &str = "Proves that a person holds a phone number: sends a one-time code by SMS and checks the code \
that comes back.\n\nSend `Authorization: Bearer` with a user token (acts for its account), or an application key (acts \
for any account of the application, or for none). An admin key looks on and administers. Errors are problem documents \
(RFC 9457); branch on `code`.";

/// The service that is documented and served.
pub(crate) fn service() -> Service {
    OpenApiService::new(
        (
            VerificationsApi,
            DeliveriesApi,
            (EventsApi, WebhooksApi),
            ClassicApi,
            HealthApi,
            (AccountsApi, TokensApi, KeysApi, ApplicationsApi),
            (BlocksApi, LimitsApi),
        ),
        "Sparrow Verify",
        env!("CARGO_PKG_VERSION"),
    )
    .description(DESCRIPTION)
}

/// The document, mended: standard media types, closed objects, standard formats, header names as people write them.
///
/// # Errors
/// When the framework's document is not JSON.
pub(crate) fn document(service: &Service) -> Result<Value, serde_json::Error> {
    let mut document: Value = serde_json::from_str(&service.spec())?;
    mend(&mut document);
    for name in [
        "StartVerification",
        "CheckCode",
        "CheckPhone",
        "ValidatePhone",
        "ValidateOtp",
        "CreateAccount",
        "ChangePhone",
        "IssueUserToken",
        "IssueKey",
        "ReplayEvent",
        "CreateBlock",
        "LimitSubject",
    ] {
        if let Some(schema) =
            document.pointer_mut(&format!("/components/schemas/{name}")).and_then(Value::as_object_mut)
        {
            schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
    }
    for (path, answer) in [("/validate_phone", "Sent."), ("/validate_otp", "Verified.")] {
        classic_answers(&mut document, path, answer);
    }
    for name in ["StartVerification", "CheckPhone"] {
        let properties = &mut document["components"]["schemas"][name]["properties"];
        properties["purpose"]["enum"] = Purpose::ALL.iter().map(|purpose| purpose.as_str()).collect();
        properties["account"]["minLength"] = json!(1);
    }
    for name in ["IssueKey", "Key", "IssuedKey"] {
        let scopes = [Scope::Verify, Scope::Admin].map(Scope::as_str);
        document["components"]["schemas"][name]["properties"]["scope"]["enum"] = json!(scopes);
    }
    let taken = &mut document["components"]["schemas"]["ApplicationPolicy"]["properties"]["phone_taken"];
    taken["enum"] = json!(["reject", "transfer"]);
    document["components"]["schemas"]["CreateBlock"]["properties"]["action"]["enum"] =
        json!(["deny", "allow"]);
    examples(&mut document);
    document["servers"] = json!([{ "url": "/", "description": "This service" }]);
    Ok(document)
}

/// What the framework writes otherwise than the standard asks for.
fn mend(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(media) = object.remove("application/json; charset=utf-8") {
                object.insert("application/json".to_owned(), media);
            }
            if let Some(format) = object.get_mut("format")
                && matches!(format.as_str(), Some("uint16" | "uint32"))
            {
                *format = json!("int32");
            }
            if let Some(Value::Object(headers)) = object.get_mut("headers") {
                *headers = std::mem::take(headers)
                    .into_iter()
                    .map(|(name, value)| (header_case(&name), value))
                    .collect();
            }
            object.values_mut().for_each(mend);
        }
        Value::Array(items) => items.iter_mut().for_each(mend),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn header_case(name: &str) -> String {
    let capital = |part: &str| {
        let (first, rest) = part.split_at(part.len().min(1));
        if part.eq_ignore_ascii_case("www") {
            "WWW".to_owned()
        } else {
            first.to_uppercase() + &rest.to_lowercase()
        }
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}

/// Every answer of the classic API has one form.
fn classic_answers(document: &mut Value, path: &str, success: &str) {
    let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/ClassicAnswer"}}});
    let answers = [
        ("200", success),
        ("400", "The phone or the code is not right."),
        ("401", "No valid credential was presented."),
        ("403", "Already verified, or the username is not the caller's own."),
        ("408", "The request took too long to arrive."),
        ("413", "The body is too large."),
        ("415", "The content type is not supported."),
        ("429", "A limit is reached; see `Retry-After`."),
        ("500", "Something went wrong here."),
        ("502", "The SMS gateway refuses to send."),
        ("503", "The gateway or the service is not available; see `Retry-After`."),
    ];
    let responses: Map<String, Value> = answers
        .into_iter()
        .map(|(status, description)| {
            let mut answer = json!({"description": description, "content": content});
            if let Some(headers) = classic_headers(status) {
                answer["headers"] = headers;
            }
            (status.to_owned(), answer)
        })
        .collect();
    document["paths"][path]["post"]["responses"] = Value::Object(responses);
}

/// The headers that the classic API shares with the other one.
fn classic_headers(status: &str) -> Option<Value> {
    match status {
        "401" => Some(json!({"WWW-Authenticate": {
            "description": "The scheme to use: `Bearer`.",
            "schema": {"type": "string"},
        }})),
        "429" | "503" => Some(json!({"Retry-After": {
            "description": "Seconds to wait before trying again.",
            "schema": {"type": "integer", "format": "int32"},
        }})),
        _ => None,
    }
}

/// Examples, so that "Try it out" starts from something that works.
fn examples(document: &mut Value) {
    let bodies = [
        ("StartVerification", json!({"phone": "9841234567"})),
        ("CheckCode", json!({"code": "042137"})),
        ("CheckPhone", json!({"phone": "9841234567", "code": "042137"})),
        ("CreateAccount", json!({"username": "ram"})),
        ("ChangePhone", json!({"phone": "9841234567", "verified_at": "2026-01-15T08:00:00Z"})),
        ("IssueUserToken", json!({"name": "Ram's phone", "expires_in_days": 30})),
        ("IssueKey", json!({"scope": "verify", "name": "Shop server", "expires_in_days": 365})),
        ("ReplayEvent", json!({"webhook": "orders"})),
        ("LimitSubject", json!({"phone": "9841234567"})),
        ("CreateBlock", json!({"action": "deny", "prefix": "+977984", "reason": "SMS pumping"})),
        ("ValidatePhone", json!({"phone": "9841234567"})),
        ("ValidateOtp", json!({"phone": "9841234567", "otp": "042137", "username": "ram"})),
    ];
    for (name, example) in bodies {
        document["components"]["schemas"][name]["example"] = example;
    }
}

/// `/openapi.json`.
#[handler]
#[expect(clippy::needless_pass_by_value, reason = "an extractor is taken by value")]
pub(crate) fn openapi(document: Data<&Arc<str>>) -> Response {
    Response::builder().content_type("application/json").body(document.0.to_string())
}

/// `/docs`: the pages of Swagger UI refer to each other relative to `/docs/`.
#[handler]
pub(crate) fn to_swagger() -> Response {
    Response::builder().status(StatusCode::PERMANENT_REDIRECT).header(header::LOCATION, "docs/").finish()
}

/// `/docs/*`.
#[handler]
#[expect(clippy::needless_pass_by_value, reason = "an extractor is taken by value")]
pub(crate) fn swagger(request: &Request, config: Data<&Arc<Config<'static>>>) -> Response {
    // A name that is not UTF-8 is not handed over, and names no file.
    let Some(file) = request.raw_path_param("file") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match utoipa_swagger_ui::serve(file, config.0.clone()) {
        Ok(Some(file)) => {
            let mut response =
                Response::builder().content_type(&file.content_type).body(file.bytes.into_owned());
            let policy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            response
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(cause = error.to_string(), "Swagger UI could not be served");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Swagger UI with "Authorize" and "Try it out".
pub(crate) fn swagger_config() -> Arc<Config<'static>> {
    Arc::new(Config::from("/openapi.json").try_it_out_enabled(true))
}
