//! Keys that change, and issuers that do not answer.

use domain::ports::{Dependency, PortErrorKind};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::issuer::{Signer, claims, set};
use super::server::{Play, Server};
use super::*;

const LONG: Duration = Duration::from_hours(1);
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads once at the start, and again at once when asked.
const EAGER: KeeperTiming =
    KeeperTiming { refresh: LONG, again: Duration::ZERO, keep: LONG, patience: PATIENCE };
/// Reads once at the start.
const PATIENT: KeeperTiming = KeeperTiming { again: LONG, ..EAGER };

fn of(server: &Server, timing: KeeperTiming) -> JwtTokens {
    tokens(JwtKeys::Published(JwksSource::Url(server.url.clone()), timing))
}

async fn is_unavailable(tokens: &JwtTokens, token: &str) {
    let error = asked(tokens, token).await.unwrap_err();
    assert_eq!((error.dependency, error.kind), (Dependency::Issuer, PortErrorKind::Unavailable));
}

/// Asks until the answer is this, within a time that is ample.
async fn becomes(
    tokens: &JwtTokens,
    token: &str,
    wanted: impl Fn(&Result<Option<String>, PortError>) -> bool,
) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = asked(tokens, token).await;
        if wanted(&answer) {
            return;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn keys_are_read_once_for_many_tokens() {
    let signer = Signer::p256("one");
    let server = Server::start(Play::set(&set(&[&signer]))).await;
    let tokens = of(&server, EAGER);
    let all: Vec<_> = (0..64).map(|number| signer.token(&claims(&format!("user-{number}")))).collect();
    let names = join_all(all.iter().map(|token| name(&tokens, token))).await;
    assert!(names.iter().all(Option::is_some));
    assert_eq!(server.calls(), 1);
}

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it_once_for_all() {
    let (old, new) = (Signer::p256("old"), Signer::ed25519("new"));
    let server = Server::start(Play::set(&set(&[&old]))).await;
    let tokens = of(&server, EAGER);
    assert!(name(&tokens, &old.token(&claims("ram"))).await.is_some());
    // Slow enough for all of them to wait for it.
    let slowly = Play::Slowly(set(&[&old, &new]).to_string(), Duration::from_millis(200));
    server.now_plays(slowly);
    let token = new.token(&claims("ram"));
    let names = join_all((0..64).map(|_| name(&tokens, &token))).await;
    assert!(names.iter().all(|name| name.as_deref() == Some("ram")), "{names:?}");
    assert_eq!(server.calls(), 2);
    assert!(name(&tokens, &old.token(&claims("ram"))).await.is_some(), "the old key is still published");

    // The old one is taken back: it counts until the next reading, and not afterwards.
    server.now_plays(Play::set(&set(&[&new])));
    let unknown = Signer::p256("unknown");
    assert_eq!(name(&tokens, &unknown.token(&claims("ram"))).await, None);
    assert_eq!(name(&tokens, &old.token(&claims("ram"))).await, None);
}

#[tokio::test]
async fn made_up_names_of_keys_do_not_make_it_ask_again_and_again() {
    let signer = Signer::p256("one");
    let server = Server::start(Play::set(&set(&[&signer]))).await;
    let tokens = of(&server, PATIENT);
    assert!(name(&tokens, &signer.token(&claims("ram"))).await.is_some());
    for number in 0..100 {
        let other = Signer::p256(&format!("made-up-{number}"));
        assert_eq!(name(&tokens, &other.token(&claims("ram"))).await, None);
    }
    assert_eq!(server.calls(), 1);
}

#[tokio::test]
async fn keys_are_read_again_in_the_background() {
    let (old, new) = (Signer::p256("old"), Signer::p256("new"));
    let server = Server::start(Play::set(&set(&[&old]))).await;
    let timing = KeeperTiming { refresh: Duration::from_millis(20), ..EAGER };
    let tokens = of(&server, timing);
    assert!(name(&tokens, &old.token(&claims("ram"))).await.is_some());
    server.now_plays(Play::set(&set(&[&new])));
    becomes(&tokens, &old.token(&claims("ram")), |answer| matches!(answer, Ok(None))).await;
}

#[tokio::test]
async fn keys_are_kept_while_the_issuer_does_not_answer_but_not_for_ever() {
    let signer = Signer::p256("one");
    let token = signer.token(&claims("ram"));
    let server = Server::start(Play::set(&set(&[&signer]))).await;
    let every = Duration::from_millis(5);
    let lasting = of(&server, KeeperTiming { refresh: every, again: every, ..EAGER });
    assert!(name(&lasting, &token).await.is_some());
    server.now_plays(Play::head("500 Internal Server Error"));
    let calls = server.calls();
    let deadline = Instant::now() + PATIENCE;
    while server.calls() < calls + 3 {
        assert!(Instant::now() < deadline, "it goes on asking");
        assert!(name(&lasting, &token).await.is_some());
        tokio::time::sleep(every).await;
    }
    drop(lasting);

    server.now_plays(Play::set(&set(&[&signer])));
    let keep = Duration::from_millis(300);
    let short = of(&server, KeeperTiming { refresh: every, again: every, keep, ..EAGER });
    becomes(&short, &token, |answer| matches!(answer, Ok(Some(_)))).await;
    server.now_plays(Play::Close);
    becomes(&short, &token, Result::is_err).await;
    is_unavailable(&short, &token).await;
    server.now_plays(Play::set(&set(&[&signer])));
    becomes(&short, &token, |answer| matches!(answer, Ok(Some(_)))).await;
}

#[tokio::test]
async fn without_keys_nobody_can_tell() {
    let signer = Signer::p256("one");
    let token = signer.token(&claims("ram"));
    let good = set(&[&signer]);
    let elsewhere = Server::start(Play::set(&good)).await;
    let redirect = format!("302 Found\r\nLocation: {}", elsewhere.url);
    let mut long = good.clone();
    long["pad"] = json!("x".repeat(256 * 1024));
    let unbounded = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{long}").into_bytes();
    let many = json!({"keys": vec![signer.jwk(); 65]});
    for play in [
        Play::head("404 Not Found"),
        Play::head(&redirect),
        Play::Close,
        Play::body(""),
        Play::body("<html>"),
        Play::body("{}"),
        Play::body("[]"),
        Play::body(r#"{"keys": {}}"#),
        Play::set(&long),
        Play::Answer(unbounded),
        Play::set(&many),
        Play::Answer(b"no HTTP at all\r\n\r\n".to_vec()),
    ] {
        let server = Server::start(play).await;
        is_unavailable(&of(&server, PATIENT), &token).await;
        assert_eq!(server.calls(), 1);
    }
    assert_eq!(elsewhere.calls(), 0, "a redirect is not followed");
    let silent = Server::start(Play::Silence).await;
    let timing = KeeperTiming { patience: Duration::from_millis(50), ..PATIENT };
    is_unavailable(&of(&silent, timing), &token).await;
    // What is no token is refused without keys.
    assert_eq!(name(&of(&silent, timing), "svk_nonsense").await, None);
}

#[tokio::test]
async fn an_issuer_without_keys_is_believed() {
    let signer = Signer::p256("one");
    let server = Server::start(Play::set(&json!({"keys": []}))).await;
    assert_eq!(name(&of(&server, PATIENT), &signer.token(&claims("ram"))).await, None);
}

#[tokio::test]
async fn a_caller_who_hangs_up_ends_nothing_for_others() {
    let signer = Signer::p256("one");
    let token = signer.token(&claims("ram"));
    let slowly = Play::Slowly(set(&[&signer]).to_string(), Duration::from_millis(100));
    let server = Server::start(slowly).await;
    let tokens = of(&server, PATIENT);
    let hung_up = tokio::time::timeout(Duration::from_millis(10), name(&tokens, &token)).await;
    assert!(hung_up.is_err());
    assert_eq!(name(&tokens, &token).await.as_deref(), Some("ram"));
    assert_eq!(server.calls(), 1);
}

#[tokio::test]
async fn a_file_that_is_replaced_is_read_again() {
    let (old, new) = (Signer::p256("old"), Signer::p256("new"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("jwks.json");
    let source = JwksSource::File(path.clone());
    let every = Duration::from_millis(5);
    let timing = KeeperTiming { refresh: every, again: every, ..KeeperTiming::FILE };
    let tokens = tokens(JwtKeys::Published(source, timing));
    is_unavailable(&tokens, &old.token(&claims("ram"))).await;
    std::fs::write(&path, set(&[&old]).to_string()).unwrap();
    becomes(&tokens, &old.token(&claims("ram")), |answer| matches!(answer, Ok(Some(_)))).await;
    std::fs::write(directory.path().join("next"), set(&[&new]).to_string()).unwrap();
    std::fs::rename(directory.path().join("next"), &path).unwrap();
    becomes(&tokens, &new.token(&claims("ram")), |answer| matches!(answer, Ok(Some(_)))).await;
    becomes(&tokens, &old.token(&claims("ram")), |answer| matches!(answer, Ok(None))).await;
    std::fs::remove_file(&path).unwrap();
    assert!(name(&tokens, &new.token(&claims("ram"))).await.is_some(), "they are kept");
}
