//! Answers, and what a test says of them.

use poem::Response;
use poem::http::HeaderMap;
use serde_json::Value;

/// An answer that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    body: String,
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        // Everything that is served is text, Swagger UI's pictures excepted.
        let body = String::from_utf8_lossy(&body.into_vec().await.unwrap()).into_owned();
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) fn text(&self) -> &str {
        &self.body
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The content type without its parameters.
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.header("content-type").and_then(|value| value.split(';').next())
    }

    /// Its body, when it has this status.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// Its body, when it is this problem; its form was looked at when it came.
    #[track_caller]
    pub(crate) fn refuses(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        let body = self.json();
        assert_eq!(body["code"], code, "{self:?}");
        body
    }

    /// What the classic API says, when it has this status.
    #[track_caller]
    pub(crate) fn tells(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        self.json()["details"].as_str().unwrap().to_owned()
    }

    /// How many seconds to wait.
    #[track_caller]
    pub(crate) fn retry_after(&self) -> u64 {
        let text = self.header("retry-after").unwrap_or_else(|| panic!("no Retry-After: {self:?}"));
        assert!(text.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
        text.parse().unwrap()
    }
}
