//! The contract of the store of credentials. Its accounts are those of the same store.

use std::sync::Arc;
use std::time::Duration;

use super::super::demand::kept;
use super::ground::Ground;
use super::race::{RACERS, race};
use crate::account::{Account, Username};
use crate::application::ApplicationId;
use crate::credential::{Credential, CredentialKind, CredentialName, CredentialSecret, Scope, SecretHash};
use crate::id::CredentialId;
use crate::ports::{AccountStore, CredentialFilter, CredentialStore, Holder, Page};
use crate::time::{Timestamp, after};

/// The contract of [`CredentialStore`]. The accounts are those of the same store.
///
/// # Panics
/// When a promise is not kept.
pub async fn credential_store(
    credentials: Arc<dyn CredentialStore>,
    accounts: Arc<dyn AccountStore>,
    ground: &Ground,
) {
    let bench = Bench { credentials, accounts, ground };
    a_key_is_found_by_its_hash(&bench).await;
    a_user_token_is_found_with_its_account(&bench).await;
    a_hash_that_was_never_issued_is_not_found(&bench).await;
    an_expired_or_revoked_one_is_found_all_the_same(&bench).await;
    revoking_twice_keeps_the_first_instant(&bench).await;
    revoking_needs_the_application_and_the_kind(&bench).await;
    racing_revocations_agree(&bench).await;
    listings_keep_keys_and_tokens_apart(&bench).await;
    pages_have_no_gap_and_no_duplicate(&bench).await;
    names_are_kept(&bench).await;
    one_is_looked_at_by_its_own_alone(&bench).await;
}

struct Bench<'a> {
    credentials: Arc<dyn CredentialStore>,
    accounts: Arc<dyn AccountStore>,
    ground: &'a Ground,
}

const ANY_TOKEN: CredentialFilter = CredentialFilter::UserTokens(None);

impl Bench<'_> {
    async fn account(&self, application: &ApplicationId, name: &str) -> Account {
        kept(self.accounts.add(&self.ground.account(application, name)).await).0
    }

    fn credential(&self, application: &ApplicationId, kind: CredentialKind) -> Credential {
        let now = self.ground.now();
        Credential {
            id: kept(CredentialId::new(now, self.ground.entropy())),
            application: application.clone(),
            kind,
            name: None,
            created_at: now,
            expires_at: None,
            revoked_at: None,
        }
    }

    fn hash(&self, kind: CredentialKind) -> SecretHash {
        kept(CredentialSecret::new(kind, self.ground.entropy())).hash()
    }

    async fn issue(&self, credential: &Credential) -> SecretHash {
        let hash = self.hash(credential.kind);
        kept(self.credentials.issue(credential, &hash).await);
        hash
    }

    /// A credential of this kind that is stored.
    async fn issued(&self, application: &ApplicationId, kind: CredentialKind) -> Credential {
        let credential = self.credential(application, kind);
        self.issue(&credential).await;
        credential
    }

    async fn holder(&self, hash: &SecretHash) -> Option<Holder> {
        kept(self.credentials.holder(hash).await)
    }

    async fn revoke(
        &self,
        credential: &Credential,
        which: CredentialFilter,
        now: Timestamp,
    ) -> Option<Credential> {
        kept(self.credentials.revoke(&credential.application, which, credential.id, now).await)
    }

    async fn listed(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
        page: Page<CredentialId>,
    ) -> Vec<(Credential, Option<Username>)> {
        kept(self.credentials.list_credentials(application, which, page).await)
    }

    async fn all(
        &self,
        application: &ApplicationId,
        which: CredentialFilter,
    ) -> Vec<(Credential, Option<Username>)> {
        self.listed(application, which, Page { before: None, limit: 100 }).await
    }
}

const VERIFY: CredentialKind = CredentialKind::Key(Scope::Verify);
const ADMIN: CredentialKind = CredentialKind::Key(Scope::Admin);

async fn a_key_is_found_by_its_hash(bench: &Bench<'_>) {
    let application = bench.ground.application();
    for kind in [VERIFY, ADMIN] {
        let mut key = bench.credential(&application, kind);
        key.expires_at = Some(after(key.created_at, Duration::from_millis(86_400_001)));
        let hash = bench.issue(&key).await;
        let expected = Holder { credential: key, account: None };
        assert_eq!(
            bench.holder(&hash).await,
            Some(expected),
            "a key must be found by its hash as it was issued"
        );
    }
}

async fn a_user_token_is_found_with_its_account(bench: &Bench<'_>) {
    let application = bench.ground.application();
    for name in ["ram", "sita"] {
        let account = bench.account(&application, name).await;
        for _ in 0..2 {
            let token = bench.credential(&application, CredentialKind::UserToken(account.id));
            let hash = bench.issue(&token).await;
            let expected = Holder { credential: token, account: Some(account.identity()) };
            let found = bench.holder(&hash).await;
            assert_eq!(found, Some(expected), "a user token must be found by its hash, with its account");
        }
    }
}

