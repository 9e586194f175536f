//! Hears everything that a process logs.

use std::fmt::{self, Write as _};
use std::sync::Mutex;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Hears everything in the process, whichever thread says it.
struct Ear;

static HEARD: Mutex<String> = Mutex::new(String::new());

impl Subscriber for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut Pen(&mut HEARD.lock().unwrap()));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Pen(&mut HEARD.lock().unwrap()));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut heard = HEARD.lock().unwrap();
        write!(heard, "\n[{}]", event.metadata().target()).unwrap();
        event.record(&mut Pen(&mut heard));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Pen<'a>(&'a mut String);

impl Visit for Pen<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

/// Listens from now on, once in a process.
pub(crate) fn listen() {
    tracing::subscriber::set_global_default(Ear).unwrap();
}

/// What was said until now; the ear must hear, or a silence proves nothing.
pub(crate) fn heard() -> String {
    tracing::trace!("the ear hears");
    let heard = HEARD.lock().unwrap().clone();
    assert!(heard.contains("the ear hears"));
    heard
}
