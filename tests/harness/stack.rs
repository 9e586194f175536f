//! The real wiring in this process: `SQLite` on a disk, the Sparrow gateway, the simulator behind it, HTTP before it.
//! Only the clock is the test's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use adapters::gateway::SparrowSettings;
use api::ApiSettings;
use domain::account::Username;
use domain::application::ApplicationId;
use domain::credential::{CredentialKind, Scope};
use domain::testkit::ManualClock;
use domain::time::Timestamp;
use domain::use_cases::{self, Verifier};
use poem::Server;
use poem::listener::{Acceptor, Listener, TcpListener};
use simulator::{RunningSimulator, Simulator, SimulatorConfig};
use sparrow_verify::config::{self, Sources};
use sparrow_verify::wiring::{self, Schema, Wired};
use tempfile::TempDir;

use crate::client::Client;
use crate::code_in;

/// A running service in this process.
#[derive(Debug)]
pub struct Stack {
    /// Calls it.
    pub client: Client,
    /// The simulated phones, and the gateway's behaviour.
    pub simulator: Simulator,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Its use cases, for making accounts and credentials.
    pub verifier: Arc<Verifier>,
    /// A key of the application.
    pub application_key: String,
    running: Option<RunningSimulator>,
    directory: TempDir,
}

impl Stack {
    /// Starts one with the default policy.
    pub async fn start() -> Self {
        Self::with_settings(&[]).await
    }

    /// Starts one with these settings besides, by the names of environment variables without their prefix:
    /// `("APPLICATION__POLICY__PHONE_TAKEN", "transfer")`.
    pub async fn with_settings(settings: &[(&str, &str)]) -> Self {
        Self::with_patience(settings, SparrowSettings::TOTAL_TIMEOUT).await
    }

    /// Starts one that waits no longer than this for the gateway.
    pub async fn with_patience(settings: &[(&str, &str)], gateway_timeout: Duration) -> Self {
        let gateway = |base_url| SparrowSettings {
            base_url,
            connect_timeout: gateway_timeout / 4,
            total_timeout: gateway_timeout,
            ..SparrowSettings::new("token-of-the-test", "Test")
        };
        Self::with_gateway(settings, gateway).await
    }

    /// Starts one whose gateway has the settings that are made of the simulator's address.
    pub async fn with_gateway(
        settings: &[(&str, &str)],
        gateway: impl FnOnce(String) -> SparrowSettings,
    ) -> Self {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let simulator = Simulator::new(SimulatorConfig::new("token-of-the-test", "Test"));
        let running = simulator.start(([127, 0, 0, 1], 0).into()).await.expect("the simulator starts");
        let config =
            config::load(&Sources { files: Vec::new(), environment: environment(&directory, settings) })
                .unwrap_or_else(|faults| panic!("{faults}"));
        let gateway =
            wiring::sparrow(&gateway(running.base_url())).expect("the gateway's settings are valid");
        let Wired { verifier, phones, .. } =
            wiring::wire(&config, Some(gateway), Schema::Migrate).await.expect("the parts fit together");

        let clock = Arc::new(ManualClock::at(Timestamp::from_second(1_800_000_000).expect("an instant")));
        let mut verifier = Verifier::clone(&verifier);
        verifier.ports.clock = clock.clone();
        let verifier = Arc::new(verifier);
        let settings = ApiSettings::default();
        let api = api::build(verifier.clone(), phones, settings).expect("the API can be built");
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.expect("there is a free port");
        let address = *acceptor.local_addr()[0].as_socket_addr().expect("it has an address");
        tokio::spawn(Server::new_with_acceptor(acceptor).run(api.endpoint));

        let key = CredentialKind::Key(Scope::Verify);
        let application = ApplicationId::default_application();
        let (_, key) =
            use_cases::credentials::issue(&verifier, &application, key, None).await.expect("a key");
        Self {
            client: Client::new(&format!("http://{address}")),
            simulator,
            clock,
            application_key: key.reveal().to_owned(),
            verifier,
            running: Some(running),
            directory,
        }
    }

    /// Ends the gateway: nothing listens there any more.
    pub async fn stop_gateway(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Asks the gateway what credits are left, as is done every few minutes: where some are, its refusals are forgotten.
    pub async fn ask_for_credits(&self) {
        for gateway in self.verifier.ports.gateways.all() {
            let looked = use_cases::credits::look(&self.verifier, gateway.as_ref()).await;
            assert!(looked.expect("the store answers").is_some(), "the gateway tells what is left");
        }
    }

    /// A user token of this account, which is added when it is not there.
    pub async fn user(&self, username: &str) -> String {
        let application = ApplicationId::default_application();
        let username = Username::parse(username).expect("a username");
        let (account, _) =
            use_cases::accounts::add(&self.verifier, &application, username).await.expect("an account");
        let kind = CredentialKind::UserToken(account.id);
        let (_, token) =
            use_cases::credentials::issue(&self.verifier, &application, kind, None).await.expect("a token");
        token.reveal().to_owned()
    }

    /// The verified phone of this account, masked.
    pub async fn phone_of(&self, username: &str) -> Option<String> {
        let application = ApplicationId::default_application();
        let username = Username::parse(username).expect("a username");
        let account = use_cases::accounts::find(&self.verifier, &application, &username)
            .await
            .expect("the store answers");
        account.expect("the account exists").phone.map(|proved| proved.phone.masked())
    }

    /// The code of the last SMS to this phone (E.164).
    #[must_use]
    pub fn code(&self, phone: &str) -> String {
        code_in(&self.simulator.inbox(Some(phone)).last().expect("an SMS came").text)
    }

    /// Whether this text stands anywhere in the files of the database.
    #[must_use]
    pub fn stores(&self, text: &str) -> bool {
        let files = std::fs::read_dir(self.directory.path()).expect("a directory");
        files
            .map(|file| std::fs::read(file.expect("an entry").path()).expect("a file"))
            .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }

    /// How many SMS have arrived in all.
    #[must_use]
    pub fn sms_count(&self) -> usize {
        self.simulator.inbox(None).len()
    }
}

fn environment(directory: &TempDir, settings: &[(&str, &str)]) -> BTreeMap<String, String> {
    let database = format!("sqlite://{}", directory.path().join("test.db").display());
    let own = [
        ("DATABASE__URL", database.as_str()),
        ("SECRETS__PEPPER", "a pepper of a test: 0123456789abcdef"),
        ("SECRETS__PHONE_KEY", "a phone key of a test: fedcba987654"),
        ("APPLICATION__NAME", "Test"),
    ];
    let named = |(name, value): (&str, &str)| (format!("SPARROW_VERIFY__{name}"), value.to_owned());
    own.into_iter().chain(settings.iter().copied()).map(named).collect()
}
