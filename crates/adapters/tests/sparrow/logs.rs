//! Hears everything that is logged on one thread, at every level, with every field.

use std::cell::RefCell;
use std::fmt::{self, Write};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

thread_local! {
    static LINES: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

struct Line {
    level: Level,
    target: String,
    text: String,
}

/// Listens from now on. Called before anything can be logged: `tracing` remembers of each place in the code whether
/// anybody listens, and where listeners come and go while other tests run, it may remember wrongly. So there is one
/// for the process, and each thread has its own lines; a test's runtime has no other thread.
pub(crate) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| tracing::subscriber::set_global_default(Ear).unwrap());
}

/// What is logged on this thread.
pub(crate) struct Logs;

impl Logs {
    /// Forgets what this thread has logged so far.
    pub(crate) fn capture() -> Logs {
        listen();
        LINES.with_borrow_mut(Vec::clear);
        Logs
    }

    /// Everything, one line each.
    #[expect(clippy::unused_self, reason = "there are lines only where somebody has begun to capture")]
    pub(crate) fn all(&self) -> String {
        LINES.with_borrow(|lines| {
            let lines: Vec<String> =
                lines.iter().map(|line| format!("{} {} {}", line.level, line.target, line.text)).collect();
            lines.join("\n")
        })
    }

    /// What the module said at warn or above.
    #[expect(clippy::unused_self, reason = "as above")]
    pub(crate) fn warnings(&self, module: &str) -> Vec<String> {
        LINES.with_borrow(|lines| {
            lines
                .iter()
                .filter(|line| line.level <= Level::WARN && line.target.starts_with(module))
                .map(|line| format!("{} {}", line.level, line.text))
                .collect()
        })
    }
}

struct Ear;

fn hear(metadata: &Metadata<'_>, record: impl FnOnce(&mut Words)) {
    let mut words = Words(String::new());
    record(&mut words);
    let line = Line { level: *metadata.level(), target: metadata.target().to_owned(), text: words.0 };
    LINES.with_borrow_mut(|lines| lines.push(line));
}

impl Subscriber for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        hear(span.metadata(), |words| span.record(words));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut words = Words(String::new());
        values.record(&mut words);
        let line = Line { level: Level::TRACE, target: String::new(), text: words.0 };
        LINES.with_borrow_mut(|lines| lines.push(line));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        hear(event.metadata(), |words| event.record(words));
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
