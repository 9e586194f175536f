//! Sets of keys that an issuer publishes (RFC 7517), at an address or in a file. Owns how one is read, and within which
//! bounds.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;

use super::key::Key;
use crate::http;

/// The longest set that is read.
const SET_BYTES_MAX: usize = 256 * 1024;
/// The most keys of a set.
const KEYS_MAX: usize = 64;

/// Where an issuer publishes its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JwksSource {
    /// At an `https` address; `http` is for this machine.
    Url(String),
    /// In a file, which is replaced when keys change.
    File(PathBuf),
}

/// Reads the set.
pub(super) enum Reader {
    Url(Client, String),
    File(PathBuf),
}

/// A set could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("the issuer did not answer")]
    Http(#[source] reqwest::Error),
    #[error("the issuer answered with status {0}")]
    Status(u16),
    #[error("the file could not be read")]
    File(#[source] std::io::Error),
    #[error("the set has more than {SET_BYTES_MAX} bytes")]
    TooLong,
    #[error("it took longer than {0:?}")]
    TooLate(Duration),
    #[error("what was read is no set of keys (JSON with a list `keys`)")]
    NoSet(#[source] serde_json::Error),
    #[error("the set has more than {KEYS_MAX} keys")]
    TooMany,
}

impl Reader {
    pub(super) fn new(source: JwksSource, patience: Duration) -> Result<Self, reqwest::Error> {
        let url = match source {
            JwksSource::File(path) => return Ok(Self::File(path)),
            JwksSource::Url(url) => url,
        };
        let encrypted = !url.to_ascii_lowercase().starts_with("http:");
        let builder = http::client()
            .https_only(encrypted)
            .connect_timeout(patience)
            .timeout(patience)
            .pool_max_idle_per_host(0);
        let builder = if encrypted { builder } else { builder.tls_certs_only([]) };
        Ok(Self::Url(builder.build()?, url))
    }

    /// The keys of the set that are of use.
    pub(super) async fn read(&self) -> Result<Vec<Arc<Key>>, ReadError> {
        let set = match self {
            Self::Url(client, url) => fetched(client, url).await?,
            Self::File(path) => {
                let mut set = Vec::new();
                let file = tokio::fs::File::open(path).await.map_err(ReadError::File)?;
                let bound = SET_BYTES_MAX as u64 + 1;
                file.take(bound).read_to_end(&mut set).await.map_err(ReadError::File)?;
                set
            }
        };
        keys(&set)
    }
}

async fn fetched(client: &Client, url: &str) -> Result<Vec<u8>, ReadError> {
    let failed = |error: reqwest::Error| ReadError::Http(error.without_url());
    let mut answer = client.get(url).header("accept", "application/json").send().await.map_err(failed)?;
    if answer.status() != reqwest::StatusCode::OK {
        return Err(ReadError::Status(answer.status().as_u16()));
    }
    let mut set = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(failed)? {
        set.extend_from_slice(&part);
        if set.len() > SET_BYTES_MAX {
            return Err(ReadError::TooLong);
        }
    }
    Ok(set)
}

/// The keys of a set that are of use; the others are left out, because issuers publish keys of other uses beside.
fn keys(set: &[u8]) -> Result<Vec<Arc<Key>>, ReadError> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    if set.len() > SET_BYTES_MAX {
        return Err(ReadError::TooLong);
    }
    let Set { keys } = serde_json::from_slice(set).map_err(ReadError::NoSet)?;
    if keys.len() > KEYS_MAX {
        return Err(ReadError::TooMany);
    }
    let mut usable = Vec::with_capacity(keys.len());
    for (place, key) in keys.into_iter().enumerate() {
        match Key::from_jwk(key) {
            Ok(key) => usable.push(Arc::new(key)),
            Err(why) => tracing::debug!(place, why, "a key of the issuer's set is of no use here"),
        }
    }
    Ok(usable)
}
