//! A change ends the sessions of its account, including tokens that reach the store after the
//! change (ASVS 7.4.3).

use std::sync::Arc;

use super::added;
use crate::conformance::check::check_eq;
use crate::conformance::sample::{CONCURRENT_CALLS, access_token, at, audit, commit, uuid, with};
use repass_core::{
    AccessToken, Account, AccountId, AdministrationStore, AuditRecord, CommitOutcome, HeldToken,
    Subject, TokenId,
};

async fn issue(store: &dyn AdministrationStore, account: &Account, second: i64) -> AccessToken {
    let token = AccessToken { issued_at: at(second), ..access_token(account) };
    let record = audit(account, "access-token.add");
    store.add_access_token(&token, &record).await.expect("add_access_token");
    token
}

async fn held(store: &dyn AdministrationStore, token: &AccessToken) -> HeldToken {
    let by_digest = store.access_token(&token.digest).await.expect("access_token").expect("kept");
    let by_id = store.access_token_by_id(token.id).await.expect("access_token_by_id");
    check_eq!(by_id.as_ref(), Some(&by_digest), "a token is the same by its digest and by its id");
    let holder = Subject::new(by_digest.realm.clone(), by_digest.user_id.as_str());
    let holder = store.find(&holder).await.expect("find").expect("kept");
    check_eq!(holder.valid_after, by_digest.valid_after, "the holder is found with valid_after");
    by_digest
}

async fn is_valid(store: &dyn AdministrationStore, token: &AccessToken) -> bool {
    held(store, token).await.is_valid_at(at(1000))
}

/// Changes the password of `version` at `second`.
async fn change(
    store: &dyn AdministrationStore,
    account: &Account,
    (version, second): (i64, i64),
    keep_token: Option<TokenId>,
) {
    let change = with(commit(account, version, "next"), |it| {
        it.at = at(second);
        it.keep_token = keep_token;
    });
    let done = store.commit(&change).await.expect("commit");
    check_eq!(done, CommitOutcome::Done { version: version + 1 });
}

/// Proves ASVS 7.4.3.
pub(in crate::conformance) async fn a_change_revokes_tokens_issued_before(
    store: &dyn AdministrationStore,
) {
    let (account, bystander) = (added(store).await, added(store).await);
    let (before, others) = (issue(store, &account, -1).await, issue(store, &bystander, -1).await);
    check_eq!(
        held(store, &before).await.valid_after,
        None,
        "before any change no token is revoked"
    );

    change(store, &account, (1, 0), None).await;
    // Issued before the change, but written after it.
    let (late, same_moment) = (issue(store, &account, -1).await, issue(store, &account, 0).await);
    let after = issue(store, &account, 1).await;
    for token in [&before, &late, &same_moment] {
        assert!(
            !is_valid(store, token).await,
            "a token issued at {}, not after the change, is revoked",
            token.issued_at
        );
        check_eq!(held(store, token).await.valid_after, Some(at(0)));
    }
    check_eq!(
        held(store, &late).await.token.revoked_at,
        None,
        "a token added after the change is not revoked by it"
    );
    assert!(is_valid(store, &after).await, "a token issued after the change is valid");
    assert!(is_valid(store, &others).await, "a token of another account stays valid");
    check_eq!(held(store, &others).await.valid_after, None);

    let refused = with(commit(&account, 1, "late"), |it| it.at = at(50));
    check_eq!(store.commit(&refused).await.expect("commit"), CommitOutcome::Conflict);
    assert!(is_valid(store, &after).await, "a refused change revokes no token");
}

