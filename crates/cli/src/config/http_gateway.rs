//! `[gateways.NAME]` of the kind `http`: a gateway that is described. Owns how its settings are written and shown; whether they
//! fit each other is the gateway's own to say. A template may hold a secret that somebody wrote where it does not belong, and
//! so may an address: of templates only the placeholders are shown, of addresses the host.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use adapters::gateway::http::{
    GatewaySecret, HttpGatewayBasicAuth, HttpGatewayBody, HttpGatewayCredit, HttpGatewayMethod,
    HttpGatewayRefusal, HttpGatewaySuccess, JsonCondition, RefusalMeans,
};
use adapters::gateway::{HttpGateway, HttpGatewaySettings, HttpGatewaySettingsFault, SparrowSettings};
use domain::credit::CreditBalance;
use poem::http::Uri;
use serde_json::Value;

use super::reader::SecretKeys;
use super::secret::MASK;
use super::section::Section;
use super::sparrow;
use super::webhooks::{SigningKeys, signing_secrets};

mod fault;
mod values;

use values::{JsonText, Pair, Scalar, Status};

const TIMEOUT_MAX: Duration = Duration::from_mins(1);
const CREDIT_LOW_MAX: u32 = 100_000_000;
/// What signs, by its two keys.
const SIGNING: SigningKeys = SigningKeys { newest: "sign_secret", old: "sign_old_secrets", required: false };

/// The gateway of this section; `None` when something is wrong with it.
pub(super) fn http_gateway(section: &mut Section<'_>, name: &str) -> Option<HttpGatewaySettings> {
    let second = Duration::from_secs(1);
    let sender = section.setting("sender", String::new());
    let url = url(section, "url", true);
    let method = section.setting("method", HttpGatewayMethod::default());
    let headers = pairs(section, "headers");
    let body = body(section);
    let secret = secret_of(section, "secret");
    let secrets = named_secrets(section);
    let basic_auth = basic_auth(section);
    let bearer = secret_of(section, "bearer");
    let sign = signing_secrets(section, &SIGNING);
    let success = success(section);
    let refusals = refusals(section);
    let [message_id, credits, error_code] =
        ["message_id", "credits", "error_code"].map(|name| section.optional::<String>(name));
    let connect_timeout =
        section.within("connect_timeout", HttpGatewaySettings::CONNECT_TIMEOUT, second..=TIMEOUT_MAX);
    let total_timeout =
        section.within("total_timeout", HttpGatewaySettings::TOTAL_TIMEOUT, second..=TIMEOUT_MAX);
    if connect_timeout >= total_timeout {
        let problem = format!("must be shorter than `{}`", section.key("total_timeout"));
        section.fault("connect_timeout", problem);
    }
    let credit = credit(section);
    if credit.is_none() && !section.faulty("credit") {
        needs_credit(section);
    }
    let credit_low = if credit.is_some() { section.within("credit_low", 0, 0..=CREDIT_LOW_MAX) } else { 0 };
    // A balance in money says nothing of days where no SMS tells what it costs.
    let default = if credits.is_some() { SparrowSettings::CREDIT_LOW_DAYS } else { 0 };
    let credit_low_days = if credit.is_some() { sparrow::credit_low_days(section, default) } else { 0 };
    // What is wrong already would be told twice.
    let settings = HttpGatewaySettings {
        sender,
        method,
        headers,
        body,
        secret,
        secrets,
        basic_auth,
        bearer,
        sign: sign?,
        success,
        refusals,
        message_id,
        credits,
        error_code,
        connect_timeout,
        total_timeout,
        credit,
        credit_low: CreditBalance::from_credits(credit_low),
        credit_low_days,
        ..HttpGatewaySettings::new(name, url?)
    };
    if section.reader.faulty(section.prefix()) {
        return None;
    }
    match HttpGateway::new(settings.clone()) {
        Err(HttpGatewaySettingsFault::Setting { key, at, problem }) => {
            fault::note(section, key, &at, &problem);
            None
        }
        // A machine without root certificates has no fault in its configuration.
        Ok(_) | Err(HttpGatewaySettingsFault::Client(_)) => Some(settings),
    }
}

