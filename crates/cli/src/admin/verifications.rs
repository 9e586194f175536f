//! `verification`.

use domain::credential::Caller;
use domain::id::VerificationId;
use domain::ports::{Page, VerificationFilter};
use domain::refusal::{Refusal, Refused};
use domain::time::rfc3339;
use domain::use_cases::{self, Answer};
use domain::verification::Verification;
use serde_json::{Value, json};

use super::{account_named, application, id, more, parse_phone, wired};
use crate::args::{PageArgs, StatusArg, VerificationCommand};
use crate::config::Config;
use crate::failure::CommandError;
use crate::output::Output;
use crate::wiring::Wired;

pub(crate) async fn verification(
    config: &Config,
    command: VerificationCommand,
    output: Output,
) -> Result<(), CommandError> {
    let wired = wired(config).await?;
    let caller = Caller::Admin(application(config).clone());
    match command {
        VerificationCommand::List { status, account, phone, page } => {
            let filter = VerificationFilter {
                application: None,
                account: match account {
                    Some(name) => Some(account_named(&wired, config, &name).await?.id),
                    None => None,
                },
                phone: phone.map(|text| parse_phone(&wired, &text)).transpose()?,
                state: status.map(state),
            };
            list(&wired, &caller, filter, &page, output).await
        }
        VerificationCommand::Show { id: text } => {
            let found = use_cases::find(&wired.verifier, &caller, id(&text, VerificationId::parse)?).await?;
            output.record(&shown(&done(found)?))
        }
        VerificationCommand::Cancel { id: text } => {
            let canceled =
                use_cases::cancel(&wired.verifier, &caller, id(&text, VerificationId::parse)?).await?;
            wired.statistics.hand_over().await;
            output.record(&shown(&done(canceled)?))
        }
    }
}

async fn list(
    wired: &Wired,
    caller: &Caller,
    filter: VerificationFilter,
    page: &PageArgs,
    output: Output,
) -> Result<(), CommandError> {
    let before = page.before.as_deref().map(|text| id(text, VerificationId::parse)).transpose()?;
    let asked = Page { before, limit: page.limit };
    let found = use_cases::list(&wired.verifier, caller, filter, asked).await?;
    let rows: Vec<_> = found.iter().map(shown).collect();
    let more = more(&found, page.limit, |verification| verification.id.to_string());
    let columns = [
        "created_at",
        "status",
        "delivery",
        "phone",
        "account",
        "purpose",
        "checks_left",
        "sends_left",
        "id",
    ];
    output.rows(&columns, &rows, more.as_deref())
}

const fn state(status: StatusArg) -> &'static str {
    match status {
        StatusArg::Pending => "pending",
        StatusArg::Approved => "approved",
        StatusArg::Expired => "expired",
        StatusArg::Canceled => "canceled",
        StatusArg::Locked => "locked",
    }
}

fn done(answer: Answer<Verification>) -> Result<Verification, CommandError> {
    match answer {
        Answer::Done(verification) => Ok(verification),
        Answer::Refused(Refused { refusal: Refusal::VerificationNotFound, .. }) => {
            Err(CommandError::NotFound("There is no such verification; see `verification list`.".to_owned()))
        }
        Answer::Refused(Refused { verification: Some(verification), .. }) => Err(CommandError::Refused(
            format!("The verification is {} already.", verification.state.as_str()),
        )),
        Answer::Refused(Refused { refusal, verification: None }) => {
            Err(CommandError::Refused(format!("It was refused: {refusal:?}.")))
        }
    }
}

fn shown(verification: &Verification) -> Value {
    json!({
        "id": verification.id.to_string(),
        "status": verification.state.as_str(),
        "phone": verification.subject.phone.masked(),
        "operator": verification.subject.phone.operator().map(domain::phone::Operator::name),
        "account": verification.username.as_ref().map(domain::account::Username::as_str),
        "purpose": verification.subject.purpose.as_str(),
        "delivery": verification.delivery.state.as_str(),
        "code_length": verification.generation.length.digits(),
        "sends_left": verification.sends_left(),
        "checks_left": verification.checks_left(),
        "created_at": rfc3339(verification.created_at),
        "sent_at": rfc3339(verification.sent_at),
        "resend_at": rfc3339(verification.resend_at),
        "expires_at": rfc3339(verification.generation.expires_at),
        "final_at": verification.state.final_at().map(rfc3339),
    })
}
