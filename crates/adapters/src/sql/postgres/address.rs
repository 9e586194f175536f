//! Where a PostgreSQL is and who asks there: its URL. Owns how one is read and how it is shown; never shows a password.

use std::fmt;
use std::path::PathBuf;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use zeroize::Zeroizing;

/// The hosts of a PostgreSQL, and what a connection to them begins with.
///
/// `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?SETTING=VALUE&SETTING=VALUE`, also with `postgresql`. The port
/// is 5432 where there is none, a host is a name, an address (an IPv6 one in brackets) or the directory of a Unix socket
/// (`%2Frun%2Fpostgresql`), and characters with a meaning in a URL are written `%XX`. The settings, which are libpq's:
///
/// - `sslmode`: `disable`, `prefer` (the default: TLS where the server has it), `require` (TLS, whoever answers),
///   `verify-ca`, `verify-full` (TLS, and the server is who it should be: use this wherever others can reach the
///   network). With `sslrootcert`, `require` means `verify-ca`.
/// - `sslrootcert`: a file with certificates to trust besides those of the machine.
/// - `sslcert` and `sslkey`: files with the certificate and the key by which the server knows its client.
/// - `target_session_attrs`: `read-write` (the default: of several hosts the one that is the primary) or `any`.
/// - `application_name`: by what the server knows its client; `sparrow-verify` when it is absent.
///
/// Of libpq's environment variables `PGUSER`, `PGOPTIONS`, `PGSSLROOTCERT`, `PGSSLCERT` and `PGSSLKEY` say what the URL
/// leaves open.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    hosts: Vec<Host>,
    user: Option<String>,
    password: Zeroizing<String>,
    database: String,
    settings: Settings,
    shown: String,
}

/// One of the hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Host {
    name: String,
    port: u16,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Settings {
    tls: Option<Tls>,
    root_certificate: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    target: Option<Target>,
    application_name: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tls {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    ReadWrite,
    Any,
}

/// Why a text is no URL of a PostgreSQL. Says what is allowed and does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, with several HOST:PORT between commas: {0}")]
pub struct PostgresUrlFault(&'static str);

const NO_SCHEME: PostgresUrlFault = PostgresUrlFault("it does not begin with postgres:// or postgresql://");
const NO_HOST: PostgresUrlFault = PostgresUrlFault("it has no host, or an empty one");
const NO_PORT: PostgresUrlFault = PostgresUrlFault("a port is a number from 1 to 65535");
const NO_DATABASE: PostgresUrlFault = PostgresUrlFault("it has no name of a database");
const TOO_MANY_HOSTS: PostgresUrlFault = PostgresUrlFault("it has more than 16 hosts");
const NOT_ENCODED: PostgresUrlFault = PostgresUrlFault(
    "special characters, such as `@`, `/`, `?`, `#` and `%` in a password, are written %XX (in UTF-8)",
);
const UNKNOWN_SETTING: PostgresUrlFault = PostgresUrlFault(
    "behind the `?` there may be, once each, sslmode, sslrootcert, sslcert, sslkey, target_session_attrs and \
     application_name; time-outs and the size of the pool are settings of their own",
);
const NO_TLS: PostgresUrlFault =
    PostgresUrlFault("sslmode is disable, prefer, require, verify-ca or verify-full");
const NO_TARGET: PostgresUrlFault = PostgresUrlFault("target_session_attrs is read-write or any");
const HALF_A_CERTIFICATE: PostgresUrlFault = PostgresUrlFault("sslcert and sslkey go together");
const ROOT_IS_NOT_ASKED: PostgresUrlFault =
    PostgresUrlFault("sslrootcert is for sslmode=verify-full, verify-ca or require");

const PORT: u16 = 5432;
const HOSTS_MAX: usize = 16;
const APPLICATION_NAME: &str = "sparrow-verify";
const MASK: &str = "********";

impl PostgresAddress {
    pub(super) fn parse(url: &str) -> Result<Self, PostgresUrlFault> {
        let (scheme, rest) = url.split_once("://").ok_or(NO_SCHEME)?;
        if !["postgres", "postgresql"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(NO_SCHEME);
        }
        if rest.contains(|character: char| {
            character == '#' || character.is_whitespace() || character.is_control()
        }) {
            return Err(NOT_ENCODED);
        }
        let (place, settings) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        // A password that was not encoded would be taken for a host, a port and a database, and shown.
        if database.contains(['@', '/']) {
            return Err(NOT_ENCODED);
        }
        let (who, hosts) =
            authority.rsplit_once('@').map_or((None, authority), |(who, hosts)| (Some(who), hosts));
        let (user, password) = match who.map(|who| who.split_once(':').unwrap_or((who, ""))) {
            Some((user, password)) => (Some(decoded(user)?), Zeroizing::new(decoded(password)?)),
            None => (None, Zeroizing::default()),
        };
        let database = decoded(database)?;
        if database.is_empty() {
            return Err(NO_DATABASE);
        }
        let address = Self {
            hosts: hosts.split(',').map(host).collect::<Result<_, _>>()?,
            user: user.filter(|user| !user.is_empty()),
            password,
            database,
            settings: self::settings(settings)?,
            shown: shown(url),
        };
        if address.hosts.len() > HOSTS_MAX { Err(TOO_MANY_HOSTS) } else { Ok(address) }
    }

    /// The URL, with a mask instead of the password.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether only a primary will do.
    pub(super) fn wants_primary(&self) -> bool {
        match self.settings.target {
            None | Some(Target::ReadWrite) => true,
            Some(Target::Any) => false,
        }
    }

    /// How to connect to each host, in their order, and by what name it goes in errors.
    pub(super) fn hosts(&self) -> Vec<(String, PgConnectOptions)> {
        let everywhere = self.everywhere();
        self.hosts
            .iter()
            .map(|host| (host.to_string(), everywhere.clone().host(&host.name).port(host.port)))
            .collect()
    }

    fn everywhere(&self) -> PgConnectOptions {
        let settings = &self.settings;
        let mode = match (settings.tls, &settings.root_certificate) {
            (Some(Tls::Require), Some(_)) => Tls::VerifyCa,
            (tls, _) => tls.unwrap_or(Tls::Prefer),
        };
        let mut options = PgConnectOptions::new_without_pgpass()
            .password(&self.password)
            .database(&self.database)
            .ssl_mode(match mode {
                Tls::Disable => PgSslMode::Disable,
                Tls::Prefer => PgSslMode::Prefer,
                Tls::Require => PgSslMode::Require,
                Tls::VerifyCa => PgSslMode::VerifyCa,
                Tls::VerifyFull => PgSslMode::VerifyFull,
            })
            .application_name(settings.application_name.as_deref().unwrap_or(APPLICATION_NAME))
            .disable_statement_logging();
        if let Some(user) = &self.user {
            options = options.username(user);
        }
        if let Some(root) = &settings.root_certificate {
            options = options.ssl_root_cert(root);
        }
        if let (Some(certificate), Some(key)) = (&settings.certificate, &settings.key) {
            options = options.ssl_client_cert(certificate).ssl_client_key(key);
        }
        options
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

fn host(text: &str) -> Result<Host, PostgresUrlFault> {
    let (name, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, behind)) => (address, Some(behind.strip_prefix(':').ok_or(NO_PORT)?)),
        None => text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port))),
    };
    let name = decoded(name)?;
    if name.is_empty() {
        return Err(NO_HOST);
    }
    let port = match port {
        None => PORT,
        Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or(NO_PORT)?,
    };
    Ok(Host { name, port })
}

