//! From settings as they were written to settings that are checked. Owns what every key has in common: defaults, the
//! effective value that is shown, faults that name the key, secrets in files, and what is left over at the end. Keys that
//! are the same for every application are read by their names in a [`Section`].

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde_json::Value;
use zeroize::Zeroizing;

use super::fault::ConfigFault;
use super::raw::{self, Leaf, Leaves, Raw};
use super::secret::{MASK, Secret};
use super::section::Section;
use super::setting::{Bounded, Setting};
use super::unknown;

/// Reads each key once, and collects what is wrong.
pub(super) struct Reader {
    leaves: Leaves,
    /// Where the keys that were read had been set.
    origins: BTreeMap<String, String>,
    /// The effective value of every key; its keys are those that exist.
    shown: BTreeMap<String, Value>,
    /// The lists of tables that were read: they are shown as such.
    lists: Vec<String>,
    faults: Vec<ConfigFault>,
}

/// The two keys of one secret: of its value, and of the file that holds it.
#[derive(Clone, Copy)]
pub(super) struct SecretKeys<'a> {
    pub(super) value: &'a str,
    pub(super) file: &'a str,
}

/// A setting and the key that it came from.
pub(super) struct Found<'a, T> {
    pub(super) key: &'a str,
    pub(super) value: T,
}

impl Reader {
    pub(super) fn new(leaves: Leaves, faults: Vec<ConfigFault>) -> Self {
        Self { leaves, origins: BTreeMap::new(), shown: BTreeMap::new(), lists: Vec::new(), faults }
    }

    /// The settings whose keys begin with `prefix` and a dot, by the rest of their keys.
    pub(super) fn section<'a>(&'a mut self, prefix: &'a str) -> Section<'a> {
        Section::new(self, prefix)
    }

    /// The names that stand first behind `prefix` and a dot, also of sections without a setting in them, with where
    /// each was set first.
    pub(super) fn sections_of(&mut self, prefix: &str) -> BTreeMap<String, String> {
        if let Some(raw) = self.take(prefix)
            && !matches!(raw, Raw::EmptySection)
        {
            self.fault(prefix, format!("must have a section for each, such as [{prefix}.shop]"));
        }
        self.names_below(prefix)
    }

