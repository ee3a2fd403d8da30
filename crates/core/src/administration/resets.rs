//! Issues and revokes reset tokens.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Administration, AdministrationError, invalid, with_account};
use crate::clock::after;
use crate::{
    Account, AccountId, AccountWithCredential, AttemptKey, AuditRecord, Email, EventKind,
    FinishAttempt, NameKind, OlderTokens, OutboxEvent, Plaintext, Realm, ResetToken, SignInName,
    Subject, TokenDigest, fold_name, random_uuid, token,
};

/// The action of the audit records of requests.
const REQUEST: &str = "reset.request";

/// How long after a token was issued a request issues none.
const RESET_PAUSE: SignedDuration = SignedDuration::from_secs(60);

impl Administration {
    /// The recommended lifetime of reset tokens, and the longest of one-time codes (ASVS 6.5.5).
    pub const RESET_LIFETIME: Duration = Duration::from_secs(600);

    /// Issues a reset token for an account, and voids older ones (ASVS 6.5.1 to 6.5.5).
    ///
    /// # Errors
    /// When there is no such account, or the lifetime is zero.
    pub async fn issue_reset(
        &self,
        realm: &Realm,
        user_id: &str,
        lifetime: Duration,
    ) -> Result<(ResetToken, Plaintext), AdministrationError> {
        let account = self.registered_account(realm, user_id).await?;
        let audit = self.audit(realm, Some(account.id), "reset.issue", None)?;
        let secret = token::issue(self.randomness())?;
        let token = self.new_reset(&account, lifetime, &audit, secret.1)?;
        self.add_reset(&account, &token, OlderTokens::Void, &audit, None).await?;
        Ok((token, secret.0))
    }

    /// Issues a reset token for an account, and voids older ones, like
    /// [`issue_reset`](Self::issue_reset), but returns no secret: the outbox event has it, sealed
    /// with the installation key ([`OutboxEvent::open_token`]), so that only a dispatcher with this
    /// key can mail it to the holder. An account without a password can be reset too.
    ///
    /// # Errors
    /// When there is no such account, it is inactive or has no e-mail address, or the lifetime is
    /// zero.
    pub async fn mail_reset(
        &self,
        realm: &Realm,
        user_id: &str,
        lifetime: Duration,
    ) -> Result<(), AdministrationError> {
        let account = self.registered_account(realm, user_id).await?;
        if !account.active {
            return Err(AdministrationError::Inactive);
        }
        if account.email.is_none() {
            return Err(invalid("the account has no e-mail address; set one first"));
        }
        let detail = Some("mail".to_owned());
        let audit = self.audit(realm, Some(account.id), "reset.issue", detail)?;
        self.mail_token(&account, lifetime, OlderTokens::Void, &audit).await
    }

    /// Mails a reset token to every active account with this name that has an e-mail address, at
    /// the request of somebody who is not authenticated. Older tokens of the account stay valid, so
    /// that a stranger cannot void the holder's link.
    ///
    /// An account gets no token if its last one was issued less than 60 seconds ago, or if
    /// `per_hour` were issued within an hour. Requests at the same moment may each issue one. The
    /// result is the same whether there is such an account or not: the reason is only in the audit
    /// record `reset.request`, as the outcome `ok`, `limited`, `inactive` or `unknown`. An account
    /// without an e-mail address counts as unknown.
    ///
    /// The work is similar too: one query for the accounts, then for each account, or once if there
    /// is none, one query for its tokens and one transaction that writes. The transaction that
    /// issues a token has some more statements than one that writes only the audit record, and an
    /// account in a table of another application may be registered first. A caller that must not
    /// show this difference answers before this method returns. Limits for each client are the
    /// caller's task, since each call writes at least one audit record.
    ///
    /// # Errors
    /// When the store or the random source fails, or the lifetime is zero.
    pub async fn request_reset(
        &self,
        realm: &Realm,
        name: &SignInName,
        per_hour: u32,
        lifetime: Duration,
    ) -> Result<(), AdministrationError> {
        let (subject, mut found) = self.find_named(realm, name).await?;
        found.retain(|found| found.account.email.is_some());
        if found.is_empty() {
            // Takes the time of the query for an account.
            self.is_limited(AccountId(random_uuid(self.randomness())?), per_hour).await?;
            let detail = AttemptKey::unknown(&subject, &self.changes.key).audit_detail();
            return self.record_request(realm, None, "unknown", Some(detail)).await;
        }
        for found in found {
            self.request_reset_of(&found.account, per_hour, lifetime).await?;
        }
        Ok(())
    }

    /// Returns the accounts of a name, and what the name says.
    async fn find_named(
        &self,
        realm: &Realm,
        name: &SignInName,
    ) -> Result<(Subject, Vec<AccountWithCredential>), AdministrationError> {
        let (realm_of, empty) = (|| realm.clone(), Vec::new());
        Ok(match name {
            SignInName::UserId(user_id) => {
                let subject = Subject::new(realm_of(), user_id);
                let found = self.store.find(&subject).await?;
                (subject, found.into_iter().collect())
            }
            SignInName::Email(email) => {
                let name = fold_name(email);
                // A text that is no address can contain characters that a database refuses.
                let found = match email.parse::<Email>() {
                    Ok(_) => self.store.find_by_name(realm, NameKind::Email, &name).await?,
                    Err(_) => empty,
                };
                (Subject::new(realm_of(), "").with_email(name), found)
            }
            SignInName::Username(username) => {
                let name = fold_name(username);
                let found = match name.contains('\0') {
                    false => self.store.find_by_name(realm, NameKind::Username, &name).await?,
                    true => empty,
                };
                (Subject::new(realm_of(), name), found)
            }
        })
    }

