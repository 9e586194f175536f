//! The applications as they are configured, for those who administer them. Nothing here changes one.

use std::time::Duration;

use domain::application::{Application, ApplicationId};
use domain::invalid_numbers::InvalidNumberPolicy;
use domain::limit::Limit;
use domain::message::{AppHash, Locale, Origin};
use domain::policy::{PhoneTaken, Policy};
use domain::use_cases::applications;
use poem::web::Data;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::types::Example;
use poem_openapi::{Object, OpenApi};

use crate::auth::Authenticated;
use crate::context::Context;
use crate::docs::Notes;
use crate::ids::IdText;
use crate::problem::{Refusing, Slug, problems};
use crate::tags::ApiTags;
use crate::verifications::done;

/// The operations on applications.
#[derive(Debug)]
pub(crate) struct ApplicationsApi;

/// An application, as it is configured.
#[derive(Debug, Object)]
#[oai(rename = "Application", example)]
pub(crate) struct ApplicationResource {
    /// Its id.
    #[oai(validator(pattern = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"))]
    pub id: String,
    /// Its name in each SMS.
    pub name: String,
    /// The language of callers that name none.
    pub default_locale: String,
    /// The languages that its SMS can be written in.
    pub locales: Vec<String>,
    /// How verifications are done for it.
    pub policy: ApplicationPolicy,
    /// Its limits on sends.
    pub limits: ApplicationLimits,
    /// When new numbers have to wait because too many were invalid.
    pub invalid_numbers: ApplicationInvalidNumbers,
    /// The hashes of the builds of its Android app that may read the SMS (SMS Retriever).
    pub app_hashes: Vec<String>,
    /// The web origins that may read the code out of the SMS (`WebOTP`).
    pub origins: Vec<String>,
    /// What the proofs of its approvals tell of the phone: `hash` or `number`.
    pub proof_phone: String,
}

impl Example for ApplicationResource {
    fn example() -> Self {
        let limits = &Policy::default().limits;
        Self {
            id: "shop".to_owned(),
            name: "Shop".to_owned(),
            default_locale: Locale::English.as_str().to_owned(),
            locales: Locale::ALL.map(|locale| locale.as_str().to_owned()).to_vec(),
            policy: (&Policy::default()).into(),
            limits: ApplicationLimits {
                sends_per_phone: rules(&limits.sends_per_phone),
                sends_per_account: rules(&limits.sends_per_account),
                phones_per_account: rules(&limits.phones_per_account),
            },
            invalid_numbers: Policy::default().invalid_numbers.into(),
            app_hashes: vec!["FA+9qCX9VSu".to_owned()],
            origins: vec!["https://shop.example".to_owned()],
            proof_phone: "hash".to_owned(),
        }
    }
}

/// How verifications are done for an application.
#[derive(Debug, Object)]
pub(crate) struct ApplicationPolicy {
    /// Digits of a code.
    pub code_length: u32,
    /// Digits of a code once the phone's budget of wrong checks is used up.
    pub code_length_long: u32,
    /// How many seconds a code lives.
    pub lifetime_seconds: u32,
    /// A resend with fewer seconds of life left sends a new code.
    pub renew_below_seconds: u32,
    /// Checks per verification, over all its codes.
    pub checks_max: u32,
    /// The wait after the first send, the second, and so on, in seconds; as many resends as waits.
    pub cooldowns_seconds: Vec<u32>,
    /// Whether the wait is halved, to 30 seconds at least, after an SMS by a route that is measurably slow or lossy.
    pub early_resend: bool,
    /// What a right code does when another account holds the phone: `reject` it, or `transfer` the phone.
    pub phone_taken: String,
    /// How many seconds old a proof must be before the account may prove the same phone again.
    pub reverify_after_seconds: u32,
}

/// The limits on the sends of an application. An empty list is no limit.
#[derive(Debug, Object)]
pub(crate) struct ApplicationLimits {
    /// Sends to one phone, over all applications.
    pub sends_per_phone: Vec<LimitRule>,
    /// Sends for one account.
    pub sends_per_account: Vec<LimitRule>,
    /// Distinct phones of one account.
    pub phones_per_account: Vec<LimitRule>,
}

/// When the new numbers of an application have to wait because too many were invalid.
#[derive(Debug, Object)]
pub(crate) struct ApplicationInvalidNumbers {
    /// So many refused numbers in a row pause; 0 is never.
    pub in_a_row: u32,
    /// So many of a hundred refused numbers pause; 0 is never.
    pub share_percent: u32,
    /// Of how many of the last numbers the share is.
    pub of_last: u32,
    /// How many seconds a pause is.
    pub pause_seconds: u32,
}

