use jiff::Timestamp;
use repass_core::{
    AccessToken, AccountError, AccountId, AuditRecord, HeldToken, OtpEnrolment, OutboxEvent,
    ResetToken, StoreError, TokenDigest, TokenId,
};
use sqlx::{AssertSqlSafe, query};

use crate::commit::reset_tokens_voided;
use crate::failure::unstorable;
use crate::journal::event_written;
use crate::row;
use crate::store::SqlStore;

impl SqlStore {
    pub(super) async fn insert_access_token(
        &self,
        token: &AccessToken,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let roles = serde_json::to_string(&token.roles)
            .map_err(|_| unstorable("the token's roles make no JSON"))?;
        let mut transaction = self.begin().await?;
        if self.lock_account(&mut transaction, token.account).await?.is_none() {
            return Err(AccountError::Unknown);
        }
        let insert = query(
            "INSERT INTO access_tokens (id, account, roles, digest, issued_at, expires_at,
                                        revoked_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(token.id.0.to_string())
        .bind(token.account.to_string())
        .bind(roles)
        .bind(token.digest.as_bytes().as_slice())
        .bind(token.issued_at.as_microsecond())
        .bind(token.expires_at.as_microsecond())
        .bind(token.revoked_at.map(Timestamp::as_microsecond));
        self.write(&mut transaction, insert).await?;
        self.write_audit(&mut transaction, audit).await?;
        Ok(self.end(transaction, audit).await?)
    }

    pub(super) async fn find_access_token(
        &self,
        token: TokenId,
    ) -> Result<Option<HeldToken>, StoreError> {
        let find = AssertSqlSafe(self.accounts.held_token("t.id = $1"));
        let found = query(find).bind(token.0.to_string());
        self.row(found).await?.as_ref().map(row::held_token).transpose()
    }

    pub(super) async fn insert_reset_token(
        &self,
        token: &ResetToken,
        audit: &AuditRecord,
        event: &OutboxEvent,
    ) -> Result<(), AccountError> {
        let mut transaction = self.begin().await?;
        if self.lock_account(&mut transaction, token.account).await?.is_none() {
            return Err(AccountError::Unknown);
        }
        let voided = reset_tokens_voided(token.account, token.issued_at);
        self.effect(&mut transaction, voided).await?;
        let insert = query(
            "INSERT INTO reset_tokens (digest, account, issued_at, expires_at, spent_at)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(token.digest.as_bytes().as_slice())
        .bind(token.account.to_string())
        .bind(token.issued_at.as_microsecond())
        .bind(token.expires_at.as_microsecond())
        .bind(token.spent_at.map(Timestamp::as_microsecond));
        self.write(&mut transaction, insert).await?;
        self.write_audit(&mut transaction, audit).await?;
        self.effect(&mut transaction, event_written(event, event.at)).await?;
        Ok(self.end(transaction, audit).await?)
    }

    pub(super) async fn replace_otp(
        &self,
        account: AccountId,
        enrolment: &OtpEnrolment,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let last_step = enrolment.last_step.map(i64::try_from).transpose();
        let last_step = last_step
            .map_err(|_| unstorable("the one-time password's last step is out of range"))?;
        let (code, code_expires_at) = enrolment.code.unzip();
        let mut transaction = self.begin().await?;
        if self.lock_account(&mut transaction, account).await?.is_none() {
            return Err(AccountError::Unknown);
        }
        let replace = query(
            "INSERT INTO otp (account, sealed_secret, last_step, code_digest, code_expires_at)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (account) DO UPDATE
             SET sealed_secret = excluded.sealed_secret, last_step = excluded.last_step,
                 code_digest = excluded.code_digest, code_expires_at = excluded.code_expires_at",
        )
        .bind(account.to_string())
        .bind(enrolment.sealed_secret.clone())
        .bind(last_step)
        .bind(code.map(|digest| digest.as_bytes().to_vec()))
        .bind(code_expires_at.map(Timestamp::as_microsecond));
        self.write(&mut transaction, replace).await?;
        self.write_audit(&mut transaction, audit).await?;
        Ok(self.end(transaction, audit).await?)
    }

    pub(super) async fn upsert_otp_code(
        &self,
        account: AccountId,
        code: &TokenDigest,
        expires_at: Timestamp,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut transaction = self.begin().await?;
        if self.lock_account(&mut transaction, account).await?.is_none() {
            return Err(AccountError::Unknown);
        }
        let upsert = query(
            "INSERT INTO otp (account, code_digest, code_expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (account) DO UPDATE
             SET code_digest = excluded.code_digest, code_expires_at = excluded.code_expires_at",
        )
        .bind(account.to_string())
        .bind(code.as_bytes().to_vec())
        .bind(expires_at.as_microsecond());
        self.write(&mut transaction, upsert).await?;
        self.write_audit(&mut transaction, audit).await?;
        Ok(self.end(transaction, audit).await?)
    }
}
