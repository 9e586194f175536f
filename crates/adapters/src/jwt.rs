//! JWTs of an application's own sign-in (RFC 7519, with the advice of RFC 8725). Owns what a token must be like to speak
//! for an account; never issues one.
//!
//! A token is taken when all of this holds, and whatever is amiss reads the same:
//! * it has at most [`TOKEN_BYTES_MAX`] bytes and is signed, compact, by one of the algorithms that are configured; `none`
//!   is no algorithm;
//! * the key is one of the issuer's own, made for signing and for this very algorithm: a public key is never a secret,
//!   and what a token says about keys itself (`jwk`, `jku`, `x5u`) is not looked at;
//! * it asks for nothing that has to be understood (`crit`), and its type is that of a token of access or identity;
//! * `iss` and `aud` are as configured, `exp` is there and not over, `nbf` is not to come;
//! * the claim that names the account is text that is a username.

mod algorithm;
mod claims;
mod jwks;
mod keeper;
mod key;
mod signature;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::application::ApplicationId;
use domain::ports::{Identity, IdentityTokens, PortError};
use domain::time::Timestamp;
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Header, Validation, decode, decode_header};
use serde_json::{Map, Value};

pub use self::algorithm::JwtAlgorithm;
use self::claims::Demands;
pub use self::jwks::JwksSource;
use self::keeper::Keeper;
pub use self::keeper::KeeperTiming;
use self::key::Key;
pub use self::key::{JwtKey, JwtKeyFault};

/// The longest token that is read. Those of common issuers have one or two KiB.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Whose tokens are trusted, and for what.
#[derive(Clone, Debug)]
pub struct JwtSettings {
    /// The application whose accounts they speak for.
    pub application: ApplicationId,
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must be or hold.
    pub audience: String,
    /// How they may be signed.
    pub algorithms: Vec<JwtAlgorithm>,
    /// How far the issuer's clock may be off.
    pub leeway: Duration,
    /// The claim that names the account.
    pub username_claim: String,
    /// What they are verified with.
    pub keys: JwtKeys,
}

/// What tokens are verified with.
#[derive(Clone, Debug)]
pub enum JwtKeys {
    /// One key that does not change.
    Fixed(JwtKey),
    /// The keys that the issuer publishes, which change.
    Published(JwksSource, KeeperTiming),
}

/// Reads the JWTs of the issuers that are trusted.
#[derive(Debug)]
pub struct JwtTokens {
    issuers: Vec<Issuer>,
}

/// One issuer, and the application that trusts it.
struct Issuer {
    application: ApplicationId,
    demands: Demands,
    /// What the library is to look at, for each algorithm that is allowed.
    validations: Vec<(JwtAlgorithm, Validation)>,
    keys: Keys,
}

enum Keys {
    Fixed(Arc<Key>),
    Published(Keeper),
}

/// The settings cannot be used: the client that fetches keys cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("could not make the client that fetches the issuer's keys")]
pub struct JwtSettingsFault(#[from] reqwest::Error);

impl JwtTokens {
    /// Reads tokens under these settings. Keys that are published are fetched from now on, in the background of the
    /// present runtime, until this is dropped.
    ///
    /// # Errors
    /// [`JwtSettingsFault`] when no client can be made that fetches the keys.
    pub fn new(settings: Vec<JwtSettings>) -> Result<Self, JwtSettingsFault> {
        signature::install_provider();
        let issuers = settings.into_iter().map(Issuer::new).collect::<Result<_, _>>()?;
        Ok(Self { issuers })
    }
}

impl Issuer {
    fn new(settings: JwtSettings) -> Result<Self, JwtSettingsFault> {
        let JwtSettings { application, issuer, audience, algorithms, leeway, username_claim, keys } =
            settings;
        let validations =
            algorithms.into_iter().map(|algorithm| (algorithm, validation(algorithm, &issuer, &audience)));
        Ok(Self {
            application,
            validations: validations.collect(),
            demands: Demands { issuer, audience, leeway, username_claim },
            keys: match keys {
                JwtKeys::Fixed(key) => Keys::Fixed(Arc::new(key.0)),
                JwtKeys::Published(source, timing) => Keys::Published(Keeper::start(source, timing)?),
            },
        })
    }

    /// Whom a token with this header speaks for, if it is of this issuer.
    async fn identity(
        &self,
        token: &str,
        header: &Header,
        now: Timestamp,
    ) -> Result<Option<Identity>, PortError> {
        let allowed = self.validations.iter().find(|(known, _)| known.of_library() == header.alg);
        let Some((algorithm, validation)) = allowed else { return Ok(None) };
        for key in self.keys(header, *algorithm).await? {
            // The library would compare families only.
            if key.algorithm != *algorithm {
                continue;
            }
            if let Ok(data) = decode::<Map<String, Value>>(token, &key.decoding, validation) {
                let username = self.demands.username(&data.claims, now);
                let application = self.application.clone();
                return Ok(username.map(|username| Identity { application, username }));
            }
        }
        Ok(None)
    }

    /// The keys that may have signed a token.
    async fn keys(&self, header: &Header, algorithm: JwtAlgorithm) -> Result<Vec<Arc<Key>>, PortError> {
        match &self.keys {
            // There is but one: what the issuer calls it does not matter.
            Keys::Fixed(key) => Ok(vec![key.clone()]),
            Keys::Published(keeper) => keeper.keys(header.kid.as_deref(), algorithm).await,
        }
    }
}

/// What the library looks at. Time is not its affair: it would read a clock of its own.
fn validation(algorithm: JwtAlgorithm, issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(algorithm.of_library());
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

#[async_trait]
impl IdentityTokens for JwtTokens {
    async fn identity(&self, token: &str, now: Timestamp) -> Result<Option<Identity>, PortError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Ok(not_believed("it is too long"));
        }
        let Ok(header) = decode_header(token) else {
            return Ok(not_believed("its header cannot be read, or names an algorithm that is none"));
        };
        if !is_plain(&header) {
            return Ok(not_believed("it is of another type, or asks for what must be understood (crit)"));
        }
        // What it claims says whose keys to ask for, and saves asking for those of a token that is not good anyway.
        let Ok(claims) = insecure_decode_claims::<Map<String, Value>>(token) else {
            return Ok(not_believed("its claims cannot be read"));
        };
        let mut is_expected = false;
        for issuer in &self.issuers {
            if issuer.demands.username(&claims, now).is_some() {
                is_expected = true;
                if let Some(identity) = issuer.identity(token, &header, now).await? {
                    return Ok(Some(identity));
                }
            }
        }
        Ok(not_believed(if is_expected {
            "no key of its issuer verifies it by an algorithm that is allowed"
        } else {
            "its issuer, audience, times or username are not as an application demands"
        }))
    }
}

/// Tells whoever listens why; the caller is told nothing.
fn not_believed(reason: &'static str) -> Option<Identity> {
    tracing::debug!(reason, "a token of a sign-in (JWT) was not believed");
    None
}

/// Whether a header asks for nothing that would have to be understood, and is of a token that says who somebody is: a
/// token that an issuer has signed for another use, such as a notice of signing out, is none (RFC 8725, 3.11).
fn is_plain(header: &Header) -> bool {
    let kind = header.typ.as_deref().map(str::to_ascii_lowercase);
    let kind = kind.as_deref().map(|kind| kind.strip_prefix("application/").unwrap_or(kind));
    header.crit.is_none() && matches!(kind, None | Some("jwt" | "at+jwt"))
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("application", &self.application)
            .field("demands", &self.demands)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
