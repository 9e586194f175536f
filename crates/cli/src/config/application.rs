//! The section of one application: its name, the texts of its SMS and its policy. What can be set for one can be set for
//! each.

use std::fmt::Display;

use domain::application::{Application, ApplicationId};
use domain::guess::GuessPolicy;
use domain::invalid_numbers::InvalidNumberPolicy;
use domain::message::{AppHash, AppName, Locale, MessageFormat, Origin};
use domain::policy::{Limits, Policy, PolicyFault};
use domain::proof::ProofPhone;
use serde_json::{Value, json};

use super::raw::{Raw, variable};
use super::section::Section;
use super::setting::{Setting, from_text};
use super::templates::{ALLOW_URLS, ORIGINS, Texts, version_key};

const NAME: &str = "name";
const MULTIPLE_SEGMENTS: &str = "allow_multiple_segments";
/// The budget of wrong checks.
pub(super) const GUESSES: &str = "policy.guesses";

/// The application of this section; `None` when its name is not known.
pub(super) fn application(section: &mut Section<'_>, id: ApplicationId) -> Option<Application> {
    let policy = policy(section);
    let app_hashes: Vec<AppHash> = section.setting("app_hashes", Vec::new());
    let origins: Vec<Origin> = section.setting(ORIGINS, Vec::new());
    let proof_phone = section.setting("proof.phone", ProofPhone::default());
    let messages = messages(section, &origins)?;
    // Webhooks and test numbers have sections of their own; see `super::webhooks` and `super::test_numbers`.
    let application = Application {
        id,
        policy,
        messages,
        app_hashes,
        origins,
        proof_phone,
        webhooks: Vec::new(),
        test_numbers: Vec::new(),
    };
    if !application.messages.multiple_segments() && !section.faulty(MULTIPLE_SEGMENTS) {
        for oversized in application.messages.oversized(&application.longest_values()) {
            let problem = format!("{oversized}, or set `{}` to true", section.key(MULTIPLE_SEGMENTS));
            section.fault(&version_key(section, oversized.locale, oversized.version), problem);
        }
    }
    Some(application)
}

fn messages(section: &mut Section<'_>, origins: &[Origin]) -> Option<MessageFormat> {
    let name = section.optional::<AppName>(NAME);
    let key = section.key(NAME);
    if !section.reader.is_set(&key) {
        let problem = format!(
            "is missing; set it ({}) to the name that stands in each SMS, as users know it",
            variable(&key)
        );
        section.reader.missing(&key, problem);
    }
    let default_locale = section.setting("default_locale", Locale::English);
    let retriever_prefix = section.setting("retriever_prefix", false);
    let multiple_segments = section.setting(MULTIPLE_SEGMENTS, false);
    let link_origins = section.setting(ALLOW_URLS, false).then(|| origins.to_vec());
    let texts = Texts::read(section, link_origins.as_deref());
    let messages = MessageFormat::new(name?)
        .with_default_locale(default_locale)
        .with_retriever_prefix(retriever_prefix)
        .with_multiple_segments(multiple_segments)
        .with_link_origins(link_origins);
    Some(texts.into_iter().fold(messages, |messages, texts| texts.put(section, messages)))
}

fn policy(section: &mut Section<'_>) -> Policy {
    let default = Policy::default();
    let policy = Policy {
        code_length: section.setting("policy.code_length", default.code_length),
        code_length_long: section.setting("policy.code_length_long", default.code_length_long),
        lifetime: section.setting("policy.lifetime", default.lifetime),
        renew_below: section.setting("policy.renew_below", default.renew_below),
        checks_max: section.setting("policy.checks_max", default.checks_max),
        cooldowns: section.setting("policy.cooldowns", default.cooldowns),
        early_resend: section.setting("policy.early_resend", default.early_resend),
        phone_taken: section.setting("policy.phone_taken", default.phone_taken),
        reverify_after: section.setting("policy.reverify_after", default.reverify_after),
        limits: limits(section, default.limits),
        guesses: guesses(section, default.guesses),
        invalid_numbers: invalid_numbers(section, default.invalid_numbers),
    };
    // Where something could not be read, its default stands in: what may be due to that alone is not told.
    let code_lengths = ["policy.code_length", "policy.code_length_long"];
    let guesses_misread = section.faulty(GUESSES) || code_lengths.iter().any(|key| section.faulty(key));
    let faults: Vec<_> = policy
        .faults()
        .into_iter()
        .map(|PolicyFault { setting, allowed }| (policy_key(setting), allowed))
        .filter(|(key, _)| !if key == GUESSES { guesses_misread } else { section.faulty(key) })
        .collect();
    for (key, allowed) in faults {
        section.fault(&key, allowed);
    }
    policy
}

/// The key of a field of [`Policy`], as its faults name it.
fn policy_key(setting: &str) -> String {
    let section = match setting {
        "sends_per_phone" | "sends_per_account" | "phones_per_account" => "policy.limits",
        _ => "policy",
    };
    format!("{section}.{setting}")
}

fn limits(section: &mut Section<'_>, default: Limits) -> Limits {
    let Limits { sends_per_phone, sends_per_account, phones_per_account } = default;
    Limits {
        sends_per_phone: section.setting("policy.limits.sends_per_phone", sends_per_phone),
        sends_per_account: section.setting("policy.limits.sends_per_account", sends_per_account),
        phones_per_account: section.setting("policy.limits.phones_per_account", phones_per_account),
    }
}

fn guesses(section: &mut Section<'_>, default: GuessPolicy) -> GuessPolicy {
    let GuessPolicy { short_max, daily_max, daily_max_long } = default;
    GuessPolicy {
        short_max: section.setting("policy.guesses.short_max", short_max),
        daily_max: section.setting("policy.guesses.daily_max", daily_max),
        daily_max_long: section.setting("policy.guesses.daily_max_long", daily_max_long),
    }
}

fn invalid_numbers(section: &mut Section<'_>, default: InvalidNumberPolicy) -> InvalidNumberPolicy {
    let InvalidNumberPolicy { in_a_row, share_percent, of_last, pause } = default;
    InvalidNumberPolicy {
        in_a_row: section.setting("policy.invalid_numbers.in_a_row", in_a_row),
        share_percent: section.setting("policy.invalid_numbers.share_percent", share_percent),
        of_last: section.setting("policy.invalid_numbers.of_last", of_last),
        pause: section.setting("policy.invalid_numbers.pause", pause),
    }
}

impl Setting for AppName {
    fn read(raw: &Raw) -> Result<Self, String> {
        parsed(raw, Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

impl Setting for AppHash {
    fn read(raw: &Raw) -> Result<Self, String> {
        parsed(raw, Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

impl Setting for Origin {
    fn read(raw: &Raw) -> Result<Self, String> {
        parsed(raw, Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

impl Setting for ProofPhone {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must be \"hash\" or \"number\"", |text| match text {
            "hash" => Some(Self::Hash),
            "number" => Some(Self::Number),
            _ => None,
        })
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

impl Setting for Locale {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must be \"en\" or \"ne\"", Self::from_tag)
    }

    fn shown(&self) -> Value {
        json!(self.as_str())
    }
}

/// What the domain reads from text; its fault says what to change.
fn parsed<T, F: Display>(raw: &Raw, parse: impl FnOnce(&str) -> Result<T, F>) -> Result<T, String> {
    parse(&String::read(raw)?).map_err(|fault| format!("is refused: {fault}"))
}