impl From<InvalidNumberPolicy> for ApplicationInvalidNumbers {
    fn from(policy: InvalidNumberPolicy) -> Self {
        let InvalidNumberPolicy { in_a_row, share_percent, of_last, pause } = policy;
        Self { in_a_row, share_percent, of_last, pause_seconds: seconds(pause) }
    }
}

/// At most so many within so many seconds.
#[derive(Debug, Object)]
pub(crate) struct LimitRule {
    /// How many at most.
    pub max: u32,
    /// The length of the window in seconds.
    pub window_seconds: u32,
}

/// A page of applications.
#[derive(Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub(crate) struct ApplicationPage {
    /// The applications.
    pub items: Vec<ApplicationResource>,
    /// The cursor of the next page; absent on the last.
    pub next: Option<String>,
}

impl From<&Application> for ApplicationResource {
    fn from(application: &Application) -> Self {
        let Application {
            id,
            policy,
            messages,
            app_hashes,
            origins,
            proof_phone,
            webhooks: _,
            test_numbers: _,
        } = application;
        let limits = &policy.limits;
        Self {
            id: id.to_string(),
            name: messages.app().as_str().to_owned(),
            default_locale: messages.default_locale().as_str().to_owned(),
            locales: Locale::ALL.map(|locale| locale.as_str().to_owned()).to_vec(),
            policy: policy.into(),
            limits: ApplicationLimits {
                sends_per_phone: rules(&limits.sends_per_phone),
                sends_per_account: rules(&limits.sends_per_account),
                phones_per_account: rules(&limits.phones_per_account),
            },
            invalid_numbers: policy.invalid_numbers.into(),
            app_hashes: app_hashes.iter().map(AppHash::as_str).map(str::to_owned).collect(),
            origins: origins.iter().map(Origin::as_str).map(str::to_owned).collect(),
            proof_phone: proof_phone.as_str().to_owned(),
        }
    }
}

impl From<&Policy> for ApplicationPolicy {
    fn from(policy: &Policy) -> Self {
        let phone_taken = match policy.phone_taken {
            PhoneTaken::Reject => "reject",
            PhoneTaken::Transfer => "transfer",
        };
        Self {
            code_length: policy.code_length.digits().into(),
            code_length_long: policy.code_length_long.digits().into(),
            lifetime_seconds: seconds(policy.lifetime),
            renew_below_seconds: seconds(policy.renew_below),
            checks_max: policy.checks_max,
            cooldowns_seconds: policy.cooldowns.iter().copied().map(seconds).collect(),
            early_resend: policy.early_resend,
            phone_taken: phone_taken.to_owned(),
            reverify_after_seconds: seconds(policy.reverify_after),
        }
    }
}

fn rules(limits: &[Limit]) -> Vec<LimitRule> {
    let rule = |limit: &Limit| LimitRule { max: limit.max, window_seconds: seconds(limit.window) };
    limits.iter().map(rule).collect()
}

/// No setting is as long as a century.
fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

problems!(ListProblems: ScopeMissing);
problems!(GetProblems: ScopeMissing, ApplicationNotFound);

#[OpenApi(prefix_path = "/v1/admin/applications", tag = "ApiTags::Administration")]
impl ApplicationsApi {
    /// List applications
    ///
    /// Needs an admin key. Those that the key administers, which is the one that it belongs to.
    #[oai(path = "/", method = "get", operation_id = "listApplications")]
    #[expect(clippy::unused_async, reason = "an operation is asynchronous")]
    async fn list(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
    ) -> Result<Json<ApplicationPage>, Refusing<ListProblems>> {
        let found = done(applications::list(&context.verifier, &caller.0))?;
        Ok(Json(ApplicationPage { items: found.into_iter().map(Into::into).collect(), next: None }))
    }

    /// Look at an application
    ///
    /// Needs an admin key of it. Applications are configured by the operator, in the configuration file.
    #[oai(path = "/:id", method = "get", operation_id = "getApplication")]
    #[expect(clippy::unused_async, reason = "an operation is asynchronous")]
    async fn get(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The application's id.
        id: Path<IdText<ApplicationId>>,
    ) -> Result<Json<ApplicationResource>, Refusing<GetProblems>> {
        let id = id.0.known(Slug::ApplicationNotFound)?;
        Ok(Json(done(applications::find(&context.verifier, &caller.0, &id))?.into()))
    }
}

/// What the document says of these operations beyond their types.
pub(crate) fn notes(notes: &mut Notes) {
    notes.open(["reject", "transfer"], &["ApplicationPolicy.phone_taken"]);
    notes.open(["hash", "number"], &["Application.proof_phone"]);
}
