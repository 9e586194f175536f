//! `[application.test_numbers.<name>]` and `[applications.<id>.test_numbers.<name>]`: phones for tests, whose code is fixed.

use std::sync::Arc;

use adapters::numbering_plan::LibPhoneNumbers;
use domain::application::{Application, ApplicationId};
use domain::code::SubmittedCode;
use domain::phone::{Phone, PhoneParser};
use domain::slug::is_slug;
use domain::test_number::{TEST_NUMBERS_MAX, TestNumber, is_allocated};
use domain::time::{Day, Timestamp};
use serde_json::json;

use super::applications::Place;
use super::raw::variable;
use super::reader::{Reader, SecretKeys};
use super::section::Section;
use super::server::PhoneConfig;

/// The test numbers of all applications, with their applications; those with which something is wrong are left out.
pub(super) fn test_numbers(
    reader: &mut Reader,
    places: &[Place],
    phones: &PhoneConfig,
) -> Vec<(ApplicationId, TestNumber)> {
    let ordinary = phones.parser();
    let mut found: Vec<(ApplicationId, TestNumber)> = Vec::new();
    for place in places {
        let section = format!("{}.test_numbers", place.prefix);
        for (count, (name, origin)) in reader.sections_of(&section).into_iter().enumerate() {
            let prefix = format!("{section}.{name}");
            let problem = if !is_slug(&name) {
                "is no name: it must have 1 to 40 lower-case letters, digits and inner dashes".to_owned()
            } else if count >= TEST_NUMBERS_MAX {
                format!("is one too many; an application may have {TEST_NUMBERS_MAX} test numbers")
            } else {
                let Some(number) = test_number(&mut reader.section(&prefix), &ordinary) else { continue };
                let twice = |(id, other): &(ApplicationId, TestNumber)| {
                    *id == place.id && other.phone == number.phone
                };
                if found.iter().any(twice) {
                    reader.fault(&format!("{prefix}.phone"), "is that of another test number");
                }
                found.push((place.id.clone(), number));
                continue;
            };
            reader.drop_section(&prefix);
            reader.fault_in(&prefix, problem, origin);
        }
    }
    found
}

/// Gives every application its own.
pub(super) fn assign(applications: &mut [Application], numbers: Vec<(ApplicationId, TestNumber)>) {
    for (id, number) in numbers {
        if let Some(application) = applications.iter_mut().find(|application| application.id == id) {
            application.test_numbers.push(number);
        }
    }
}

fn test_number(section: &mut Section<'_>, ordinary: &PhoneParser) -> Option<TestNumber> {
    let phone = phone(section);
    let code = code(section);
    let expires_at = expires(section);
    let force = section.setting("force", false);
    let phone = phone?;
    let allocated = is_allocated(phone, &LibPhoneNumbers);
    if allocated && !force && !section.faulty("force") {
        let problem = format!(
            "may be somebody's: its range is given to an operator. Take another, such as +9779830000000, or set `{}` to \
             true if the phone is yours",
            section.key("force")
        );
        section.fault("phone", problem);
    }
    let ordinary = ordinary.parse(&phone.e164()).is_ok();
    Some(TestNumber { phone, code: Arc::new(code?), expires_at: expires_at?, allocated, ordinary })
}

fn phone(section: &mut Section<'_>) -> Option<Phone> {
    let text = required::<String>(section, "phone", "the phone, such as \"+9779830000000\"")?;
    let digits = text.strip_prefix('+').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let phone = digits.filter(|digits| !digits.starts_with('0')).and_then(|digits| digits.parse().ok());
    let read = phone.and_then(Phone::from_digits).ok_or_else(|| {
        "must be a number with its country code: a plus and 8 to 15 digits, nothing between".to_owned()
    });
    let phone = section.reported("phone", read)?;
    // What is shown may be passed on.
    section.reader.show(&section.key("phone"), json!(phone.masked()));
    Some(phone)
}

fn code(section: &mut Section<'_>) -> Option<SubmittedCode> {
    let (value, file) = (section.key("code"), section.key("code_file"));
    let found = section.reader.secret(SecretKeys { value: &value, file: &file });
    if !section.reader.is_set(&value) && !section.reader.is_set(&file) {
        let problem =
            format!("is missing; set it ({}) to the 6 to 10 digits that prove it", variable(&value));
        section.reader.missing(&value, problem);
    }
    let found = found?;
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let text = Some(found.value.expose()).filter(|text| plain(text));
    let code = text.and_then(|text| SubmittedCode::parse(text).ok());
    section.reader.reported(found.key, code.ok_or_else(|| "must be 6 to 10 digits".to_owned()))
}

/// The end of the day.
fn expires(section: &mut Section<'_>) -> Option<Timestamp> {
    let text =
        required::<String>(section, "expires", "the last day on which it counts, such as \"2027-01-31\"")?;
    let day = Day::parse(&text).ok_or_else(|| "must be a day (UTC), such as \"2027-01-31\"".to_owned());
    section.reported("expires", day).map(Day::end)
}

fn required<T: super::setting::Setting>(section: &mut Section<'_>, name: &str, what: &str) -> Option<T> {
    let key = section.key(name);
    let value = section.optional(name);
    if !section.reader.is_set(&key) {
        section.reader.missing(&key, format!("is missing; set it ({}) to {what}", variable(&key)));
    }
    value
}
