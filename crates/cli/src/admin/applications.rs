//! `application`: what is configured for each. Needs no database.

use domain::application::Application;
use domain::limit::Limit;
use domain::message::{AppHash, Origin};
use domain::policy::PhoneTaken;
use serde_json::{Value, json};

use crate::args::ApplicationCommand;
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::Output;

/// `application`.
pub(crate) fn applications(
    config: &Config,
    command: ApplicationCommand,
    output: Output,
) -> Result<(), CommandError> {
    match command {
        ApplicationCommand::List => {
            let rows: Vec<_> = config.all_applications().map(shown).collect();
            output.rows(&["id", "name", "default_locale", "code_length", "lifetime_seconds"], &rows, None)
        }
        ApplicationCommand::Show => {
            let mut all = config.all_applications();
            let found = all.find(|application| application.id == config.administered);
            found.map_or(Ok(()), |application| output.record(&shown(application)))
        }
    }
}

fn shown(application: &Application) -> Value {
    let Application { id, policy, messages, app_hashes, origins, proof_phone, webhooks: _, test_numbers: _ } =
        application;
    let limits = |limits: &[Limit]| -> Value {
        limits
            .iter()
            .map(|limit| json!({ "max": limit.max, "window_seconds": limit.window.as_secs() }))
            .collect()
    };
    json!({
        "id": id.as_str(),
        "name": messages.app().as_str(),
        "default_locale": messages.default_locale().as_str(),
        "code_length": policy.code_length.digits(),
        "lifetime_seconds": policy.lifetime.as_secs(),
        "checks_max": policy.checks_max,
        "cooldowns_seconds": policy.cooldowns.iter().map(std::time::Duration::as_secs).collect::<Vec<_>>(),
        "early_resend": policy.early_resend,
        "phone_taken": match policy.phone_taken {
            PhoneTaken::Reject => "reject",
            PhoneTaken::Transfer => "transfer",
        },
        "reverify_after_seconds": policy.reverify_after.as_secs(),
        "sends_per_phone": limits(&policy.limits.sends_per_phone),
        "sends_per_account": limits(&policy.limits.sends_per_account),
        "phones_per_account": limits(&policy.limits.phones_per_account),
        "invalid_numbers": {
            "in_a_row": policy.invalid_numbers.in_a_row,
            "share_percent": policy.invalid_numbers.share_percent,
            "of_last": policy.invalid_numbers.of_last,
            "pause_seconds": policy.invalid_numbers.pause.as_secs(),
        },
        "app_hashes": app_hashes.iter().map(AppHash::as_str).collect::<Vec<_>>(),
        "origins": origins.iter().map(Origin::as_str).collect::<Vec<_>>(),
        "proof_phone": proof_phone.as_str(),
    })
}
