//! `[database]` and `[counters]`: what the service stands on. Owns which settings go together.

use std::path::PathBuf;
use std::time::Duration;

use adapters::redis::{RedisMode, RedisOptions};
use adapters::sql::{PostgresOptions, SqliteOptions};
use serde_json::{Value, json};

use super::raw::{self, Raw};
use super::reader::{Reader, SecretKeys};
use super::secret::MASK;
use super::setting::{Setting, from_text};

const DATABASE: SecretKeys<'static> = SecretKeys { value: "database.url", file: "database.url_file" };
const COUNTERS: SecretKeys<'static> = SecretKeys { value: "counters.url", file: "counters.url_file" };
const MASKED: &str = "has the mask that stands for a password; set the password itself";

/// The database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseConfig {
    /// A file of this machine. Default `sqlite:sparrow-verify.db`, in the working directory.
    Sqlite(SqliteOptions),
    /// A server.
    Postgres(Box<PostgresOptions>),
}

/// What counts the sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CountersConfig {
    /// The database, which is an `SQLite` one.
    Database,
    /// Redis.
    Redis(RedisOptions),
}

/// Database and counters.
pub(super) fn storage(reader: &mut Reader) -> (DatabaseConfig, CountersConfig) {
    let database = database(reader);
    let counters = counters(reader);
    if let (DatabaseConfig::Postgres(_), CountersConfig::Database) = (&database, &counters)
        && !reader.faulty("counters")
    {
        reader.fault(
            COUNTERS.value,
            "must be a Redis, such as redis://127.0.0.1:6379, because `database.url` names PostgreSQL; \
             \"database\" counts in SQLite only",
        );
    }
    (database, counters)
}

fn database(reader: &mut Reader) -> DatabaseConfig {
    let (seconds, minute) = (Duration::from_secs, Duration::from_mins(1));
    let url = reader.setting_or_file(DATABASE, DatabaseUrl::Sqlite(PathBuf::from("sparrow-verify.db"))).value;
    let acquire_timeout = reader.within("database.acquire_timeout", seconds(5), seconds(1)..=minute);
    // All keys are read, whichever database it is: a file may prepare for the other one.
    let busy_timeout = reader.within("database.busy_timeout", seconds(5), seconds(1)..=minute);
    let readers = reader.within("database.readers", 4, 1..=64);
    let connections_max = reader.within("database.connections_max", 16, 1..=1000);
    let connect_timeout = reader.within("database.connect_timeout", seconds(3), seconds(1)..=minute);
    let statement_timeout = reader.within("database.statement_timeout", seconds(5), seconds(1)..=minute);
    let idle_timeout =
        reader.within("database.idle_timeout", minute * 10, seconds(10)..=Duration::from_hours(24));
    match url {
        DatabaseUrl::Sqlite(path) => {
            DatabaseConfig::Sqlite(SqliteOptions { path, busy_timeout, acquire_timeout, readers })
        }
        DatabaseUrl::Postgres(options) => DatabaseConfig::Postgres(Box::new(PostgresOptions {
            connections_max,
            connect_timeout,
            acquire_timeout,
            statement_timeout,
            idle_timeout,
            ..*options
        })),
    }
}

fn counters(reader: &mut Reader) -> CountersConfig {
    let url = reader.setting_or_file(COUNTERS, CountersUrl::Database);
    let mode = reader.setting("counters.mode", Mode::Single);
    let master_name = reader.setting("counters.sentinel_master", "mymaster".to_owned());
    let key_prefix = reader.setting("counters.key_prefix", KeyPrefix("sparrow-verify".to_owned())).0;
    let (least, most) = (Duration::from_millis(50), Duration::from_secs(10));
    let connect_timeout = reader.within("counters.connect_timeout", Duration::from_secs(1), least..=most);
    let answer_timeout = reader.within("counters.answer_timeout", Duration::from_secs(1), least..=most);
    let tls_roots = tls_roots(reader);
    if tls_roots.is_some() && matches!(&url.value, CountersUrl::Redis(text) if !text.starts_with("rediss:")) {
        reader.fault("counters.tls_ca_file", "is for TLS only; begin the url with rediss://");
    }
    let CountersUrl::Redis(text) = url.value else { return CountersConfig::Database };
    let mode = match mode {
        Mode::Single => RedisMode::Single,
        Mode::Sentinel => RedisMode::Sentinel { master_name },
        Mode::Cluster => RedisMode::Cluster,
    };
    let options = RedisOptions::from_url(&text, mode).map_err(|fault| fault.to_string());
    let Some(options) = reader.reported(url.key, options) else { return CountersConfig::Database };
    if url.key == COUNTERS.value {
        reader.show(COUNTERS.value, json!(options.shown()));
    }
    CountersConfig::Redis(RedisOptions { tls_roots, key_prefix, connect_timeout, answer_timeout, ..options })
}

/// The certificates that a Redis with TLS is trusted by, where they are not the system's.
fn tls_roots(reader: &mut Reader) -> Option<Vec<u8>> {
    let key = "counters.tls_ca_file";
    let path = reader.path(key)?;
    let text = raw::file_text(&path).map_err(|problem| format!("names {}, which {problem}", path.display()));
    let text = reader.reported(key, text)?;
    Some(text.as_bytes().to_vec())
}

/// Where the database is.
#[derive(Debug)]
enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres(Box<PostgresOptions>),
}

