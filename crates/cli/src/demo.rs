//! The demo: the whole service with the Sparrow simulator for a gateway, an account, and everything that is needed to
//! try it. Also the simulator alone.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use adapters::gateway::SparrowSettings;
use api::inbox::{Demo, Inbox, InboxMessage};
use directories::ProjectDirs;
use domain::credential::CredentialSecret;
use domain::ports::Entropy;
use serde_json::json;
use simulator::{Simulator, SimulatorConfig};

use crate::args::{DemoArgs, SimulatorArgs};
use crate::config::{self, Config, Sources};
use crate::failure::CommandError;
use crate::output::Output;
use crate::run::start_log;
use crate::serve::{Listening, until_signaled};
use crate::wiring::{self, Schema};

mod files;
mod people;

use people::People;

/// `demo`.
pub(crate) async fn demo(
    arguments: DemoArgs,
    mut sources: Sources,
    output: Output,
) -> Result<(), CommandError> {
    let directory = arguments.data_dir.map_or_else(default_directory, Ok)?;
    let directory = files::prepare(&directory)?;
    // What the user names beside wins over what the demo wrote.
    sources.files.insert(0, directory.join(files::CONFIG));
    let mut config = config::load(&sources)?;
    start_log(&config.server.log_level, config.server.log_format)?;

    let server = Listening::bind(&config.server, arguments.listen).await?.with_metrics(&config).await?;
    if let Some(metrics_url) = server.metrics_url() {
        output.aside(&format!("Metrics at {metrics_url}"))?;
    }
    let url = server.url();
    if config.server.public_url.as_deref() == Some(files::PUBLIC_URL) {
        config.server.public_url = Some(url.clone());
    }
    let token = simulator_token()?;
    let simulator = Simulator::new(SimulatorConfig::new(&token, "Demo"));
    let running = simulator
        .start(([127, 0, 0, 1], 0).into())
        .await
        .map_err(|error| CommandError::system("could not start the simulator", error))?;
    let settings = SparrowSettings { base_url: running.base_url(), ..SparrowSettings::new(token, "Demo") };
    let gateways = wiring::sparrow(&settings)?;
    let wired = wiring::wire(&config, Some(gateways), Schema::Migrate).await?;
    let people = People::meet(&wired.verifier, &directory).await?;

    welcome(&url, &people, &directory, &config, output)?;
    if !arguments.listen.ip().is_loopback() {
        output.aside(
            "\nBEWARE: it listens beyond this machine, and gives the token and all codes to whoever asks.",
        )?;
    }
    let demo = Demo {
        inbox: Arc::new(SimulatedInbox(simulator)),
        username: people.username.clone(),
        user_token: people.user_token.clone(),
    };
    let ended = server.run(&config, &wired, Some(demo), until_signaled()?).await;
    running.stop().await;
    ended
}

/// `simulator`.
pub(crate) async fn simulator(arguments: SimulatorArgs, output: Output) -> Result<(), CommandError> {
    start_log("info", config::LogFormat::Text)?;
    let SimulatorArgs { listen, token, identity, credits } = arguments;
    let settings = SimulatorConfig { credits, ..SimulatorConfig::new(&token, &identity) };
    let running = Simulator::new(settings)
        .start(listen)
        .await
        .map_err(|error| CommandError::system(format!("could not start the simulator on {listen}"), error))?;
    let site = format!("http://{}", running.address());
    let base_url = running.base_url();
    let text = format!(
        "SIMULATOR: no real SMS is sent.\n\nSparrow API:  {base_url}/sms/  (set sparrow.base_url = \"{base_url}\")\n\
         Inbox:        {site}/inbox  (page: {site}/)\nBehaviour:    {site}/behaviour"
    );
    output.print(&text, &json!({ "base_url": base_url, "inbox_url": format!("{site}/inbox"), "behaviour_url": format!("{site}/behaviour") }))?;
    until_signaled()?.await;
    running.stop().await;
    Ok(())
}

fn default_directory() -> Result<PathBuf, CommandError> {
    let project =
        ProjectDirs::from("", "", "sparrow-verify").map(|project| project.data_local_dir().join("demo"));
    project.ok_or_else(|| {
        CommandError::Argument("There is no home directory; name one with --data-dir.".to_owned())
    })
}

/// The simulator listens on this machine only, but other users of the machine reach it.
fn simulator_token() -> Result<String, CommandError> {
    let mut bytes = [0; 16];
    adapters::system::OsEntropy
        .fill(&mut bytes)
        .map_err(|error| CommandError::system("could not make the simulator's token", error))?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().simple().to_string())
}

fn welcome(
    url: &str,
    people: &People,
    directory: &Path,
    config: &Config,
    output: Output,
) -> Result<(), CommandError> {
    let inbox_url = format!("{url}/inbox");
    let json = json!({
        "url": url,
        "username": people.username,
        "user_token": people.user_token,
        "application_key": people.application_key,
        "admin_key": people.admin_key,
        "inbox_url": inbox_url,
    });
    let People { username, user_token, application_key, admin_key } = people;
    let minutes = config.application.policy.lifetime.as_secs() / 60;
    let directory = directory.display();
    let text = format!(
        r#"
*** DEMO: no real SMS is sent. A simulated phone receives them all. ***

Try it in a browser:   {url}/
API with "Try it out": {url}/docs/
Its files:             {directory}

Account:          {username}
User token:       {user_token}
Application key:  {application_key}
Admin key:        {admin_key}

Or with curl. Send a code (it lives {minutes} minutes):

  curl -s {url}/v1/verifications -H 'Authorization: Bearer {user_token}' \
    -H 'Content-Type: application/json' -d '{{"phone": "9841234567"}}'

Read the SMS on the simulated phone:

  curl -s '{inbox_url}?to=+9779841234567'

Check the code:

  curl -s {url}/v1/verifications/checks -H 'Authorization: Bearer {user_token}' \
    -H 'Content-Type: application/json' -d '{{"phone": "9841234567", "code": "CODE"}}'

Administer it:

  sparrow-verify --config {directory}/{config} verification list

Stop it with Ctrl-C."#,
        config = files::CONFIG
    );
    output.print(&text, &json)
}

/// The simulated phones, as the demo page reads them.
#[derive(Debug)]
struct SimulatedInbox(Simulator);

impl Inbox for SimulatedInbox {
    fn received(&self, to: Option<&str>) -> Vec<InboxMessage> {
        let message = |sms: simulator::ReceivedSms| InboxMessage {
            to: sms.to,
            from: sms.from,
            text: sms.text,
            at: sms.at,
        };
        self.0.inbox(to).into_iter().map(message).collect()
    }
}

/// Whether a kept secret still has the form of one.
fn is_secret(text: &str) -> bool {
    CredentialSecret::parse(text).is_some()
}
