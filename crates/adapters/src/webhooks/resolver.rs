//! From a name to addresses that may be dialled.

use std::io;
use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::public::is_public;

/// The system's resolver, of which only public addresses come through. What it answers is what is dialled.
#[derive(Debug)]
pub(super) struct PublicAddresses;

/// All addresses of a name are private. Which they are is not told.
#[derive(Debug, thiserror::Error)]
#[error("the name stands for addresses that are not public")]
pub(super) struct AddressForbidden;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is the URL's; 0 leaves it to the client.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = public_of(found)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// Those that may be dialled.
fn public_of(
    found: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
    let (allowed, forbidden): (Vec<_>, Vec<_>) = found.partition(|address| is_public(address.ip()));
    match (allowed.is_empty(), forbidden.is_empty()) {
        (false, _) => Ok(allowed),
        (true, false) => Err(AddressForbidden.into()),
        (true, true) => Err(io::Error::from(io::ErrorKind::NotFound).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(addresses: &[&str]) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
        public_of(addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)))
    }

    #[test]
    fn only_public_addresses_of_a_name_are_dialled() {
        let allowed = judged(&["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111"]).unwrap();
        let allowed: Vec<String> = allowed.iter().map(|address| address.ip().to_string()).collect();
        assert_eq!(allowed, ["8.8.8.8", "2606:4700::1111"]);
    }

    #[test]
    fn a_name_that_stands_for_private_addresses_only_is_forbidden() {
        assert!(judged(&["127.0.0.1", "::1", "169.254.169.254"]).unwrap_err().is::<AddressForbidden>());
        assert!(!judged(&[]).unwrap_err().is::<AddressForbidden>());
    }

    #[tokio::test]
    async fn the_name_of_this_machine_is_forbidden() {
        let resolved = PublicAddresses.resolve("localhost".parse().unwrap()).await;
        assert!(resolved.err().unwrap().is::<AddressForbidden>());
    }
}
