//! What a Sparrow gateway must know. Owns which settings are taken; never prints the token, nor an address that may
//! hold a password.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::credit::CreditBalance;
use reqwest::Url;
use zeroize::Zeroizing;

use crate::gateway::call::{TOTAL_TIMEOUT_MAX, Timeouts, is_sealed};

/// The longest token that is taken, in bytes. Sparrow's are far shorter.
const TOKEN_BYTES_MAX: usize = 256;
/// The longest identity that is taken, in bytes. The SMS standard leaves 11 characters to a name.
const IDENTITY_BYTES_MAX: usize = 64;

/// The token of a Sparrow account: who holds it spends its credits. It is erased from memory when dropped, shows
/// itself in no `Debug` and has no `Display`.
#[derive(Clone)]
pub struct SparrowToken(Zeroizing<String>);

impl SparrowToken {
    /// The token itself, for the call.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for SparrowToken {
    fn from(token: String) -> Self {
        Self(Zeroizing::new(token))
    }
}

impl From<&str> for SparrowToken {
    fn from(token: &str) -> Self {
        token.to_owned().into()
    }
}

impl fmt::Debug for SparrowToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where and as whom to send.
#[derive(Clone)]
pub struct SparrowSettings {
    /// The gateway's name among the configured ones: of several accounts each has another.
    pub name: Arc<str>,
    /// The address of the API, version included, with or without a trailing slash. `https`, unless the host is this
    /// machine: a loopback address or `localhost`.
    pub base_url: String,
    /// The account's token.
    pub token: SparrowToken,
    /// The sender that Sparrow has given to the account (`from`).
    pub identity: String,
    /// How long resolving the name, connecting and the TLS handshake may take in all. Less than `total_timeout`.
    pub connect_timeout: Duration,
    /// How long a send may take in all, up to the last byte of the answer. At most a minute.
    pub total_timeout: Duration,
    /// Fewer credits than this are low; zero where nobody wants to know.
    pub credit_low: CreditBalance,
    /// Credits that last for fewer days than this are low; zero where nobody wants to know for how long they last.
    pub credit_low_days: u16,
}

impl SparrowSettings {
    /// The name of the only account.
    pub const NAME: &str = "sparrow";
    /// Sparrow's own address. Its documentation says `http`; the host answers on `https` too.
    pub const BASE_URL: &str = "https://api.sparrowsms.com/v2";
    /// 3 s.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
    /// 10 s.
    pub const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);

    /// 500 credits, which are as many SMS.
    pub const CREDIT_LOW: u32 = 500;
    /// Over a weekend.
    pub const CREDIT_LOW_DAYS: u16 = 3;

    /// Settings of an account at Sparrow itself, with the default time-outs.
    pub fn new(token: impl Into<SparrowToken>, identity: impl Into<String>) -> Self {
        Self {
            name: Self::NAME.into(),
            base_url: Self::BASE_URL.to_owned(),
            token: token.into(),
            identity: identity.into(),
            connect_timeout: Self::CONNECT_TIMEOUT,
            total_timeout: Self::TOTAL_TIMEOUT,
            credit_low: CreditBalance::from_credits(Self::CREDIT_LOW),
            credit_low_days: Self::CREDIT_LOW_DAYS,
        }
    }

    /// How long calls may take.
    pub(super) const fn timeouts(&self) -> Timeouts {
        Timeouts { connect: self.connect_timeout, total: self.total_timeout }
    }

    /// Checks all of them, and answers the address to which an SMS is posted.
    pub(super) fn endpoint(&self) -> Result<Url, SparrowSettingsFault> {
        let token = self.token.reveal();
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(SparrowSettingsFault::Token);
        }
        let identity = self.identity.as_str();
        if identity.trim().is_empty()
            || identity.trim().len() != identity.len()
            || identity.len() > IDENTITY_BYTES_MAX
            || identity.chars().any(char::is_control)
        {
            return Err(SparrowSettingsFault::Identity);
        }
        if !self.timeouts().fit() {
            return Err(SparrowSettingsFault::Timeouts);
        }
        endpoint(&self.base_url)
    }
}

