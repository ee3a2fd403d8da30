//! Commits changes of passwords and rehashes.

use repass_core::{
    Commit, CommitOutcome, HashedPassword, OtpSpend, Rehash, ResetSpend, StoreError, otp,
};

use crate::change::{ALLOWED, Change, lock_account};
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
        let locks = [lock_account(commit.account)];
        let reply = self.change(locks, own_change(commit)?, &commit.audit).await?;
        let version = commit.expected_version.saturating_add(1);
        match reply {
            None => Ok(CommitOutcome::Done { version }),
            Some(reply) => outcome(&reply, version),
        }
    }

    pub(crate) async fn replace_hash(&self, rehash: &Rehash) -> Result<bool, StoreError> {
        let source = self.accounts();
        if let Some(table) = &source.mapped {
            return self.rehash_mapped(&source, table, rehash).await;
        }
        let mut change = Change::new(rehash.account, rehash.audit.at, &rehash.audit);
        let [hash, normalization, pepper] = hash_values(&mut change, &rehash.hash);
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

/// Returns the outcome of the statement of [`finish_change`], where `version` is the new version.
pub(crate) fn outcome(reply: &Reply, version: i64) -> Result<CommitOutcome, StoreError> {
    if done(reply)? {
        return Ok(CommitOutcome::Done { version });
    }
    let row = reply.rows.first().ok_or_else(|| damaged("done"))?;
    let (token, active): (bool, bool) = (get(row, "token")?, get(row, "active")?);
    let (as_expected, otp): (bool, bool) = (get(row, "version")?, get(row, "otp")?);
    // The token before the version: of two callers that redeem one token, the second one gets
    // `TokenSpent`.
    Ok(if !token {
        CommitOutcome::TokenSpent
    } else if !active || !as_expected {
        CommitOutcome::Conflict
    } else if !otp {
        CommitOutcome::OtpSpent
    } else {
        // The signed token was redeemed concurrently.
        CommitOutcome::TokenSpent
    })
}

fn own_change(commit: &Commit) -> Result<Query, StoreError> {
    let mut change = Change::new(commit.account, commit.at, &commit.audit);
    let account = change.account.clone();
    let version = change.value(commit.expected_version);
    let active = format!("EXISTS (SELECT 1 FROM @accounts WHERE id = {account} AND active)");
    let as_expected = format!(
        "EXISTS (SELECT 1 FROM @accounts WHERE id = {account} AND COALESCE(version, 0) = {version})"
    );
    begin_change(&mut change, commit, &active, &as_expected)?;

    if commit.expected_version > 0 && commit.history > 0 {
        let keep = format!(
            "INSERT INTO @password_history (account, version, hash, normalization, pepper)
             SELECT id, version, hash, normalization, pepper FROM @accounts
             WHERE id = {account} AND {ALLOWED}"
        );
        change.cte("history_added", keep);
    }
    let [hash, normalization, pepper] = hash_values(&mut change, &commit.hash);
    let replaced = format!(
        "hash = {hash}, normalization = {normalization}, pepper = {pepper}, changed_at = {},
         version = COALESCE(version, 0) + 1",
        change.at,
    );
    finish_change(change, commit, commit.expected_version, Some(replaced))
}

/// Adds the checks of a change. `active` and `as_expected` are the conditions that the account is
/// active and has the expected credential.
pub(crate) fn begin_change(
    change: &mut Change,
    commit: &Commit,
    active: &str,
    as_expected: &str,
) -> Result<(), StoreError> {
    let (account, at) = (change.account.clone(), change.at.clone());
    let token = match &commit.spend {
        None => "TRUE".to_owned(),
        Some(ResetSpend::Issued(digest)) => {
            let digest = change.value(*digest);
            format!(
                "EXISTS (SELECT 1 FROM @reset_tokens WHERE digest = {digest}
                         AND account = {account} AND spent_at IS NULL AND expires_at > {at})"
            )
        }
        Some(ResetSpend::Signed { digest, .. }) => {
            let digest = change.value(*digest);
            format!("NOT EXISTS (SELECT 1 FROM @reset_tokens WHERE digest = {digest})")
        }
    };
    let otp = match commit.otp {
        None => "TRUE".to_owned(),
        Some(spend) => {
            let unused = is_unused(change, spend)?;
            format!("EXISTS (SELECT 1 FROM @one_time_passwords WHERE {unused})")
        }
    };
    let unchanged = match commit.unchanged_since {
        None => "TRUE".to_owned(),
        Some(time) => {
            let time = change.value(time);
            format!("EXISTS (SELECT 1 FROM @accounts WHERE id = {account} AND updated_at = {time})")
        }
    };
    change.cte(
        "checks",
        format!(
            "SELECT {token} AS token, {active} AS active, {as_expected} AND {unchanged} AS version,
                    {otp} AS otp"
        ),
    );
    let all = format!(
        "SELECT 1 FROM checks WHERE token AND active AND version AND otp AND {}",
        change.unrecorded,
    );
    if let Some(ResetSpend::Signed { digest, expires_at }) = &commit.spend {
        let (digest, expires_at) = (change.value(*digest), change.value(*expires_at));
        let redeem = format!(
            "INSERT INTO @reset_tokens (digest, account, issued_at, expires_at, spent_at)
             SELECT {digest}, {account}, {at}, {expires_at}, {at} WHERE EXISTS ({all})
             ON CONFLICT (digest) DO NOTHING RETURNING 1"
        );
        change.cte("redeemed", redeem);
        change.cte("allowed", "SELECT 1 FROM redeemed");
    } else {
        change.cte("allowed", all);
    }
    Ok(())
}

