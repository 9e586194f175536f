//! Who is told of every answer. Owns how operations are named; counts nothing itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use poem::http::Method;

use crate::routes::Route;

/// Is told of every answer, when it is ready. It never waits and never fails.
pub trait Traffic: Send + Sync + fmt::Debug {
    /// A call of this operation was answered with this status so long after its head had arrived. An operation is the
    /// `operationId` of the API document; `page` is one of the pages and documents beside it, and `other` an address or
    /// a method that does not exist. There are no more.
    fn answered(&self, operation: &Arc<str>, status: u16, took: Duration);
}

/// Names operations, and tells who wants to know.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    traffic: Arc<dyn Traffic>,
    page: Arc<str>,
    other: Arc<str>,
}

impl Told {
    pub(crate) fn new(traffic: Arc<dyn Traffic>) -> Self {
        Self { traffic, page: "page".into(), other: "other".into() }
    }

    /// Tells of an answer to a call of this method, to the address that the route is of, if it is one.
    pub(crate) fn tell(&self, route: Option<&Route>, method: &Method, status: u16, took: Duration) {
        let operation = match route {
            Some(route) if route.serves(method) => route.operation(method).unwrap_or(&self.page),
            Some(_) | None => &self.other,
        };
        self.traffic.answered(operation, status, took);
    }
}
