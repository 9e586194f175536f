//! From stored words and numbers to values of the rules, the same for every database. Owns the names in storage where
//! the rules have none.

use std::sync::Arc;
use std::time::Duration;

use domain::account::Username;
use domain::application::ApplicationId;
use domain::credential::{CredentialKind, Scope};
use domain::id::AccountId;
use domain::time::Timestamp;
use domain::verification::State;

/// A stored value that is none of ours: somebody else wrote it, or a newer release did. Does not tell the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored {0} makes no sense")]
pub(super) struct RowFault(pub(super) &'static str);

/// The state of a verification from its name and the instant at which it became final.
pub(super) fn state(name: &str, final_at: Option<Timestamp>) -> Result<State, RowFault> {
    match (name, final_at) {
        ("pending", None) => Ok(State::Pending),
        ("approved", Some(at)) => Ok(State::Approved { at }),
        ("expired", Some(at)) => Ok(State::Expired { at }),
        ("canceled", Some(at)) => Ok(State::Canceled { at }),
        ("locked", Some(at)) => Ok(State::Locked { at }),
        _ => Err(RowFault("state")),
    }
}

/// The waits between sends, as text: milliseconds with commas between.
pub(super) fn cooldowns_text(cooldowns: &[Duration]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(cooldowns.len() * 8);
    for (place, cooldown) in cooldowns.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        // Writing to a String does not fail.
        let _ = write!(text, "{comma}{}", cooldown.as_millis());
    }
    text
}

/// The waits between sends from their text.
pub(super) fn cooldowns(text: &str) -> Result<Arc<[Duration]>, RowFault> {
    if text.is_empty() {
        return Ok(Arc::new([]));
    }
    text.split(',')
        .map(|millis| millis.parse().map(Duration::from_millis).map_err(|_| RowFault("cooldowns_ms")))
        .collect()
}

/// Stands where a block has no application because it holds for all: no application is called so.
pub(super) const FOR_ALL: &str = "*";

/// Whose a block is; `None` for all applications.
pub(super) fn block_application(text: &str) -> Result<Option<ApplicationId>, RowFault> {
    if text == FOR_ALL { Ok(None) } else { application(text).map(Some) }
}

const USER_TOKEN: &str = "user-token";

/// The name of a credential's kind, and the account of a user token.
pub(super) const fn credential_kind_parts(kind: CredentialKind) -> (&'static str, Option<AccountId>) {
    match kind {
        CredentialKind::UserToken(account) => (USER_TOKEN, Some(account)),
        CredentialKind::Key(scope) => (scope.as_str(), None),
    }
}

/// The kind of a credential from its name and account.
pub(super) fn credential_kind(name: &str, account: Option<AccountId>) -> Result<CredentialKind, RowFault> {
    match account {
        Some(account) if name == USER_TOKEN => Ok(CredentialKind::UserToken(account)),
        Some(_) => Err(RowFault("kind")),
        None => Scope::parse(name).map(CredentialKind::Key).ok_or(RowFault("kind")),
    }
}

pub(super) fn application(text: &str) -> Result<ApplicationId, RowFault> {
    ApplicationId::parse(text).ok_or(RowFault("application"))
}

pub(super) fn username(text: &str) -> Result<Username, RowFault> {
    Username::parse(text).map_err(|_| RowFault("username"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_reads_as_it_was_written() {
        let at = Timestamp::from_second(1).unwrap();
        let states = [
            State::Pending,
            State::Approved { at },
            State::Expired { at },
            State::Canceled { at },
            State::Locked { at },
        ];
        for written in states {
            assert_eq!(state(written.as_str(), written.final_at()), Ok(written));
        }
        for (name, final_at) in [("pending", Some(at)), ("approved", None), ("gone", Some(at)), ("", None)] {
            assert_eq!(state(name, final_at), Err(RowFault("state")));
        }
    }

    #[test]
    fn waits_read_as_they_were_written() {
        for seconds in [&[][..], &[60], &[60, 120, 300]] {
            let written: Vec<_> = seconds.iter().copied().map(Duration::from_secs).collect();
            assert_eq!(cooldowns(&cooldowns_text(&written)).as_deref(), Ok(written.as_slice()));
        }
        for text in ["60,", ",", "x", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(cooldowns(text), Err(RowFault("cooldowns_ms")), "{text}");
        }
    }

    #[test]
    fn every_kind_of_credential_reads_as_it_was_written() {
        let account = AccountId::from_uuid(uuid::Uuid::from_u128(7));
        let kinds = [
            CredentialKind::UserToken(account),
            CredentialKind::Key(Scope::Verify),
            CredentialKind::Key(Scope::Admin),
        ];
        for written in kinds {
            let (name, account) = credential_kind_parts(written);
            assert_eq!(credential_kind(name, account), Ok(written));
        }
        for (name, account) in [("user-token", None), ("verify", Some(account)), ("root", None)] {
            assert_eq!(credential_kind(name, account), Err(RowFault("kind")));
        }
    }
}
