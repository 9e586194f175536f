//! The document and Swagger UI as pages.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use poem::web::Data;
use poem::{IntoResponse, Request, Response, handler};
use tokio_util::bytes::Bytes;
use utoipa_swagger_ui::Config;

use crate::edge::Kept;

/// What of Swagger UI is ours: its own page says nothing to phones and carries its maker's title, its colours leave some
/// words hard to read, and some parts have no name for those who hear the page.
const OWN_FILES: [(&str, &str, &str); 4] = [
    ("", "text/html; charset=utf-8", include_str!("swagger.html")),
    ("index.html", "text/html; charset=utf-8", include_str!("swagger.html")),
    ("service.css", "text/css", include_str!("swagger.css")),
    ("service.js", "text/javascript", include_str!("swagger.js")),
];

/// A page as it is served: written once, and never again for a call.
#[derive(Debug)]
pub(crate) struct WrittenPage {
    bytes: Bytes,
    content_type: String,
    tag: HeaderValue,
}

impl WrittenPage {
    /// The page of these bytes.
    fn new(bytes: Bytes, content_type: String) -> Arc<Self> {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let tag = format!("\"{}-{:016x}\"", env!("CARGO_PKG_VERSION"), hasher.finish());
        // A version is ASCII.
        let tag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
        Arc::new(Self { bytes, content_type, tag })
    }

    /// The page of the API document.
    pub(crate) fn of_document(document: String) -> Arc<Self> {
        Self::new(document.into(), "application/json".to_owned())
    }

    /// Whether the caller has just this one (RFC 9110 13.1.2).
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let own = self.tag.to_str().unwrap_or_default();
        tags.flat_map(|tags| tags.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || tag.trim_start_matches("W/") == own)
    }

    fn answer(&self, request: &Request) -> Response {
        let mut response = if self.is_known(request.headers()) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Response::builder().content_type(&self.content_type).body(self.bytes.clone())
        };
        response.headers_mut().insert(header::ETAG, self.tag.clone());
        Kept::IfUnchanged.put_on(response)
    }
}

/// `/openapi.json`.
#[handler]
#[expect(clippy::needless_pass_by_value, reason = "an extractor is taken by value")]
pub(crate) fn openapi(request: &Request, page: Data<&Arc<WrittenPage>>) -> Response {
    page.answer(request)
}

/// The files of Swagger UI, each written when it is asked for first.
#[derive(derive_more::Debug)]
pub(crate) struct Swagger {
    #[debug(skip)]
    config: Arc<Config<'static>>,
    /// Only names of files that there are: a dozen.
    written: Mutex<BTreeMap<String, Arc<WrittenPage>>>,
}

impl Swagger {
    /// With "Authorize" and "Try it out", without its field for documents of others.
    pub(crate) fn new() -> Arc<Self> {
        let config = Arc::new(Config::from("/openapi.json").try_it_out_enabled(true).use_base_layout());
        let own = OWN_FILES.map(|(name, content_type, text)| {
            (name.to_owned(), WrittenPage::new(Bytes::from_static(text.as_bytes()), content_type.to_owned()))
        });
        Arc::new(Self { config, written: Mutex::new(own.into()) })
    }

    /// The file of this name; `None` when there is none.
    fn file(&self, name: &str) -> Result<Option<Arc<WrittenPage>>, Box<dyn std::error::Error>> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = written.get(name) {
            return Ok(Some(Arc::clone(page)));
        }
        let Some(file) = utoipa_swagger_ui::serve(name, Arc::clone(&self.config))? else { return Ok(None) };
        let bytes = match file.bytes {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        let page = WrittenPage::new(bytes, file.content_type);
        written.insert(name.to_owned(), Arc::clone(&page));
        Ok(Some(page))
    }
}

/// `/docs`: the pages of Swagger UI refer to each other relative to `/docs/`.
#[handler]
pub(crate) fn to_swagger() -> Response {
    Response::builder().status(StatusCode::PERMANENT_REDIRECT).header(header::LOCATION, "docs/").finish()
}

/// `/docs/*`.
#[handler]
#[expect(clippy::needless_pass_by_value, reason = "an extractor is taken by value")]
pub(crate) fn swagger(request: &Request, swagger: Data<&Arc<Swagger>>) -> Response {
    // A name that is not UTF-8 is not handed over, and names no file.
    let Some(file) = request.raw_path_param("file") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match swagger.file(file) {
        Ok(Some(page)) => {
            let mut response = page.answer(request);
            let policy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            response
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::error!(cause = error.to_string(), "Swagger UI could not be served");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
