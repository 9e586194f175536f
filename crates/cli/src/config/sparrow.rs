//! `[sparrow]` and `[gateways.NAME]` of the kind `sparrow`: accounts at Sparrow SMS. Owns where a token may come from, the
//! tutorial's own file included.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use adapters::gateway::SparrowSettings;
use domain::credit::CreditBalance;
use poem::http::Uri;

use super::fault::ConfigFault;
use super::raw::{self, Raw, variable};
use super::reader::{Found, Reader, SecretKeys};
use super::secret::{MASK, Secret};
use super::section::Section;

/// The section of the gateway that needs no `[gateways]`.
pub(super) const SECTION: &str = "sparrow";
const TIMEOUT_MAX: Duration = Duration::from_mins(1);
/// The most credits that are low.
const CREDIT_LOW_MAX: u32 = 100_000_000;
/// The most days for which credits can be low.
const CREDIT_LOW_DAYS_MAX: u16 = 365;
/// How often the account is asked what credits are left, unless told.
pub(super) const CREDIT_INTERVAL: Duration = Duration::from_mins(5);
/// How often the account may be asked.
const CREDIT_INTERVALS: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_hours(24);

/// The keys that an account can be given by.
struct AccountKeys {
    token: String,
    token_file: String,
    identity: String,
    config_file: String,
}

impl AccountKeys {
    fn of(section: &str) -> Self {
        let key = |name: &str| format!("{section}.{name}");
        Self {
            token: key("token"),
            token_file: key("token_file"),
            identity: key("identity"),
            config_file: key("config_file"),
        }
    }

    /// What to set so that there is an account.
    fn how_to_configure(&self) -> String {
        let Self { token, token_file, identity, config_file } = self;
        format!(
            "set `{token}` or `{token_file}` ({}, {}) and `{identity}` ({}), or `{config_file}` ({}) to the path of a JSON \
             file with SPARROW_TOKEN and SPARROW_IDENTITY",
            variable(token),
            variable(token_file),
            variable(identity),
            variable(config_file),
        )
    }
}

/// That there is no gateway, and what to set so that there is one.
pub(super) fn not_configured() -> ConfigFault {
    let problem = format!(
        "is not configured; {}; for other gateways, or several, see `gateways` in docs/config.example.toml",
        AccountKeys::of(SECTION).how_to_configure()
    );
    ConfigFault::new(SECTION, problem)
}

/// The account of `[sparrow]`; `None` when there is none, or something is wrong with it.
pub(super) fn only_account(reader: &mut Reader) -> Option<SparrowSettings> {
    let keys = AccountKeys::of(SECTION);
    sparrow(&mut reader.section(SECTION), SparrowSettings::NAME.into(), &keys, false)
}

/// Whether anything of an account is set in `[sparrow]`.
pub(super) fn only_account_is_set(reader: &Reader) -> bool {
    let AccountKeys { token, token_file, identity, config_file } = AccountKeys::of(SECTION);
    [token, token_file, identity, config_file].iter().any(|key| reader.is_set(key))
}

/// The same where the account was not read: what is secret is not looked at.
pub(super) fn only_account_is_outlined(reader: &Reader) -> bool {
    let AccountKeys { token, token_file, identity, config_file } = AccountKeys::of(SECTION);
    [token, token_file, identity, config_file].iter().any(|key| reader.is_written(key))
}

/// The account of a section of `[gateways]`; `None` when something is wrong with it.
pub(super) fn account_of(section: &mut Section<'_>, name: Arc<str>) -> Option<SparrowSettings> {
    let keys = AccountKeys::of(section.prefix());
    sparrow(section, name, &keys, true)
}

fn sparrow(
    section: &mut Section<'_>,
    name: Arc<str>,
    keys: &AccountKeys,
    required: bool,
) -> Option<SparrowSettings> {
    let second = Duration::from_secs(1);
    let base_url = section.setting("base_url", SparrowSettings::BASE_URL.to_owned());
    section.reported("base_url", checked_base_url(&base_url));
    let connect_timeout =
        section.within("connect_timeout", SparrowSettings::CONNECT_TIMEOUT, second..=TIMEOUT_MAX);
    let total_timeout = section.within("total_timeout", SparrowSettings::TOTAL_TIMEOUT, second..=TIMEOUT_MAX);
    if connect_timeout >= total_timeout {
        let problem = format!("must be shorter than `{}`", section.key("total_timeout"));
        section.fault("connect_timeout", problem);
    }
    let credit_low = section.within("credit_low", SparrowSettings::CREDIT_LOW, 0..=CREDIT_LOW_MAX);
    let credit_low = CreditBalance::from_credits(credit_low);
    let credit_low_days = credit_low_days(section, SparrowSettings::CREDIT_LOW_DAYS);
    let (token, identity) = account(section.reader, keys, required)?;
    let token = token.expose().into();
    Some(SparrowSettings {
        name,
        base_url,
        token,
        identity,
        connect_timeout,
        total_timeout,
        credit_low,
        credit_low_days,
    })
}

/// Credits that last for fewer days than this are low.
pub(super) fn credit_low_days(section: &mut Section<'_>, default: u16) -> u16 {
    section.within("credit_low_days", default, 0..=CREDIT_LOW_DAYS_MAX)
}

/// How often the account is asked what credits are left.
pub(super) fn credit_interval(section: &mut Section<'_>) -> Duration {
    section.within("credit_interval", CREDIT_INTERVAL, CREDIT_INTERVALS)
}

