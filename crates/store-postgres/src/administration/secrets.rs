use jiff::Timestamp;
use repass_core::{
    AccessToken, AccountError, AccountId, AuditRecord, HeldToken, OlderTokens, OtpEnrollment,
    OutboxEvent, ResetToken, StoreError, TokenDigest, TokenId,
};

use crate::change::{Change, lock_account};
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
        let mut change = self.new_change(token.account, audit.at, audit);
        let values = [
            change.value(token.id),
            change.value(token.roles.clone()),
            change.value(token.digest),
            change.value(token.issued_at),
            change.value(token.expires_at),
            change.value(token.revoked_at),
            change.value(token.ip_address.clone()),
            change.value(token.user_agent.clone()),
            change.value(token.last_used_at),
        ];
        let insert = format!(
            "INSERT INTO @access_tokens (account, id, roles, digest, issued_at, expires_at,
                                         revoked_at, ip_address, user_agent, last_used_at)
             SELECT {}, {} FROM allowed",
            change.account,
            values.join(", "),
        );
        change.cte("token", insert);
        self.run_change(token.account, change, audit).await
    }

    pub(super) async fn revoke_all_access_tokens(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut change = self.new_change(account, audit.at, audit);
        let mut columns = change.revocation_columns(None);
        columns.push(format!("updated_at = GREATEST(updated_at, {})", change.at));
        change.update_account(&columns);
        change.revoke_access_tokens(None);
        self.run_change(account, change, audit).await
    }

    pub(super) async fn find_access_token(
        &self,
        token: TokenId,
    ) -> Result<Option<HeldToken>, StoreError> {
        let find = Query::new(self.accounts().held_token("t.id = $1")).bind(token);
        self.row(&find).await?.as_ref().map(row::held_token).transpose()
    }

    pub(super) async fn list_access_tokens(
        &self,
        account: AccountId,
        after: Option<(Timestamp, TokenId)>,
        limit: u32,
    ) -> Result<Vec<HeldToken>, StoreError> {
        let query = Query::default().bind(account).bind(i64::from(limit));
        let (query, rest) = match after {
            None => (query, ""),
            Some((at, id)) => (query.bind(at).bind(id), "AND (t.issued_at, t.id) < ($3, $4)"),
        };
        let page = format!("t.account = $1 {rest} ORDER BY t.issued_at DESC, t.id DESC LIMIT $2");
        let list = query.with_sql(self.accounts().held_token(&page));
        self.rows(&list).await?.iter().map(row::held_token).collect()
    }

    pub(super) async fn list_reset_tokens(
        &self,
        account: AccountId,
        after: Option<(Timestamp, TokenDigest)>,
        limit: u32,
    ) -> Result<Vec<ResetToken>, StoreError> {
        let query = Query::default().bind(account).bind(i64::from(limit));
        let (query, rest) = match after {
            None => (query, ""),
            Some((at, digest)) => {
                (query.bind(at).bind(digest), "AND (issued_at, digest) < ($3, $4)")
            }
        };
        let list = query.with_sql(format!(
            "SELECT digest, account, issued_at, expires_at, spent_at FROM @reset_tokens
             WHERE account = $1 {rest} ORDER BY issued_at DESC, digest DESC LIMIT $2"
        ));
        self.rows(&list).await?.iter().map(row::reset_token).collect()
    }

    pub(super) async fn revoke_reset_tokens(
        &self,
        account: AccountId,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut change = self.new_change(account, audit.at, audit);
        change.void_reset_tokens();
        self.run_change(account, change, audit).await
    }

    pub(super) async fn insert_reset_token(
        &self,
        token: &ResetToken,
        older: OlderTokens,
        audit: &AuditRecord,
        event: &OutboxEvent,
    ) -> Result<(), AccountError> {
        let mut change = self.new_change(token.account, token.issued_at, audit);
        if older == OlderTokens::Void {
            change.void_reset_tokens();
        }
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
        change.cte("token", insert);
        change.update_account(&["events = events + 1".to_owned()]);
        change.insert_event(event, event.at);
        self.run_change(token.account, change, audit).await
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
        let mut change = self.new_change(account, audit.at, audit);
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
        change.cte("otp", upsert);
        self.run_change(account, change, audit).await
    }

    pub(super) async fn replace_otp_code(
        &self,
        account: AccountId,
        code: &TokenDigest,
        expires_at: Timestamp,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let mut change = self.new_change(account, audit.at, audit);
        let (code, expires_at) = (change.value(*code), change.value(expires_at));
        let upsert = format!(
            "INSERT INTO @one_time_passwords (account, code_digest, code_expires_at)
             SELECT {}, {code}, {expires_at} FROM allowed ON CONFLICT (account) DO UPDATE
             SET code_digest = excluded.code_digest, code_expires_at = excluded.code_expires_at",
            change.account,
        );
        change.cte("otp", upsert);
        self.run_change(account, change, audit).await
    }

    /// Starts a change that applies if the account exists.
    fn new_change(&self, account: AccountId, at: Timestamp, audit: &AuditRecord) -> Change {
        let mut change = Change::new(account, at, audit);
        change.begin(&self.accounts());
        change
    }

    async fn run_change(
        &self,
        account: AccountId,
        change: Change,
        audit: &AuditRecord,
    ) -> Result<(), AccountError> {
        let change = change.finish(audit)?;
        self.account_change([lock_account(account)], change, audit).await
    }
}
