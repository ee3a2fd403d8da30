use super::Fixture;
use super::check::{Unsupported, check_eq, require};
use super::sample::{
    CONCURRENT_CALLS, added, at, commit, digest, found, hash_text, history, reset_token, with,
};
use repass_core::{
    Account, Commit, CommitOutcome, CredentialStore, ResetSpend, ResetToken, TokenDigest,
};

async fn outcome(store: &dyn CredentialStore, change: &Commit) -> CommitOutcome {
    store.commit(change).await.expect("commit")
}

fn redeem(account: &Account, version: i64, token: TokenDigest) -> Commit {
    let spend = Some(ResetSpend::Issued(token));
    with(commit(account, version, "by reset"), |it| it.spend = spend)
}

fn redeem_signed(account: &Account, version: i64, digest: TokenDigest) -> Commit {
    let spend = Some(ResetSpend::Signed { digest, expires_at: at(600) });
    with(commit(account, version, "by signed reset"), |it| it.spend = spend)
}

/// Proves ASVS 6.5.1.
pub(super) async fn tokens_are_accepted_once(fixture: &dyn Fixture) -> Result<(), Unsupported> {
    let store = fixture.store();
    let account = added(fixture).await;
    let token = reset_token(&account);
    require(fixture.add_reset_token(&token).await, "reset tokens")?;
    let unknown = outcome(&*store, &redeem(&account, 1, digest("unknown"))).await;
    check_eq!(unknown, CommitOutcome::TokenSpent, "a token that was never issued is refused");
    let first = outcome(&*store, &redeem(&account, 1, token.digest)).await;
    check_eq!(first, CommitOutcome::Done { version: 2 });
    let again = outcome(&*store, &redeem(&account, 2, token.digest)).await;
    check_eq!(again, CommitOutcome::TokenSpent, "a spent token is refused");
    let late = outcome(&*store, &redeem(&account, 1, token.digest)).await;
    check_eq!(
        late,
        CommitOutcome::TokenSpent,
        "of a spent token and a conflict the spent token is returned"
    );
    check_eq!(
        history(&*store, &account).await,
        [hash_text("first")],
        "exactly one change was made"
    );
    Ok(())
}

/// Proves ASVS 6.5.5.
pub(super) async fn tokens_are_accepted_until_they_expire(
    fixture: &dyn Fixture,
) -> Result<(), Unsupported> {
    let store = fixture.store();
    let account = added(fixture).await;
    let token = ResetToken { expires_at: at(0), ..reset_token(&account) };
    require(fixture.add_reset_token(&token).await, "reset tokens")?;
    let late = outcome(&*store, &redeem(&account, 1, token.digest)).await;
    check_eq!(
        late,
        CommitOutcome::TokenSpent,
        "a token is refused from the moment of its expiry on"
    );
    let early = with(redeem(&account, 1, token.digest), |it| it.at = at(-1));
    check_eq!(outcome(&*store, &early).await, CommitOutcome::Done { version: 2 });
    Ok(())
}

/// Proves ASVS 6.5.4.
pub(super) async fn tokens_are_accepted_for_their_account_only(
    fixture: &dyn Fixture,
) -> Result<(), Unsupported> {
    let store = fixture.store();
    let (account, other) = (added(fixture).await, added(fixture).await);
    let token = reset_token(&account);
    require(fixture.add_reset_token(&token).await, "reset tokens")?;
    let stolen = outcome(&*store, &redeem(&other, 1, token.digest)).await;
    check_eq!(stolen, CommitOutcome::TokenSpent, "a token of another account is refused");
    let own = outcome(&*store, &redeem(&account, 1, token.digest)).await;
    check_eq!(
        own,
        CommitOutcome::Done { version: 2 },
        "the token is still accepted for its own account"
    );
    Ok(())
}

pub(super) async fn newer_tokens_void_older(fixture: &dyn Fixture) -> Result<(), Unsupported> {
    let store = fixture.store();
    let (account, other) = (added(fixture).await, added(fixture).await);
    let (older, newer) = (reset_token(&account), reset_token(&account));
    let others = reset_token(&other);
    require(fixture.add_reset_token(&older).await, "reset tokens")?;
    fixture.add_reset_token(&others).await;
    fixture.add_reset_token(&newer).await;
    let void = outcome(&*store, &redeem(&account, 1, older.digest)).await;
    check_eq!(void, CommitOutcome::TokenSpent, "an older token of the account is refused");
    for (account, token) in [(&account, newer), (&other, others)] {
        let done = outcome(&*store, &redeem(account, 1, token.digest)).await;
        check_eq!(
            done,
            CommitOutcome::Done { version: 2 },
            "the newer token, and those of other accounts, are accepted"
        );
    }
    Ok(())
}

