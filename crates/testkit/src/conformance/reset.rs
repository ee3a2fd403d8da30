use super::Fixture;
use super::sample::{RIVALS, added, at, commit, digest, found, hash, history, reset_token};
use repass_core::{
    Account, Commit, Committed, CredentialStore, ResetSpend, ResetToken, TokenDigest,
};

async fn outcome(store: &dyn CredentialStore, change: &Commit) -> Committed {
    store.commit(change).await.expect("commit")
}

fn redeem(account: &Account, version: i64, token: TokenDigest) -> Commit {
    let spend = Some(ResetSpend::Issued(token));
    Commit { spend, ..commit(account, version, "by reset") }
}

fn redeem_signed(account: &Account, version: i64, digest: TokenDigest) -> Commit {
    let spend = Some(ResetSpend::Signed { digest, expires_at: at(600) });
    Commit { spend, ..commit(account, version, "by signed reset") }
}

pub(super) async fn tokens_count_once(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = added(fixture).await;
    let token = reset_token(&account);
    if !fixture.add_reset_token(&token).await {
        return;
    }
    let unknown = outcome(&*store, &redeem(&account, 1, digest("unknown"))).await;
    assert_eq!(unknown, Committed::TokenSpent, "a token nobody issued is none");
    let first = outcome(&*store, &redeem(&account, 1, token.digest)).await;
    assert_eq!(first, Committed::Done { version: 2 });
    let again = outcome(&*store, &redeem(&account, 2, token.digest)).await;
    assert_eq!(again, Committed::TokenSpent, "a token counts once");
    let late = outcome(&*store, &redeem(&account, 1, token.digest)).await;
    assert_eq!(late, Committed::TokenSpent, "the spent token is told before the conflict");
    assert_eq!(history(&*store, &account).await, [hash("first")], "only one change was made");
}

pub(super) async fn tokens_count_until_they_expire(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = added(fixture).await;
    let token = ResetToken { expires_at: at(0), ..reset_token(&account) };
    if !fixture.add_reset_token(&token).await {
        return;
    }
    let late = outcome(&*store, &redeem(&account, 1, token.digest)).await;
    assert_eq!(late, Committed::TokenSpent, "from the moment of its expiry on it does not count");
    let early = Commit { at: at(-1), ..redeem(&account, 1, token.digest) };
    assert_eq!(outcome(&*store, &early).await, Committed::Done { version: 2 });
}

pub(super) async fn tokens_count_for_their_account_only(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (account, other) = (added(fixture).await, added(fixture).await);
    let token = reset_token(&account);
    if !fixture.add_reset_token(&token).await {
        return;
    }
    let stolen = outcome(&*store, &redeem(&other, 1, token.digest)).await;
    assert_eq!(stolen, Committed::TokenSpent, "another account's token is none");
    let own = outcome(&*store, &redeem(&account, 1, token.digest)).await;
    assert_eq!(own, Committed::Done { version: 2 }, "it still counts for its own");
}

pub(super) async fn newer_tokens_void_older(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (account, other) = (added(fixture).await, added(fixture).await);
    let (older, newer) = (reset_token(&account), reset_token(&account));
    let others = reset_token(&other);
    if !fixture.add_reset_token(&older).await {
        return;
    }
    fixture.add_reset_token(&others).await;
    fixture.add_reset_token(&newer).await;
    let void = outcome(&*store, &redeem(&account, 1, older.digest)).await;
    assert_eq!(void, Committed::TokenSpent, "a newer token voids the older");
    for (account, token) in [(&account, newer), (&other, others)] {
        let done = outcome(&*store, &redeem(account, 1, token.digest)).await;
        assert_eq!(done, Committed::Done { version: 2 }, "and no other");
    }
}

pub(super) async fn any_change_voids_tokens(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (account, other) = (added(fixture).await, added(fixture).await);
    let (token, others) = (reset_token(&account), reset_token(&other));
    if !fixture.add_reset_token(&token).await {
        return;
    }
    fixture.add_reset_token(&others).await;
    let done = outcome(&*store, &commit(&account, 1, "second")).await;
    assert_eq!(done, Committed::Done { version: 2 });
    let void = outcome(&*store, &redeem(&account, 2, token.digest)).await;
    assert_eq!(void, Committed::TokenSpent, "a change by the old password voids reset tokens");
    let done = outcome(&*store, &redeem(&other, 1, others.digest)).await;
    assert_eq!(done, Committed::Done { version: 2 }, "but not another account's");
}

pub(super) async fn refused_changes_spend_no_token(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = added(fixture).await;
    let token = reset_token(&account);
    if !fixture.add_reset_token(&token).await {
        return;
    }
    let signed = digest("signed");
    for change in [redeem(&account, 7, token.digest), redeem_signed(&account, 7, signed)] {
        assert_eq!(outcome(&*store, &change).await, Committed::Conflict);
    }
    for (change, version) in
        [(redeem(&account, 1, token.digest), 2), (redeem_signed(&account, 2, signed), 3)]
    {
        let done = outcome(&*store, &change).await;
        assert_eq!(done, Committed::Done { version }, "a refused change spends no token");
    }
}

pub(super) async fn one_redemption_of_many_at_once_wins(fixture: &dyn Fixture) {
    let account = added(fixture).await;
    let token = reset_token(&account);
    if fixture.add_reset_token(&token).await {
        race(fixture, &account, &redeem(&account, 1, token.digest)).await;
    }
}

pub(super) async fn signed_tokens_count_once(fixture: &dyn Fixture) {
    let store = fixture.store();
    let account = added(fixture).await;
    let issued = reset_token(&account);
    if !fixture.add_reset_token(&issued).await {
        return;
    }
    let signed = digest("signed");
    let first = outcome(&*store, &redeem_signed(&account, 1, signed)).await;
    assert_eq!(first, Committed::Done { version: 2 });
    for version in [1, 2] {
        let again = outcome(&*store, &redeem_signed(&account, version, signed)).await;
        assert_eq!(again, Committed::TokenSpent, "a signed token counts once too");
    }
    let void = outcome(&*store, &redeem(&account, 2, issued.digest)).await;
    assert_eq!(void, Committed::TokenSpent, "its redemption voids issued tokens");
    let other = outcome(&*store, &redeem_signed(&account, 2, digest("another"))).await;
    assert_eq!(other, Committed::Done { version: 3 }, "each is told by its own digest");
}

pub(super) async fn one_signed_redemption_of_many_at_once_wins(fixture: &dyn Fixture) {
    let account = added(fixture).await;
    if fixture.add_reset_token(&reset_token(&account)).await {
        race(fixture, &account, &redeem_signed(&account, 1, digest("signed"))).await;
    }
}

async fn race(fixture: &dyn Fixture, account: &Account, change: &Commit) {
    let rivals: Vec<_> = (0..RIVALS)
        .map(|_| {
            let (store, change) = (fixture.store(), change.clone());
            tokio::spawn(async move { store.commit(&change).await.expect("commit") })
        })
        .collect();
    let mut done = 0;
    for rival in rivals {
        match rival.await.expect("a task that redeems") {
            Committed::Done { version: 2 } => done += 1,
            other => assert_eq!(other, Committed::TokenSpent, "the losers hear of the token"),
        }
    }
    assert_eq!(done, 1, "of {RIVALS} redemptions at once exactly one counts");
    let credential = found(&*fixture.store(), account).await.credential.expect("a credential");
    assert_eq!(credential.version, 2);
}