async fn a_hash_that_was_never_issued_is_not_found(bench: &Bench<'_>) {
    bench.issued(&bench.ground.application(), VERIFY).await;
    let never = bench.hash(VERIFY);
    assert_eq!(bench.holder(&never).await, None, "a hash that was never issued must not be found");
}

async fn an_expired_or_revoked_one_is_found_all_the_same(bench: &Bench<'_>) {
    let mut key = bench.credential(&bench.ground.application(), VERIFY);
    key.expires_at = Some(key.created_at);
    let hash = bench.issue(&key).await;
    let found = bench.holder(&hash).await.map(|holder| holder.credential);
    assert_eq!(
        found.as_ref(),
        Some(&key),
        "an expired key must be found: whether it is in force is not the store's"
    );

    let now = bench.ground.now();
    let revoked = Credential { revoked_at: Some(now), ..key.clone() };
    let answer = bench.revoke(&key, CredentialFilter::Keys, now).await;
    assert_eq!(
        answer.as_ref(),
        Some(&revoked),
        "a revocation must answer the credential as it is from then on"
    );
    let found = bench.holder(&hash).await.map(|holder| holder.credential);
    assert_eq!(found, Some(revoked), "a revoked key must be found as revoked at once");
}

async fn revoking_twice_keeps_the_first_instant(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let account = bench.account(&application, "ram").await;
    let token = bench.issued(&application, CredentialKind::UserToken(account.id)).await;
    let first = bench.revoke(&token, ANY_TOKEN, bench.ground.now()).await;
    let second = bench.revoke(&token, ANY_TOKEN, bench.ground.now()).await;
    assert!(first.as_ref().is_some_and(|token| token.revoked_at.is_some()), "a user token must be revoked");
    assert_eq!(second, first, "what is revoked already must keep its instant");
}

async fn revoking_needs_the_application_and_the_kind(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let (ram, sita) = (bench.account(&application, "ram").await, bench.account(&application, "sita").await);
    let key = bench.credential(&application, ADMIN);
    let key_hash = bench.issue(&key).await;
    let token = bench.credential(&application, CredentialKind::UserToken(ram.id));
    let token_hash = bench.issue(&token).await;
    let now = bench.ground.now();

    let foreign = bench.ground.application();
    let wrong = [
        (&key, ANY_TOKEN),
        (&key, CredentialFilter::UserTokens(Some(ram.id))),
        (&token, CredentialFilter::Keys),
        (&token, CredentialFilter::UserTokens(Some(sita.id))),
    ];
    for (credential, which) in wrong {
        let answer = bench.revoke(credential, which, now).await;
        assert_eq!(answer, None, "a credential of another kind or account must not be revoked");
    }
    for (credential, which) in [(&key, CredentialFilter::Keys), (&token, ANY_TOKEN)] {
        let answer = kept(bench.credentials.revoke(&foreign, which, credential.id, now).await);
        assert_eq!(answer, None, "a credential of another application must not be revoked");
    }
    let never = bench.credential(&application, ADMIN);
    assert_eq!(
        bench.revoke(&never, CredentialFilter::Keys, now).await,
        None,
        "what is not there must not be revoked"
    );

    for (hash, credential) in [(key_hash, &key), (token_hash, &token)] {
        let found = bench.holder(&hash).await.map(|holder| holder.credential);
        assert_eq!(found.as_ref(), Some(credential), "a revocation that found nothing must change nothing");
    }
    let own = bench.revoke(&token, CredentialFilter::UserTokens(Some(ram.id)), now).await;
    assert!(own.is_some(), "a user token must be revoked by its account");
}

async fn racing_revocations_agree(bench: &Bench<'_>) {
    let key = bench.issued(&bench.ground.application(), VERIFY).await;
    let instants: Vec<_> = (0..RACERS).map(|_| bench.ground.now()).collect();
    let answers = race(|racer| {
        let (credentials, key, now) = (Arc::clone(&bench.credentials), key.clone(), instants[racer]);
        async move { kept(credentials.revoke(&key.application, CredentialFilter::Keys, key.id, now).await) }
    })
    .await;
    let first = answers.first().cloned().flatten();
    assert!(first.is_some(), "a revocation must find the credential");
    assert!(
        answers.iter().all(|answer| *answer == first),
        "of {RACERS} revocations one instant must hold for all"
    );
}

