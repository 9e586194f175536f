//! Redis over TLS: certificates are checked, and what does not fit says so.

use std::net::TcpListener;
use std::path::Path;

use adapters::redis::{RedisCounters, RedisMode, RedisOptions};
use domain::ports::{Counters, chain};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use servers::own::Redis;
use tempfile::TempDir;

use super::harness::{Sender, begin, beside, counters_at, is_taken};

/// Makes a root, and a certificate under it for this machine.
fn certificates() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, pem: String| std::fs::write(directory.path().join(name), pem).unwrap();
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = KeyPair::generate().unwrap();
    write("root.pem", root.self_signed(&root_key).unwrap().pem());
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
    write("server.pem", server.signed_by(&key, &Issuer::new(root, root_key)).unwrap().pem());
    write("server.key", key.serialize_pem());
    directory
}

/// Lets a server listen for TLS too; on which port.
async fn listen_for_tls(server: &Redis, certificates: &Path) -> u16 {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = |name: &str| certificates.join(name).to_str().unwrap().to_owned();
    let mut beside = beside(server.url()).await;
    for (setting, value) in [
        ("tls-cert-file", file("server.pem")),
        ("tls-key-file", file("server.key")),
        ("tls-ca-cert-file", file("root.pem")),
        ("tls-auth-clients", "no".to_owned()),
        ("tls-port", port.to_string()),
    ] {
        let set = redis::cmd("CONFIG").arg("SET").arg(setting).arg(value).exec_async(&mut beside).await;
        set.expect("this test needs a Redis that was built with TLS");
    }
    port
}

async fn failure(counters: &RedisCounters) -> String {
    chain(&counters.ping().await.unwrap_err())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_reached_over_tls_and_its_certificate_checked() {
    let server = Redis::start().await;
    let certificates = certificates();
    let port = listen_for_tls(&server, certificates.path()).await;
    let roots = std::fs::read(certificates.path().join("root.pem")).unwrap();
    let with_roots = |url: &str| {
        let options = RedisOptions::from_url(url, RedisMode::Single).unwrap();
        RedisCounters::new(RedisOptions { tls_roots: Some(roots.clone()), ..options })
    };
    for host in ["127.0.0.1", "localhost"] {
        let counters = with_roots(&format!("rediss://{host}:{port}"));
        let send = Sender::with_account(1, 5).send(1, 1);
        assert!(is_taken(&counters.take(&send, begin()).await.unwrap()), "{host}");
    }

    let text = failure(&counters_at(&format!("rediss://127.0.0.1:{port}"), RedisMode::Single)).await;
    assert!(text.contains("over TLS") && text.contains("certificate"), "an unknown root: {text}");
    let text = failure(&with_roots(&format!("rediss://[::ffff:127.0.0.1]:{port}"))).await;
    assert!(text.contains("over TLS") && text.contains("certificate"), "another name: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheme_that_does_not_fit_the_server_says_so() {
    let server = Redis::start().await;
    let text = failure(&counters_at(&server.url().replace("redis://", "rediss://"), RedisMode::Single)).await;
    assert!(text.contains("over TLS (rediss://)"), "{text}");

    let certificates = certificates();
    let port = listen_for_tls(&server, certificates.path()).await;
    let text = failure(&counters_at(&format!("redis://127.0.0.1:{port}"), RedisMode::Single)).await;
    assert!(text.contains("without TLS (redis://)"), "{text}");
}
