//! The web origins that a code can be bound to.

const SCHEME: &str = "https://";

/// The most bytes of a host. DNS allows more; an SMS has no room for it.
pub const HOST_BYTES_MAX: usize = 64;

/// A web origin as the domain line of an SMS can say it: `https://`, a host, the default port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin as browsers write it: `https://example.com`, lower case, no port, no slash at the end. Names
    /// beyond ASCII come in punycode.
    ///
    /// # Errors
    /// [`OriginFault`], which says what to change.
    pub fn parse(text: &str) -> Result<Self, OriginFault> {
        let host = text.strip_prefix(SCHEME).ok_or(OriginFault::Scheme)?;
        if host.contains(['/', '?', '#', '@', '\\']) {
            return Err(OriginFault::NotOnlyHost);
        }
        if host.contains(':') {
            return Err(OriginFault::Port);
        }
        if host.len() > HOST_BYTES_MAX {
            return Err(OriginFault::HostTooLong);
        }
        if host != "localhost" && !is_domain(host) {
            return Err(OriginFault::Host);
        }
        Ok(Self(text.to_owned()))
    }

    /// The origin: `https://example.com`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host: `example.com`.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.strip_prefix(SCHEME).unwrap_or_default()
    }
}

/// Why a text is no origin that a code can be bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginFault {
    /// Something other than `https://` first.
    #[error("the origin does not begin with https://")]
    Scheme,
    /// A path, a query, a fragment or a user name.
    #[error("the origin has more than a host after https://; leave away the slash and what follows")]
    NotOnlyHost,
    /// A port, for which the domain line has no place.
    #[error("the origin has a port; codes can be bound to the default port only")]
    Port,
    /// More than [`HOST_BYTES_MAX`] bytes of host.
    #[error("the host is longer than {HOST_BYTES_MAX} characters")]
    HostTooLong,
    /// Not a domain name in lower-case ASCII: an address, an empty label, an underscore.
    #[error("the host is no domain name in lower case such as example.com")]
    Host,
}

/// Two labels or more of letters, digits and inner dashes; the last begins with a letter, as IPv4 addresses do not.
fn is_domain(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.rsplit_once('.').is_some_and(|(_, top)| top.starts_with(|first: char| first.is_ascii_lowercase()))
        && host.split('.').all(is_label)
}
