mod in_one_piece;

use jiff::Timestamp;
use repass_core::{
    AccountId, Commit, CommitOutcome, OtpSpend, Realm, ResetSpend, StoreError, TokenId, UserId,
};
use sqlx::query;

use crate::accounts_source::AccountsSource;
use crate::attempts::attempts_cleared;
use crate::effect::{Effect, Value};
use crate::failure::unstorable;
use crate::hash_columns::hash_values;
use crate::journal::event_written;
use crate::outbox::event_withdrawn;
use crate::row;
use crate::store::SqlStore;
use crate::transaction::WriteTransaction;

impl SqlStore {
    /// Makes the change, or undoes everything when it is refused.
    pub(crate) async fn commit_change(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        if let Some(committed) = self.commit_in_one_piece(commit).await? {
            return Ok(committed);
        }
        let mut transaction = self.begin().await?;
        let committed = self.change(&mut transaction, commit).await?;
        match committed {
            CommitOutcome::Done { .. } => self.end(transaction, &commit.audit).await?,
            CommitOutcome::Conflict | CommitOutcome::TokenSpent | CommitOutcome::OtpSpent => {
                self.undo(transaction).await?;
            }
        }
        Ok(committed)
    }

    async fn change(
        &self,
        transaction: &mut WriteTransaction,
        commit: &Commit,
    ) -> Result<CommitOutcome, StoreError> {
        // Every other change of the account, and every issue of a token for it, waits from here on.
        let Commit { account, realm, user_id, .. } = commit;
        let active = self.lock_named(transaction, *account, realm, user_id).await?;
        let foreign = self.accounts.foreign.as_ref();

        // Before the version: who redeems a token twice at once is to hear of the token.
        if !self.is_unspent(transaction, commit).await? {
            return Ok(CommitOutcome::TokenSpent);
        }
        if active != Some(true) {
            return Ok(CommitOutcome::Conflict);
        }
        let replaced = match foreign {
            None => self.replace_hash(transaction, commit).await?,
            Some(_) => self.note_foreign_hash(transaction, commit).await?,
        };
        let Some(version) = replaced else { return Ok(CommitOutcome::Conflict) };
        if !self.use_up_otp(transaction, commit).await? {
            return Ok(CommitOutcome::OtpSpent);
        }
        if !self.redeem_signed_token(transaction, commit).await? {
            return Ok(CommitOutcome::TokenSpent);
        }

        self.write_audit(transaction, &commit.audit).await?;
        for effect in effects(commit, version) {
            self.effect(transaction, effect).await?;
        }
        if let Some(table) = foreign {
            let expected = commit.expected_hash.as_ref();
            let (account, hash) = (commit.account, &commit.hash);
            if !self.write_foreign_hash(transaction, table, account, expected, hash).await? {
                return Ok(CommitOutcome::Conflict);
            }
        }
        Ok(CommitOutcome::Done { version })
    }

    /// As [`lock_account`](Self::lock_account), of an account too that stands in a mapped table and
    /// that nothing was ever written about.
    pub(crate) async fn lock_named(
        &self,
        transaction: &mut WriteTransaction,
        account: AccountId,
        realm: &Realm,
        user_id: &UserId,
    ) -> Result<Option<bool>, StoreError> {
        let active = self.lock_account(transaction, account).await?;
        match &self.accounts.foreign {
            Some(table) if active.is_none() => {
                if self.register_foreign(transaction, table, account, realm, user_id).await? {
                    self.lock_account(transaction, account).await
                } else {
                    Ok(None)
                }
            }
            _ => Ok(active),
        }
    }

    /// Whether the account is active; `None` when there is none.
    pub(crate) async fn lock_account(
        &self,
        transaction: &mut WriteTransaction,
        account: AccountId,
    ) -> Result<Option<bool>, StoreError> {
        let AccountsSource { active, join, .. } = &*self.accounts;
        let select = format!("SELECT {active} AS active FROM accounts a {join} WHERE a.id = $1");
        let found = query(self.dialect.locking(&select)).bind(account.to_string());
        self.row_within(transaction, found).await?.as_ref().map(row::active).transpose()
    }

