//! `[application]`: the application `default`, its name, the texts of its SMS and its policy.

use std::fmt::Display;

use domain::application::{Application, ApplicationId};
use domain::guess::GuessPolicy;
use domain::message::{AppHash, AppName, Locale, LongestValues, MessageFormat, Origin, Template};
use domain::policy::{Limits, Policy, PolicyFault};
use serde_json::{Value, json};

use super::raw::{Raw, variable};
use super::reader::Reader;
use super::setting::{Setting, from_text};

const NAME: &str = "application.name";
const MULTIPLE_SEGMENTS: &str = "application.allow_multiple_segments";
const GUESSES: &str = "application.policy.guesses";

/// The application; `None` when its name is not known.
pub(super) fn application(reader: &mut Reader) -> Option<Application> {
    let policy = policy(reader);
    let app_hashes: Vec<AppHash> = reader.setting("application.app_hashes", Vec::new());
    let origins: Vec<Origin> = reader.setting("application.origins", Vec::new());
    let messages = messages(reader);
    let multiple_segments = reader.setting(MULTIPLE_SEGMENTS, false);
    let messages = messages?;
    let longest = LongestValues {
        code_digits: usize::from(policy.code_length.max(policy.code_length_long).digits()),
        minutes: (policy.lifetime.as_secs() / 60).max(1),
        app_hashes: &app_hashes,
        origins: &origins,
    };
    if !multiple_segments && !reader.faulty(MULTIPLE_SEGMENTS) {
        for oversized in messages.oversized(&longest) {
            let problem = format!("{oversized}, or set `{MULTIPLE_SEGMENTS}` to true");
            reader.fault(template_key(oversized.locale), problem);
        }
    }
    Some(Application { id: ApplicationId::default_application(), policy, messages, app_hashes, origins })
}

fn messages(reader: &mut Reader) -> Option<MessageFormat> {
    let name = reader.optional::<AppName>(NAME);
    if !reader.is_set(NAME) {
        let problem = format!(
            "is missing; set it ({}) to the name that stands in each SMS, as users know it",
            variable(NAME)
        );
        reader.missing(NAME, problem);
    }
    let default_locale = reader.setting("application.default_locale", Locale::English);
    let retriever_prefix = reader.setting("application.retriever_prefix", false);
    let templates = Locale::ALL.map(|locale| {
        let key = template_key(locale);
        (locale, key, reader.setting(key, Template::built_in(locale)))
    });
    let mut messages =
        MessageFormat::new(name?).with_default_locale(default_locale).with_retriever_prefix(retriever_prefix);
    for (locale, key, template) in templates {
        let replaced = messages.clone().with_template(locale, template).map_err(|fault| fault.to_string());
        messages = reader.reported(key, replaced).unwrap_or(messages);
    }
    Some(messages)
}

const fn template_key(locale: Locale) -> &'static str {
    match locale {
        Locale::English => "application.templates.en",
        Locale::Nepali => "application.templates.ne",
    }
}

fn policy(reader: &mut Reader) -> Policy {
    let default = Policy::default();
    let policy = Policy {
        code_length: reader.setting("application.policy.code_length", default.code_length),
        code_length_long: reader.setting("application.policy.code_length_long", default.code_length_long),
        lifetime: reader.setting("application.policy.lifetime", default.lifetime),
        renew_below: reader.setting("application.policy.renew_below", default.renew_below),
        checks_max: reader.setting("application.policy.checks_max", default.checks_max),
        cooldowns: reader.setting("application.policy.cooldowns", default.cooldowns),
        phone_taken: reader.setting("application.policy.phone_taken", default.phone_taken),
        reverify_after: reader.setting("application.policy.reverify_after", default.reverify_after),
        limits: limits(reader, default.limits),
        guesses: guesses(reader, default.guesses),
    };
    // Where something could not be read, its default stands in: what may be due to that alone is not told.
    let code_lengths = ["application.policy.code_length", "application.policy.code_length_long"];
    let guesses_misread = reader.faulty(GUESSES) || code_lengths.iter().any(|key| reader.faulty(key));
    let faults: Vec<_> = policy
        .faults()
        .into_iter()
        .map(|PolicyFault { setting, allowed }| (policy_key(setting), allowed))
        .filter(|(key, _)| !if key == GUESSES { guesses_misread } else { reader.faulty(key) })
        .collect();
    for (key, allowed) in faults {
        reader.fault(&key, allowed);
    }
    policy
}

/// The full key of a field of [`Policy`], as its faults name it.
fn policy_key(setting: &str) -> String {
    let section = match setting {
        "sends_per_phone" | "sends_per_account" | "phones_per_account" => "application.policy.limits",
        _ => "application.policy",
    };
    format!("{section}.{setting}")
}

fn limits(reader: &mut Reader, default: Limits) -> Limits {
    let Limits { sends_per_phone, sends_per_account, phones_per_account } = default;
    Limits {
        sends_per_phone: reader.setting("application.policy.limits.sends_per_phone", sends_per_phone),
        sends_per_account: reader.setting("application.policy.limits.sends_per_account", sends_per_account),
        phones_per_account: reader
            .setting("application.policy.limits.phones_per_account", phones_per_account),
    }
}

fn guesses(reader: &mut Reader, default: GuessPolicy) -> GuessPolicy {
    let GuessPolicy { short_max, daily_max, daily_max_long } = default;
    GuessPolicy {
        short_max: reader.setting("application.policy.guesses.short_max", short_max),
        daily_max: reader.setting("application.policy.guesses.daily_max", daily_max),
        daily_max_long: reader.setting("application.policy.guesses.daily_max_long", daily_max_long),
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

impl Setting for Template {
    fn read(raw: &Raw) -> Result<Self, String> {
        parsed(raw, Self::parse)
    }

    fn shown(&self) -> Value {
        json!(self.to_string())
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
