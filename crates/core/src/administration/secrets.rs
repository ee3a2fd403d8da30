//! Issues and revokes secrets. Each is returned once, by the call that issues it.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{Administration, AdministrationError, invalid, with_account};
use crate::clock::after;
use crate::otp::{code_digest, issue_code};
use crate::{
    AccessToken, Account, Email, Key, KeyId, KeyKind, OtpEnrollment, OtpSecret, Plaintext, Realm,
    Scope, SignedIn, TokenId, random_uuid, token,
};

/// Checks the name of a key: 1 to 100 characters without control characters.
///
/// # Errors
/// The reason.
pub fn check_key_name(name: &str) -> Result<(), &'static str> {
    if !(1..=100).contains(&name.chars().count()) {
        Err("a key's name has 1 to 100 characters")
    } else if name.chars().any(char::is_control) {
        Err("a key's name has no control characters")
    } else {
        Ok(())
    }
}

impl Administration {
    /// Issues a key for the mounts of a realm.
    ///
    /// # Errors
    /// When the name is invalid ([`check_key_name`]), or the store fails.
    pub async fn issue_key(
        &self,
        realm: &Realm,
        kind: KeyKind,
        name: &str,
    ) -> Result<(Key, Plaintext), AdministrationError> {
        self.add_key(realm, kind, name, BTreeSet::new(), false).await
    }

    /// Issues a key for the admin API of a realm, or of all realms, that allows these scopes.
    ///
    /// # Errors
    /// When the name is invalid ([`check_key_name`]), or the store fails.
    pub async fn issue_admin_key(
        &self,
        realm: &Realm,
        name: &str,
        scopes: BTreeSet<Scope>,
        all_realms: bool,
    ) -> Result<(Key, Plaintext), AdministrationError> {
        self.add_key(realm, KeyKind::Admin, name, scopes, all_realms).await
    }

    async fn add_key(
        &self,
        realm: &Realm,
        kind: KeyKind,
        name: &str,
        scopes: BTreeSet<Scope>,
        all_realms: bool,
    ) -> Result<(Key, Plaintext), AdministrationError> {
        check_key_name(name).map_err(invalid)?;
        let (secret, digest) = token::issue(self.randomness())?;
        let key = Key {
            id: KeyId(random_uuid(self.randomness())?),
            realm: realm.clone(),
            kind,
            name: name.to_owned(),
            scopes,
            all_realms,
            digest,
            created_at: self.now(),
            revoked_at: None,
        };
        let detail = format!("{}:{}", kind.as_str(), key.id.0);
        let audit = self.audit(realm, None, "key.issue", Some(detail))?;
        self.store.add_key(&key, &audit).await?;
        Ok((key, secret))
    }

    /// Revokes a key.
    ///
    /// # Errors
    /// When no active key has this id.
    pub async fn revoke_key(&self, id: KeyId) -> Result<(), AdministrationError> {
        let key = self.store.key_by_id(id).await?;
        let key = key.ok_or(AdministrationError::NothingToRevoke("key"))?;
        let detail = format!("{}:{}", key.kind.as_str(), id.0);
        let audit = self.audit(&key.realm, None, "key.revoke", Some(detail))?;
        let revoked = self.store.revoke_key(id, &audit).await?;
        if revoked { Ok(()) } else { Err(AdministrationError::NothingToRevoke("key")) }
    }

    /// Issues an access token for an active account, with roles and a lifetime.
    ///
    /// # Errors
    /// When there is no such account, it is inactive, or the lifetime is zero.
    pub async fn issue_token(
        &self,
        realm: &Realm,
        user_id: &str,
        roles: Vec<String>,
        lifetime: Duration,
    ) -> Result<(AccessToken, Plaintext), AdministrationError> {
        let account = self.registered_account(realm, user_id).await?;
        if !account.active {
            return Err(AdministrationError::Inactive);
        }
        self.add_token(&account, self.now(), roles, lifetime).await
    }

    /// Issues an access token for a sign-in. A change of the password since the sign-in began
    /// revokes it.
    ///
    /// # Errors
    /// When the account was deleted meanwhile, or the lifetime is zero.
    pub async fn issue_session(
        &self,
        signed_in: &SignedIn,
        roles: Vec<String>,
        lifetime: Duration,
    ) -> Result<(AccessToken, Plaintext), AdministrationError> {
        self.register(&signed_in.account).await?;
        self.add_token(&signed_in.account, signed_in.at, roles, lifetime).await
    }

