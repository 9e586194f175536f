//! Which addresses exist, and which methods they serve: read out of the API document once, so that an unknown address
//! and a wrong method are told apart, and `Allow` is true.

use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::http::header::AUTHORIZATION;
use poem::{Endpoint, IntoResponse, Request, Response, Route as Pages};
use serde_json::Value;

use crate::problem::{Problem, Slug};

/// The addresses of the API document, and the pages beside it.
#[derive(Clone, Debug)]
pub(crate) struct RouteTable(Vec<Route>);

/// An address.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    segments: Vec<Segment>,
    methods: Methods,
    /// The ids of its operations; a page has none.
    operations: Vec<(Method, Arc<str>)>,
    /// The parameters behind the question mark of those methods that have any.
    queries: Vec<(Method, Vec<String>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Exactly(String),
    One,
    Rest,
}

/// The methods of one address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Methods(Vec<Method>);

impl Methods {
    /// Whether it serves the method; what can be read can be asked for its head.
    pub(crate) fn serves(&self, method: &Method) -> bool {
        self.0.contains(method) || (*method == Method::HEAD && self.0.contains(&Method::GET))
    }

    /// The value of the header `Allow`.
    pub(crate) fn allow(&self) -> String {
        let mut names: Vec<&str> = self.0.iter().map(Method::as_str).collect();
        names.sort_unstable();
        if self.0.contains(&Method::GET) {
            names.push("HEAD");
        }
        names.push("OPTIONS");
        names.join(", ")
    }
}

impl RouteTable {
    /// The addresses of an OpenAPI document.
    pub(crate) fn of_document(document: &Value) -> Self {
        let paths = document.get("paths").and_then(Value::as_object);
        let routes = paths.into_iter().flatten().map(|(path, operations)| {
            let methods = operations.as_object().into_iter().flat_map(|operations| operations.keys());
            let methods = methods.filter_map(|name| Method::from_bytes(name.to_uppercase().as_bytes()).ok());
            let methods = Methods(methods.collect());
            let queries = queries(operations);
            Route { segments: segments(path), methods, operations: ids(operations), queries }
        });
        let mut table = Self(routes.collect());
        table.put_exact_first();
        table
    }

    /// The same with an address that only answers `GET`; a last segment `*` stands for any rest.
    #[must_use]
    pub(crate) fn with(mut self, path: &str, methods: &[Method]) -> Self {
        let methods = Methods(methods.to_vec());
        let segments = segments(path);
        self.0.push(Route { segments, methods, operations: Vec::new(), queries: Vec::new() });
        self.put_exact_first();
        self
    }

    /// The address, when it is one.
    pub(crate) fn route(&self, path: &str) -> Option<&Route> {
        // Every call comes by here: the path is taken apart once, and not for each address.
        let parts = Parts::of(path);
        self.0.iter().find(|route| matches(&route.segments, parts.as_slice()))
    }

    /// `/checks` beats `/{id}`, as in the router.
    fn put_exact_first(&mut self) {
        self.0.sort_by_key(|route| route.segments.iter().filter(|segment| !is_exact(segment)).count());
    }
}

impl Route {
    /// The methods that it serves.
    pub(crate) const fn methods(&self) -> &Methods {
        &self.methods
    }

    /// Whether it serves the method.
    pub(crate) fn serves(&self, method: &Method) -> bool {
        self.methods.serves(method)
    }

    /// The id of the operation that answers this method; of a head, the one whose head it is.
    pub(crate) fn operation(&self, method: &Method) -> Option<&Arc<str>> {
        let method = if *method == Method::HEAD { &Method::GET } else { method };
        self.operations.iter().find(|(of, _)| of == method).map(|(_, id)| id)
    }

    /// Refuses a parameter that an operation with parameters does not have, or that is there twice: a filter that is
    /// mistyped would list everything.
    fn takes(&self, method: &Method, query: &str) -> Result<(), Problem> {
        let Some((_, known)) = self.queries.iter().find(|(of, _)| of == method) else { return Ok(()) };
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in form_urlencoded::parse(query.as_bytes()) {
            let Some(own) = known.iter().find(|own| **own == *name) else {
                let detail = format!("There is no such parameter here; there are: {}.", known.join(", "));
                return Err(Problem::new(Slug::ParameterInvalid, detail));
            };
            if seen.contains(&own.as_str()) {
                return Err(Problem::new(Slug::ParameterInvalid, format!("`{own}` is there twice.")));
            }
            seen.push(own);
        }
        Ok(())
    }
}

/// The parameters behind the question mark, of each operation of an address that has any.
fn queries(operations: &Value) -> Vec<(Method, Vec<String>)> {
    let of_operation = |(method, operation): (&String, &Value)| {
        let parameters = operation.get("parameters").and_then(Value::as_array)?;
        let in_query = parameters.iter().filter(|parameter| parameter["in"] == "query");
        let names: Vec<_> =
            in_query.filter_map(|parameter| parameter["name"].as_str().map(str::to_owned)).collect();
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).ok()?;
        (!names.is_empty()).then_some((method, names))
    };
    operations.as_object().into_iter().flatten().filter_map(of_operation).collect()
}

