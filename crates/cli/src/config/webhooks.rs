//! `[application.webhooks.<name>]` and `[applications.<id>.webhooks.<name>]`: who is told of an application's events.

use std::collections::BTreeMap;
use std::time::Duration;

use adapters::webhooks::{PhoneForm, WebhookSecret, WebhookSettings, WebhookUrl};
use domain::application::{Application, ApplicationId};
use domain::event::EventKind;
use domain::webhook::WebhookId;
use serde_json::{Value, json};

use super::applications::Place;
use super::raw::{Raw, variable};
use super::reader::{Found, Reader, SecretKeys};
use super::secret::{MASK, Secret};
use super::section::Section;
use super::setting::{Setting, from_text};

/// The most webhooks of an application.
const WEBHOOKS_MAX: usize = 10;
/// The most secrets of the past of a webhook: each makes every message longer.
const OLD_SECRETS_MAX: usize = 4;
const SIGNING: SigningKeys = SigningKeys { newest: "secret", old: "old_secrets", required: true };
const TIMEOUT: Duration = Duration::from_secs(15);
const TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// The webhooks of all applications; those with which something is wrong are left out.
pub(super) fn webhooks(reader: &mut Reader, places: &[Place]) -> Vec<WebhookSettings> {
    let mut taken = BTreeMap::new();
    places.iter().flat_map(|place| webhooks_of(reader, place, &mut taken)).collect()
}

/// Gives every application its own.
pub(super) fn subscribe(applications: &mut [Application], webhooks: &[WebhookSettings]) {
    for application in applications {
        let own = webhooks.iter().filter(|webhook| webhook.application == application.id);
        application.webhooks = own.map(WebhookSettings::webhook).collect();
    }
}

/// `taken` has the names that are given, with their sections: a name means one webhook, whoever's it is.
fn webhooks_of(
    reader: &mut Reader,
    place: &Place,
    taken: &mut BTreeMap<WebhookId, String>,
) -> Vec<WebhookSettings> {
    let section = format!("{}.webhooks", place.prefix);
    let mut found = Vec::new();
    for (count, (name, origin)) in reader.sections_of(&section).into_iter().enumerate() {
        let prefix = format!("{section}.{name}");
        let problem = match WebhookId::parse(&name) {
            Some(_) if count >= WEBHOOKS_MAX => {
                format!("is one too many; an application may have {WEBHOOKS_MAX} webhooks")
            }
            Some(id) if taken.contains_key(&id) => {
                let other = taken.get(&id).map(String::as_str).unwrap_or_default();
                format!("has the name of `{other}`; each webhook must have another")
            }
            Some(id) => {
                taken.insert(id.clone(), prefix.clone());
                found.extend(webhook(&mut reader.section(&prefix), id, &place.id));
                continue;
            }
            None => "is no name: it must have 1 to 40 lower-case letters, digits and inner dashes".to_owned(),
        };
        reader.drop_section(&prefix);
        reader.fault_in(&prefix, problem, origin);
    }
    found
}

fn webhook(section: &mut Section<'_>, id: WebhookId, application: &ApplicationId) -> Option<WebhookSettings> {
    let private_allowed = section.setting("allow_private_addresses", false);
    let url = url(section, private_allowed);
    let secrets = signing_secrets(section, &SIGNING);
    let kinds = section.setting("events", EventKind::ALL.to_vec());
    if kinds.is_empty() {
        section.fault("events", "must name at least one kind; leave it out for all");
    }
    let timeout = section.within("timeout", TIMEOUT, Duration::from_secs(1)..=TIMEOUT_MAX);
    let phone = section.setting("phone", PhoneForm::Masked);
    let application = application.clone();
    Some(WebhookSettings { id, application, kinds, url: url?, secrets: secrets?, timeout, phone })
}