impl Setting for DatabaseUrl {
    fn read(raw: &Raw) -> Result<Self, String> {
        const ALLOWED: &str =
            "must be sqlite:PATH, sqlite:///ABSOLUTE/PATH or postgres://USER:PASSWORD@HOST:PORT/DATABASE";
        let url = raw.text().ok_or(ALLOWED)?;
        let scheme = url.split(':').next().unwrap_or_default();
        if ["postgres", "postgresql"].iter().any(|postgres| scheme.eq_ignore_ascii_case(postgres)) {
            if url.contains(MASK) {
                return Err(MASKED.to_owned());
            }
            let options = PostgresOptions::from_url(url).map_err(|fault| fault.to_string())?;
            return Ok(Self::Postgres(Box::new(options)));
        }
        let path = url.strip_prefix("sqlite:").ok_or(ALLOWED)?;
        let path = match path.strip_prefix("//") {
            Some(absolute) if absolute.starts_with('/') => absolute,
            Some(_) => return Err(format!("has two slashes; {ALLOWED}")),
            None => path,
        };
        if path.starts_with(":memory:") {
            return Err(format!("names a database in memory, which would forget its accounts; {ALLOWED}"));
        }
        if path.contains(['?', '#']) {
            return Err(format!("has parameters, which are settings of their own here; {ALLOWED}"));
        }
        if path.is_empty() || path.ends_with('/') || path.contains(char::is_control) {
            return Err(format!("names no file; {ALLOWED}"));
        }
        Ok(Self::Sqlite(PathBuf::from(path)))
    }

    fn shown(&self) -> Value {
        match self {
            Self::Sqlite(path) => json!(format!("sqlite:{}", path.display())),
            Self::Postgres(options) => json!(options.shown()),
        }
    }
}

/// Where the counters are; a Redis is parsed when its mode is known.
enum CountersUrl {
    Database,
    Redis(zeroize::Zeroizing<String>),
}

impl Setting for CountersUrl {
    fn read(raw: &Raw) -> Result<Self, String> {
        let allowed = "must be \"database\" or redis://USER:PASSWORD@HOST:PORT (rediss:// for TLS; several hosts \
                       with commas between)";
        let text = raw.text().ok_or(allowed)?;
        if text == "database" {
            return Ok(Self::Database);
        }
        let scheme = text.split(':').next().unwrap_or_default();
        if !["redis", "rediss"].iter().any(|redis| scheme.eq_ignore_ascii_case(redis)) {
            return Err(allowed.to_owned());
        }
        if text.contains(MASK) {
            return Err(MASKED.to_owned());
        }
        Ok(Self::Redis(text.to_owned().into()))
    }

    fn shown(&self) -> Value {
        match self {
            Self::Database => json!("database"),
            // The mode decides about ports: it is shown when that is known.
            Self::Redis(_) => Value::Null,
        }
    }
}

/// What answers at `counters.url`.
#[derive(Clone, Copy)]
enum Mode {
    Single,
    Sentinel,
    Cluster,
}

impl Setting for Mode {
    fn read(raw: &Raw) -> Result<Self, String> {
        from_text(raw, "must be \"single\", \"sentinel\" or \"cluster\"", |text| match text {
            "single" => Some(Self::Single),
            "sentinel" => Some(Self::Sentinel),
            "cluster" => Some(Self::Cluster),
            _ => None,
        })
    }

    fn shown(&self) -> Value {
        match self {
            Self::Single => json!("single"),
            Self::Sentinel => json!("sentinel"),
            Self::Cluster => json!("cluster"),
        }
    }
}

/// What the keys in Redis begin with.
struct KeyPrefix(String);

impl Setting for KeyPrefix {
    fn read(raw: &Raw) -> Result<Self, String> {
        // A brace would move the part of the key that says where on a cluster it lives.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
        from_text(raw, "must be 1 to 64 letters, digits, `-`, `_`, `.` or `:`", |text| {
            let is_one = (1..=64).contains(&text.len()) && text.bytes().all(plain);
            is_one.then(|| Self(text.to_owned()))
        })
    }

    fn shown(&self) -> Value {
        json!(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<DatabaseUrl, String> {
        DatabaseUrl::read(&Raw::Text(url.to_owned().into()))
    }

    #[test]
    fn an_sqlite_database_is_a_file() {
        for (url, path) in [
            ("sqlite:verify.db", "verify.db"),
            ("sqlite:./data/verify.db", "./data/verify.db"),
            ("sqlite:/var/lib/verify.db", "/var/lib/verify.db"),
            ("sqlite:///var/lib/verify.db", "/var/lib/verify.db"),
        ] {
            assert!(matches!(read(url), Ok(DatabaseUrl::Sqlite(file)) if file == *path), "{url}");
        }
    }

    #[test]
    fn what_is_no_database_is_refused() {
        for url in [
            "",
            "verify.db",
            "sqlite:",
            "sqlite://verify.db",
            "sqlite::memory:",
            "sqlite:a.db?mode=ro",
            "sqlite:a/",
            "mysql://x",
        ] {
            let problem = read(url).err().unwrap();
            assert!(problem.contains("sqlite:PATH"), "{url}: {problem}");
        }
    }

    #[test]
    fn a_password_is_neither_shown_nor_told() {
        for url in [
            "postgres://ram:private@host/verify",
            "POSTGRESQL://ram:private@h1:5432,h2:5433/verify?sslmode=require",
        ] {
            let shown = read(url).unwrap().shown().to_string();
            assert!(!shown.contains("private") && shown.contains("ram:********@"), "{shown}");
            let masked = read(shown.trim_matches('"')).err().unwrap();
            assert_eq!(masked, MASKED);
        }
        let problem = read("postgres://ram:private@host:port/verify").err().unwrap();
        assert!(!problem.contains("private") && !problem.contains("ram"), "{problem}");
    }
}
