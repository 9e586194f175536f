//! Where a gateway is called. Owns which addresses are taken.

use reqwest::Url;

use super::fault::HttpGatewayProblem;
use crate::gateway::call;

/// The longest URL, in bytes.
const URL_BYTES_MAX: usize = 2048;

/// Reads an address. Phone and text never come into it, and neither does a secret by a placeholder.
pub(super) fn target(text: &str) -> Result<Url, HttpGatewayProblem> {
    let none = HttpGatewayProblem::Url { max: URL_BYTES_MAX };
    if text.len() > URL_BYTES_MAX {
        return Err(none);
    }
    if text.contains(['{', '}']) {
        return Err(HttpGatewayProblem::UrlPlaceholder);
    }
    let url = Url::parse(text).map_err(|_| none.clone())?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(none)?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(HttpGatewayProblem::UrlParts);
    }
    if !call::is_sealed(&url) {
        return Err(HttpGatewayProblem::NotHttps { host: host.to_owned() });
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_sealed_or_stays_here() {
        for text in [
            "https://api.example.com/2010/Messages.json",
            "https://example.com:8443/a?v=3",
            "http://127.0.0.1:4010/sms",
            "http://[::1]/",
            "http://localhost/sms",
        ] {
            assert_eq!(target(text).unwrap().as_str(), text);
        }
        for text in
            ["http://example.com/sms", "http://10.0.0.1/", "http://localhost.evil.com/", "ftp://localhost/"]
        {
            assert!(matches!(target(text), Err(HttpGatewayProblem::NotHttps { .. })), "{text}");
        }
    }

    #[test]
    fn an_address_holds_no_user_no_fragment_and_no_placeholder() {
        let max = URL_BYTES_MAX;
        for (text, problem) in [
            ("", HttpGatewayProblem::Url { max }),
            ("example.com/sms", HttpGatewayProblem::Url { max }),
            ("https://", HttpGatewayProblem::Url { max }),
            ("mailto:a@b.c", HttpGatewayProblem::Url { max }),
            ("https://user@example.com/", HttpGatewayProblem::UrlParts),
            ("https://:private@example.com/", HttpGatewayProblem::UrlParts),
            ("https://example.com/#private", HttpGatewayProblem::UrlParts),
            ("https://example.com/?to={to}", HttpGatewayProblem::UrlPlaceholder),
            ("https://example.com/{secret}", HttpGatewayProblem::UrlPlaceholder),
        ] {
            let found = target(text).unwrap_err();
            assert_eq!(found, problem, "{text}");
            assert!(!format!("{found} {found:?}").contains("private"));
        }
        assert_eq!(
            target(&format!("https://example.com/{}", "a".repeat(max))),
            Err(HttpGatewayProblem::Url { max })
        );
    }
}