    /// The names that stand first behind `prefix` and a dot, with where each was set first.
    pub(super) fn names_below(&self, prefix: &str) -> BTreeMap<String, String> {
        let mut names = BTreeMap::new();
        for (key, leaf) in &self.leaves.by_key {
            let Some(rest) = key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) else {
                continue;
            };
            let name = rest.split('.').next().unwrap_or(rest);
            names.entry(name.to_owned()).or_insert_with(|| leaf.origin.clone());
        }
        names
    }

    /// How many tables the list `[[list]]` has: their keys begin with `list.0`, `list.1` and so on.
    pub(super) fn tables_of(&mut self, list: &str) -> usize {
        self.lists.push(list.to_owned());
        match self.take(list) {
            None | Some(Raw::EmptySection) => {}
            Some(Raw::List(items)) if items.is_empty() => {}
            Some(_) => self.fault(list, format!("must be a list of tables, each begun by [[{list}]]")),
        }
        let mut named = self.names_below(list);
        let mut count = 0;
        while named.remove(&count.to_string()).is_some() {
            count += 1;
        }
        for (name, origin) in named {
            let section = format!("{list}.{name}");
            self.drop_section(&section);
            let problem = format!("is no place: the next after those that are set is `{list}.{count}`");
            self.fault_in(&section, problem, origin);
        }
        count
    }

    /// Leaves out everything of a section that was refused as a whole, so that its keys are not told one by one.
    pub(super) fn drop_section(&mut self, prefix: &str) {
        let concerns = |rest: &str| rest.is_empty() || rest.starts_with('.');
        self.leaves.by_key.retain(|key, _| !key.strip_prefix(prefix).is_some_and(concerns));
    }

    /// The setting, or its default where it is not set or wrong.
    pub(super) fn setting<T: Setting>(&mut self, key: &str, default: T) -> T {
        let setting = self.optional(key).unwrap_or(default);
        self.shown.insert(key.to_owned(), setting.shown());
        setting
    }

    /// The setting, given as such or in a file that holds it, because a part of it may be secret; or its default where
    /// it is not set or wrong. Tells the key that it was set by.
    pub(super) fn setting_or_file<'a, T: Setting>(
        &mut self,
        keys: SecretKeys<'a>,
        default: T,
    ) -> Found<'a, T> {
        let value = self.take(keys.value);
        let path = self.path(keys.file);
        let file_is_set = self.is_set(keys.file);
        self.given_twice(keys, value.is_some());
        let key = if value.is_none() && file_is_set { keys.file } else { keys.value };
        let in_file =
            || Some(Raw::Text(Zeroizing::new(self.file_of(keys.file, &path?)?.expose().to_owned())));
        let setting =
            value.or_else(in_file).and_then(|raw| self.reported(key, T::read(&raw))).unwrap_or(default);
        // What is in a file is not shown: the two keys together would not be a configuration.
        self.shown.insert(keys.value.to_owned(), if file_is_set { Value::Null } else { setting.shown() });
        Found { key, value: setting }
    }

    /// The setting, if it is set and right.
    pub(super) fn optional<T: Setting>(&mut self, key: &str) -> Option<T> {
        self.shown.insert(key.to_owned(), Value::Null);
        let read = T::read(&self.take(key)?);
        let setting = self.reported(key, read)?;
        self.shown.insert(key.to_owned(), setting.shown());
        Some(setting)
    }

    /// The setting within these bounds, or its default where it is not set or wrong.
    pub(super) fn within<T: Bounded>(&mut self, key: &str, default: T, allowed: RangeInclusive<T>) -> T {
        let read = self.take(key).map(|raw| {
            let plain = |bound: &T| bound.shown().to_string().replace('"', "");
            T::read(&raw).ok().filter(|setting| allowed.contains(setting)).ok_or_else(|| {
                format!("must be {} from {} to {}", T::KIND, plain(allowed.start()), plain(allowed.end()))
            })
        });
        let setting = read.and_then(|read| self.reported(key, read)).unwrap_or(default);
        self.shown.insert(key.to_owned(), setting.shown());
        setting
    }

    /// A secret, given as its value or as the path of a file that holds it, which may end with one newline.
    pub(super) fn secret<'a>(&mut self, keys: SecretKeys<'a>) -> Option<Found<'a, Secret>> {
        let value = self.take(keys.value);
        self.shown
            .insert(keys.value.to_owned(), if value.is_some() { Value::from(MASK) } else { Value::Null });
        let path = self.path(keys.file);
        if self.given_twice(keys, value.is_some()) {
            return None;
        }
        if let Some(value) = value {
            let read = String::read(&value).map(Zeroizing::new);
            let text = self.reported(keys.value, read)?;
            return Some(Found { key: keys.value, value: Secret::new(&text) });
        }
        let value = self.file_of(keys.file, &path?)?;
        Some(Found { key: keys.file, value })
    }

    /// A list of secrets, given as such or as a file with one of them a line.
    pub(super) fn secrets<'a>(&mut self, keys: SecretKeys<'a>) -> Vec<Found<'a, Secret>> {
        let value = self.take(keys.value);
        self.shown.insert(keys.value.to_owned(), Value::Null);
        let path = self.path(keys.file);
        if self.given_twice(keys, value.is_some()) {
            return Vec::new();
        }
        let found = |key| move |value| Found { key, value };
        if let Some(value) = value {
            let read = Vec::<String>::read(&value);
            let texts = self.reported(keys.value, read).unwrap_or_default();
            self.shown.insert(keys.value.to_owned(), texts.iter().map(|_| MASK).collect());
            let texts = texts.into_iter().map(Zeroizing::new);
            return texts.map(|text| Secret::new(&text)).map(found(keys.value)).collect();
        }
        let Some(text) = path.and_then(|path| self.file_of(keys.file, &path)) else { return Vec::new() };
        let lines = text.expose().lines().filter(|line| !line.is_empty());
        lines.map(Secret::new).map(found(keys.file)).collect()
    }

    /// Shows the effective value of a key that was read as something else than it takes effect.
    pub(super) fn show(&mut self, key: &str, value: Value) {
        self.shown.insert(key.to_owned(), value);
    }

    /// Shows nothing of a key that was read and exists in this configuration as others only.
    pub(super) fn hide(&mut self, key: &str) {
        self.shown.remove(key);
    }

    /// Whether it is given both as such and in a file, which is a fault.
    fn given_twice(&mut self, keys: SecretKeys<'_>, as_such: bool) -> bool {
        let twice = as_such && self.is_set(keys.file);
        if twice {
            self.fault(keys.value, format!("is set together with `{}`; keep one of them", keys.file));
        }
        twice
    }

    /// A path that is set and not empty.
    pub(super) fn path(&mut self, key: &str) -> Option<PathBuf> {
        let path: String = self.optional(key)?;
        if path.is_empty() {
            self.fault(key, "must be the path of a file");
            return None;
        }
        Some(PathBuf::from(path))
    }

    /// What a file holds, without the newline at its end.
    fn file_of(&mut self, key: &str, path: &Path) -> Option<Secret> {
        let text =
            raw::file_text(path).map_err(|problem| format!("names {}, which {problem}", path.display()));
        let text = self.reported(key, text)?;
        let line =
            text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        Some(Secret::new(line))
    }

    /// Notes that `key` has a problem.
    pub(super) fn fault(&mut self, key: &str, problem: impl Into<String>) {
        let fault = ConfigFault::new(key, problem).set_in(self.origins.get(key).cloned());
        self.faults.push(fault);
    }

    /// Refuses a key that says nothing here, if it is set.
    pub(super) fn refuse_if_set(&mut self, key: &str, problem: impl Into<String>) {
        if self.take(key).is_some() {
            self.fault(key, problem);
        }
    }

    /// Notes that a section, which was set at `origin`, has a problem.
    pub(super) fn fault_in(&mut self, section: &str, problem: impl Into<String>, origin: String) {
        self.faults.push(ConfigFault::new(section, problem).set_in(Some(origin)));
    }

    /// Notes that `key` has to be set, unless it may be in a file that could not be read.
    pub(super) fn missing(&mut self, key: &str, problem: impl Into<String>) {
        if self.leaves.complete {
            self.fault(key, problem);
        }
    }

    /// The value, or `None` and a fault.
    pub(super) fn reported<T>(&mut self, key: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|problem| self.fault(key, problem)).ok()
    }

    /// Whether the key, which was read already, is set.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.origins.contains_key(key)
    }

    /// Whether the key, which was not read, is set.
    pub(super) fn is_written(&self, key: &str) -> bool {
        self.leaves.by_key.get(key).is_some_and(|leaf| !matches!(leaf.raw, Raw::Unset))
    }

    /// Whether something is wrong with the key, or with one in the section of this name.
    pub(super) fn faulty(&self, key: &str) -> bool {
        let concerns = |rest: &str| rest.is_empty() || rest.starts_with('.');
        self.faults.iter().any(|fault| fault.key().strip_prefix(key).is_some_and(concerns))
    }

    /// The effective configuration and everything that is wrong, the keys that nobody asked for included.
    pub(super) fn finish(mut self) -> (Value, Vec<ConfigFault>) {
        let known: Vec<&str> = self.shown.keys().map(String::as_str).collect();
        self.faults.extend(unknown::faults(&self.leaves, &known));
        let mut tree = Value::Object(serde_json::Map::new());
        for (key, value) in self.shown {
            let mut place = &mut tree;
            for name in key.split('.') {
                if place.is_null() {
                    *place = Value::Object(serde_json::Map::new());
                }
                place = &mut place[name];
            }
            *place = value;
        }
        // A list within another was read behind it.
        for list in self.lists.iter().rev() {
            if let Some(tables) = tree.pointer_mut(&format!("/{}", list.replace('.', "/"))) {
                // By their places, because by their keys 10 stands before 2.
                *tables =
                    (0..).map_while(|place| tables.get_mut(place.to_string()).map(Value::take)).collect();
            }
        }
        (tree, self.faults)
    }

    /// Everything that is wrong with what was read; of the other keys nothing is known.
    pub(super) fn faults(self) -> Vec<ConfigFault> {
        self.faults
    }

    fn take(&mut self, key: &str) -> Option<Raw> {
        let Leaf { raw, origin } = self.leaves.by_key.remove(key)?;
        if matches!(raw, Raw::Unset) {
            return None;
        }
        self.origins.insert(key.to_owned(), origin);
        Some(raw)
    }
}