/// An address, of which the host is shown.
fn url(section: &mut Section<'_>, name: &str, required: bool) -> Option<String> {
    let text = section.optional::<String>(name);
    let key = section.key(name);
    if required && !section.is_set(name) {
        section.missing(name, "is missing; set it to where an SMS is handed over");
    }
    // What is no address may be a secret in the wrong place.
    section.reader.show(&key, Value::Null);
    let text = text?;
    if text.contains(MASK) {
        section.fault(name, "holds the mask that stands for its path; set the path itself");
        return None;
    }
    let shown = text.parse::<Uri>().ok().and_then(|url| {
        let (scheme, host) = (url.scheme_str()?.to_owned(), url.host()?.to_owned());
        let port = url.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        let rest = url.path_and_query().is_some_and(|rest| rest.as_str() != "/");
        Some(format!("{scheme}://{host}{port}/{}", if rest { MASK } else { "" }))
    });
    section.reader.show(&key, shown.into());
    Some(text)
}

/// Names and templates.
fn pairs(section: &mut Section<'_>, name: &str) -> Vec<(String, String)> {
    let pairs = section.setting(name, Vec::<Pair>::new());
    if pairs.iter().any(Pair::is_masked) {
        section.fault(name, "holds the mask that stands for a text; set the text itself");
    }
    pairs.into_iter().map(|Pair(name, template)| (name, template)).collect()
}

/// What is posted.
pub(super) fn body(section: &mut Section<'_>) -> HttpGatewayBody {
    let form = pairs(section, "form");
    let json = section.optional::<JsonText>("json");
    if json.as_ref().is_some_and(JsonText::is_masked) {
        section.fault("json", "holds the mask that stands for a text; set the text itself");
    }
    match (form.is_empty(), json) {
        (false, Some(_)) => {
            let problem = format!("is set together with `{}`; keep one of them", section.key("form"));
            section.fault("json", problem);
            HttpGatewayBody::Form(form)
        }
        (false, None) => HttpGatewayBody::Form(form),
        (true, Some(json)) => HttpGatewayBody::Json(json.0),
        (true, None) => HttpGatewayBody::default(),
    }
}

/// A secret by value or file; `None` when it is not set, or wrong.
fn secret_of(section: &mut Section<'_>, name: &str) -> Option<GatewaySecret> {
    let (value, file) = (section.key(name), section.key(&format!("{name}_file")));
    let found = section.reader.secret(SecretKeys { value: &value, file: &file })?;
    if found.value.is_mask() {
        section.reader.fault(found.key, "is the mask that stands for a secret; set the secret itself");
        return None;
    }
    Some(found.value.expose().into())
}

/// `[gateways.NAME.secrets]`: by their names, or those with `_file` behind.
fn named_secrets(section: &mut Section<'_>) -> BTreeMap<String, GatewaySecret> {
    let names = section.reader.sections_of(&section.key("secrets"));
    let plain = |name: &String| name.strip_suffix("_file").unwrap_or(name).to_owned();
    let names: BTreeSet<String> = names.keys().map(plain).collect();
    let mut secrets = BTreeMap::new();
    for name in names {
        if let Some(secret) = secret_of(section, &format!("secrets.{name}")) {
            secrets.insert(name, secret);
        }
    }
    secrets
}

fn basic_auth(section: &mut Section<'_>) -> Option<HttpGatewayBasicAuth> {
    let user = section.optional::<String>("basic_auth_user");
    let password = secret_of(section, "basic_auth_password");
    let password_is_set =
        ["basic_auth_password", "basic_auth_password_file"].map(|name| section.is_set(name));
    match (section.is_set("basic_auth_user"), password_is_set.contains(&true)) {
        (true, false) => {
            let problem = format!("is missing, while `{}` is set", section.key("basic_auth_user"));
            section.missing("basic_auth_password", problem);
        }
        (false, true) => {
            let problem = format!("is missing, while `{}` is set", section.key("basic_auth_password"));
            section.missing("basic_auth_user", problem);
        }
        (true, true) | (false, false) => {}
    }
    Some(HttpGatewayBasicAuth { user: user?, password: password? })
}

