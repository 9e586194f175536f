//! Where Redis is and how long is waited for it. Owns the form of its URL; connects to nothing.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use zeroize::Zeroizing;

/// What stands behind the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisMode {
    /// One server.
    Single,
    /// Sentinels, which know the server that is the master now.
    Sentinel {
        /// What the sentinels call it.
        master_name: String,
    },
    /// A Redis Cluster; the URL names some of its nodes.
    Cluster,
}

impl RedisMode {
    const fn default_port(&self) -> u16 {
        match self {
            Self::Single | Self::Cluster => 6379,
            Self::Sentinel { .. } => 26_379,
        }
    }
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RedisAddress {
    /// A name, or an IP address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(formatter, "[{host}]:{port}")
        } else {
            write!(formatter, "{host}:{port}")
        }
    }
}

/// Who asks. Sentinels are asked without it first, and with the same when they want one.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisLogin {
    /// The user; `None` for the default user.
    pub username: Option<String>,
    /// The password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for RedisLogin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisLogin")
            .field("username", &self.username)
            .field("password", &MASK)
            .finish()
    }
}

/// Where the counters are, and how long is waited for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisOptions {
    /// What stands behind the servers.
    pub mode: RedisMode,
    /// The server, or the sentinels, or some nodes of the cluster; at least one.
    pub servers: Vec<RedisAddress>,
    /// Whether all of it goes over TLS (`rediss://`). Certificates are checked against the machine's roots.
    pub tls: bool,
    /// Roots to check certificates against instead, in PEM. Default none.
    pub tls_roots: Option<Vec<u8>>,
    /// Name and password, if the server wants them.
    pub login: Option<RedisLogin>,
    /// The number of the database; 0 on a cluster.
    pub db: u32,
    /// What every key begins with. Without braces, which would move the part that says where on a cluster a key lives.
    /// Default `sparrow-verify`.
    pub key_prefix: String,
    /// How long making one connection may take. Default 1 s.
    pub connect_timeout: Duration,
    /// How long a call may take in all, a connection that has to be made included. Default 1 s.
    pub answer_timeout: Duration,
}

/// What a password is shown as.
const MASK: &str = "********";

/// Why a text is no URL of Redis. Never repeats the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisUrlFault {
    /// It has not the form.
    #[error(
        "must be redis://HOST:PORT or redis://USER:PASSWORD@HOST:PORT (rediss:// for TLS; several hosts with commas \
         between; /DB at the end); signs other than letters and digits in a password are written as %XX"
    )]
    Form,
    /// It has parameters.
    #[error("must not have parameters (`?` or `#`); they are settings of their own")]
    Parameters,
    /// A port is none.
    #[error("must have ports from 1 to 65535")]
    Port,
    /// There is a user and no password.
    #[error(
        "must have a password where it has a user: redis://USER:PASSWORD@HOST, or redis://:PASSWORD@HOST"
    )]
    NoPassword,
    /// One server was to be named.
    #[error("must name one host, unless `counters.mode` is \"sentinel\" or \"cluster\"")]
    SeveralHosts,
    /// The database is no number.
    #[error("must end in the number of a database, such as /0, or in nothing")]
    Db,
    /// A cluster has no databases.
    #[error("must not name a database, because a cluster has one only")]
    ClusterDb,
}

impl RedisOptions {
    /// Reads `redis://[[user]:password@]host[:port][,host[:port]...][/db]`, `rediss://` for TLS. Several hosts for
    /// sentinels and clusters only; a database not for clusters. The default port is 6379, of a sentinel 26379.
    ///
    /// # Errors
    /// [`RedisUrlFault`], which says what is allowed.
    pub fn from_url(url: &str, mode: RedisMode) -> Result<Self, RedisUrlFault> {
        let (scheme, rest) = url.split_once("://").ok_or(RedisUrlFault::Form)?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "redis" => false,
            "rediss" => true,
            _ => return Err(RedisUrlFault::Form),
        };
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Some(read_login(login)?), rest),
            None => (None, rest),
        };
        if rest.contains(['?', '#']) {
            return Err(RedisUrlFault::Parameters);
        }
        let (hosts, db) = rest.split_once('/').unwrap_or((rest, ""));
        let servers: Vec<_> =
            hosts.split(',').map(|host| read_host(host, mode.default_port())).collect::<Result<_, _>>()?;
        if mode == RedisMode::Single && servers.len() > 1 {
            return Err(RedisUrlFault::SeveralHosts);
        }
        let db = match db {
            "" => 0,
            db if db.bytes().all(|byte| byte.is_ascii_digit()) => {
                db.parse().map_err(|_| RedisUrlFault::Db)?
            }
            _ => return Err(RedisUrlFault::Db),
        };
        if mode == RedisMode::Cluster && db != 0 {
            return Err(RedisUrlFault::ClusterDb);
        }
        Ok(Self {
            mode,
            servers,
            tls,
            tls_roots: None,
            login,
            db,
            key_prefix: "sparrow-verify".to_owned(),
            connect_timeout: Duration::from_secs(1),
            answer_timeout: Duration::from_secs(1),
        })
    }

    /// The URL, with `********` for the password.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut url = if self.tls { "rediss://" } else { "redis://" }.to_owned();
        if let Some(login) = &self.login {
            let user = login.username.as_deref().map(encoded).unwrap_or_default();
            // Writing to a String does not fail.
            let _ = write!(url, "{user}:{MASK}@");
        }
        let hosts: Vec<_> = self.servers.iter().map(ToString::to_string).collect();
        url.push_str(&hosts.join(","));
        if self.db != 0 {
            let _ = write!(url, "/{}", self.db);
        }
        url
    }
}