/// Proves E4.
pub(in crate::conformance) async fn all_are_ended(store: &dyn AdministrationStore) {
    let (account, bystander) = (added(store).await, added(store).await);
    let (own, others) = (issue(store, &account, 0).await, issue(store, &bystander, 0).await);
    let record = AuditRecord { at: at(5), ..audit(&account, "token.revoke") };
    store.revoke_access_tokens(account.id, &record).await.expect("revoke_access_tokens");
    let late = issue(store, &account, 5).await;
    for token in [&own, &late] {
        assert!(!is_valid(store, token).await, "a token issued until then is revoked");
    }
    assert!(is_valid(store, &issue(store, &account, 6).await).await, "a later token is valid");
    assert!(is_valid(store, &others).await, "a token of another account stays valid");
    let found = store.account(account.id).await.expect("account").expect("kept");
    assert!(found.active, "the account stays active");
    assert!(found.updated_at >= at(5), "later tokens are dated by it");
    super::check_unknown(&store.revoke_access_tokens(AccountId(uuid()), &record).await);
}

pub(in crate::conformance) async fn a_kept_token_is_valid_until_the_next_change(
    store: &dyn AdministrationStore,
) {
    let account = added(store).await;
    let (first, second) = (issue(store, &account, -1).await, issue(store, &account, -1).await);
    change(store, &account, (1, 0), Some(first.id)).await;
    assert!(
        held(store, &first).await.kept && is_valid(store, &first).await,
        "the token that the change keeps stays valid"
    );
    assert!(!held(store, &second).await.kept && !is_valid(store, &second).await);

    change(store, &account, (2, 10), Some(first.id)).await;
    assert!(is_valid(store, &first).await, "a kept token can be kept by the next change");
    let third = issue(store, &account, 11).await;
    change(store, &account, (3, 20), Some(third.id)).await;
    assert!(!is_valid(store, &first).await, "a token kept by an earlier change is no longer valid");
    assert!(is_valid(store, &third).await);
    change(store, &account, (4, 30), None).await;
    assert!(!is_valid(store, &third).await, "a change that keeps no token revokes all");

    let (one, other) = (added(store).await, added(store).await);
    let own = issue(store, &one, -1).await;
    let others = issue(store, &other, -1).await;
    change(store, &one, (1, 0), Some(others.id)).await;
    assert!(
        !is_valid(store, &own).await,
        "a change that keeps a token of another account revokes all"
    );
    assert!(is_valid(store, &others).await, "the token of the other account stays valid");
}

pub(in crate::conformance) async fn the_revocation_cutoff_never_moves_back(
    store: &dyn AdministrationStore,
) {
    let account = added(store).await;
    change(store, &account, (1, 10), None).await;
    // By a node whose clock is behind.
    change(store, &account, (2, 5), None).await;
    let between = issue(store, &account, 7).await;
    check_eq!(held(store, &between).await.valid_after, Some(at(10)));
    assert!(!is_valid(store, &between).await);
}

pub(in crate::conformance) async fn deactivation_revokes_tokens(store: &dyn AdministrationStore) {
    let account = added(store).await;
    let kept = issue(store, &account, -1).await;
    change(store, &account, (1, 0), Some(kept.id)).await;
    for (active, second) in [(false, 5), (true, 6)] {
        let record = AuditRecord { at: at(second), ..audit(&account, "account.set-active") };
        store.set_active(account.id, active, &record).await.expect("set_active");
    }
    let (late, after) = (issue(store, &account, 5).await, issue(store, &account, 6).await);
    check_eq!(
        held(store, &late).await.valid_after,
        Some(at(5)),
        "deactivation sets valid_after, activation does not"
    );
    for token in [&kept, &late] {
        assert!(!is_valid(store, token).await, "activation restores no token");
    }
    assert!(is_valid(store, &after).await, "a token issued after the change is valid");
}

/// Proves ASVS 7.4.3.
pub(in crate::conformance) async fn tokens_issued_during_a_change_are_revoked(
    store: &Arc<dyn AdministrationStore>,
) {
    let account = added(&**store).await;
    let issuing: Vec<_> = (0..CONCURRENT_CALLS)
        .map(|_| {
            let (store, account) = (Arc::clone(store), account.clone());
            tokio::spawn(async move { issue(&*store, &account, -1).await })
        })
        .collect();
    change(&**store, &account, (1, 0), None).await;
    for one in issuing {
        let token = one.await.expect("a task that issues");
        assert!(
            !is_valid(&**store, &token).await,
            "a token issued before the change is revoked, whichever was written first"
        );
    }
}