    async fn is_unspent(
        &self,
        transaction: &mut WriteTransaction,
        commit: &Commit,
    ) -> Result<bool, StoreError> {
        match &commit.spend {
            None => Ok(true),
            Some(ResetSpend::Issued(digest)) => {
                let unspent = query(
                    "SELECT digest FROM reset_tokens
                     WHERE digest = $1 AND account = $2 AND spent_at IS NULL AND expires_at > $3",
                )
                .bind(digest.as_bytes().as_slice())
                .bind(commit.account.to_string())
                .bind(commit.at.as_microsecond());
                Ok(self.row_within(transaction, unspent).await?.is_some())
            }
            Some(ResetSpend::Signed { digest, .. }) => {
                let redeemed = query("SELECT digest FROM reset_tokens WHERE digest = $1")
                    .bind(digest.as_bytes().as_slice());
                Ok(self.row_within(transaction, redeemed).await?.is_none())
            }
        }
    }

    /// Puts the new hash in the place of the expected one, which goes to the history. The new
    /// version; `None` when it was not the expected one.
    async fn replace_hash(
        &self,
        transaction: &mut WriteTransaction,
        commit: &Commit,
    ) -> Result<Option<i64>, StoreError> {
        if commit.expected_version == 0 {
            let first = self.effect_now(transaction, hash_first_set(commit)).await?;
            return Ok((first == 1).then_some(1));
        }
        if let Some(effect) = hash_kept(commit) {
            self.effect(transaction, effect).await?;
        }
        let replaced = self.effect_now(transaction, hash_replaced(commit)).await? == 1;
        Ok(replaced.then(|| commit.expected_version.saturating_add(1)))
    }

    /// Whether the one-time password was still unused.
    async fn use_up_otp(
        &self,
        transaction: &mut WriteTransaction,
        commit: &Commit,
    ) -> Result<bool, StoreError> {
        let account = commit.account.to_string();
        let update = match &commit.otp {
            None => return Ok(true),
            Some(OtpSpend::Step(step)) => {
                let step = i64::try_from(*step)
                    .map_err(|_| unstorable("the one-time password's step is out of range"))?;
                query(
                    "UPDATE otp SET last_step = $1
                     WHERE account = $2 AND (last_step IS NULL OR last_step < $1)",
                )
                .bind(step)
                .bind(account)
            }
            Some(OtpSpend::Code(digest)) => query(
                "UPDATE otp SET code_digest = NULL, code_expires_at = NULL
                 WHERE account = $1 AND code_digest = $2 AND code_expires_at > $3",
            )
            .bind(account)
            .bind(digest.as_bytes().to_vec())
            .bind(commit.at.as_microsecond()),
        };
        Ok(self.write(transaction, update).await? == 1)
    }

    /// Keeps the redemption of a signed reset token. Whether nobody redeemed it meanwhile.
    async fn redeem_signed_token(
        &self,
        transaction: &mut WriteTransaction,
        commit: &Commit,
    ) -> Result<bool, StoreError> {
        let Some(ResetSpend::Signed { digest, expires_at }) = &commit.spend else {
            return Ok(true);
        };
        let redeem = query(
            "INSERT INTO reset_tokens (digest, account, issued_at, expires_at, spent_at)
             VALUES ($1, $2, $3, $4, $3) ON CONFLICT (digest) DO NOTHING",
        )
        .bind(digest.as_bytes().as_slice())
        .bind(commit.account.to_string())
        .bind(commit.at.as_microsecond())
        .bind(expires_at.as_microsecond());
        Ok(self.write(transaction, redeem).await? == 1)
    }
}

