//! Tokens of an application's own sign-in that are known beforehand.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;

use super::demand::locked;
use super::trouble::Trouble;
use crate::ports::{Dependency, Identity, IdentityTokens, PortError};
use crate::time::Timestamp;

/// Reads the tokens that a test has made known, each until its end.
#[derive(Debug)]
pub struct KnownIdentities(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    trouble: Trouble,
    tokens: BTreeMap<String, (Identity, Timestamp)>,
}

impl Default for KnownIdentities {
    fn default() -> Self {
        Self(Mutex::new(Inner { trouble: Trouble::new(Dependency::Issuer), tokens: BTreeMap::new() }))
    }
}

impl KnownIdentities {
    /// Makes a token known that ends at `ends_at`.
    pub fn know(&self, token: &str, identity: Identity, ends_at: Timestamp) {
        locked(&self.0).tokens.insert(token.to_owned(), (identity, ends_at));
    }

    /// Whether the keys of the issuer are not to be had from now on.
    pub fn set_down(&self, down: bool) {
        locked(&self.0).trouble.set_down(down);
    }
}

#[async_trait]
impl IdentityTokens for KnownIdentities {
    async fn identity(&self, token: &str, now: Timestamp) -> Result<Option<Identity>, PortError> {
        let mut inner = locked(&self.0);
        inner.trouble.enter("identity")?;
        let known = inner.tokens.get(token).filter(|(_, ends_at)| now < *ends_at);
        Ok(known.map(|(identity, _)| identity.clone()))
    }
}