pub(super) async fn any_change_voids_tokens(fixture: &dyn Fixture) -> Result<(), Unsupported> {
    let store = fixture.store();
    let (account, other) = (added(fixture).await, added(fixture).await);
    let (token, others) = (reset_token(&account), reset_token(&other));
    require(fixture.add_reset_token(&token).await, "reset tokens")?;
    fixture.add_reset_token(&others).await;
    let done = outcome(&*store, &commit(&account, 1, "second")).await;
    check_eq!(done, CommitOutcome::Done { version: 2 });
    let void = outcome(&*store, &redeem(&account, 2, token.digest)).await;
    check_eq!(
        void,
        CommitOutcome::TokenSpent,
        "a change by the old password voids the account's reset tokens"
    );
    let done = outcome(&*store, &redeem(&other, 1, others.digest)).await;
    check_eq!(
        done,
        CommitOutcome::Done { version: 2 },
        "a change voids no token of another account"
    );
    Ok(())
}

pub(super) async fn refused_changes_spend_no_token(
    fixture: &dyn Fixture,
) -> Result<(), Unsupported> {
    let store = fixture.store();
    let account = added(fixture).await;
    let token = reset_token(&account);
    require(fixture.add_reset_token(&token).await, "reset tokens")?;
    let signed = digest("signed");
    for change in [redeem(&account, 7, token.digest), redeem_signed(&account, 7, signed)] {
        check_eq!(outcome(&*store, &change).await, CommitOutcome::Conflict);
    }
    for (change, version) in
        [(redeem(&account, 1, token.digest), 2), (redeem_signed(&account, 2, signed), 3)]
    {
        let done = outcome(&*store, &change).await;
        check_eq!(done, CommitOutcome::Done { version }, "a refused change spends no token");
    }
    Ok(())
}

pub(super) async fn one_of_many_concurrent_redemptions_wins(
    fixture: &dyn Fixture,
) -> Result<(), Unsupported> {
    let account = added(fixture).await;
    let token = reset_token(&account);
    require(fixture.add_reset_token(&token).await, "reset tokens")?;
    race(fixture, &account, &redeem(&account, 1, token.digest)).await;
    Ok(())
}

pub(super) async fn signed_tokens_are_accepted_once(
    fixture: &dyn Fixture,
) -> Result<(), Unsupported> {
    let store = fixture.store();
    let account = added(fixture).await;
    let issued = reset_token(&account);
    require(fixture.add_reset_token(&issued).await, "reset tokens")?;
    let signed = digest("signed");
    let first = outcome(&*store, &redeem_signed(&account, 1, signed)).await;
    check_eq!(first, CommitOutcome::Done { version: 2 });
    for version in [1, 2] {
        let again = outcome(&*store, &redeem_signed(&account, version, signed)).await;
        check_eq!(again, CommitOutcome::TokenSpent, "a redeemed signed token is refused");
    }
    let void = outcome(&*store, &redeem(&account, 2, issued.digest)).await;
    check_eq!(
        void,
        CommitOutcome::TokenSpent,
        "the redemption of a signed token voids issued ones"
    );
    let other = outcome(&*store, &redeem_signed(&account, 2, digest("another"))).await;
    check_eq!(
        other,
        CommitOutcome::Done { version: 3 },
        "a signed token with another digest is accepted"
    );
    Ok(())
}

pub(super) async fn one_of_many_concurrent_signed_redemptions_wins(
    fixture: &dyn Fixture,
) -> Result<(), Unsupported> {
    let account = added(fixture).await;
    require(fixture.add_reset_token(&reset_token(&account)).await, "reset tokens")?;
    race(fixture, &account, &redeem_signed(&account, 1, digest("signed"))).await;
    Ok(())
}

async fn race(fixture: &dyn Fixture, account: &Account, change: &Commit) {
    let tasks: Vec<_> = (0..CONCURRENT_CALLS)
        .map(|_| {
            let (store, change) = (fixture.store(), change.clone());
            tokio::spawn(async move { store.commit(&change).await.expect("commit") })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        match task.await.expect("a task that redeems") {
            CommitOutcome::Done { version: 2 } => done += 1,
            other => check_eq!(
                other,
                CommitOutcome::TokenSpent,
                "every other redemption is refused for its token"
            ),
        }
    }
    check_eq!(done, 1, "of {CONCURRENT_CALLS} concurrent redemptions exactly one is accepted");
    let password = found(&*fixture.store(), account).await.password.expect("a password");
    check_eq!(password.version, 2, "the version is counted up once");
}
