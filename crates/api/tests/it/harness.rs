//! A front end of one's own over a world of fakes, and the calls to make of it.

mod answer;
mod call;
mod contract;
mod schemas;

use std::sync::Arc;
use std::time::Duration;

use api::{Api, ApiSettings};
use domain::account::{Account, Username};
use domain::application::ApplicationId;
use domain::credential::{Credential, CredentialKind, Scope};
use domain::guess::GuessTotals;
use domain::limit::LimitName;
use domain::phone::PhoneParser;
use domain::policy::Policy;
use domain::ports::{Clock, CredentialFilter};
use domain::testkit::{World, phone};
use domain::time::Day;
use domain::use_cases::{Verifier, accounts, credentials};
use domain::verification::Verification;
use poem::Endpoint;
use poem::endpoint::BoxEndpoint;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

pub(crate) use answer::Answer;
pub(crate) use call::{Call, call, delete, get, post, put};
pub(crate) use contract::Contract;
pub(crate) use schemas::conforms;

pub(crate) const START: &str = "/v1/verifications";
pub(crate) const CHECK_PHONE: &str = "/v1/verifications/checks";
pub(crate) const PHONE: &str = "9845550123";
pub(crate) const OTHER_PHONE: &str = "9805550123";
/// An id that no verification has.
pub(crate) const UNKNOWN_ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// The front end, and the world that it stands on.
pub(crate) struct Service {
    pub(crate) world: World,
    /// Shared, so that a server can have it as well.
    pub(crate) endpoint: Arc<BoxEndpoint<'static>>,
    tasks: TaskTracker,
    pub(crate) contract: Contract,
}

