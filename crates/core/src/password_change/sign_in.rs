//! Verifies a password without changing it.

use std::sync::Arc;

use jiff::Timestamp;

use super::report::AuditContext;
use super::{PasswordChangeService, Proved, Reservation};
use crate::clock::until;
use crate::{
    AccountReference, AccountWithCredential, AttemptOutcome, AttemptPath, ChangeError, ErrorChain,
    FinishAttempt, NameKind, OtpSpend, Plaintext, PolicyContext, SignIn, SignInError, SignInName,
    SignedIn, Subject, fold_name,
};

impl PasswordChangeService {
    /// Verifies a password; see [`Engine::sign_in`](crate::Engine::sign_in). It finds, reserves and
    /// proves like a change, and costs and answers the same for accounts that do not exist.
    pub(crate) async fn sign_in(&self, sign_in: SignIn) -> Result<SignedIn, SignInError> {
        let mut audit = AuditContext::of_sign_in(&sign_in);
        match self.prove_sign_in(sign_in, &mut audit).await {
            Ok((signed_in, proved)) => {
                self.rehash(proved, &audit).await;
                Ok(signed_in)
            }
            Err(error) => Err(self.finish(audit, error).await.into()),
        }
    }

    async fn prove_sign_in(
        &self,
        sign_in: SignIn,
        audit: &mut AuditContext,
    ) -> Result<(SignedIn, Proved), ChangeError> {
        let SignIn { realm, name, password, otp, evaluate, .. } = sign_in;
        let at = self.now_in_store_precision();
        let named = |kind, name: String| AccountReference::Name {
            realm: realm.clone(),
            kind,
            name: fold_name(&name),
        };
        let account = match name {
            SignInName::UserId(user_id) => AccountReference::UserId(Subject::new(realm, user_id)),
            SignInName::Email(email) => named(NameKind::Email, email),
            SignInName::Username(username) => named(NameKind::Username, username),
        };
        let path = AttemptPath::Password;
        let found = self.find_and_reserve(account, path, otp.is_some(), audit).await?;

        let password = Arc::new(password);
        let credential = found.as_ref().and_then(|found| found.credential.as_ref());
        let is_right = self.is_password(&password, credential, audit).await?;
        let Some(AccountWithCredential {
            account,
            credential: Some(credential),
            otp: enrollment,
            ..
        }) = found.filter(|_| is_right)
        else {
            return Err(ChangeError::WrongPassword);
        };
        if !account.active {
            return Err(ChangeError::Inactive);
        }
        let enrollment = self.enrollment(account.id, enrollment).await?;
        let spend = self.prove_otp(account.id, &enrollment, otp.as_ref())?;
        let violations =
            if evaluate { self.violations(&account, &password).await } else { Vec::new() };
        let is_enrolled = enrollment != crate::OtpEnrollment::default();
        self.record_success(account.id, is_enrolled, spend, audit).await?;
        let signed_in = SignedIn {
            account: account.clone(),
            changed_at: credential.changed_at,
            otp_enrolled: enrollment.sealed_secret.is_some(),
            otp_verified: spend.is_some(),
            violations,
            is_expired: self.is_expired(credential.changed_at, at),
            at,
        };
        Ok((signed_in, Proved::by_password(account, credential, password, None)))
    }

    /// Clears the failures, and spends the one-time password. The password alone does not clear the
    /// failures of an account with one-time passwords, so that who knows it cannot guess these
    /// without limit.
    async fn record_success(
        &self,
        account: crate::AccountId,
        is_enrolled: bool,
        spend: Option<OtpSpend>,
        audit: &mut AuditContext,
    ) -> Result<(), ChangeError> {
        let record = self.audit_record(audit, self.clock.now(), "ok", audit.refusals_detail())?;
        // A locked-out account was refused before its password was verified.
        let Some(Reservation::Made(reservation)) = &audit.reservation else {
            return Err(ChangeError::TooManyAttempts { retry_after: self.lockout.max_delay() });
        };
        let outcome = match spend {
            None if is_enrolled => AttemptOutcome::Released,
            _ => AttemptOutcome::Succeeded,
        };
        let succeeded = FinishAttempt::reserved(reservation.clone(), outcome, record)
            .with_otp(spend.map(|spend| (account, spend)));
        let finished = self.store.finish_attempt(&succeeded).await?;
        if finished { Ok(()) } else { Err(ChangeError::WrongOtp) }
    }

    /// Returns whether a password that was set at `changed_at` has expired. Stores keep the Unix epoch
    /// for a time that is unknown.
    fn is_expired(&self, changed_at: Timestamp, now: Timestamp) -> bool {
        let max_age = self.policy.rules().max_age;
        changed_at != Timestamp::UNIX_EPOCH
            && max_age.is_some_and(|max_age| until(changed_at, now) >= max_age)
    }

    /// Returns what the policy would refuse in a right password. Passwords from breaches are part of
    /// it also if the policy only warns of them.
    async fn violations(
        &self,
        account: &crate::Account,
        password: &Arc<Plaintext>,
    ) -> Vec<crate::Violation> {
        let context = PolicyContext { words: account.into(), ..PolicyContext::default() };
        let mut violations = self.policy.evaluate(password, &context);
        match self.seen_in_breaches(password).await {
            Ok(Some(seen)) => violations.push(crate::Violation::Compromised { seen }),
            Ok(None) => {}
            // The password is right all the same.
            Err(error) => {
                tracing::warn!(error = %ErrorChain(&error), "a sign-in was not evaluated in full");
            }
        }
        violations
    }
}