    async fn request_reset_of(
        &self,
        account: &Account,
        per_hour: u32,
        lifetime: Duration,
    ) -> Result<(), AdministrationError> {
        let (realm, id) = (&account.realm, Some(account.id));
        let is_limited = self.is_limited(account.id, per_hour).await?;
        if !account.active {
            return self.record_request(realm, id, "inactive", None).await;
        }
        if is_limited {
            return self.record_request(realm, id, "limited", None).await;
        }
        let audit = self.audit(realm, id, REQUEST, None)?;
        let issued = match self.register(account).await {
            Ok(()) => self.mail_token(account, lifetime, OlderTokens::Keep, &audit).await,
            Err(error) => Err(error),
        };
        match issued {
            Ok(()) => Ok(()),
            // It was deleted meanwhile.
            Err(AdministrationError::NoSuchAccount { .. }) => {
                self.record_request(realm, None, "unknown", None).await
            }
            Err(error) => Err(error),
        }
    }

    /// Returns whether the account got a token in the last minute, or `per_hour` in the last hour.
    async fn is_limited(
        &self,
        account: AccountId,
        per_hour: u32,
    ) -> Result<bool, AdministrationError> {
        let now = self.now();
        // All of them: those of a clock that ran ahead are the first of the list.
        let tokens = self.store.reset_tokens(account, None, u32::MAX).await?;
        let issued_within = |limit: SignedDuration| {
            // A clock that ran ahead limits an account no longer than a right one.
            tokens.iter().filter(move |it| it.issued_at.duration_since(now).abs() < limit).count()
        };
        let in_an_hour = issued_within(SignedDuration::from_hours(1));
        Ok(issued_within(RESET_PAUSE) > 0 || in_an_hour >= per_hour as usize)
    }

    async fn record_request(
        &self,
        realm: &Realm,
        account: Option<AccountId>,
        outcome: &str,
        detail: Option<String>,
    ) -> Result<(), AdministrationError> {
        let audit = self.audit(realm, account, REQUEST, detail)?;
        let audit = AuditRecord { outcome: outcome.to_owned(), ..audit };
        self.store.finish_attempt(&FinishAttempt::unreserved(audit)).await?;
        Ok(())
    }

    /// Issues a token for a registered account, as a code that can be typed, and seals it in the
    /// event.
    async fn mail_token(
        &self,
        account: &Account,
        lifetime: Duration,
        older: OlderTokens,
        audit: &AuditRecord,
    ) -> Result<(), AdministrationError> {
        let (secret, digest) = token::issue_code(self.randomness())?;
        let token = self.new_reset(account, lifetime, audit, digest)?;
        self.add_reset(account, &token, older, audit, Some(&secret)).await
    }

    fn new_reset(
        &self,
        account: &Account,
        lifetime: Duration,
        audit: &AuditRecord,
        digest: TokenDigest,
    ) -> Result<ResetToken, AdministrationError> {
        if lifetime.is_zero() {
            return Err(invalid("a reset token's lifetime is at least a second"));
        }
        let issued_at = audit.at;
        let expires_at = after(issued_at, lifetime);
        Ok(ResetToken { digest, account: account.id, issued_at, expires_at, spent_at: None })
    }

    /// Stores a token with its event, which has the secret if that is to be mailed.
    async fn add_reset(
        &self,
        account: &Account,
        token: &ResetToken,
        older: OlderTokens,
        audit: &AuditRecord,
        mailed: Option<&Plaintext>,
    ) -> Result<(), AdministrationError> {
        let (id, kind) = (random_uuid(self.randomness())?, EventKind::ResetRequested);
        let mut event = OutboxEvent::new(id, token.issued_at, kind, account, &audit.context);
        if let Some(secret) = mailed {
            let (key, randomness) = (&self.changes.key, self.randomness());
            event.seal_token(secret, token.expires_at, key, randomness)?;
        }
        let result = self.store.add_reset_token(token, older, audit, &event).await;
        result.map_err(|error| with_account(error, account))
    }

    /// Returns a reset token that is valid now: neither redeemed nor expired.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn valid_reset(
        &self,
        secret: &Plaintext,
    ) -> Result<Option<ResetToken>, AdministrationError> {
        let token = self.store.reset_token(&TokenDigest::from_secret(secret)).await?;
        let now = self.now();
        Ok(token.filter(|token| token.spent_at.is_none() && token.expires_at > now))
    }

    /// Revokes the reset tokens of an account. Returns the number of those that were valid.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn revoke_resets(
        &self,
        realm: &Realm,
        user_id: &str,
    ) -> Result<usize, AdministrationError> {
        let account = self.registered_account(realm, user_id).await?;
        let tokens = self.store.reset_tokens(account.id, None, u32::MAX).await?;
        let now = self.now();
        let is_valid = |token: &&ResetToken| token.spent_at.is_none() && token.expires_at > now;
        let valid = tokens.iter().filter(is_valid).count();
        if valid > 0 {
            let audit = self.audit(realm, Some(account.id), "reset.revoke", None)?;
            let result = self.store.void_reset_tokens(account.id, &audit).await;
            result.map_err(|error| with_account(error, &account))?;
        }
        Ok(valid)
    }
}
