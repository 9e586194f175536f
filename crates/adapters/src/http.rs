//! How others are called over HTTP. Owns what holds for each call, whoever is called: it goes where the operator said and
//! nowhere else, and is made once.

use reqwest::{Client, ClientBuilder, redirect, retry};

use crate::tls;

/// A client that asks no proxy, follows no redirect and repeats nothing. Its times and its addresses are for whoever
/// builds it to bound.
pub(crate) fn client() -> ClientBuilder {
    tls::install_provider();
    Client::builder()
        .user_agent(concat!("sparrow-verify/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
}
