//! The words of an application's SMS: a text per locale, or versions of it of which one is sent. Owns how versions are
//! written, `templates.en = "..."` or a section of them; what a text may say is the domain's.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::message::{
    BUILT_IN_VERSION, Locale, MessageFormat, Origin, Template, TemplateFault, VERSION_MAX, VersionFault,
};
use serde_json::{Value, json};

use super::raw::Raw;
use super::section::Section;
use super::setting::{Setting, from_text};

/// Whether templates may have web addresses.
pub(super) const ALLOW_URLS: &str = "allow_urls";
/// Where they may lead.
pub(super) const ORIGINS: &str = "origins";
const ACTIVE: &str = "active";

/// The texts of one locale as they are configured.
pub(super) struct Texts {
    locale: Locale,
    versions: BTreeMap<u16, Template>,
    active: u16,
}

impl Texts {
    /// Reads those of every locale; `origins` are those that addresses may be within, if they are allowed.
    pub(super) fn read(section: &mut Section<'_>, origins: Option<&[Origin]>) -> [Self; Locale::ALL.len()] {
        Locale::ALL.map(|locale| {
            let key = template_key(locale);
            let names = section.names_below(key);
            if names.is_empty() {
                one(section, locale, origins)
            } else {
                several(section, locale, origins, names)
            }
        })
    }

    /// Puts them into the messages, and tells which of them do not go with the name.
    pub(super) fn put(self, section: &mut Section<'_>, mut messages: MessageFormat) -> MessageFormat {
        let Self { locale, versions, active } = self;
        for (version, template) in versions {
            let put = messages.clone().with_version(locale, version, template);
            let put = put.map_err(|fault: VersionFault| fault.to_string());
            messages = section.reported(&version_key(section, locale, version), put).unwrap_or(messages);
        }
        // That there is no such version is told already.
        messages.clone().with_active(locale, active).unwrap_or(messages)
    }
}

/// The key that a version was set by.
pub(super) fn version_key(section: &Section<'_>, locale: Locale, version: u16) -> String {
    let numbered = format!("{}.{version}", template_key(locale));
    if section.is_set(&numbered) { numbered } else { template_key(locale).to_owned() }
}

/// The key of a locale's text, or of the section of its versions.
const fn template_key(locale: Locale) -> &'static str {
    match locale {
        Locale::English => "templates.en",
        Locale::Nepali => "templates.ne",
    }
}

/// One text, which is version 1, or the built-in one.
fn one(section: &mut Section<'_>, locale: Locale, origins: Option<&[Origin]>) -> Texts {
    let key = template_key(locale);
    let Text(text) = section.setting(key, Text(Template::built_in(locale).to_string()));
    let own = section.is_set(key) && !section.faulty(key);
    let template = if own { template(section, key, &text, origins) } else { None };
    let (active, versions) = template.map_or((BUILT_IN_VERSION, BTreeMap::new()), |template| {
        section.show(key, json!(template.to_string()));
        (1, BTreeMap::from([(1, template)]))
    });
    Texts { locale, versions, active }
}

/// Versions by their numbers. The text of a file, `templates.en = "..."`, is the first of them, so that a variable can add
/// the second.
fn several(
    section: &mut Section<'_>,
    locale: Locale,
    origins: Option<&[Origin]>,
    names: BTreeMap<String, String>,
) -> Texts {
    let key = template_key(locale);
    let mut versions = BTreeMap::new();
    let first = section.optional::<Text>(key);
    section.hide(key);
    if first.is_some() && names.contains_key("1") {
        section.fault(
            key,
            format!("is set together with `{}`; keep one of them", section.key(&format!("{key}.1"))),
        );
    } else if let Some(Text(text)) = first
        && let Some(template) = template(section, key, &text, origins)
    {
        section.show(&format!("{key}.1"), json!(template.to_string()));
        versions.insert(1, template);
    }
    for (name, origin) in names {
        let numbered = format!("{key}.{name}");
        if name == ACTIVE {
            continue;
        }
        let Some(version) = number(&name) else {
            let problem = format!("is neither the number of a version, 1 to {VERSION_MAX}, nor `{ACTIVE}`");
            section.refuse(&numbered, problem, origin);
            continue;
        };
        if let Some(text) = section.optional::<String>(&numbered)
            && let Some(template) = template(section, &numbered, &text, origins)
        {
            section.show(&numbered, json!(template.to_string()));
            versions.insert(version, template);
        }
    }
    let highest = versions.last_key_value().map_or(BUILT_IN_VERSION, |(version, _)| *version);
    let active_key = format!("{key}.{ACTIVE}");
    let active = section.within(&active_key, highest, BUILT_IN_VERSION..=VERSION_MAX);
    // A version that is refused is told as such.
    if active != BUILT_IN_VERSION && !versions.contains_key(&active) && !section.faulty(key) {
        let numbers: Vec<_> = versions.keys().map(u16::to_string).collect();
        let there_are = if numbers.is_empty() { "there is none".to_owned() } else { numbers.join(", ") };
        let problem = format!(
            "must be the number of a version: {there_are}; or {BUILT_IN_VERSION}, the text that is built in"
        );
        section.fault(&active_key, problem);
    }
    Texts { locale, versions, active }
}

/// The number that a name is, as it is written and no other way.
fn number(name: &str) -> Option<u16> {
    let number: u16 = name.parse().ok()?;
    ((1..=VERSION_MAX).contains(&number) && name == number.to_string()).then_some(number)
}

/// A template, or what is wrong with it: but not what may be due to another setting alone that could not be read.
fn template(
    section: &mut Section<'_>,
    key: &str,
    text: &str,
    origins: Option<&[Origin]>,
) -> Option<Template> {
    let fault = match Template::parse_linking(text, origins) {
        Ok(template) => return Some(template),
        Err(fault) => fault,
    };
    let not_allowed = fault == TemplateFault::Address;
    if (not_allowed && section.faulty(ALLOW_URLS))
        || (fault == TemplateFault::AddressForeign && section.faulty(ORIGINS))
    {
        return None;
    }
    let mut problem = format!("is refused: {fault}");
    if not_allowed {
        let (allow, origins) = (section.key(ALLOW_URLS), section.key(ORIGINS));
        let _ = write!(problem, "; set `{allow}` to true for addresses within `{origins}`");
    }
    section.fault(key, problem);
    None
}

/// The only text of a locale.
struct Text(String);

impl Setting for Text {
    fn read(raw: &Raw) -> Result<Self, String> {
        let allowed = "must be text in quotes, or a section of versions such as 1 = \"...\"";
        from_text(raw, allowed, |text| Some(Self(text.to_owned())))
    }

    fn shown(&self) -> Value {
        json!(self.0)
    }
}
