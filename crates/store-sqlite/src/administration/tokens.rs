use jiff::Timestamp;
use repass_core::{AccessToken, AccountId, OtpEnrollment, ResetToken, TokenDigest};

use crate::commit::signed_step;
use crate::connection::Db;
use crate::failure::{Failure, Result};

pub(super) fn insert_access_token(db: Db<'_>, token: &AccessToken) -> Result<()> {
    let roles = serde_json::to_string(&token.roles)
        .map_err(|_| Failure::Unstorable("the token's roles cannot be written as JSON"))?;
    db.execute(
        "INSERT INTO repass_access_tokens
             (id, account, roles, digest, issued_at, expires_at, revoked_at, ip_address, user_agent,
              last_used_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        (
            token.id.0.as_bytes(),
            token.account.0.as_bytes(),
            roles,
            token.digest.as_bytes(),
            token.issued_at.as_microsecond(),
            token.expires_at.as_microsecond(),
            token.revoked_at.map(Timestamp::as_microsecond),
            &token.ip_address,
            &token.user_agent,
            token.last_used_at.map(Timestamp::as_microsecond),
        ),
    )
    .map(drop)
}

pub(super) fn insert_reset_token(db: Db<'_>, token: &ResetToken) -> Result<()> {
    db.execute(
        "INSERT INTO repass_reset_tokens (digest, account, issued_at, expires_at, spent_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        (
            token.digest.as_bytes(),
            token.account.0.as_bytes(),
            token.issued_at.as_microsecond(),
            token.expires_at.as_microsecond(),
            token.spent_at.map(Timestamp::as_microsecond),
        ),
    )
    .map(drop)
}

pub(super) fn write_one_time_password(
    db: Db<'_>,
    account: AccountId,
    enrollment: &OtpEnrollment,
) -> Result<()> {
    let (code, code_expires_at) = enrollment.code.unzip();
    db.execute(
        "INSERT INTO repass_one_time_passwords
             (account, sealed_secret, last_step, code_digest, code_expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (account) DO UPDATE
         SET sealed_secret = excluded.sealed_secret, last_step = excluded.last_step,
             code_digest = excluded.code_digest, code_expires_at = excluded.code_expires_at",
        (
            account.0.as_bytes(),
            &enrollment.sealed_secret,
            enrollment.last_step.map(signed_step).transpose()?,
            code.as_ref().map(TokenDigest::as_bytes),
            code_expires_at.map(Timestamp::as_microsecond),
        ),
    )
    .map(drop)
}

pub(super) fn write_one_time_code(
    db: Db<'_>,
    account: AccountId,
    code: &TokenDigest,
    expires_at: Timestamp,
) -> Result<()> {
    db.execute(
        "INSERT INTO repass_one_time_passwords (account, code_digest, code_expires_at)
         VALUES (?1, ?2, ?3)
         ON CONFLICT (account) DO UPDATE
         SET code_digest = excluded.code_digest, code_expires_at = excluded.code_expires_at",
        (account.0.as_bytes(), code.as_bytes(), expires_at.as_microsecond()),
    )
    .map(drop)
}