/// Everything that a refusal must leave as it is.
#[derive(Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) verifications: Vec<Verification>,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) sent: usize,
    counted: usize,
    guesses: [GuessTotals; 2],
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::over(World::new())
    }

    pub(crate) fn with_policy(policy: Policy) -> Self {
        Self::over(World::with_policy(policy))
    }

    pub(crate) fn over(world: World) -> Self {
        Self::with_settings(world, ApiSettings::default())
    }

    pub(crate) fn with_settings(world: World, settings: ApiSettings) -> Self {
        let verifier = world.verifier.clone();
        Self::with_verifier(world, verifier, settings)
    }

    /// Over a verifier that is not quite the world's own.
    pub(crate) fn with_verifier(world: World, verifier: Verifier, settings: ApiSettings) -> Self {
        let Api { endpoint, tasks, loops: _ } =
            api::build(Arc::new(verifier), PhoneParser::nepal(), settings).unwrap();
        Self { world, endpoint: Arc::new(endpoint), tasks, contract: Contract::new() }
    }

    /// The token of the user `name` of the application `default`.
    pub(crate) async fn user(&self, name: &str) -> String {
        self.credential_of("default", Some(name), None).await.1
    }

    /// A key of the application `default`.
    pub(crate) async fn key(&self, scope: Scope) -> String {
        self.key_of("default", scope).await
    }

    /// A key of an application.
    pub(crate) async fn key_of(&self, application: &str, scope: Scope) -> String {
        let application = ApplicationId::parse(application).unwrap();
        let kind = CredentialKind::Key(scope);
        let issued = credentials::issue(&self.world.verifier, &application, kind, None).await;
        issued.unwrap().1.reveal().to_owned()
    }

    /// A user token, or a key with the scope `verify` when no user is named, and its secret.
    pub(crate) async fn credential_of(
        &self,
        application: &str,
        name: Option<&str>,
        life: Option<Duration>,
    ) -> (Credential, String) {
        let verifier = &self.world.verifier;
        let application = ApplicationId::parse(application).unwrap();
        let kind = match name {
            Some(name) => {
                let name = Username::parse(name).unwrap();
                CredentialKind::UserToken(accounts::add(verifier, &application, name).await.unwrap().0.id)
            }
            None => CredentialKind::Key(Scope::Verify),
        };
        let (credential, secret) = credentials::issue(verifier, &application, kind, life).await.unwrap();
        (credential, secret.reveal().to_owned())
    }

    pub(crate) async fn revoke(&self, credential: &Credential, which: CredentialFilter) {
        let verifier = &self.world.verifier;
        let revoked = credentials::revoke(verifier, &credential.application, which, credential.id).await;
        assert!(revoked.unwrap().is_some());
    }

    /// Makes the call, and holds the answer against everything that every answer must keep.
    pub(crate) async fn call(&self, call: Call) -> Answer {
        let (method, path) = (call.method(), call.path());
        let response = self.endpoint.call(call.into_request()).await.unwrap();
        let answer = Answer::read(response).await;
        self.contract.check(&method, &path, &answer);
        self.tells_no_secret(&path, &answer);
        answer
    }

    /// No answer about verifications holds a code that was sent, or a whole phone.
    fn tells_no_secret(&self, path: &str, answer: &Answer) {
        if !path.starts_with("/v1/") && !path.starts_with("/validate_") {
            return;
        }
        for phone in [PHONE, OTHER_PHONE] {
            assert!(!answer.text().contains(phone), "a phone is told: {}", answer.text());
        }
        for code in self.world.gateway.sent().iter().filter_map(domain::testkit::SentSms::code) {
            assert!(!answer.text().contains(&code), "a code is told: {}", answer.text());
        }
    }

    /// Starts a verification of [`PHONE`] that must begin; answers its id.
    pub(crate) async fn started(&self, token: &str) -> String {
        let answer = self.call(post(START).bearer(token).json(&json!({"phone": PHONE}))).await;
        answer.is(201)["id"].as_str().unwrap().to_owned()
    }

    /// Starts a verification of [`PHONE`] and approves it; answers its id.
    pub(crate) async fn approved(&self, token: &str) -> String {
        let id = self.started(token).await;
        let code = self.right_code();
        self.check(token, &id, &code).await.is(200);
        id
    }

    pub(crate) async fn check(&self, token: &str, id: &str, code: &str) -> Answer {
        self.call(post(format!("{START}/{id}/checks")).bearer(token).json(&json!({"code": code}))).await
    }

    pub(crate) async fn resend(&self, token: &str, id: &str) -> Answer {
        self.call(post(format!("{START}/{id}/resends")).bearer(token)).await
    }

    /// The code in the last SMS.
    pub(crate) fn right_code(&self) -> String {
        self.world.gateway.last_code().unwrap()
    }

    /// A code that is not the one in the last SMS.
    pub(crate) fn wrong_code(&self) -> String {
        let right = self.right_code();
        let digits = right.len();
        format!(
            "{:0digits$}",
            (right.parse::<u64>().unwrap() + 1) % 10_u64.pow(u32::try_from(digits).unwrap())
        )
    }

    /// Waits for what goes on after callers hung up.
    pub(crate) async fn all_done(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.world.pass(Duration::from_secs(seconds));
    }

    pub(crate) fn state(&self) -> State {
        let (store, counters, now) = (&self.world.store, &self.world.counters, self.world.clock.now());
        let names = [LimitName::SendsPerPhone, LimitName::SendsPerAccount, LimitName::PhonesPerAccount];
        let windows = [600, 86_400].map(Duration::from_secs);
        let held = |name| windows.map(|window| counters.total(name, window, now)).iter().sum::<usize>();
        State {
            verifications: store.verifications(),
            credentials: store.credentials(),
            accounts: store.accounts(),
            sent: self.world.gateway.sent().len(),
            counted: names.map(held).iter().sum(),
            guesses: [PHONE, OTHER_PHONE].map(|text| store.wrong_checks(phone(text), Day::of(now))),
        }
    }

    /// Makes the call, which must leave everything as it is.
    pub(crate) async fn call_changes_nothing(&self, call: Call) -> Answer {
        let described = format!("{} {}", call.method(), call.path());
        let before = self.state();
        let answer = self.call(call).await;
        assert_eq!(self.state(), before, "{described} changed something");
        answer
    }

    /// Every verification as the store has it; there must be exactly one.
    pub(crate) fn only_verification(&self) -> Verification {
        let found = self.world.store.verifications();
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    }
}

/// Whether a body carries the four fields of a live verification, with these numbers.
#[track_caller]
pub(crate) fn carries_budget(body: &Value, sends_left: u64, checks_left: u64) {
    assert_eq!(body["sends_left"], sends_left, "{body}");
    assert_eq!(body["checks_left"], checks_left, "{body}");
    for field in ["expires_at", "resend_at"] {
        let instant = body[field].as_str().unwrap_or_else(|| panic!("{field} is missing: {body}"));
        assert!(instant.parse::<domain::time::Timestamp>().is_ok(), "{field}: {instant}");
    }
}
