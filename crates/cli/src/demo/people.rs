//! The demo's account and its credentials, kept beside its database so that they stay the same from one run to the
//! next. A real service keeps no secret of a credential; a demo is there to be pasted from.

use std::path::Path;

use domain::account::Username;
use domain::application::ApplicationId;
use domain::credential::{CredentialKind, Scope};
use domain::use_cases::{self, Verifier};
use serde::{Deserialize, Serialize};

use super::{files, is_secret};
use crate::failure::CommandError;

const FILE: &str = "demo.json";
const USERNAME: &str = "ram";

/// The demo's account and credentials.
#[derive(Deserialize, Serialize)]
pub(super) struct People {
    pub(super) username: String,
    pub(super) user_token: String,
    pub(super) application_key: String,
    pub(super) admin_key: String,
}

impl People {
    /// Those of the last run while they are good, else new ones.
    pub(super) async fn meet(verifier: &Verifier, directory: &Path) -> Result<Self, CommandError> {
        let path = directory.join(FILE);
        let kept = files::read(&path)?.and_then(|text| serde_json::from_str::<Self>(&text).ok());
        if let Some(kept) = kept
            && kept.is_good(verifier).await?
        {
            return Ok(kept);
        }
        let people = Self::introduce(verifier).await?;
        let text = serde_json::to_string_pretty(&people)
            .map_err(|error| CommandError::system("could not write the demo's credentials", error))?;
        files::write(&path, &text)?;
        Ok(people)
    }

    async fn is_good(&self, verifier: &Verifier) -> Result<bool, CommandError> {
        for secret in [&self.user_token, &self.application_key, &self.admin_key] {
            if !is_secret(secret) || use_cases::authenticate(verifier, secret).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn introduce(verifier: &Verifier) -> Result<Self, CommandError> {
        let application = ApplicationId::default_application();
        let username =
            Username::parse(USERNAME).map_err(|fault| CommandError::Argument(fault.to_string()))?;
        let (account, _) = use_cases::accounts::add(verifier, &application, username).await?;
        let issue = async |kind| -> Result<String, CommandError> {
            let (_, secret) = use_cases::credentials::issue(verifier, &application, kind, None).await?;
            Ok(secret.reveal().to_owned())
        };
        Ok(Self {
            username: USERNAME.to_owned(),
            user_token: issue(CredentialKind::UserToken(account.id)).await?,
            application_key: issue(CredentialKind::Key(Scope::Verify)).await?,
            admin_key: issue(CredentialKind::Key(Scope::Admin)).await?,
        })
    }
}
