//! Configuration as it was written: single settings by their dotted keys, each with its origin. Owns the files, the
//! environment and which of them wins; never knows what a setting means.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use ::config::{FileFormat, Format as _, Map, Value, ValueKind};
use zeroize::Zeroizing;

use super::Sources;
use super::fault::ConfigFault;

/// What the names of our environment variables begin with.
pub(super) const VARIABLE_PREFIX: &str = "SPARROW_VERIFY__";
/// The most bytes of a file that are read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// The tutorial's own names, and the keys they stand for.
const TUTORIAL_KEYS: [(&str, &str); 2] =
    [("SPARROW_TOKEN", "sparrow.token"), ("SPARROW_IDENTITY", "sparrow.identity")];

/// A value as it was written. Has no `Debug`: it may be a secret. It is erased when dropped; copies that the parsers
/// made are not.
pub(super) enum Raw {
    Text(Zeroizing<String>),
    /// Text of an environment variable, where numbers and lists are text as well.
    Variable(Zeroizing<String>),
    Integer(i64),
    Boolean(bool),
    List(Vec<Raw>),
    /// A null: takes back what an earlier file set.
    Unset,
    /// A section without a setting in it.
    EmptySection,
    /// Something that no setting is: a fraction, a section within a list.
    Other,
}

impl Raw {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Variable(text) => Some(text),
            Self::Integer(_)
            | Self::Boolean(_)
            | Self::List(_)
            | Self::Unset
            | Self::EmptySection
            | Self::Other => None,
        }
    }
}

/// A value and where it was set.
pub(super) struct Leaf {
    pub(super) raw: Raw,
    pub(super) origin: String,
}

/// The settings of one file.
#[derive(Default)]
struct InFile {
    by_key: BTreeMap<String, Leaf>,
    /// The keys of its lists, those of tables included.
    lists: BTreeSet<String>,
}

/// The settings of all sources, the later over the earlier.
#[derive(Default)]
pub(super) struct Leaves {
    pub(super) by_key: BTreeMap<String, Leaf>,
    /// Files that hold the tutorial's own names.
    pub(super) tutorial_files: BTreeSet<String>,
    /// Whether all sources were read; what is missing may otherwise be in those that were not.
    pub(super) complete: bool,
}

/// The settings of all sources, and what is wrong with the sources.
pub(super) fn read(sources: &Sources) -> (Leaves, Vec<ConfigFault>) {
    let mut leaves = Leaves::default();
    let mut faults = Vec::new();
    for path in &sources.files {
        match table(path, format_of(path)) {
            Ok(table) => {
                let origin = path.display().to_string();
                let in_file = leaves_of_file(table, &origin, &mut leaves, &mut faults);
                replace_lists(&mut leaves.by_key, &in_file.lists);
                leaves.by_key.extend(in_file.by_key);
            }
            Err(problem) => faults.push(ConfigFault::new(path.display().to_string(), problem)),
        }
    }
    leaves.complete = faults.is_empty();
    for (name, value) in &sources.environment {
        let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else { continue };
        if rest.contains(|character: char| character.is_ascii_lowercase() || character == '.') {
            faults.push(ConfigFault::new(
                name,
                "must be written in capitals, with __ between the parts of the key",
            ));
        } else if !value.is_empty() {
            let raw = Raw::Variable(Zeroizing::new(value.clone()));
            leaves
                .by_key
                .insert(rest.to_ascii_lowercase().replace("__", "."), Leaf { raw, origin: name.clone() });
        }
    }
    (leaves, faults)
}

/// The name of the environment variable that sets `key`.
pub(super) fn variable(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"))
}

/// The text of a file of at most [`FILE_BYTES_MAX`] bytes, or what is wrong with it.
pub(super) fn file_text(path: &Path) -> Result<Zeroizing<String>, String> {
    let mut text = Zeroizing::new(String::new());
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
    match read {
        Ok(bytes) if bytes as u64 > FILE_BYTES_MAX => Err("is larger than 1 MiB".to_owned()),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err("is not UTF-8 text".to_owned()),
        Err(error) => Err(format!("cannot be read: {error}")),
    }
}

/// The tutorial's settings out of its own file, token first; the other keys of that file are Django's.
pub(super) fn tutorial_settings(path: &Path) -> Result<[Option<Raw>; 2], String> {
    let mut table = table(path, Some(FileFormat::Json))?;
    Ok(TUTORIAL_KEYS.map(|(name, _)| {
        let value = raw(table.remove(name)?.kind);
        (!matches!(value, Raw::Unset)).then_some(value)
    }))
}