impl fmt::Debug for SparrowSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address that is refused may hold anything, a password too; one that is taken holds nothing secret.
        let base_url = endpoint(&self.base_url).map(|_| self.base_url.as_str());
        f.debug_struct("SparrowSettings")
            .field("name", &self.name)
            .field("base_url", &base_url.unwrap_or("***"))
            .field("token", &self.token)
            .field("identity", &self.identity)
            .field("connect_timeout", &self.connect_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("credit_low", &self.credit_low)
            .field("credit_low_days", &self.credit_low_days)
            .finish()
    }
}

/// Why settings are not taken.
#[derive(Debug, thiserror::Error)]
pub enum SparrowSettingsFault {
    /// The base URL is none.
    #[error("the base URL of the Sparrow gateway is not a URL")]
    BaseUrl,
    /// The base URL holds more than scheme, host, port and path.
    #[error("the base URL of the Sparrow gateway must hold no user, password, query or fragment")]
    BaseUrlParts,
    /// The token and the texts would cross the network in the clear.
    #[error(
        "the base URL of the Sparrow gateway must begin with https://: the host {host} is not this machine, and \
         plain http is for loopback addresses and localhost only"
    )]
    NotHttps {
        /// The host of the base URL.
        host: String,
    },
    /// The token is empty, too long, or has white space in it.
    #[error("the token of the Sparrow gateway must have 1 to {TOKEN_BYTES_MAX} visible ASCII characters")]
    Token,
    /// The identity is empty, too long, or has white space around it.
    #[error(
        "the identity of the Sparrow gateway must have 1 to {IDENTITY_BYTES_MAX} bytes, without white space around"
    )]
    Identity,
    /// The time-outs do not fit each other.
    #[error(
        "the time-outs of the Sparrow gateway must be 0 < connect < total <= {} s",
        TOTAL_TIMEOUT_MAX.as_secs()
    )]
    Timeouts,
    /// The HTTP client could not be made, for want of root certificates most of all.
    #[error("the HTTP client of the Sparrow gateway could not be made")]
    Client(#[source] reqwest::Error),
}