async fn listings_keep_keys_and_tokens_apart(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let (ram, sita) = (bench.account(&application, "ram").await, bench.account(&application, "sita").await);
    let verify = bench.issued(&application, VERIFY).await;
    let rams = bench.issued(&application, CredentialKind::UserToken(ram.id)).await;
    let admin = bench.issued(&application, ADMIN).await;
    let sitas = bench.issued(&application, CredentialKind::UserToken(sita.id)).await;
    bench.issued(&bench.ground.application(), VERIFY).await;

    let keys = bench.all(&application, CredentialFilter::Keys).await;
    assert_eq!(keys, [(admin, None), (verify, None)], "keys must be listed youngest first, without names");
    let (of_ram, of_sita) = ((rams, Some(ram.username)), (sitas, Some(sita.username)));
    let tokens = bench.all(&application, ANY_TOKEN).await;
    assert_eq!(
        tokens,
        [of_sita, of_ram.clone()],
        "user tokens must be listed youngest first, with their names"
    );
    let rams = bench.all(&application, CredentialFilter::UserTokens(Some(ram.id))).await;
    assert_eq!(rams, [of_ram], "a listing of one account's tokens must keep the others out");
    let nothing = bench.all(&bench.ground.application(), CredentialFilter::Keys).await;
    assert_eq!(nothing, [], "a listing of an application without keys must be empty");
}

async fn pages_have_no_gap_and_no_duplicate(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let mut all = Vec::new();
    for _ in 0..7 {
        all.push(bench.issued(&application, VERIFY).await);
    }
    // A revoked one stays in the listing.
    let now = bench.ground.now();
    if let Some(revoked) = bench.revoke(&all[3], CredentialFilter::Keys, now).await {
        all[3] = revoked;
    }
    all.reverse();
    for limit in [1, 2, 3, 7, 8] {
        let mut found: Vec<Credential> = Vec::new();
        loop {
            let page = Page { before: found.last().map(|last| last.id), limit };
            let part = bench.listed(&application, CredentialFilter::Keys, page).await;
            assert!(part.len() <= usize::from(limit), "a page must hold no more than was asked for");
            if part.is_empty() {
                break;
            }
            found.extend(part.into_iter().map(|(credential, _)| credential));
            assert!(found.len() <= all.len(), "pages must come to an end");
        }
        assert_eq!(found, all, "pages of {limit} must hold everything once, youngest first");
    }
}

async fn names_are_kept(bench: &Bench<'_>) {
    let application = bench.ground.application();
    for name in ["CI", "राम", &"र".repeat(60)] {
        let named =
            Credential { name: CredentialName::parse(name), ..bench.credential(&application, VERIFY) };
        assert!(named.name.is_some(), "the name of a credential is one");
        let hash = bench.issue(&named).await;
        let holder = bench.holder(&hash).await.map(|holder| holder.credential);
        assert_eq!(holder.as_ref(), Some(&named), "a credential must keep its name");
        let page = bench.listed(&application, CredentialFilter::Keys, Page { before: None, limit: 1 }).await;
        assert_eq!(page, [(named.clone(), None)], "a credential must be listed with its name");
        let now = bench.ground.now();
        let revoked = bench.revoke(&named, CredentialFilter::Keys, now).await;
        let expected = Credential { revoked_at: Some(now), ..named };
        assert_eq!(revoked, Some(expected), "a revoked credential must keep its name");
    }
}

async fn one_is_looked_at_by_its_own_alone(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let (ram, sita) = (bench.account(&application, "ram").await, bench.account(&application, "sita").await);
    let key = bench.issued(&application, ADMIN).await;
    let token = bench.issued(&application, CredentialKind::UserToken(ram.id)).await;
    let (of_ram, of_sita) =
        (CredentialFilter::UserTokens(Some(ram.id)), CredentialFilter::UserTokens(Some(sita.id)));
    let look = async |application: &ApplicationId, which, id| {
        kept(bench.credentials.load_credential(application, which, id).await)
    };
    let found = look(&application, CredentialFilter::Keys, key.id).await;
    assert_eq!(found, Some((key.clone(), None)), "a key must be found by its id");
    for which in [ANY_TOKEN, of_ram] {
        let found = look(&application, which, token.id).await;
        let expected = (token.clone(), Some(ram.username.clone()));
        assert_eq!(
            found,
            Some(expected),
            "a user token must be found by its id, with the name of its account"
        );
    }
    for (which, id) in [(ANY_TOKEN, key.id), (CredentialFilter::Keys, token.id), (of_sita, token.id)] {
        let found = look(&application, which, id).await;
        assert_eq!(found, None, "a credential of another kind or account must not be found");
    }
    let foreign = bench.ground.application();
    for (which, id) in [(CredentialFilter::Keys, key.id), (ANY_TOKEN, token.id)] {
        assert_eq!(look(&foreign, which, id).await, None, "one of another application must not be found");
    }
    let never = bench.credential(&application, ADMIN).id;
    assert_eq!(
        look(&application, CredentialFilter::Keys, never).await,
        None,
        "what is not there is not found"
    );
}
