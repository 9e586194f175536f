//! Where a webhook is. Owns which URLs are taken; an address of IPv4 or IPv6 in one is judged here, names are judged
//! when they are resolved.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use super::public::is_public;

/// The longest URL that is taken, in bytes.
const URL_BYTES_MAX: usize = 2048;

/// The URL of a webhook. Its query may hold a secret: `Debug` leaves it out, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    url: Url,
    private_allowed: bool,
}

/// Why a text is no URL of a webhook. Never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookUrlFault {
    /// It is none, or has no host.
    #[error("must be a URL such as https://example.com/webhooks, of at most {URL_BYTES_MAX} bytes")]
    NotUrl,
    /// What is told would cross the network in the clear.
    #[error(
        "must begin with https://; plain http is for private addresses, where `allow_private_addresses` is true"
    )]
    NotHttps,
    /// It holds more than an address.
    #[error("must hold no user, password or fragment")]
    Parts,
    /// It holds an address that is not public.
    #[error("names an address that is not public; set `allow_private_addresses` to true if it is meant")]
    AddressForbidden,
}

impl WebhookUrl {
    /// Reads a URL: `https`, and of an address that is public, unless private ones are allowed.
    ///
    /// # Errors
    /// [`WebhookUrlFault`] when it is not taken.
    pub fn parse(text: &str, private_allowed: bool) -> Result<Self, WebhookUrlFault> {
        if text.len() > URL_BYTES_MAX {
            return Err(WebhookUrlFault::NotUrl);
        }
        let url = Url::parse(text).map_err(|_| WebhookUrlFault::NotUrl)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(WebhookUrlFault::NotUrl)?;
        if !(url.scheme() == "https" || (url.scheme() == "http" && private_allowed)) {
            return Err(WebhookUrlFault::NotHttps);
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(WebhookUrlFault::Parts);
        }
        // The parser has read every spelling of an address already (`0x7f.1`, `2130706433`), as the client will.
        let literal: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
        if !private_allowed && literal.is_some_and(|address| !is_public(address)) {
            return Err(WebhookUrlFault::AddressForbidden);
        }
        Ok(Self { url, private_allowed })
    }

    /// The URL without its query: what may be shown.
    #[must_use]
    pub fn address(&self) -> String {
        let mut shown = self.url.clone();
        shown.set_query(None);
        shown.into()
    }

    /// Whether there is a query, which may hold a secret.
    #[must_use]
    pub fn has_query(&self) -> bool {
        self.url.query().is_some()
    }

    /// The URL as it is called.
    pub(super) fn whole(&self) -> Url {
        self.url.clone()
    }

    /// Whether addresses that are not public may be called.
    pub(super) const fn private_allowed(&self) -> bool {
        self.private_allowed
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_called_over_https() {
        for text in
            ["https://example.com", "https://example.com:8443/a/b?token=private", "HTTPS://EXAMPLE.com/"]
        {
            assert!(WebhookUrl::parse(text, false).is_ok(), "{text}");
        }
        for (text, fault) in [
            ("", WebhookUrlFault::NotUrl),
            ("example.com/hook", WebhookUrlFault::NotUrl),
            ("https://", WebhookUrlFault::NotUrl),
            ("mailto:a@b.c", WebhookUrlFault::NotUrl),
            ("http://example.com/hook", WebhookUrlFault::NotHttps),
            ("ftp://example.com/hook", WebhookUrlFault::NotHttps),
            ("https://user@example.com/", WebhookUrlFault::Parts),
            ("https://:private@example.com/", WebhookUrlFault::Parts),
            ("https://example.com/#private", WebhookUrlFault::Parts),
        ] {
            assert_eq!(WebhookUrl::parse(text, false), Err(fault), "{text}");
        }
        assert_eq!(
            WebhookUrl::parse(&format!("https://a.b/{}", "x".repeat(2048)), false),
            Err(WebhookUrlFault::NotUrl)
        );
    }

    #[test]
    fn an_address_is_judged_however_it_is_spelled() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f.1",
            "2130706433",
            "0177.0.0.1",
            "0",
            "10.0.0.1",
            "169.254.169.254",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[64:ff9b::a00:1]",
            "[fd00:ec2::254]",
            "１２７.0.0.1",
        ] {
            let text = format!("https://{host}/hook");
            assert_eq!(WebhookUrl::parse(&text, false), Err(WebhookUrlFault::AddressForbidden), "{host}");
            assert!(WebhookUrl::parse(&text, true).is_ok(), "{host}");
        }
        assert!(WebhookUrl::parse("https://8.8.8.8/hook", false).is_ok());
        assert!(WebhookUrl::parse("http://127.0.0.1:9/hook", true).is_ok());
    }

    #[test]
    fn what_is_shown_of_a_url_has_no_query() {
        let url = WebhookUrl::parse("https://example.com/hook?token=private", false).unwrap();
        assert_eq!((url.address().as_str(), url.has_query()), ("https://example.com/hook", true));
        assert!(!format!("{url:?}").contains("private"));
        assert_eq!(url.whole().query(), Some("token=private"));
    }
}
