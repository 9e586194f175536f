//! Binds the arguments of statements: what [`super::columns`] reads, in the other direction. Owns the order in which the
//! parts of a value are bound; never how a database keeps them.

use std::time::Duration;

use domain::account::Account;
use domain::application::ApplicationId;
use domain::block::{Block, BlockReason, BlockSubject};
use domain::credential::{Credential, CredentialName, SecretHash};
use domain::delivery::{DeliveryRecord, MessageId};
use domain::guess::GUESS_WINDOW_DAYS;
use domain::id::AccountId;
use domain::message::{AppHash, Origin};
use domain::route::RouteName;
use domain::time::{Day, Timestamp};
use domain::verification::{Subject, Verification};
use uuid::Uuid;

use super::rows;
use crate::phone_vault::PhoneVault;

/// A statement that takes its arguments, one after the other, by the kinds that there are. `None` is an empty cell.
pub(super) trait Arguments: Sized {
    fn text<'a>(self, text: impl Into<Option<&'a str>>) -> Self;
    fn uuid(self, uuid: impl Into<Option<Uuid>>) -> Self;
    fn bytes<'a>(self, bytes: impl Into<Option<&'a [u8]>>) -> Self;
    fn whole(self, number: impl Into<Option<i64>>) -> Self;
    fn truth(self, truth: bool) -> Self;
    fn instant(self, instant: impl Into<Option<Timestamp>>) -> Self;
}

/// Phone, application, purpose and account.
pub(super) fn subject<Q: Arguments>(query: Q, phone: &[u8], subject: &Subject) -> Q {
    query
        .bytes(phone)
        .text(subject.application.as_str())
        .text(subject.purpose.as_str())
        .uuid(subject.account.map(AccountId::uuid))
}

/// The last day before the window, and today.
pub(super) fn days<Q: Arguments>(query: Q, today: Day) -> Q {
    query.whole(i64::from(today.minus(GUESS_WINDOW_DAYS).number())).whole(i64::from(today.number()))
}

/// The columns of [`new_verification`].
macro_rules! new_verification_columns {
    () => {
        "(id, version, phone, application, purpose, account_id, state, final_at, \
          nonce, pepper, code_length, expires_at, locale, app_hash, origin, \
          delivery_number, delivery_state, delivery_at, created_at, sent_at, resend_at, \
          sends_used, checks_used, lifetime_ms, renew_below_ms, checks_max, cooldowns_ms)"
    };
}

pub(super) use new_verification_columns;

/// All of a new verification.
pub(super) fn new_verification<Q: Arguments>(query: Q, phone: &[u8], new: &Verification) -> Q {
    let query = query.uuid(new.id.uuid()).whole(i64::from(new.version));
    let query = code(state(subject(query, phone, &new.subject), new), new);
    let query = delivery(message(query, new), new);
    sends(query.instant(new.created_at), new)
        .whole(millis(new.budget.lifetime))
        .whole(millis(new.budget.renew_below))
        .whole(i64::from(new.budget.checks_max))
        .text(rows::cooldowns_text(&new.budget.cooldowns).as_str())
}

/// All that a step may change.
pub(super) fn changed_verification<Q: Arguments>(query: Q, next: &Verification) -> Q {
    let query = code(state(query.whole(i64::from(next.version)), next), next);
    message(sends(delivery(query, next), next), next).text(next.sent_by.as_ref().map(RouteName::as_str))
}

/// All of a delivery but its application, which is that of its verification.
pub(super) fn delivery_record<Q: Arguments>(query: Q, record: &DeliveryRecord) -> Q {
    let report = &record.report;
    query
        .uuid(record.id.uuid())
        .whole(i64::from(record.number))
        .text(&*record.gateway)
        .text(report.answer.as_str())
        .instant(record.at)
        .whole(millis(record.took))
        .whole(i64::from(record.segments))
        .text(report.message_id.as_ref().map(MessageId::as_str))
        .whole(report.credits.map(|credits| i64::from(credits.thousandths())))
        .whole(i64::from(record.attempt))
        .text(record.route.as_ref().map(RouteName::as_str))
        .whole(record.template.map(i64::from))
}

fn state<Q: Arguments>(query: Q, of: &Verification) -> Q {
    query.text(of.state.as_str()).instant(of.state.final_at())
}

fn code<Q: Arguments>(query: Q, of: &Verification) -> Q {
    query
        .bytes(of.generation.nonce.bytes().as_slice())
        .bytes(of.generation.pepper.bytes().as_slice())
        .whole(i64::from(of.generation.length.digits()))
        .instant(of.generation.expires_at)
}

fn message<Q: Arguments>(query: Q, of: &Verification) -> Q {
    query
        .text(of.message.locale.as_str())
        .text(of.message.app_hash.as_ref().map(AppHash::as_str))
        .text(of.message.origin.as_ref().map(Origin::as_str))
}

fn delivery<Q: Arguments>(query: Q, of: &Verification) -> Q {
    query.whole(i64::from(of.delivery.number)).text(of.delivery.state.as_str()).instant(of.delivery.at)
}

fn sends<Q: Arguments>(query: Q, of: &Verification) -> Q {
    query
        .instant(of.sent_at)
        .instant(of.resend_at)
        .whole(i64::from(of.sends_used))
        .whole(i64::from(of.checks_used))
}

/// All of an account.
pub(super) fn account<Q: Arguments>(query: Q, vault: &PhoneVault, account: &Account) -> Q {
    let sealed = account.phone.map(|held| vault.seal(held.phone));
    query
        .uuid(account.id.uuid())
        .text(account.application.as_str())
        .text(account.username.as_str())
        .bytes(sealed.as_ref().map(<[u8; _]>::as_slice))
        .instant(account.phone.map(|held| held.verified_at))
        .instant(account.created_at)
}

/// All of a credential, and the hash of its secret.
pub(super) fn credential<Q: Arguments>(query: Q, credential: &Credential, hash: &SecretHash) -> Q {
    let (kind, account) = rows::credential_kind_parts(credential.kind);
    query
        .uuid(credential.id.uuid())
        .text(credential.application.as_str())
        .text(kind)
        .uuid(account.map(AccountId::uuid))
        .bytes(hash.bytes().as_slice())
        .instant(credential.created_at)
        .instant(credential.expires_at)
        .instant(credential.revoked_at)
        .text(credential.name.as_ref().map(CredentialName::as_str))
}

/// All of a block.
pub(super) fn block<Q: Arguments>(query: Q, vault: &PhoneVault, block: &Block) -> Q {
    let phone = block.subject.phone().map(|phone| vault.seal(phone));
    query
        .uuid(block.id.uuid())
        .text(block.application.as_ref().map_or(rows::FOR_ALL, ApplicationId::as_str))
        .text(block.action.as_str())
        .bytes(phone.as_ref().map(<[u8; _]>::as_slice))
        .whole(prefix_digits(block.subject))
        .uuid(block.subject.account().map(AccountId::uuid))
        .text(block.reason.as_ref().map(BlockReason::as_str))
        .instant(block.created_at)
        .instant(block.expires_at)
}

/// The digits of a prefix as they are stored; there are few of them.
pub(super) fn prefix_digits(subject: BlockSubject) -> Option<i64> {
    subject.prefix().and_then(|prefix| i64::try_from(prefix.digits()).ok())
}

/// A duration as it is stored: milliseconds.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
