//! Keys of one section by their names within it: what every application can set is read the same way for each of them,
//! whether it is `[application]` or `[applications.shop]`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::Value;

use super::reader::Reader;
use super::setting::{Bounded, Setting};

/// The settings whose keys begin with one prefix.
pub(super) struct Section<'a> {
    /// For what needs full keys; see [`Section::key`].
    pub(super) reader: &'a mut Reader,
    prefix: &'a str,
}

impl<'a> Section<'a> {
    pub(super) const fn new(reader: &'a mut Reader, prefix: &'a str) -> Self {
        Self { reader, prefix }
    }

    /// What the keys begin with.
    pub(super) const fn prefix(&self) -> &'a str {
        self.prefix
    }

    /// The full key of this name.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// See [`Reader::setting`].
    pub(super) fn setting<T: Setting>(&mut self, name: &str, default: T) -> T {
        let key = self.key(name);
        self.reader.setting(&key, default)
    }

    /// See [`Reader::optional`].
    pub(super) fn optional<T: Setting>(&mut self, name: &str) -> Option<T> {
        let key = self.key(name);
        self.reader.optional(&key)
    }

    /// See [`Reader::within`].
    pub(super) fn within<T: Bounded>(&mut self, name: &str, default: T, allowed: RangeInclusive<T>) -> T {
        let key = self.key(name);
        self.reader.within(&key, default, allowed)
    }

    /// Whether the key of this name, which was read already, is set.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.reader.is_set(&self.key(name))
    }

    /// See [`Reader::missing`].
    pub(super) fn missing(&mut self, name: &str, problem: impl Into<String>) {
        let key = self.key(name);
        self.reader.missing(&key, problem);
    }

    /// See [`Reader::fault`].
    pub(super) fn fault(&mut self, name: &str, problem: impl Into<String>) {
        let key = self.key(name);
        self.reader.fault(&key, problem);
    }

    /// See [`Reader::reported`].
    pub(super) fn reported<T>(&mut self, name: &str, value: Result<T, String>) -> Option<T> {
        let key = self.key(name);
        self.reader.reported(&key, value)
    }

    /// See [`Reader::faulty`].
    pub(super) fn faulty(&self, name: &str) -> bool {
        self.reader.faulty(&self.key(name))
    }

    /// See [`Reader::show`].
    pub(super) fn show(&mut self, name: &str, value: Value) {
        let key = self.key(name);
        self.reader.show(&key, value);
    }

    /// See [`Reader::hide`].
    pub(super) fn hide(&mut self, name: &str) {
        let key = self.key(name);
        self.reader.hide(&key);
    }

    /// See [`Reader::names_below`].
    pub(super) fn names_below(&self, name: &str) -> BTreeMap<String, String> {
        self.reader.names_below(&self.key(name))
    }

    /// Refuses a name that was set at `origin`, with everything below it.
    pub(super) fn refuse(&mut self, name: &str, problem: impl Into<String>, origin: String) {
        let key = self.key(name);
        self.reader.drop_section(&key);
        self.reader.fault_in(&key, problem, origin);
    }
}
