use jiff::Timestamp;
use repass_core::{
    AccessToken, AccountError, AccountId, AuditRecord, HeldToken, OtpEnrollment, OutboxEvent,
    ResetToken, StoreError, TokenDigest, TokenId,
};

use crate::change::{Change, account_locked};
use crate::failure::unstorable;
use crate::query::Query;
use crate::row;
use crate::store::PostgresStore;

impl PostgresStore {
    pub(super) async fn insert_access_token(
        &self,
        token: &AccessToken,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut change = self.change_of(token.account, audit.at, audit);
        let values = [
            change.value(token.id),
            change.value(token.roles.clone()),
            change.value(token.digest),
            change.value(token.issued_at),
            change.value(token.expires_at),
            change.value(token.revoked_at),
        ];
        let insert = format!(
            "INSERT INTO @access_tokens (account, id, roles, digest, issued_at, expires_at,
                                         revoked_at)
             SELECT {}, {} FROM allowed",
            change.account,
            values.join(", "),
        );
        change.part("token", insert);
        self.recorded_change(token.account, change, audit).await
    }

    pub(super) async fn find_access_token(
        &self,
        token: TokenId,
    ) -> Result<Option<HeldToken>, StoreError> {
        let find = Query::new(self.accounts().held_token("t.id = $1")).bind(token);
        self.row(&find).await?.as_ref().map(row::held_token).transpose()
    }

    pub(super) async fn insert_reset_token(
        &self,
        token: &ResetToken,
        audit: &AuditRecord,
        event: &OutboxEvent,
    ) -> Result<(), AccountError> {
        let mut change = self.change_of(token.account, token.issued_at, audit);
        change.reset_tokens_voided();
        let values = [
            change.value(token.digest),
            change.value(token.expires_at),
            change.value(token.spent_at),
        ];
        let insert = format!(
            "INSERT INTO @reset_tokens (account, issued_at, digest, expires_at, spent_at)
             SELECT {}, {}, {} FROM allowed",
            change.account,
            change.at,
            values.join(", "),
        );
        change.part("token", insert);
        change.account_set(&["events = events + 1".to_owned()]);
        change.event_written(event, event.at);
        self.recorded_change(token.account, change, audit).await
    }

    pub(super) async fn replace_otp(
        &self,
        account: AccountId,
        enrollment: &OtpEnrollment,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let last_step = enrollment.last_step.map(i64::try_from).transpose();
        let last_step = last_step
            .map_err(|_| unstorable("the one-time password's last step is out of range"))?;
        let (code, code_expires_at) = enrollment.code.unzip();
        let mut change = self.change_of(account, audit.at, audit);
        let values = [
            change.value(enrollment.sealed_secret.clone()),
            change.value(last_step),
            change.value(code.map(|digest| digest.as_bytes().to_vec())),
            change.value(code_expires_at),
        ];
        let upsert = format!(
            "INSERT INTO @one_time_passwords (account, sealed_secret, last_step, code_digest, code_expires_at)
             SELECT {}, {} FROM allowed ON CONFLICT (account) DO UPDATE
             SET sealed_secret = excluded.sealed_secret, last_step = excluded.last_step,
                 code_digest = excluded.code_digest, code_expires_at = excluded.code_expires_at",
            change.account,
            values.join(", "),
        );
        change.part("otp", upsert);
        self.recorded_change(account, change, audit).await
    }

    pub(super) async fn replace_otp_code(
        &self,
        account: AccountId,
        code: &TokenDigest,
        expires_at: Timestamp,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut change = self.change_of(account, audit.at, audit);
        let (code, expires_at) = (change.value(*code), change.value(expires_at));
        let upsert = format!(
            "INSERT INTO @one_time_passwords (account, code_digest, code_expires_at)
             SELECT {}, {code}, {expires_at} FROM allowed ON CONFLICT (account) DO UPDATE
             SET code_digest = excluded.code_digest, code_expires_at = excluded.code_expires_at",
            change.account,
        );
        change.part("otp", upsert);
        self.recorded_change(account, change, audit).await
    }

    /// A change that happens if there is such an account.
    fn change_of(&self, account: AccountId, at: Timestamp, audit: &AuditRecord) -> Change {
        let mut change = Change::new(account, at, audit);
        change.begin(&self.accounts());
        change
    }

    async fn recorded_change(
        &self,
        account: AccountId,
        change: Change,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let change = change.finish(audit)?;
        self.account_change([account_locked(account)], change, audit).await
    }
}