/// The ids of the operations of an address.
fn ids(operations: &Value) -> Vec<(Method, Arc<str>)> {
    let of_operation = |(method, operation): (&String, &Value)| {
        let id = operation.get("operationId").and_then(Value::as_str)?;
        Some((Method::from_bytes(method.to_uppercase().as_bytes()).ok()?, id.into()))
    };
    operations.as_object().into_iter().flatten().filter_map(of_operation).collect()
}

/// The operations of the document, and the pages beside them. (A router nested at `/` would hide the page there.)
pub(crate) struct Split {
    pub(crate) operations: RouteTable,
    pub(crate) service: BoxEndpoint<'static>,
    pub(crate) pages: Pages,
}

impl Endpoint for Split {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if let Some(route) = self.operations.route(request.uri().path()) {
            // Who presents no credential is told of that first.
            if request.headers().contains_key(AUTHORIZATION)
                && let Some(query) = request.uri().query()
            {
                route.takes(request.method(), query).map_err(Problem::into_error)?;
            }
            self.service.call(request).await
        } else {
            self.pages.call(request).await.map(IntoResponse::into_response)
        }
    }
}

fn is_exact(segment: &Segment) -> bool {
    matches!(segment, Segment::Exactly(_))
}

fn segments(path: &str) -> Vec<Segment> {
    let segment = |text: &str| match text {
        "*" => Segment::Rest,
        text if text.starts_with('{') => Segment::One,
        text => Segment::Exactly(text.to_owned()),
    };
    path.split('/').skip(1).map(segment).collect()
}

/// More than any address has: what comes behind is one part.
const PARTS_MAX: usize = 12;

/// The parts of a path between its slashes.
struct Parts<'a> {
    parts: [&'a str; PARTS_MAX],
    count: usize,
}

impl<'a> Parts<'a> {
    fn of(path: &'a str) -> Self {
        let (mut parts, mut count) = ([""; PARTS_MAX], 0);
        // The first is what stands before the first slash.
        for (place, part) in parts.iter_mut().zip(path.splitn(PARTS_MAX + 1, '/').skip(1)) {
            *place = part;
            count += 1;
        }
        Self { parts, count }
    }

    fn as_slice(&self) -> &[&'a str] {
        self.parts.get(..self.count).unwrap_or_default()
    }
}

fn matches(segments: &[Segment], parts: &[&str]) -> bool {
    let fits = |(segment, part): (&Segment, &&str)| match segment {
        Segment::Rest => true,
        Segment::One => !part.is_empty(),
        Segment::Exactly(text) => text == part,
    };
    let long_enough = match segments.last() {
        Some(Segment::Rest) => parts.len() >= segments.len(),
        Some(Segment::One | Segment::Exactly(_)) | None => parts.len() == segments.len(),
    };
    long_enough && segments.iter().zip(parts).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> RouteTable {
        let document = serde_json::json!({"paths": {
            "/v/{id}": {"get": {}, "delete": {}},
            "/v/checks": {"post": {}},
            "/v": {"get": {}, "post": {}},
        }});
        RouteTable::of_document(&document).with("/docs/*", &[Method::GET])
    }

    fn methods<'a>(table: &'a RouteTable, path: &str) -> &'a Methods {
        table.route(path).unwrap().methods()
    }

    #[test]
    fn a_parameter_that_is_unknown_or_there_twice_is_refused_where_there_are_any() {
        let parameters = serde_json::json!([{"in": "path", "name": "id"}, {"in": "query", "name": "limit"}]);
        let document =
            serde_json::json!({"paths": {"/v/{id}": {"get": {"parameters": parameters}, "post": {}}}});
        let table = RouteTable::of_document(&document);
        let route = table.route("/v/7").unwrap();
        for (method, query, taken) in [
            (Method::GET, "", true),
            (Method::GET, "limit=1", true),
            (Method::GET, "%6cimit=1", true),
            (Method::GET, "limit=1&limit=2", false),
            (Method::GET, "limit=1&Limit=2", false),
            (Method::GET, "id=1", false),
            (Method::GET, "x", false),
            (Method::POST, "x", true),
        ] {
            assert_eq!(route.takes(&method, query).is_ok(), taken, "{method} {query}");
        }
    }

    #[test]
    fn an_exact_address_beats_a_parameter() {
        let table = table();
        assert_eq!(methods(&table, "/v/checks").allow(), "POST, OPTIONS");
        assert_eq!(methods(&table, "/v/7").allow(), "DELETE, GET, HEAD, OPTIONS");
        assert!(methods(&table, "/v/7").serves(&Method::HEAD));
    }

    #[test]
    fn what_is_not_in_the_document_does_not_exist() {
        let table = table();
        for path in ["/", "", "/w", "/v/", "/v/7/x", "/docs", &"/v".repeat(20), "v/7"] {
            assert!(table.route(path).is_none(), "{path}");
        }
        assert!(table.route("/docs/").is_some());
        assert!(table.route("/docs/a/b").is_some());
        assert!(table.route(&format!("/docs{}", "/a".repeat(20))).is_some());
    }
}
