//! Changing a password, and replacing a hash by another one of the same password.

use repass_core::{
    Commit, CommitOutcome, HashedPassword, OtpSpend, Rehash, ResetSpend, StoreError,
};

use crate::change::{ALLOWED, Change, account_locked};
use crate::connections::Reply;
use crate::failure::{damaged, unstorable};
use crate::query::Query;
use crate::row::get;
use crate::store::PostgresStore;

impl PostgresStore {
    /// Makes the change if everything is as expected, in one round trip.
    pub(crate) async fn commit_change(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        let source = self.accounts();
        if let Some(table) = &source.mapped {
            return self.commit_mapped(&source, table, commit).await;
        }
        let locks = [account_locked(commit.account)];
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
        change.part(
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
        let locks = [account_locked(rehash.account)];
        match self.change(locks, change, &rehash.audit).await? {
            None => Ok(true),
            Some(reply) => done(&reply),
        }
    }
}

/// Whether the parts of a change happened.
pub(crate) fn done(reply: &Reply) -> Result<bool, StoreError> {
    reply.rows.first().map_or_else(|| Err(damaged("done")), |row| get(row, "done"))
}

/// How the statement of [`finish_change`] ended, where `version` is the new one.
pub(crate) fn outcome(reply: &Reply, version: i64) -> Result<CommitOutcome, StoreError> {
    if done(reply)? {
        return Ok(CommitOutcome::Done { version });
    }
    let row = reply.rows.first().ok_or_else(|| damaged("done"))?;
    let (token, active): (bool, bool) = (get(row, "token")?, get(row, "active")?);
    let (as_expected, otp): (bool, bool) = (get(row, "version")?, get(row, "otp")?);
    // The token before the version: who redeems a token twice at once is to hear of the token.
    Ok(if !token {
        CommitOutcome::TokenSpent
    } else if !active || !as_expected {
        CommitOutcome::Conflict
    } else if !otp {
        CommitOutcome::OtpSpent
    } else {
        // Somebody else has just redeemed the signed token.
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
        change.part("kept", keep);
    }
    let [hash, normalization, pepper] = hash_values(&mut change, &commit.hash);
    let replaced = format!(
        "hash = {hash}, normalization = {normalization}, pepper = {pepper}, changed_at = {},
         version = COALESCE(version, 0) + 1",
        change.at,
    );
    finish_change(change, commit, commit.expected_version, Some(replaced))
}

/// The checks of a change, where the account is active if `active` holds, and its credential is the
/// expected one if `as_expected` does.
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
    let otp = match &commit.otp {
        None => "TRUE".to_owned(),
        Some(OtpSpend::Step(step)) => {
            let step = change.value(step_number(*step)?);
            format!(
                "EXISTS (SELECT 1 FROM @one_time_passwords WHERE account = {account}
                         AND (last_step IS NULL OR last_step < {step}))"
            )
        }
        Some(OtpSpend::Code(digest)) => {
            let digest = change.value(*digest);
            format!(
                "EXISTS (SELECT 1 FROM @one_time_passwords WHERE account = {account} AND code_digest = {digest}
                         AND code_expires_at > {at})"
            )
        }
    };
    change.part(
        "checks",
        format!(
            "SELECT {token} AS token, {active} AS active, {as_expected} AS version, {otp} AS otp"
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
        change.part("redeemed", redeem);
        change.part("allowed", "SELECT 1 FROM redeemed");
    } else {
        change.part("allowed", all);
    }
    Ok(())
}

/// What a change writes, where `newest` is the version of the newest hash of the history. `replaced`
/// sets the columns of the hash, if that is in the account's own row.
pub(crate) fn finish_change(
    mut change: Change,
    commit: &Commit,
    newest: i64,
    replaced: Option<String>,
) -> Result<Query, StoreError> {
    let (account, at) = (change.account.clone(), change.at.clone());
    // Versions count up by one, so the depth of the history is a difference of versions.
    let depth = i64::try_from(commit.history).unwrap_or(i64::MAX);
    let oldest = change.value(newest.saturating_sub(depth));
    change.part(
        "forgotten",
        format!(
            "DELETE FROM @password_history
             WHERE account = {account} AND version <= {oldest} AND {ALLOWED}"
        ),
    );
    match &commit.otp {
        None => {}
        Some(OtpSpend::Step(step)) => {
            let step = change.value(step_number(*step)?);
            let update = format!("UPDATE @one_time_passwords SET last_step = {step}");
            change.part("otp", format!("{update} WHERE account = {account} AND {ALLOWED}"));
        }
        Some(OtpSpend::Code(_)) => {
            let update =
                "UPDATE @one_time_passwords SET code_digest = NULL, code_expires_at = NULL";
            change.part("otp", format!("{update} WHERE account = {account} AND {ALLOWED}"));
        }
    }
    change.reset_tokens_voided();
    let mut columns = change.cut_off(commit.keep_token);
    columns.extend([format!("updated_at = {at}"), "events = events + 1".to_owned()]);
    columns.extend(replaced);
    change.account_set(&columns);
    change.access_tokens_revoked(commit.keep_token);
    let key = change.value(commit.clear.as_bytes());
    change.part("cleared", format!("DELETE FROM @attempts WHERE key = {key} AND {ALLOWED}"));
    if let Some(event) = commit.deferred_event {
        let event = change.value(event);
        change.part("withdrawn", format!("DELETE FROM @events WHERE id = {event} AND {ALLOWED}"));
    }
    change.event_written(&commit.event, commit.event.at);
    change.finish_with(&commit.audit, "token, active, version, otp,", "FROM checks")
}

/// The parameters of a hash: itself, its normalization, its pepper.
pub(crate) fn hash_values(change: &mut Change, hash: &HashedPassword) -> [String; 3] {
    [
        change.value(hash.as_str()),
        change.value(hash.normalization().as_str()),
        change.value(hash.pepper()),
    ]
}

fn step_number(step: u64) -> Result<i64, StoreError> {
    i64::try_from(step).map_err(|_| unstorable("the one-time password's step is out of range"))
}