fn hash_first_set(commit: &Commit) -> Effect {
    let [hash, normalisation, pepper] = hash_values(&commit.hash);
    Effect::new(
        "INSERT INTO credentials (hash, normalisation, pepper, account, version, changed_at)
         VALUES ($1, $2, $3, $4, 1, $5) ON CONFLICT (account) DO NOTHING",
        [hash, normalisation, pepper, commit.account.to_string().into(), commit.at.into()],
    )
}

/// Keeps the hash that [`hash_replaced`] will replace, if the history is kept.
fn hash_kept(commit: &Commit) -> Option<Effect> {
    let kept = || {
        Effect::new(
            "INSERT INTO password_history (account, version, hash, normalisation, pepper)
             SELECT account, version, hash, normalisation, pepper FROM credentials
             WHERE account = $1 AND version = $2",
            [commit.account.to_string().into(), commit.expected_version.into()],
        )
    };
    (commit.history > 0).then(kept)
}

/// Puts the new hash in the place of the expected one, if that is there and the account is active.
fn hash_replaced(commit: &Commit) -> Effect {
    let [hash, normalisation, pepper] = hash_values(&commit.hash);
    let (account, expected) = (commit.account.to_string().into(), commit.expected_version.into());
    Effect::new(
        "UPDATE credentials SET hash = $1, normalisation = $2, pepper = $3,
                version = version + 1, changed_at = $4
         WHERE account = $5 AND version = $6
           AND EXISTS (SELECT 1 FROM accounts WHERE id = $5 AND active)",
        [hash, normalisation, pepper, commit.at.into(), account, expected],
    )
}

/// All that a change does beside its checks, where `version` is the new one.
fn effects(commit: &Commit, version: i64) -> Vec<Effect> {
    let mut effects = vec![history_pruned(commit, version.saturating_sub(1))];
    effects.push(reset_tokens_voided(commit.account, commit.at));
    effects.extend(access_tokens_cut_off(commit.account, commit.keep_token, commit.at));
    effects.push(attempts_cleared(&commit.clear));
    effects.extend(commit.alarm.map(event_withdrawn));
    effects.push(event_written(&commit.event, commit.event.at));
    effects
}

/// Forgets what is older than the history that the change keeps, the newest of which has the version
/// `newest`.
fn history_pruned(commit: &Commit, newest: i64) -> Effect {
    // Versions count up by one, so the depth of the history is a difference of versions.
    let depth = i64::try_from(commit.history).unwrap_or(i64::MAX);
    Effect::new(
        "DELETE FROM password_history WHERE account = $1 AND version <= $2",
        [commit.account.to_string().into(), newest.saturating_sub(depth).into()],
    )
}

/// Voids every reset token of the account that counts still, the redeemed one among them.
pub(crate) fn reset_tokens_voided(account: AccountId, at: Timestamp) -> Effect {
    Effect::new(
        "UPDATE reset_tokens SET spent_at = $1 WHERE account = $2 AND spent_at IS NULL",
        [at.into(), account.to_string().into()],
    )
}

/// Ends every session of the account but the one of `keep`: those that are there, and those that were
/// issued up to `at` and are written later. The account was updated then.
pub(crate) fn access_tokens_cut_off(
    account: AccountId,
    keep: Option<TokenId>,
    at: Timestamp,
) -> [Effect; 2] {
    let keep = keep.map(|token| token.0.to_string());
    // No id is empty.
    let kept = keep.clone().unwrap_or_default();
    [
        // Of nodes whose clocks differ, the later one's word stands.
        Effect::new(
            "UPDATE accounts SET kept_token = $1, updated_at = $2,
                    valid_after = CASE WHEN valid_after > $2 THEN valid_after ELSE $2 END
             WHERE id = $3",
            [Value::Text(keep), at.into(), account.to_string().into()],
        ),
        Effect::new(
            "UPDATE access_tokens SET revoked_at = $1
             WHERE account = $2 AND revoked_at IS NULL AND id <> $3",
            [at.into(), account.to_string().into(), kept.into()],
        ),
    ]
}
