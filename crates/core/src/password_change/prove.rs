//! Step 3: verifying the proof.

use std::sync::Arc;

use super::report::AuditContext;
use super::{PasswordChangeService, Proved};
use crate::{
    Account, AccountId, AccountWithCredential, ChangeError, Credential, HashError, HashedPassword,
    OtpEnrollment, OtpSpend, Plaintext, Proof, ResetSpend, SignedTokenError, SignedTokenVerifier,
    StoreError, TokenDigest, otp,
};

impl PasswordChangeService {
    pub(super) async fn prove(
        &self,
        found: Option<AccountWithCredential>,
        proof: Proof,
        candidate: &Plaintext,
        audit: &AuditContext,
    ) -> Result<Proved, ChangeError> {
        match proof {
            Proof::OldPassword(old) => self.prove_by_password(found, old, candidate, audit).await,
            Proof::ResetToken(token) => self.prove_by_reset_token(found, &token).await,
            Proof::SignedToken { token, verifier } => {
                self.prove_by_signed_token(found, &token, &*verifier, audit).await
            }
        }
    }

    async fn prove_by_password(
        &self,
        found: Option<AccountWithCredential>,
        old: Plaintext,
        candidate: &Plaintext,
        audit: &AuditContext,
    ) -> Result<Proved, ChangeError> {
        let known = found.and_then(|found| {
            let credential = found.credential.filter(|_| found.account.active)?;
            Some((found.account, credential))
        });
        let current_is_candidate = old.same_characters_as(candidate);
        let old = Arc::new(old);
        let credential = known.as_ref().map(|(_, credential)| credential);
        let is_right = self.is_password(&old, credential, audit).await?;
        match known {
            Some((account, credential)) if is_right => {
                Ok(Proved::by_password(account, credential, old, Some(current_is_candidate)))
            }
            _ => Err(ChangeError::WrongPassword),
        }
    }

    /// Returns whether `password` is that of the credential.
    ///
    /// Without a credential, and for one whose hash is unverifiable, it verifies the dummy hash, so
    /// that the time does not show which accounts exist (ASVS 6.3.8). After a mismatch with a hash
    /// of another cost, the dummy hash is verified as well: the time is never shorter than for an
    /// unknown account. It is longer for a costly hash, until that is replaced.
    pub(super) async fn is_password(
        &self,
        password: &Arc<Plaintext>,
        credential: Option<&Credential>,
        audit: &AuditContext,
    ) -> Result<bool, HashError> {
        let dummy_hash = self.hasher.dummy_hash();
        if password.byte_len() > Plaintext::MAX_PASSWORD_BYTES {
            // Too long to hash; the attempt costs as much as any other.
            self.matches(&Arc::new(Plaintext::from("")), dummy_hash, audit).await?;
            return Ok(false);
        }
        let hash = credential.map_or(dummy_hash, |credential| &credential.hash);
        match self.matches(password, hash, audit).await? {
            HashMatch::Match => Ok(credential.is_some()),
            HashMatch::Mismatch => {
                if !self.hasher.costs_as_dummy_hash(hash) {
                    // The attempt has failed whether or not this succeeds.
                    let _ = self.matches(password, dummy_hash, audit).await;
                }
                Ok(false)
            }
            HashMatch::Unverifiable => {
                self.matches(password, dummy_hash, audit).await?;
                Ok(false)
            }
        }
    }

    async fn prove_by_reset_token(
        &self,
        found: Option<AccountWithCredential>,
        token: &Plaintext,
    ) -> Result<Proved, ChangeError> {
        let digest = TokenDigest::from_secret(token);
        let issued = self.reset_token(&digest).await?;
        let Some(found) = found else { return Err(ChangeError::UnknownToken) };
        let issued = issued
            .filter(|issued| issued.account == found.account.id)
            .ok_or(ChangeError::UnknownToken)?;
        if issued.spent_at.is_some() || self.clock.now() >= issued.expires_at {
            return Err(ChangeError::TokenExpired);
        }
        by_reset(found, ResetSpend::Issued(digest))
    }