    async fn add_token(
        &self,
        account: &Account,
        at: Timestamp,
        roles: Vec<String>,
        lifetime: Duration,
    ) -> Result<(AccessToken, Plaintext), AdministrationError> {
        if lifetime.is_zero() {
            return Err(invalid("a token's lifetime is at least a second"));
        }
        let (secret, digest) = token::issue(self.randomness())?;
        // A change by a clock that ran ahead voids the tokens up to its time.
        let issued_at = match account.updated_at {
            ahead if ahead > at => after(ahead, Duration::from_micros(1)),
            _ => at,
        };
        // PostgreSQL keeps no NUL in a text.
        let text = |text: &Option<String>| Some(text.as_ref()?.replace('\0', "\u{fffd}"));
        let token = AccessToken {
            id: TokenId(random_uuid(self.randomness())?),
            account: account.id,
            roles,
            digest,
            issued_at,
            expires_at: after(at, lifetime),
            revoked_at: None,
            ip_address: text(&self.context.ip_address),
            user_agent: text(&self.context.user_agent),
            last_used_at: None,
        };
        let detail = Some(token.id.0.to_string());
        let audit = self.audit(&account.realm, Some(account.id), "token.issue", detail)?;
        let result = self.store.add_access_token(&token, &audit).await;
        result.map_err(|error| with_account(error, account))?;
        Ok((token, secret))
    }

    /// Revokes all access tokens of an account.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn revoke_tokens(
        &self,
        realm: &Realm,
        user_id: &str,
    ) -> Result<(), AdministrationError> {
        let account = self.registered_account(realm, user_id).await?;
        let audit = self.audit(realm, Some(account.id), "token.revoke", Some("all".to_owned()))?;
        let result = self.store.revoke_access_tokens(account.id, &audit).await;
        result.map_err(|error| with_account(error, &account))
    }

    /// Revokes an access token.
    ///
    /// # Errors
    /// When no active token has this id.
    pub async fn revoke_token(&self, id: TokenId) -> Result<(), AdministrationError> {
        let held = self.store.access_token_by_id(id).await?;
        let held = held.ok_or(AdministrationError::NothingToRevoke("token"))?;
        let detail = Some(id.0.to_string());
        let audit = self.audit(&held.realm, Some(held.token.account), "token.revoke", detail)?;
        let revoked = self.store.revoke_access_token(id, &audit).await?;
        if revoked { Ok(()) } else { Err(AdministrationError::NothingToRevoke("token")) }
    }

    /// Issues a secret for time-based one-time passwords, which replaces the account's older one.
    ///
    /// # Errors
    /// When there is no such account, or issuer or account name is not allowed in an otpauth URI.
    pub async fn enroll_otp(
        &self,
        realm: &Realm,
        user_id: &str,
        issuer: &str,
    ) -> Result<OtpSecret, AdministrationError> {
        let account = self.registered_account(realm, user_id).await?;
        let label = account.email.as_ref().map_or(account.user_id.as_str(), Email::as_str);
        let secret = OtpSecret::generate(issuer, label, self.randomness())?;
        let sealed = secret.seal(account.id, &self.changes.key, self.randomness())?;
        let enrollment = OtpEnrollment { sealed_secret: Some(sealed), ..OtpEnrollment::default() };
        let audit = self.audit(realm, Some(account.id), "otp.enroll", None)?;
        let result = self.store.set_otp(account.id, &enrollment, &audit).await;
        result.map_err(|error| with_account(error, &account))?;
        Ok(secret)
    }

    /// Removes the secret for time-based one-time passwords and the one-time code of an account.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn remove_otp(
        &self,
        realm: &Realm,
        user_id: &str,
    ) -> Result<(), AdministrationError> {
        let account = self.registered_account(realm, user_id).await?;
        let audit = self.audit(realm, Some(account.id), "otp.remove", None)?;
        let result = self.store.set_otp(account.id, &OtpEnrollment::default(), &audit).await;
        result.map_err(|error| with_account(error, &account))
    }

    /// Issues a one-time code of eight digits, which replaces the account's older one. It can be
    /// used once and for at most ten minutes. Returns the code and when it expires.
    ///
    /// # Errors
    /// When there is no such account, or the lifetime is zero or over ten minutes.
    pub async fn issue_otp_code(
        &self,
        realm: &Realm,
        user_id: &str,
        lifetime: Duration,
    ) -> Result<(Plaintext, Timestamp), AdministrationError> {
        if lifetime.is_zero() || lifetime > Self::RESET_LIFETIME {
            return Err(invalid("a one-time code's lifetime is 1 second to 10 minutes"));
        }
        let account = self.registered_account(realm, user_id).await?;
        let code = issue_code(self.randomness())?;
        let digest = code_digest(account.id, &code, &self.changes.key);
        let expires_at = after(self.now(), lifetime);
        let audit = self.audit(realm, Some(account.id), "otp.issue", None)?;
        let result = self.store.set_otp_code(account.id, &digest, expires_at, &audit).await;
        result.map_err(|error| with_account(error, &account))?;
        Ok((code, expires_at))
    }
}