fn format_of(path: &Path) -> Option<FileFormat> {
    let extension = path.extension()?.to_str()?;
    [("toml", FileFormat::Toml), ("json", FileFormat::Json)]
        .into_iter()
        .find_map(|(known, format)| extension.eq_ignore_ascii_case(known).then_some(format))
}

fn table(path: &Path, format: Option<FileFormat>) -> Result<Map<String, Value>, String> {
    let format = format.ok_or("must end in .toml or .json")?;
    let text = file_text(path)?;
    format.parse(None, &text).map_err(|error| {
        let (name, otherwise) = if format == FileFormat::Toml {
            ("TOML", "a number in it is too large")
        } else {
            ("JSON", "it must be an object of sections")
        };
        // Only the line is told: the rest of the message quotes the file, which may hold a secret.
        match line_of(error.as_ref()) {
            Some(line) => format!("is not valid {name} at line {line}"),
            None => format!("is not valid {name}: {otherwise}"),
        }
    })
}

fn line_of(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<usize> {
    if let Some(error) = error.downcast_ref::<serde_json::Error>() {
        return (error.line() > 0).then(|| error.line());
    }
    let text = error.to_string();
    let digits = text.strip_prefix("TOML parse error at line ")?;
    digits[..digits.find(|character: char| !character.is_ascii_digit())?].parse().ok()
}

fn leaves_of_file(
    mut table: Map<String, Value>,
    origin: &str,
    leaves: &mut Leaves,
    faults: &mut Vec<ConfigFault>,
) -> InFile {
    let tutorial = TUTORIAL_KEYS.map(|(name, key)| (name, key, table.remove(name)));
    let mut found = InFile::default();
    flatten("", table, origin, &mut found);
    for (name, key, value) in tutorial {
        let Some(value) = value else { continue };
        leaves.tutorial_files.insert(origin.to_owned());
        if found.by_key.contains_key(key) {
            let problem = format!("is set twice, also as `{name}`; keep one of them");
            faults.push(ConfigFault::new(key, problem).set_in(Some(origin.to_owned())));
        }
        found.by_key.insert(key.to_owned(), leaf(value.kind, origin));
    }
    found
}

/// Takes out what earlier files set in lists that this file sets anew: a list is replaced as a whole.
fn replace_lists(earlier: &mut BTreeMap<String, Leaf>, lists: &BTreeSet<String>) {
    let concerns = |rest: &str| rest.is_empty() || rest.starts_with('.');
    earlier.retain(|key, _| !lists.iter().any(|list| key.strip_prefix(list.as_str()).is_some_and(concerns)));
}

fn flatten(prefix: &str, table: Map<String, Value>, origin: &str, found: &mut InFile) {
    for (name, value) in table {
        let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
        // A dot within a name must not pass for one between two names.
        let name = if !name.is_empty() && name.chars().all(plain) { name } else { format!("{name:?}") };
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        if matches!(value.kind, ValueKind::Array(_)) {
            found.lists.insert(key.clone());
        }
        match value.kind {
            ValueKind::Table(table) if !table.is_empty() => flatten(&key, table, origin, found),
            // A list of tables (`[[routes]]`) is read as sections that are named by their places: `routes.0`.
            ValueKind::Array(items) if is_list_of_tables(&items) => {
                let places = items.into_iter().enumerate().map(|(place, item)| (place.to_string(), item));
                flatten(&key, places.collect(), origin, found);
            }
            kind @ (ValueKind::Nil
            | ValueKind::Boolean(_)
            | ValueKind::I64(_)
            | ValueKind::I128(_)
            | ValueKind::U64(_)
            | ValueKind::U128(_)
            | ValueKind::Float(_)
            | ValueKind::String(_)
            | ValueKind::Table(_)
            | ValueKind::Array(_)) => {
                found.by_key.insert(key, leaf(kind, origin));
            }
        }
    }
}

fn is_list_of_tables(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(|item| matches!(item.kind, ValueKind::Table(_)))
}

fn leaf(kind: ValueKind, origin: &str) -> Leaf {
    Leaf { raw: raw(kind), origin: origin.to_owned() }
}

fn raw(kind: ValueKind) -> Raw {
    match kind {
        ValueKind::String(text) => Raw::Text(Zeroizing::new(text)),
        ValueKind::I64(number) => Raw::Integer(number),
        ValueKind::Boolean(truth) => Raw::Boolean(truth),
        ValueKind::Array(items) => Raw::List(items.into_iter().map(|item| raw(item.kind)).collect()),
        ValueKind::Table(table) if table.is_empty() => Raw::EmptySection,
        ValueKind::Nil => Raw::Unset,
        ValueKind::Table(_)
        | ValueKind::Float(_)
        | ValueKind::I128(_)
        | ValueKind::U64(_)
        | ValueKind::U128(_) => Raw::Other,
    }
}
