//! Hears everything that is logged on one thread, at every level, with every field.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};

/// One event, or the fields of a span.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) target: String,
    pub(crate) text: String,
}

/// What was logged since [`Logs::capture`], for as long as it lives.
pub(crate) struct Logs {
    lines: Arc<Mutex<Vec<Line>>>,
    _guard: DefaultGuard,
}

impl Logs {
    /// Hears this thread from now on; a test's runtime has no other.
    pub(crate) fn capture() -> Logs {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let guard = tracing::subscriber::set_default(Ear(Arc::clone(&lines)));
        Logs { lines, _guard: guard }
    }

    /// Everything, one line each.
    pub(crate) fn all(&self) -> String {
        let lines = self.lines.lock().unwrap();
        let lines: Vec<String> =
            lines.iter().map(|line| format!("{} {} {}", line.level, line.target, line.text)).collect();
        lines.join("\n")
    }

    /// What the module said at warn or above.
    pub(crate) fn warnings(&self, module: &str) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        lines
            .iter()
            .filter(|line| line.level <= Level::WARN && line.target.starts_with(module))
            .map(|line| format!("{} {}", line.level, line.text))
            .collect()
    }
}

struct Ear(Arc<Mutex<Vec<Line>>>);

impl Ear {
    fn hear(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Words)) {
        let mut words = Words(String::new());
        record(&mut words);
        let line = Line { level: *metadata.level(), target: metadata.target().to_owned(), text: words.0 };
        self.0.lock().unwrap().push(line);
    }
}

impl Subscriber for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.hear(span.metadata(), |words| span.record(words));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut words = Words(String::new());
        values.record(&mut words);
        let line = Line { level: Level::TRACE, target: String::new(), text: words.0 };
        self.0.lock().unwrap().push(line);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        self.hear(event.metadata(), |words| event.record(words));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Words(String);

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, "{}={value} ", field.name()).unwrap();
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}