/// Adds the writes of a change, where `newest` is the version of the newest hash in the history.
/// `replaced` has the assignments to the columns of the hash, if it is in repass's own table.
pub(crate) fn finish_change(
    mut change: Change,
    commit: &Commit,
    newest: i64,
    replaced: Option<String>,
) -> Result<Query, StoreError> {
    let (account, at) = (change.account.clone(), change.at.clone());
    // Versions increase by one, so the depth of the history is a difference of versions.
    let depth = i64::try_from(commit.history).unwrap_or(i64::MAX);
    let oldest = change.value(newest.saturating_sub(depth));
    change.cte(
        "history_pruned",
        format!(
            "DELETE FROM @password_history
             WHERE account = {account} AND version <= {oldest} AND {ALLOWED}"
        ),
    );
    if let Some(spend) = commit.otp {
        let update = spend_one_time_password(&mut change, spend)?;
        change.cte("otp", format!("{update} WHERE account = {account} AND {ALLOWED}"));
    }
    change.void_reset_tokens();
    let mut columns = change.revocation_columns(commit.keep_token);
    columns.extend([
        format!("updated_at = GREATEST(updated_at, {at})"),
        "events = events + 1".to_owned(),
    ]);
    columns.extend(replaced);
    change.update_account(&columns);
    change.revoke_access_tokens(commit.keep_token);
    let key = change.value(commit.clear.as_bytes());
    change
        .cte("attempts_cleared", format!("DELETE FROM @attempts WHERE key = {key} AND {ALLOWED}"));
    if let Some(event) = commit.deferred_event {
        let event = change.value(event);
        change.cte(
            "deferred_event_deleted",
            format!("DELETE FROM @events WHERE id = {event} AND {ALLOWED}"),
        );
    }
    change.insert_event(&commit.event, commit.event.at);
    change.finish_with(&commit.audit, "token, active, version, otp,", "FROM checks")
}

/// Adds a hash, its normalization and its pepper, and returns their parameters.
pub(crate) fn hash_values(change: &mut Change, hash: &HashedPassword) -> [String; 3] {
    [
        change.value(hash.as_str()),
        change.value(hash.normalization().as_str()),
        change.value(hash.pepper()),
    ]
}

/// Returns the condition of a row of `@one_time_passwords` that it is the account's and the
/// one-time password is unused.
pub(crate) fn is_unused(change: &mut Change, spend: OtpSpend) -> Result<String, StoreError> {
    let (account, at) = (change.account.clone(), change.at.clone());
    Ok(match spend {
        OtpSpend::Step(step) => {
            let latest = step.saturating_add(otp::MAX_STEPS_AHEAD);
            let (step, latest) =
                (change.value(step_number(step)?), change.value(step_number(latest)?));
            format!(
                "account = {account}
                 AND (last_step IS NULL OR last_step < {step} OR last_step > {latest})"
            )
        }
        OtpSpend::Code(digest) => {
            let digest = change.value(digest);
            format!("account = {account} AND code_digest = {digest} AND code_expires_at > {at}")
        }
    })
}

/// Returns the statement that spends the one-time password, without its condition.
pub(crate) fn spend_one_time_password(
    change: &mut Change,
    spend: OtpSpend,
) -> Result<String, StoreError> {
    Ok(match spend {
        OtpSpend::Step(step) => {
            let step = change.value(step_number(step)?);
            format!("UPDATE @one_time_passwords SET last_step = {step}")
        }
        OtpSpend::Code(_) => {
            "UPDATE @one_time_passwords SET code_digest = NULL, code_expires_at = NULL".to_owned()
        }
    })
}

fn step_number(step: u64) -> Result<i64, StoreError> {
    i64::try_from(step).map_err(|_| unstorable("the one-time password's step is out of range"))
}
