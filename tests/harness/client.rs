//! An HTTP client that reads answers whole.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Calls one service.
#[derive(Clone, Debug)]
pub struct Client {
    url: String,
    http: reqwest::Client,
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Client {
    /// A client of the service at this address.
    #[must_use]
    pub fn new(url: &str) -> Self {
        // An error means that a provider is there already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .expect("a client without special wishes can be made");
        Self { url: url.to_owned(), http }
    }

    /// Posts JSON.
    pub async fn post(&self, path: &str, credential: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path, credential).header("content-type", "application/json");
        Self::send(request.body(body.to_string())).await
    }

    /// Posts a form.
    pub async fn post_form(&self, path: &str, credential: &str, form: &[(&str, &str)]) -> Answer {
        Self::send(self.request(Method::POST, path, credential).form(form)).await
    }

    /// Calls without a body.
    pub async fn call(&self, method: Method, path: &str, credential: &str) -> Answer {
        Self::send(self.request(method, path, credential)).await
    }

    /// Gets.
    pub async fn get(&self, path: &str, credential: &str) -> Answer {
        self.call(Method::GET, path, credential).await
    }

    /// A request to be finished by the test.
    pub fn request(&self, method: Method, path: &str, credential: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        if credential.is_empty() { request } else { request.bearer_auth(credential) }
    }

    /// Sends a request and reads the answer.
    pub async fn send(request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("the service answers");
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.expect("the answer has a body");
        Answer { status, headers, text }
    }
}

impl Answer {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// A member of the body that is text.
    #[must_use]
    pub fn member(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_else(|| panic!("no text `{name}` in {}", self.text)).to_owned()
    }

    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Asserts a success with this status.
    #[track_caller]
    #[must_use]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// Asserts a problem of this kind.
    #[track_caller]
    #[must_use]
    pub fn is_problem(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.member("code").as_str()), (status, code), "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        self
    }
}
