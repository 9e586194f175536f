//! Calls, as they are written in the tests.

use poem::http::{HeaderValue, Method, Uri, header};
use poem::{Body, Request};
use serde_json::Value;

/// A call to be made.
pub(crate) struct Call {
    method: Method,
    uri: Uri,
    headers: Vec<(header::HeaderName, HeaderValue)>,
    body: Body,
}

pub(crate) fn call(method: &str, path: impl AsRef<str>) -> Call {
    Call {
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        uri: path.as_ref().parse().unwrap(),
        headers: Vec::new(),
        body: Body::empty(),
    }
}

pub(crate) fn get(path: impl AsRef<str>) -> Call {
    call("GET", path)
}

pub(crate) fn post(path: impl AsRef<str>) -> Call {
    call("POST", path)
}

pub(crate) fn put(path: impl AsRef<str>) -> Call {
    call("PUT", path)
}

pub(crate) fn delete(path: impl AsRef<str>) -> Call {
    call("DELETE", path)
}

impl Call {
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
        self.headers.push((header::HeaderName::from_static(name), value));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body("application/x-www-form-urlencoded", form)
    }

    pub(crate) fn body(self, content_type: &str, body: impl Into<Body>) -> Self {
        self.header("content-type", content_type).bare_body(body)
    }

    /// A body of which nothing is said.
    pub(crate) fn bare_body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn method(&self) -> Method {
        self.method.clone()
    }

    pub(crate) fn path(&self) -> String {
        self.uri.path().to_owned()
    }

    pub(crate) fn into_request(self) -> Request {
        let mut request = Request::builder().method(self.method).uri(self.uri).body(self.body);
        for (name, value) in self.headers {
            request.headers_mut().append(name, value);
        }
        request
    }
}
