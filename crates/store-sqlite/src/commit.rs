//! Commits a change of a password.

use jiff::Timestamp;
use repass_core::{
    AccountId, Commit, CommitOutcome, OtpSpend, ResetSpend, StoreError, TokenId, otp,
};

use crate::accounts::AccountsSource;
use crate::connection::Db;
use crate::failure::{Failure, Result};
use crate::store::SqliteStore;
use crate::writer::Outcome;
use crate::{attempts, audit_and_events};

impl SqliteStore {
    /// Commits the change, or rolls it back if it is refused.
    pub(crate) async fn commit_change(
        &self,
        commit: &Commit,
    ) -> std::result::Result<CommitOutcome, StoreError> {
        let (accounts, commit) = (self.accounts(), commit.clone());
        self.write(move |db| {
            let outcome = change(db, &accounts, &commit)?;
            Ok(match outcome {
                CommitOutcome::Done { .. } => Outcome::Commit(outcome),
                _ => Outcome::Rollback(outcome),
            })
        })
        .await
    }
}

fn change(db: Db<'_>, accounts: &AccountsSource, commit: &Commit) -> Result<CommitOutcome> {
    // Before the version: of two callers that redeem one token, the second one gets `TokenSpent`.
    if !is_unspent(db, commit)? {
        return Ok(CommitOutcome::TokenSpent);
    }
    let Commit { account, realm, user_id, .. } = commit;
    if !accounts.register(db, *account, realm, user_id)?
        || accounts.is_active(db, *account)? != Some(true)
    {
        return Ok(CommitOutcome::Conflict);
    }
    if let Some(time) = commit.unchanged_since
        && accounts.account(db, *account)?.is_none_or(|own| own.updated_at != time)
    {
        return Ok(CommitOutcome::Conflict);
    }
    let Some(version) = accounts.replace_hash(db, commit)? else {
        return Ok(CommitOutcome::Conflict);
    };
    if let Some(otp) = commit.otp
        && !spend_one_time_password(db, *account, otp, commit.at)?
    {
        return Ok(CommitOutcome::OtpSpent);
    }
    redeem_signed_token(db, commit)?;

    prune_history(db, commit, version)?;
    void_reset_tokens(db, *account, commit.at)?;
    revoke_access_tokens(db, *account, commit.keep_token, commit.at)?;
    set_updated(db, *account, commit.at)?;
    attempts::clear(db, &commit.clear)?;
    audit_and_events::write_audit(db, &commit.audit)?;
    if let Some(deferred) = commit.deferred_event {
        audit_and_events::delete_event(db, deferred)?;
    }
    audit_and_events::write_event(db, &commit.event, commit.event.at)?;
    Ok(CommitOutcome::Done { version })
}

fn is_unspent(db: Db<'_>, commit: &Commit) -> Result<bool> {
    match &commit.spend {
        None => Ok(true),
        Some(ResetSpend::Issued(digest)) => db.exists(
            "SELECT 1 FROM repass_reset_tokens
             WHERE digest = ?1 AND account = ?2 AND spent_at IS NULL AND expires_at > ?3",
            (digest.as_bytes(), commit.account.0.as_bytes(), commit.at.as_microsecond()),
        ),
        Some(ResetSpend::Signed { digest, .. }) => {
            let redeemed = "SELECT 1 FROM repass_reset_tokens WHERE digest = ?1";
            Ok(!db.exists(redeemed, [digest.as_bytes()])?)
        }
    }
}

/// Spends a one-time password at `at`. Returns whether it was unused.
pub(crate) fn spend_one_time_password(
    db: Db<'_>,
    account: AccountId,
    spend: OtpSpend,
    at: Timestamp,
) -> Result<bool> {
    let account = account.0.as_bytes();
    let used = match spend {
        OtpSpend::Step(step) => db.execute(
            "UPDATE repass_one_time_passwords SET last_step = ?1
             WHERE account = ?2 AND (last_step IS NULL OR last_step < ?1 OR last_step > ?3)",
            (signed_step(step)?, account, signed_step(step.saturating_add(otp::MAX_STEPS_AHEAD))?),
        )?,
        OtpSpend::Code(digest) => db.execute(
            "UPDATE repass_one_time_passwords SET code_digest = NULL, code_expires_at = NULL
             WHERE account = ?1 AND code_digest = ?2 AND code_expires_at > ?3",
            (account, digest.as_bytes(), at.as_microsecond()),
        )?,
    };
    Ok(used == 1)
}

/// Converts a TOTP step to the integer type of SQLite.
pub(crate) fn signed_step(step: u64) -> Result<i64> {
    i64::try_from(step)
        .map_err(|_| Failure::Unstorable("the step of the one-time password is out of range"))
}

/// Records the redemption of a signed reset token.
fn redeem_signed_token(db: Db<'_>, commit: &Commit) -> Result<()> {
    let Some(ResetSpend::Signed { digest, expires_at }) = &commit.spend else { return Ok(()) };
    db.execute(
        "INSERT INTO repass_reset_tokens (digest, account, issued_at, expires_at, spent_at)
         VALUES (?1, ?2, ?3, ?4, ?3)",
        (
            digest.as_bytes(),
            commit.account.0.as_bytes(),
            commit.at.as_microsecond(),
            expires_at.as_microsecond(),
        ),
    )
    .map(drop)
}

/// Deletes hashes beyond the depth of the history. Versions increase by one, so the depth is a
/// difference of versions.
fn prune_history(db: Db<'_>, commit: &Commit, version: i64) -> Result<()> {
    let depth = i64::try_from(commit.history).unwrap_or(i64::MAX);
    db.execute(
        "DELETE FROM repass_password_history WHERE account = ?1 AND version < ?2",
        (commit.account.0.as_bytes(), version.saturating_sub(depth)),
    )
    .map(drop)
}

/// Voids all unspent reset tokens of the account, including the redeemed one.
pub(crate) fn void_reset_tokens(db: Db<'_>, account: AccountId, at: Timestamp) -> Result<()> {
    db.execute(
        "UPDATE repass_reset_tokens SET spent_at = ?1 WHERE account = ?2 AND spent_at IS NULL",
        (at.as_microsecond(), account.0.as_bytes()),
    )
    .map(drop)
}

/// Revokes all access tokens of the account except `keep`, including tokens issued up to `at` that
/// are written later.
pub(crate) fn revoke_access_tokens(
    db: Db<'_>,
    account: AccountId,
    keep: Option<TokenId>,
    at: Timestamp,
) -> Result<()> {
    let (account, at) = (account.0.as_bytes(), at.as_microsecond());
    let keep = keep.as_ref().map(|token| token.0.as_bytes());
    // The clocks of programs may differ, so the cutoff never moves back.
    db.execute(
        "UPDATE repass_accounts SET kept_token = ?1,
                valid_after = MAX(COALESCE(valid_after, ?2), ?2)
         WHERE id = ?3",
        (keep, at, account),
    )?;
    db.execute(
        "UPDATE repass_access_tokens SET revoked_at = ?1
         WHERE account = ?2 AND revoked_at IS NULL AND id IS NOT ?3",
        (at, account, keep),
    )
    .map(drop)
}

/// Sets `updated_at` of the account to `at`, unless it is later.
pub(crate) fn set_updated(db: Db<'_>, account: AccountId, at: Timestamp) -> Result<()> {
    let update = "UPDATE repass_accounts SET updated_at = MAX(updated_at, ?1) WHERE id = ?2";
    db.execute(update, (at.as_microsecond(), account.0.as_bytes())).map(drop)
}