fn read_login(text: &str) -> Result<RedisLogin, RedisUrlFault> {
    let (username, password) = text.split_once(':').ok_or(RedisUrlFault::NoPassword)?;
    let username = decoded(username).ok_or(RedisUrlFault::Form)?;
    let password = decoded(password).ok_or(RedisUrlFault::Form)?;
    if password.is_empty() {
        return Err(RedisUrlFault::NoPassword);
    }
    let username = (!username.is_empty()).then(|| username.to_string());
    Ok(RedisLogin { username, password })
}

fn read_host(text: &str, default_port: u16) -> Result<RedisAddress, RedisUrlFault> {
    let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or(RedisUrlFault::Form)?)),
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(plain) {
        return Err(RedisUrlFault::Form);
    }
    let port = match port {
        None => default_port,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            port.parse().ok().filter(|port| *port != 0).ok_or(RedisUrlFault::Port)?
        }
        Some(_) => return Err(RedisUrlFault::Port),
    };
    Ok(RedisAddress { host: host.to_owned(), port })
}

/// A text with its `%XX` resolved; `None` when one of them is none.
fn decoded(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = if byte == b'%' {
            let (high, low) =
                (char::from(rest.next()?).to_digit(16)?, char::from(rest.next()?).to_digit(16)?);
            u8::try_from(high * 16 + low).ok()?
        } else {
            byte
        };
        bytes.push(byte);
    }
    std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}

/// The reverse, for a name.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentinel() -> RedisMode {
        RedisMode::Sentinel { master_name: "mymaster".to_owned() }
    }

    fn hosts(options: &RedisOptions) -> Vec<String> {
        options.servers.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_url_says_where_redis_is() {
        let options = RedisOptions::from_url("redis://cache", RedisMode::Single).unwrap();
        assert_eq!((hosts(&options), options.tls, options.db), (vec!["cache:6379".to_owned()], false, 0));
        assert_eq!(options.login, None);

        let options =
            RedisOptions::from_url("REDISS://ram:p%40ss%2F@[::1]:7000/3", RedisMode::Single).unwrap();
        assert_eq!((hosts(&options), options.tls, options.db), (vec!["[::1]:7000".to_owned()], true, 3));
        let login = options.login.unwrap();
        assert_eq!((login.username.as_deref(), login.password.as_str()), (Some("ram"), "p@ss/"));

        let options = RedisOptions::from_url("redis://:x@a,b:7,c/1", sentinel()).unwrap();
        assert_eq!(hosts(&options), ["a:26379", "b:7", "c:26379"]);
        assert_eq!(options.login.unwrap().username, None);
        assert_eq!(
            hosts(&RedisOptions::from_url("redis://a,b/", RedisMode::Cluster).unwrap()),
            ["a:6379", "b:6379"]
        );
    }

    #[test]
    fn a_fault_says_what_is_allowed_and_never_repeats_the_url() {
        for (url, mode, fault) in [
            ("", RedisMode::Single, RedisUrlFault::Form),
            ("localhost:6379", RedisMode::Single, RedisUrlFault::Form),
            ("http://private", RedisMode::Single, RedisUrlFault::Form),
            ("redis://", RedisMode::Single, RedisUrlFault::Form),
            ("redis://a,,b", RedisMode::Cluster, RedisUrlFault::Form),
            ("redis://:private%4@a", RedisMode::Single, RedisUrlFault::Form),
            ("redis://:private%ff@a", RedisMode::Single, RedisUrlFault::Form),
            ("redis://[::1]x", RedisMode::Single, RedisUrlFault::Form),
            ("redis://a b", RedisMode::Single, RedisUrlFault::Form),
            ("redis://private@a", RedisMode::Single, RedisUrlFault::NoPassword),
            ("redis://private:@a", RedisMode::Single, RedisUrlFault::NoPassword),
            ("redis://a:0", RedisMode::Single, RedisUrlFault::Port),
            ("redis://a:65536", RedisMode::Single, RedisUrlFault::Port),
            ("redis://a:private", RedisMode::Single, RedisUrlFault::Port),
            ("redis://a:", RedisMode::Single, RedisUrlFault::Port),
            ("redis://a,b", RedisMode::Single, RedisUrlFault::SeveralHosts),
            ("redis://a/private", RedisMode::Single, RedisUrlFault::Db),
            ("redis://a/-1", RedisMode::Single, RedisUrlFault::Db),
            ("redis://a/1/2", sentinel(), RedisUrlFault::Db),
            ("redis://a/1", RedisMode::Cluster, RedisUrlFault::ClusterDb),
            ("redis://a?protocol=2", RedisMode::Single, RedisUrlFault::Parameters),
            ("redis://a/0#insecure", RedisMode::Single, RedisUrlFault::Parameters),
        ] {
            let answer = RedisOptions::from_url(url, mode).map(|options| options.shown());
            assert_eq!(answer, Err(fault), "{url}");
            let text = fault.to_string();
            assert!(text.starts_with("must ") && !text.contains("private"), "{text}");
        }
    }

    #[test]
    fn a_password_is_neither_shown_nor_debugged() {
        let url = "rediss://r%40m:private@a:1,b:2/5";
        let options = RedisOptions::from_url(url, sentinel()).unwrap();
        assert_eq!(options.shown(), "rediss://r%40m:********@a:1,b:2/5");
        assert!(!format!("{options:#?}").contains("private"));
        for url in ["redis://a:1", "rediss://[::1]:7", "redis://a:1,b:2/4"] {
            assert_eq!(RedisOptions::from_url(url, sentinel()).unwrap().shown(), url);
        }
    }
}