    async fn prove_by_signed_token(
        &self,
        found: Option<AccountWithCredential>,
        token: &Plaintext,
        verifier: &dyn SignedTokenVerifier,
        audit: &AuditContext,
    ) -> Result<Proved, ChangeError> {
        let refused = |reason: SignedTokenError| {
            tracing::info!(
                account = audit.account.map(tracing::field::display),
                request_id = audit.request_id(),
                %reason,
                "a signed reset token was refused"
            );
            match reason {
                SignedTokenError::BeforeChange
                | SignedTokenError::Revoked
                | SignedTokenError::Expired => ChangeError::TokenExpired,
                _ => ChangeError::UnknownToken,
            }
        };
        let claims = verifier.verify(token).map_err(refused)?;
        let redeemed = self.reset_token(&claims.digest).await?.is_some();
        let found = found
            .filter(|found| is_subject(&found.account, &claims.user_id))
            .ok_or_else(|| refused(SignedTokenError::Claim("sub")))?;
        claims.times.check(self.clock.now(), &found).map_err(refused)?;
        if redeemed {
            return Err(refused(SignedTokenError::Expired));
        }
        let spend =
            ResetSpend::Signed { digest: claims.digest, expires_at: claims.times.expires_at };
        by_reset(found, spend)
    }

    async fn reset_token(
        &self,
        digest: &TokenDigest,
    ) -> Result<Option<crate::ResetToken>, ChangeError> {
        match &self.tokens {
            Some(tokens) => Ok(tokens.reset_token(digest).await?),
            None => Ok(None),
        }
    }

    /// Returns the enrollment that was found with the account, or reads it if the store keeps it
    /// apart.
    pub(super) async fn enrollment(
        &self,
        account: AccountId,
        found: Option<OtpEnrollment>,
    ) -> Result<OtpEnrollment, StoreError> {
        match (found, &self.tokens) {
            (Some(enrollment), _) => Ok(enrollment),
            (None, Some(tokens)) => tokens.otp(account).await,
            (None, None) => Ok(OtpEnrollment::default()),
        }
    }

    /// Verifies a one-time password, if one is presented, and returns how it is spent.
    pub(super) fn prove_otp(
        &self,
        account: AccountId,
        enrollment: &OtpEnrollment,
        presented: Option<&Plaintext>,
    ) -> Result<Option<OtpSpend>, ChangeError> {
        let Some(presented) = presented else { return Ok(None) };
        let spend = otp::check(account, enrollment, presented, &self.key, self.clock.now())
            .map_err(|error| ChangeError::Store(StoreError::Damaged(error.to_string())))?;
        spend.map(Some).ok_or(ChangeError::WrongOtp)
    }

    /// Compares `password` with `hash`.
    pub(super) async fn matches(
        &self,
        password: &Arc<Plaintext>,
        hash: &HashedPassword,
        audit: &AuditContext,
    ) -> Result<HashMatch, HashError> {
        let (result, name) = match self.hasher.verify(Arc::clone(password), hash).await {
            Ok(true) => (HashMatch::Match, "match"),
            Ok(false) => (HashMatch::Mismatch, "mismatch"),
            Err(error) if error.is_unverifiable() => {
                tracing::warn!(
                    account = audit.account.map(tracing::field::display),
                    request_id = audit.request_id(),
                    %error,
                    ?hash,
                    "a stored hash is unsupported or corrupt; treated as a mismatch"
                );
                (HashMatch::Unverifiable, "unverifiable")
            }
            Err(error) => return Err(error),
        };
        self.counters.count(|status| {
            *status.verifications.entry((hash.family(), name)).or_default() += 1;
        });
        Ok(result)
    }
}

/// The result of comparing a password with a stored hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HashMatch {
    /// The hash is of this password.
    Match,
    /// The hash is of another password.
    Mismatch,
    /// The hash is unsupported or corrupt; treated as a mismatch.
    Unverifiable,
}

fn by_reset(found: AccountWithCredential, spend: ResetSpend) -> Result<Proved, ChangeError> {
    if !found.account.active {
        return Err(ChangeError::Inactive);
    }
    Ok(Proved::without_password(found, Some(spend)))
}

fn is_subject(account: &Account, user_id: &str) -> bool {
    user_id.parse().is_ok_and(|user_id: crate::UserId| account.user_id == user_id)
}
