//! The document and Swagger UI as pages.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use poem::web::Data;
use poem::{IntoResponse, Request, Response, handler};
use tokio_util::bytes::Bytes;
use utoipa_swagger_ui::Config;

use crate::edge::Kept;

/// Swagger UI's own page says nothing to phones and carries its maker's title; so this one stands in its place.
const SWAGGER_PAGE: &str = include_str!("swagger.html");
/// Mends what its colours leave hard to read.
const SWAGGER_STYLE: &str = include_str!("swagger.css");
/// Gives names to what it leaves without one.
const SWAGGER_NAMES: &str = include_str!("swagger.js");

/// The document as it is served: written once.
#[derive(Debug)]
pub(crate) struct DocumentPage {
    text: Bytes,
    tag: HeaderValue,
}

impl DocumentPage {
    /// The page of this document.
    pub(crate) fn new(document: String) -> Arc<Self> {
        let mut hasher = DefaultHasher::new();
        document.hash(&mut hasher);
        let tag = format!("\"{}-{:016x}\"", env!("CARGO_PKG_VERSION"), hasher.finish());
        // A version is ASCII.
        let tag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
        Arc::new(Self { text: document.into(), tag })
    }

    /// Whether the caller has just this one (RFC 9110 13.1.2).
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let own = self.tag.to_str().unwrap_or_default();
        tags.flat_map(|tags| tags.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || tag.trim_start_matches("W/") == own)
    }
}

/// `/openapi.json`.
#[handler]
#[expect(clippy::needless_pass_by_value, reason = "an extractor is taken by value")]
pub(crate) fn openapi(request: &Request, page: Data<&Arc<DocumentPage>>) -> Response {
    let mut response = if page.is_known(request.headers()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::builder().content_type("application/json").body(page.text.clone())
    };
    response.headers_mut().insert(header::ETAG, page.tag.clone());
    Kept::IfUnchanged.put_on(response)
}

/// `/docs`: the pages of Swagger UI refer to each other relative to `/docs/`.
#[handler]
pub(crate) fn to_swagger() -> Response {
    Response::builder().status(StatusCode::PERMANENT_REDIRECT).header(header::LOCATION, "docs/").finish()
}

/// `/docs/*`.
#[handler]
#[expect(clippy::needless_pass_by_value, reason = "an extractor is taken by value")]
pub(crate) fn swagger(request: &Request, config: Data<&Arc<Config<'static>>>) -> Response {
    // A name that is not UTF-8 is not handed over, and names no file.
    let Some(file) = request.raw_path_param("file") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match file {
        "" | "index.html" => return guarded("text/html; charset=utf-8", SWAGGER_PAGE),
        "service.css" => return guarded("text/css", SWAGGER_STYLE),
        "service.js" => return guarded("text/javascript", SWAGGER_NAMES),
        _ => {}
    }
    match utoipa_swagger_ui::serve(file, config.0.clone()) {
        Ok(Some(file)) => guarded(&file.content_type, file.bytes.into_owned()),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(cause = error.to_string(), "Swagger UI could not be served");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A part of the page, which loads nothing from elsewhere and stands in nobody's frame.
fn guarded(content_type: &str, body: impl Into<poem::Body>) -> Response {
    let mut response = Response::builder().content_type(content_type).body(body);
    let policy =
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// Swagger UI with "Authorize" and "Try it out", without its field for documents of others.
pub(crate) fn swagger_config() -> Arc<Config<'static>> {
    Arc::new(Config::from("/openapi.json").try_it_out_enabled(true).use_base_layout())
}
