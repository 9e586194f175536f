//! Why the settings of a generic gateway are not taken: where, and what. Owns the words; they never hold a value that could
//! be secret.

/// Why no gateway can be made of settings.
#[derive(Debug, thiserror::Error)]
pub enum HttpGatewaySettingsFault {
    /// One of the settings cannot be taken.
    #[error("`{key}`{} {problem}", place(at))]
    Setting {
        /// The setting by its field's name: `url`, `form`, `success.json`, `credit.url`.
        key: &'static str,
        /// Where in it: a header's or field's name, a JSON pointer, the number of a rule beginning with 1; may be empty.
        at: String,
        /// What is wrong.
        problem: HttpGatewayProblem,
    },
    /// The HTTP client could not be made, for want of root certificates most of all.
    #[error("the HTTP client of the gateway could not be made")]
    Client(#[source] reqwest::Error),
}

fn place(at: &str) -> String {
    if at.is_empty() { String::new() } else { format!(" ({at})") }
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpGatewayProblem {
    /// The name is no slug.
    #[error("must have 1 to 40 lower-case letters, digits and inner dashes")]
    Name,
    /// The sender has white space around it, a control character, or is too long.
    #[error("must have at most {max} bytes, without white space around")]
    Sender {
        /// The most bytes.
        max: usize,
    },
    /// It is no URL, or has no host.
    #[error("must be a URL such as https://example.com/sms, of at most {max} bytes")]
    Url {
        /// The most bytes.
        max: usize,
    },
    /// The URL holds more than an address.
    #[error(
        "must hold no user, password or fragment; `basic_auth_user` and `basic_auth_password` are for them"
    )]
    UrlParts,
    /// The URL holds a brace.
    #[error("must hold no placeholder: addresses are logged by others")]
    UrlPlaceholder,
    /// Secrets and texts would cross the network in the clear.
    #[error(
        "must begin with https://: the host {host} is not this machine, and plain http is for loopback addresses and \
         localhost only"
    )]
    NotHttps {
        /// The host.
        host: String,
    },
    /// There are too many, or one is too long.
    #[error("is too much: at most {max} {what}")]
    TooMuch {
        /// The most.
        max: usize,
        /// Of what.
        what: &'static str,
    },
    /// It is no header's name.
    #[error("is not the name of a header")]
    HeaderName,
    /// The gateway sets this header itself.
    #[error("is a header that the gateway sets itself")]
    HeaderReserved,
    /// It is there more than once.
    #[error("is there more than once")]
    Twice,
    /// A header's value, once filled in, has characters that no header may have.
    #[error("has characters that a header may not have: visible ASCII and spaces are")]
    HeaderValue,
    /// A brace has no partner.
    #[error("has a brace without its partner; a brace that stands for itself is doubled")]
    Brace,
    /// Something else in braces.
    #[error(
        "has a placeholder that there is not; there are {{to}}, {{to_digits}}, {{to_national}}, {{text}}, {{sender}}, \
         {{secret}}, {{secret.NAME}} and {{id}}"
    )]
    Placeholder,
    /// Phone or text where others would log them.
    #[error("has {{{name}}}, which stands in the body of a send and nowhere else")]
    PlaceholderHere {
        /// The placeholder.
        name: &'static str,
    },
    /// It names a secret that is not set.
    #[error("has {{secret}} or {{secret.NAME}} of a secret that is not set")]
    NoSecret,
    /// It has `{sender}`, and there is none.
    #[error("has {{sender}}, and no sender is set")]
    NoSender,
    /// No template of the body has `{text}`, or none has the phone.
    #[error("has no {{{name}}}: the SMS would arrive without")]
    Lacks {
        /// What is lacking.
        name: &'static str,
    },
    /// The name of a secret is none.
    #[error("is no name: 1 to 40 lower-case letters, digits, dashes and underscores")]
    SecretName,
    /// The secret is empty, too long, or has a control character.
    #[error("must have 1 to {max} bytes and no control characters")]
    Secret {
        /// The most bytes.
        max: usize,
    },
    /// The user of basic authentication is none.
    #[error("must name a user without a colon, of 1 to {max} visible characters")]
    User {
        /// The most bytes.
        max: usize,
    },
    /// Two ways to authenticate.
    #[error("cannot be set together with `basic_auth_user`")]
    TwoAuths,
    /// No status, or one that cannot mean success.
    #[error("must name at least one status of 200 to 299")]
    SuccessStatus,
    /// No status.
    #[error("must name at least one status")]
    NoStatus,
    /// It is no JSON pointer.
    #[error("is no JSON pointer (RFC 6901): it is empty or begins with a slash, as /data/id does")]
    Pointer,
    /// A condition that nothing fulfils.
    #[error("must name at least one value")]
    NoValue,
    /// The time-outs do not fit each other.
    #[error("must be 0 < connect_timeout < total_timeout <= {max} s")]
    Timeouts {
        /// The longest total time-out in seconds.
        max: u64,
    },
}

impl HttpGatewayProblem {
    /// The fault of a setting, and where in it.
    pub(super) fn of(self, key: &'static str, at: impl Into<String>) -> HttpGatewaySettingsFault {
        HttpGatewaySettingsFault::Setting { key, at: at.into(), problem: self }
    }
}