fn success(section: &mut Section<'_>) -> HttpGatewaySuccess {
    let status = section.setting("success.status", vec![Status::success()]);
    let json = conditions(section, "success.json");
    HttpGatewaySuccess { status: status.into_iter().map(|status| status.range).collect(), json }
}

fn refusals(section: &mut Section<'_>) -> Vec<HttpGatewayRefusal> {
    let count = section.reader.tables_of(&section.key("refusals"));
    let mut refusals = Vec::new();
    for place in 0..count {
        let key = |name: &str| format!("refusals.{place}.{name}");
        let status = section.setting(&key("status"), Vec::<Status>::new());
        let json = conditions(section, &key("json"));
        let means = section.optional::<RefusalMeans>(&key("means"));
        if !section.is_set(&key("means")) {
            section.missing(&key("means"), format!("is missing; it {}", values::means_allowed()));
        }
        if let Some(means) = means {
            let status = status.into_iter().map(|status| status.range).collect();
            refusals.push(HttpGatewayRefusal { status, json, means });
        }
    }
    refusals
}

fn conditions(section: &mut Section<'_>, list: &str) -> Vec<JsonCondition> {
    let count = section.reader.tables_of(&section.key(list));
    let mut conditions = Vec::new();
    for place in 0..count {
        let key = |name: &str| format!("{list}.{place}.{name}");
        let pointer = section.setting(&key("pointer"), String::new());
        let equals = section.optional::<Scalar>(&key("equals"));
        let one_of = section.optional::<Vec<Scalar>>(&key("one_of"));
        match (equals, one_of) {
            (Some(_), Some(_)) => {
                let problem =
                    format!("is set together with `{}`; keep one of them", section.key(&key("one_of")));
                section.fault(&key("equals"), problem);
            }
            (Some(Scalar(value)), None) => conditions.push(JsonCondition { pointer, one_of: vec![value] }),
            (None, Some(values)) => {
                let one_of = values.into_iter().map(|Scalar(value)| value).collect();
                conditions.push(JsonCondition { pointer, one_of });
            }
            (None, None) if section.faulty(&key("equals")) || section.faulty(&key("one_of")) => {}
            (None, None) => {
                let problem =
                    format!("is missing; set it, or `{}`, to what stands there", section.key(&key("one_of")));
                section.missing(&key("equals"), problem);
            }
        }
    }
    conditions
}

/// What says nothing where it is not asked what is left.
fn needs_credit(section: &mut Section<'_>) {
    let [url, pointer] = ["credit.url", "credit.pointer"].map(|name| section.key(name));
    for name in ["credit_interval", "credit_low", "credit_low_days"] {
        let problem =
            format!("says nothing until it is known how to ask what is left: set `{url}` and `{pointer}`");
        section.reader.refuse_if_set(&section.key(name), problem);
    }
}

/// How what is left is asked; `None` where nothing of it is set.
fn credit(section: &mut Section<'_>) -> Option<HttpGatewayCredit> {
    let url = url(section, "credit.url", false);
    let query = pairs(section, "credit.query");
    let headers = pairs(section, "credit.headers");
    let form = pairs(section, "credit.form");
    let pointer = section.optional::<String>("credit.pointer");
    let set = |name: &str| section.is_set(&format!("credit.{name}"));
    if !["url", "query", "headers", "form", "pointer"].into_iter().any(set) {
        return None;
    }
    for name in ["credit.url", "credit.pointer"] {
        if !section.is_set(name) {
            let problem = format!("is missing, while others of `[{}]` are set", section.key("credit"));
            section.missing(name, problem);
        }
    }
    Some(HttpGatewayCredit { url: url?, query, headers, form, pointer: pointer? })
}