fn account(reader: &mut Reader, keys: &AccountKeys, required: bool) -> Option<(Secret, String)> {
    let AccountKeys { token: value, token_file: file, identity: identity_key, config_file: config_key } =
        keys;
    let token = reader.secret(SecretKeys { value, file });
    let identity = reader.optional::<String>(identity_key).map(|value| Found { key: identity_key, value });
    let own = [value, file, identity_key].into_iter().find(|key| reader.is_set(key));
    let config_file = reader.path(config_key);
    if !reader.is_set(config_key) {
        if own.is_none() {
            if required {
                reader.missing(value, format!("is missing; {}", keys.how_to_configure()));
            }
            return None;
        }
        if token.is_none() && !reader.is_set(value) && !reader.is_set(file) {
            let problem =
                format!("is missing, while `{identity_key}` is set; set it or `{file}` ({})", variable(file));
            reader.missing(value, problem);
        }
        if !reader.is_set(identity_key) {
            let problem = format!(
                "is missing, while the token is set; set it ({}) to the sender that Sparrow gave you",
                variable(identity_key)
            );
            reader.missing(identity_key, problem);
        }
        return checked_account(reader, token, identity);
    }
    if let Some(own) = own {
        reader.fault(config_key, format!("is set together with `{own}`; keep one of them"));
        return None;
    }
    let path = config_file?;
    let settings =
        raw::tutorial_settings(&path).map_err(|problem| format!("names {}, which {problem}", path.display()));
    let [token, identity] = reader.reported(config_key, settings)?;
    let token = in_file(reader, config_key, "SPARROW_TOKEN", token.as_ref())
        .map(|value| Found { key: config_key, value });
    let identity = in_file(reader, config_key, "SPARROW_IDENTITY", identity.as_ref())
        .map(|value| Found { key: config_key, value: value.expose().to_owned() });
    checked_account(reader, token, identity)
}

fn in_file(reader: &mut Reader, key: &str, name: &str, raw: Option<&Raw>) -> Option<Secret> {
    let read = match raw.map(Raw::text) {
        Some(Some(text)) => Ok(Secret::new(text)),
        Some(None) => Err(format!("names a file whose {name} must be text in quotes")),
        None => Err(format!("names a file without {name}")),
    };
    reader.reported(key, read)
}

/// What [`adapters::gateway::SparrowGateway`] will take, found here with the key that is at fault.
fn checked_account(
    reader: &mut Reader,
    token: Option<Found<'_, Secret>>,
    identity: Option<Found<'_, String>>,
) -> Option<(Secret, String)> {
    if let Some(token) = &token {
        let text = token.value.expose();
        if text == MASK {
            reader.fault(token.key, "holds the mask that stands for a token; set the token itself");
        } else if !(1..=256).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            reader.fault(token.key, "must hold a token of 1 to 256 visible ASCII characters, without spaces");
        }
    }
    if let Some(Found { key, value }) = &identity {
        let bounded = (1..=64).contains(&value.len()) && value.trim().len() == value.len();
        if !bounded || value.contains(char::is_control) {
            reader.fault(key, "must hold an identity of 1 to 64 bytes, without spaces around it");
        }
    }
    Some((token?.value, identity?.value))
}

fn checked_base_url(text: &str) -> Result<(), String> {
    checked_address(text, SparrowSettings::BASE_URL)
}

/// Checks an address of https, or of http on this machine, with nothing secret in it.
pub(super) fn checked_address(text: &str, example: &str) -> Result<(), String> {
    let allowed = format!("must be an address such as {example}");
    let url: Uri = text.parse().map_err(|_| allowed.clone())?;
    let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
        return Err(allowed);
    };
    let ends_with_host = authority.as_str().ends_with(authority.host());
    if authority.host().is_empty() || !(ends_with_host || authority.port_u16().is_some()) {
        return Err(allowed);
    }
    if authority.as_str().contains('@') || url.query().is_some() || text.contains('#') {
        return Err(format!("{allowed}, without user, password, query or fragment"));
    }
    let is = |other: &str| scheme.eq_ignore_ascii_case(other);
    if is("https") || (is("http") && is_this_machine(authority.host())) {
        return Ok(());
    }
    Err(format!("{allowed}; plain http is for 127.0.0.1, [::1] and localhost only"))
}

/// Whether what is sent to this host stays on this machine.
pub(super) fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_sparrow_is_https_or_this_machine() {
        for url in [
            "https://api.sparrowsms.com/v2",
            "https://10.0.0.1:8443/a/",
            "http://127.0.0.1:4010/v2",
            "http://[::1]:4010",
            "http://localhost/v2",
        ] {
            assert_eq!(checked_base_url(url), Ok(()), "{url}");
        }
        for url in [
            "",
            "/v2",
            "api.sparrowsms.com",
            "api.sparrowsms.com/v2",
            "http://api.sparrowsms.com/v2",
            "http://localhost.evil.com",
            "ftp://127.0.0.1/v2",
            "https://",
            "https://host:",
            "https://host:x/",
            "https://host:70000",
            "mailto:a@b.c",
        ] {
            assert!(checked_base_url(url).is_err(), "{url}");
        }
        for url in [
            "https://user:private@api.sparrowsms.com/v2",
            "https://a.b/v2?token=private",
            "https://a.b/v2#private",
            "http://localhost@evil.com/private",
        ] {
            assert!(!checked_base_url(url).unwrap_err().contains("private"), "{url}");
        }
    }
}