fn settings(text: &str) -> Result<Settings, PostgresUrlFault> {
    let mut settings = Settings::default();
    for setting in text.split('&').filter(|setting| !setting.is_empty()) {
        let (name, value) = setting.split_once('=').ok_or(UNKNOWN_SETTING)?;
        let value = decoded(value)?;
        let set_before = match name {
            "sslmode" => settings.tls.replace(tls(&value).ok_or(NO_TLS)?).is_some(),
            "sslrootcert" => settings.root_certificate.replace(value.into()).is_some(),
            "sslcert" => settings.certificate.replace(value.into()).is_some(),
            "sslkey" => settings.key.replace(value.into()).is_some(),
            "target_session_attrs" => settings.target.replace(target(&value).ok_or(NO_TARGET)?).is_some(),
            "application_name" => settings.application_name.replace(value).is_some(),
            _ => true,
        };
        if set_before {
            return Err(UNKNOWN_SETTING);
        }
    }
    if settings.certificate.is_some() != settings.key.is_some() {
        return Err(HALF_A_CERTIFICATE);
    }
    let asks_for_root = matches!(settings.tls, Some(Tls::Require | Tls::VerifyCa | Tls::VerifyFull));
    if settings.root_certificate.is_some() && !asks_for_root {
        return Err(ROOT_IS_NOT_ASKED);
    }
    Ok(settings)
}

fn tls(text: &str) -> Option<Tls> {
    match text {
        "disable" => Some(Tls::Disable),
        "prefer" => Some(Tls::Prefer),
        "require" => Some(Tls::Require),
        "verify-ca" => Some(Tls::VerifyCa),
        "verify-full" => Some(Tls::VerifyFull),
        _ => None,
    }
}

fn target(text: &str) -> Option<Target> {
    match text {
        "read-write" => Some(Target::ReadWrite),
        "any" => Some(Target::Any),
        _ => None,
    }
}

/// The text with its `%XX` resolved; every `%` begins one.
fn decoded(text: &str) -> Result<String, PostgresUrlFault> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).ok_or(NOT_ENCODED)?;
        // `from_str_radix` takes a sign as well.
        if !code.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NOT_ENCODED);
        }
        bytes.push(u8::from_str_radix(code, 16).map_err(|_| NOT_ENCODED)?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or(NOT_ENCODED)
}

/// The URL as given, with a mask instead of the password.
fn shown(url: &str) -> String {
    let after_scheme = url.find("://").map_or(0, |place| place + 3);
    let authority_end = url[after_scheme..].find(['/', '?']).map_or(url.len(), |place| after_scheme + place);
    let authority = &url[after_scheme..authority_end];
    let password =
        authority.rfind('@').and_then(|end| authority[..end].find(':').map(|begin| begin + 1..end));
    let mut shown = url.to_owned();
    if let Some(password) = password.filter(|password| !password.is_empty()) {
        shown.replace_range(after_scheme + password.start..after_scheme + password.end, MASK);
    }
    shown
}

#[cfg(test)]
mod tests;