fn url(section: &mut Section<'_>, private_allowed: bool) -> Option<WebhookUrl> {
    let text = section.optional::<String>("url");
    let key = section.key("url");
    if !section.reader.is_set(&key) {
        section.reader.missing(&key, "is missing; set it to where the receiver listens");
    }
    // What is no URL may be a secret in the wrong place.
    section.reader.show(&key, Value::Null);
    let text = text?;
    if text.contains(MASK) {
        section.reader.fault(&key, "holds the mask that stands for its query; set the query itself");
        return None;
    }
    let read = WebhookUrl::parse(&text, private_allowed).map_err(|fault| fault.to_string());
    let url = section.reader.reported(&key, read)?;
    // A query often holds a token.
    let query = if url.has_query() { format!("?{MASK}") } else { String::new() };
    section.reader.show(&key, json!(format!("{}{query}", url.address())));
    Some(url)
}

/// The names of the keys of what signs.
pub(super) struct SigningKeys {
    /// Of the newest, and with `_file` behind of the file that holds it.
    pub(super) newest: &'static str,
    /// Of those of the past, likewise.
    pub(super) old: &'static str,
    /// Whether there has to be one.
    pub(super) required: bool,
}

/// The secrets, the newest first; `None` when something is wrong with the newest.
pub(super) fn signing_secrets(section: &mut Section<'_>, keys: &SigningKeys) -> Option<Vec<WebhookSecret>> {
    let both = |section: &Section<'_>, name: &str| (section.key(name), section.key(&format!("{name}_file")));
    let (value, file) = both(section, keys.newest);
    let newest = section.reader.secret(SecretKeys { value: &value, file: &file });
    let newest_is_set = section.reader.is_set(&value) || section.reader.is_set(&file);
    if !newest_is_set && keys.required {
        let problem = format!(
            "is missing; make one with `sparrow-verify webhook secret > FILE` and set `{file}` (or {}) to the path of \
             FILE",
            variable(&file)
        );
        section.reader.missing(&value, problem);
    }
    let newest = newest.and_then(|found| read(section.reader, &found, ""));
    let newest_key = value;
    let (value, file) = both(section, keys.old);
    let old = section.reader.secrets(SecretKeys { value: &value, file: &file });
    if let Some(first) = old.first()
        && !newest_is_set
        && !keys.required
    {
        section.reader.fault(first.key, format!("is set without `{newest_key}`"));
        return None;
    }
    if let Some(first) = old.first()
        && old.len() > OLD_SECRETS_MAX
    {
        section.reader.fault(first.key, format!("must hold at most {OLD_SECRETS_MAX} secrets"));
        return None;
    }
    let mut secrets: Vec<_> = newest.into_iter().collect();
    let newest_is_good = !secrets.is_empty();
    for (entry, found) in old.iter().enumerate() {
        let Some(secret) = read(section.reader, found, &format!("entry {} ", entry + 1)) else { continue };
        if secrets.contains(&secret) {
            section.reader.fault(
                found.key,
                format!("entry {} is there already; it must hold those that were replaced", entry + 1),
            );
        }
        secrets.push(secret);
    }
    (newest_is_good || !(newest_is_set || keys.required)).then_some(secrets)
}

/// Reads one secret; `which` says which of several it is.
fn read(reader: &mut Reader, found: &Found<'_, Secret>, which: &str) -> Option<WebhookSecret> {
    let problem = if found.value.is_mask() {
        "is the mask that stands for a secret; set the secret itself".to_owned()
    } else {
        match WebhookSecret::parse(found.value.expose()) {
            Ok(secret) => return Some(secret),
            Err(fault) => format!("{fault}; make one with `sparrow-verify webhook secret`"),
        }
    };
    reader.fault(found.key, format!("{which}{problem}"));
    None
}

impl Setting for EventKind {
    fn read(raw: &Raw) -> Result<Self, String> {
        let names = Self::ALL.map(Self::as_str).join(", ");
        from_text(raw, &format!("must be one of {names}"), Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

impl Setting for PhoneForm {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must be \"masked\" or \"full\"", |text| match text {
            "masked" => Some(Self::Masked),
            "full" => Some(Self::Full),
            _ => None,
        })
    }

    fn shown(&self) -> Value {
        match self {
            Self::Masked => json!("masked"),
            Self::Full => json!("full"),
        }
    }
}
