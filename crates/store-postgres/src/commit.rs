//! Commits changes of passwords and rehashes.

use repass_core::{
    Commit, CommitOutcome, HashedPassword, OtpSpend, Rehash, ResetSpend, StoreError, otp,
};

use crate::audit::audit_values;
use crate::change::{Change, event_values, lock_account};
use crate::connections::Reply;
use crate::failure::{damaged, unstorable};
use crate::query::Query;
use crate::row::get;
use crate::store::PostgresStore;

impl PostgresStore {
    /// Commits the change in one round trip.
    pub(crate) async fn commit_change(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        let source = self.accounts();
        if let Some(table) = &source.mapped {
            return self.commit_mapped(&source, table, commit).await;
        }
        let expected = commit.expected_version;
        let change = change_password(commit, Some(expected), true, expected)?;
        let version = expected.saturating_add(1);
        match self.call::<String>(&change, &commit.audit).await? {
            None => Ok(CommitOutcome::Done { version }),
            Some(result) => outcome(&result, version),
        }
    }

    pub(crate) async fn replace_hash(&self, rehash: &Rehash) -> Result<bool, StoreError> {
        let source = self.accounts();
        if let Some(table) = &source.mapped {
            return self.rehash_mapped(&source, table, rehash).await;
        }
        let mut change = Change::new(rehash.account, rehash.audit.at, &rehash.audit);
        let hash = change.value(rehash.hash.as_str());
        let normalization = change.value(rehash.hash.normalization().as_str());
        let pepper = change.value(rehash.hash.pepper());
        let version = change.value(rehash.expected_version);
        let expected = change.value(rehash.expected_hash.as_str());
        let (account, unrecorded) = (change.account.clone(), change.unrecorded.clone());
        change.cte(
            "allowed",
            format!(
                "UPDATE @accounts
                 SET hash = {hash}, normalization = {normalization}, pepper = {pepper}
                 WHERE id = {account} AND active AND version = {version} AND hash = {expected}
                   AND {unrecorded}
                 RETURNING 1"
            ),
        );
        let change = change.finish(&rehash.audit)?;
        let locks = [lock_account(rehash.account)];
        match self.change(locks, change, &rehash.audit).await? {
            None => Ok(true),
            Some(reply) => done(&reply),
        }
    }
}

/// Returns whether the change applied.
pub(crate) fn done(reply: &Reply) -> Result<bool, StoreError> {
    reply.rows.first().map_or_else(|| Err(damaged("done")), |row| get(row, "done"))
}

/// Returns the call of [`functions::CHANGE_PASSWORD`](crate::functions), where `version` is the
/// expected one, if any is. `own` tells whether the hash is in repass's own table, and `newest` is
/// the version of the newest hash in the history.
pub(crate) fn change_password(
    commit: &Commit,
    version: Option<i64>,
    own: bool,
    newest: i64,
) -> Result<Query, StoreError> {
    let mut query = Query::default();
    query.value(commit.account);
    query.value(commit.at);
    query.value(version);
    query.value(commit.unchanged_since);
    let hash = own.then_some(&commit.hash);
    query.value(hash.map(|hash| hash.as_str().to_owned()));
    query.value(hash.map(|hash| hash.normalization().as_str().to_owned()));
    query.value(hash.and_then(HashedPassword::pepper));
    query.value(own && commit.history > 0);
    // Versions increase by one, so the depth of the history is a difference of versions.
    let depth = i64::try_from(commit.history).unwrap_or(i64::MAX);
    query.value(newest.saturating_sub(depth));
    let (token, expires_at) = match &commit.spend {
        None => (None, None),
        Some(ResetSpend::Issued(digest)) => (Some(digest), None),
        Some(ResetSpend::Signed { digest, expires_at }) => (Some(digest), Some(*expires_at)),
    };
    query.value(token.map(|digest| digest.as_bytes().to_vec()));
    query.value(expires_at);
    otp_values(&mut query, commit.otp)?;
    query.value(commit.keep_token.map(|token| token.0));
    query.value(commit.clear.as_bytes());
    query.value(commit.deferred_event);
    event_values(&mut query, &commit.event);
    audit_values(&mut query, &commit.audit)?;
    Ok(query.call("change_password"))
}

/// Returns the outcome of [`change_password`], where `version` is the new version.
pub(crate) fn outcome(result: &str, version: i64) -> Result<CommitOutcome, StoreError> {
    match result {
        "done" => Ok(CommitOutcome::Done { version }),
        "token spent" => Ok(CommitOutcome::TokenSpent),
        "conflict" => Ok(CommitOutcome::Conflict),
        "one-time password spent" => Ok(CommitOutcome::OtpSpent),
        _ => Err(damaged("result")),
    }
}

/// Adds the step, the latest step and the code of a one-time password for
/// [`functions::SPEND_ONE_TIME_PASSWORD`](crate::functions).
pub(crate) fn otp_values(query: &mut Query, otp: Option<OtpSpend>) -> Result<(), StoreError> {
    let (step, code) = match otp {
        None => (None, None),
        Some(OtpSpend::Step(step)) => (Some(step), None),
        Some(OtpSpend::Code(digest)) => (None, Some(digest.as_bytes().to_vec())),
    };
    let number = |step: Option<u64>| {
        let number = step.map(i64::try_from).transpose();
        number.map_err(|_| unstorable("the one-time password's step is out of range"))
    };
    query.value(number(step)?);
    query.value(number(step.map(|step| step.saturating_add(otp::MAX_STEPS_AHEAD)))?);
    query.value(code);
    Ok(())
}