fn endpoint(base_url: &str) -> Result<Url, SparrowSettingsFault> {
    let url = Url::parse(base_url).map_err(|_| SparrowSettingsFault::BaseUrl)?;
    let host = url.host_str().unwrap_or_default();
    if host.is_empty() {
        return Err(SparrowSettingsFault::BaseUrl);
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(SparrowSettingsFault::BaseUrlParts);
    }
    if !is_sealed(&url) {
        return Err(SparrowSettingsFault::NotHttps { host: host.to_owned() });
    }
    // Sparrow's path ends with a slash. Without it, its server would answer with a redirect, which is not followed.
    let path = format!("{}/sms/", url.path().trim_end_matches('/'));
    let mut endpoint = url;
    endpoint.set_path(&path);
    Ok(endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sms_path_is_put_behind_the_base() {
        let rows = [
            ("https://api.sparrowsms.com/v2", "https://api.sparrowsms.com/v2/sms/"),
            ("https://api.sparrowsms.com/v2/", "https://api.sparrowsms.com/v2/sms/"),
            ("HTTPS://API.sparrowsms.com", "https://api.sparrowsms.com/sms/"),
            ("http://127.0.0.1:4010/v2", "http://127.0.0.1:4010/v2/sms/"),
            ("http://127.9.8.7", "http://127.9.8.7/sms/"),
            ("http://[::1]:4010/v2", "http://[::1]:4010/v2/sms/"),
            ("http://localhost:4010/v2", "http://localhost:4010/v2/sms/"),
            ("http://LOCALHOST/v2", "http://localhost/v2/sms/"),
            ("https://10.0.0.1:8443/a/b//", "https://10.0.0.1:8443/a/b/sms/"),
        ];
        for (base_url, expected) in rows {
            assert_eq!(endpoint(base_url).unwrap().as_str(), expected, "{base_url}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for base_url in [
            "http://api.sparrowsms.com/v2",
            "http://localhost.evil.com/v2",
            "http://evil.com/localhost",
            "http://evil-localhost/v2",
            "http://sub.localhost/v2",
            "http://localhost./v2",
            "http://127.0.0.1.evil.com/v2",
            "http://127.0.0.1.nip.io/v2",
            "http://128.0.0.1/v2",
            "http://0.0.0.0/v2",
            "http://192.168.0.1/v2",
            "http://10.0.0.1/v2",
            "http://[::]/v2",
            "http://[::2]/v2",
            "http://[::ffff:10.0.0.1]/v2",
            "ftp://127.0.0.1/v2",
            "ws://localhost/v2",
        ] {
            let fault = endpoint(base_url).unwrap_err();
            assert!(matches!(fault, SparrowSettingsFault::NotHttps { .. }), "{base_url}: {fault}");
            assert!(fault.to_string().contains("https"), "{fault}");
        }
    }

    #[test]
    fn a_base_url_holds_an_address_and_nothing_else() {
        for base_url in
            ["", "api.sparrowsms.com/v2", "//api.sparrowsms.com", "https://", "mailto:a@b.c", "/v2"]
        {
            assert!(matches!(endpoint(base_url), Err(SparrowSettingsFault::BaseUrl)), "{base_url}");
        }
        for base_url in [
            "https://user@api.sparrowsms.com/v2",
            "https://:private@api.sparrowsms.com/v2",
            "http://localhost@evil.com/v2",
            "https://api.sparrowsms.com/v2?token=private",
            "https://api.sparrowsms.com/v2#private",
        ] {
            let fault = endpoint(base_url).unwrap_err();
            assert!(matches!(fault, SparrowSettingsFault::BaseUrlParts), "{base_url}: {fault}");
            let settings =
                SparrowSettings { base_url: base_url.to_owned(), ..SparrowSettings::new("t", "i") };
            assert!(!format!("{fault} {fault:?} {settings:?}").contains("private"), "{base_url}");
        }
    }

    #[test]
    fn token_and_identity_are_there_and_bounded() {
        let fault =
            |token: &str, identity: &str| SparrowSettings::new(token, identity).endpoint().unwrap_err();
        for token in ["", " ", "a b", "secret\n", "गोप्य", &"t".repeat(257)] {
            assert!(matches!(fault(token, "Example"), SparrowSettingsFault::Token), "{token:?}");
        }
        for identity in ["", "  ", " Example", "Example\n", "Ex\u{7}ample", &"i".repeat(65)] {
            assert!(matches!(fault("token", identity), SparrowSettingsFault::Identity), "{identity:?}");
        }
        for (token, identity) in [("v2_aZ09.-~", "Demo Name"), (&*"t".repeat(256), &*"i".repeat(64))] {
            assert!(SparrowSettings::new(token, identity).endpoint().is_ok(), "{token} {identity}");
        }
    }

    #[test]
    fn the_time_outs_fit_each_other() {
        let millis = Duration::from_millis;
        let rows = [(0, 10_000), (3000, 3000), (3000, 2000), (3000, 60_001), (0, 0)];
        for (connect, total) in rows {
            let mut settings = SparrowSettings::new("token", "Example");
            (settings.connect_timeout, settings.total_timeout) = (millis(connect), millis(total));
            assert!(matches!(settings.endpoint(), Err(SparrowSettingsFault::Timeouts)), "{connect} {total}");
        }
    }

    #[test]
    fn nothing_printed_holds_the_token() {
        let settings = SparrowSettings::new("a-very-private-token", "Example");
        let printed = format!("{settings:?} {:?}", settings.token);
        assert!(!printed.contains("private") && printed.contains("***"), "{printed}");
    }
}
