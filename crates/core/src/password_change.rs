//! The steps of a change of a password.

mod prove;
mod refusals;
mod rehash;
mod report;
mod set;
mod sign_in;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use prove::HashMatch;
pub(crate) use refusals::Refusals;

use crate::clock::until;
use crate::engine_status::Counters;
use crate::{
    AccountReference, AccountWithCredential, AttemptKey, AttemptPath, AttemptReservation, Change,
    ChangeError, ChangeOutcome, Changed, Clock, Commit, CommitOutcome, CompromisedPasswords,
    CompromisedRule, CompromisedUnavailable, Credential, CredentialStore, ErrorChain,
    FindAndReserve, FoundAndReserved, Hasher, InstallationKey, LockoutPolicy, NewPassword,
    OtpSpend, Plaintext, Policy, PolicyContext, Proof, Randomness, ReserveOutcome, ResetSpend,
    Sessions, TokenId, TokenStore,
};

/// Changes passwords: finds the account, reserves an attempt, verifies the proof, evaluates the new
/// password, hashes it and commits, in this order.
///
/// A stored hash that needs a rehash is replaced by the change itself. If the policy refuses the
/// change, it is replaced by a new hash of the old password, which was right, provided that the
/// stored hash [determines](Hasher::determines) that password.
#[derive(Clone)]
pub(crate) struct PasswordChangeService {
    pub(crate) store: Arc<dyn CredentialStore>,
    pub(crate) tokens: Option<Arc<dyn TokenStore>>,
    pub(crate) hasher: Arc<dyn Hasher>,
    pub(crate) policy: Policy,
    pub(crate) lockout: LockoutPolicy,
    pub(crate) key: Arc<InstallationKey>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Arc<dyn Randomness>,
    pub(crate) tries: Arc<AtomicU64>,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) compromised: Option<Arc<dyn CompromisedPasswords>>,
}

impl PasswordChangeService {
    /// Changes the password; see [`Engine::change`](crate::Engine::change).
    pub(crate) async fn change(&self, change: Change) -> ChangeOutcome {
        let mut audit = report::AuditContext::new(&change);
        let result = self.run(change, &mut audit).await;
        let (account, locked_until_reset) = (audit.account, audit.locked_until_reset);
        let result = match result {
            Ok(changed) => Ok(changed),
            Err(error) => Err(self.finish(audit, error).await),
        };
        ChangeOutcome { account, locked_until_reset, result }
    }

    async fn run(
        &self,
        change: Change,
        audit: &mut report::AuditContext,
    ) -> Result<Changed, ChangeError> {
        let Change { authorization, proof, otp, requires_otp, new_password, sessions, .. } = change;
        if !authorization.is_allowed() {
            return Err(ChangeError::Forbidden);
        }
        let (caller, subject) = (authorization.caller(), authorization.subject());
        let candidate = Arc::new(new_password);

        let account = AccountReference::UserId(subject.clone());
        let mut found =
            self.find_and_reserve(account, path_of(&proof), otp.is_some(), audit).await?;
        let enrollment = found.as_mut().and_then(|found| found.otp.take());
        audit.is_inactive = found.as_ref().is_some_and(|found| !found.account.active);
        let mut proved = self.prove(found, proof, &candidate, audit).await?;
        if otp.is_some() || requires_otp {
            let enrollment = self.enrollment(proved.account.id, enrollment).await?;
            proved.otp = self.prove_otp(proved.account.id, &enrollment, otp.as_ref())?;
            if proved.otp.is_none() && enrollment.sealed_secret.is_some() {
                return Err(ChangeError::OtpRequired);
            }
        }
        let password = match self.accept(&mut proved, candidate, audit).await {
            Err(ChangeError::Rejected(violations)) => {
                self.rehash(proved, audit).await;
                return Err(ChangeError::Rejected(violations));
            }
            evaluated => evaluated?,
        };
        let hash = self.hasher.hash(password).await?;
        let keep_token = caller
            .token
            .as_ref()
            .filter(|token| {
                sessions == Sessions::KeepPresenting
                    && token.account == proved.account.id
                    // A token of another issuer is not stored.
                    && token.issuer.is_none()
            })
            .map(|token| token.id);
        self.commit(proved, hash, keep_token, audit).await
    }

    /// Steps 1 and 2: finds the account, and reserves an attempt before anything is verified: at the
    /// account, or at the identifier if there is none. Notes both for the audit record.
    ///
    /// A locked-out account refuses attempts, with one exception: a reset token without a one-time
    /// password is still verified, and only a wrong token is refused. A token has at least 120 bits
    /// and cannot be guessed, and otherwise wrong tokens could prevent the use of the right one.
    async fn find_and_reserve(
        &self,
        account: AccountReference,
        path: AttemptPath,
        with_otp: bool,
        audit: &mut report::AuditContext,
    ) -> Result<Option<AccountWithCredential>, ChangeError> {
        self.delete_expired_attempts().await;
        let now = self.now_in_store_precision();
        let unknown = AttemptKey::unknown(&account.subject(), &self.key);
        let event = self.lockout_event(now, audit)?;
        let attempt = FindAndReserve::new(account, unknown, path, self.lockout, event);
        let FoundAndReserved { found, outcome } = self.store.find_and_reserve(&attempt).await?;

        audit.account = found.as_ref().map(|found| found.account.id);
        let key = audit.account.map_or(attempt.unknown, AttemptKey::account);
        audit.attempt_key = Some(key.clone());
        audit.reservation = Some(match outcome {
            ReserveOutcome::Reserved(reservation) => {
                audit.refused_before = self.refusals.take(&key);
                Reservation::Made(reservation)
            }
            ReserveOutcome::LockedOut(locked_out) => {
                audit.locked_until_reset = locked_out.until.is_none();
                let retry_after =
                    locked_out.until.map_or(self.lockout.max_delay(), |at| until(now, at));
                if path == AttemptPath::Password || with_otp {
                    return Err(ChangeError::TooManyAttempts { retry_after });
                }
                Reservation::LockedOut { retry_after }
            }
        });
        Ok(found)
    }

    /// Deletes expired rows of attempts at the first change and at every 64th after it. A change
    /// adds at most one row, so up to 128 deletions for 64 changes keep the table bounded. The
    /// account of the change does not matter; otherwise the time would show which accounts exist.
    async fn delete_expired_attempts(&self) {
        const EVERY: u64 = 64;
        const AT_MOST: usize = 128;
        if !self.tries.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVERY) {
            return;
        }
        if let Err(error) = self.store.delete_expired_attempts(self.clock.now(), AT_MOST).await {
            tracing::warn!(error = %ErrorChain(&error), "expired attempts could not be deleted");
        }
    }

    /// Step 4: evaluates the new password.
    async fn accept(
        &self,
        proved: &mut Proved,
        candidate: Arc<Plaintext>,
        audit: &report::AuditContext,
    ) -> Result<NewPassword, ChangeError> {
        let is_hashable = candidate.byte_len() <= Plaintext::MAX_PASSWORD_BYTES;
        let is_current = self.policy.rules().refuse_current
            && match (&proved.current_is_candidate, &proved.credential) {
                (Some(same), _) => *same,
                (None, Some(credential)) if is_hashable => {
                    self.matches(&candidate, &credential.hash, audit).await? == HashMatch::Match
                }
                (None, _) => false,
            };
        let mut is_reused = false;
        let history = self.policy.rules().history;
        if history > 0 && is_hashable && !is_current {
            for earlier in self.store.history(proved.account.id, history).await? {
                if self.matches(&candidate, &earlier, audit).await? == HashMatch::Match {
                    is_reused = true;
                    break;
                }
            }
        }
        let seen_in_breaches = self.seen_in_breaches(&candidate).await?;
        let words = (&proved.account).into();
        let context = PolicyContext { words, is_current, is_reused, seen_in_breaches };
        let accepted = self.policy.accept(candidate, &context).map_err(ChangeError::Rejected)?;
        proved.becomes_compromised = seen_in_breaches.is_some();
        Ok(accepted)
    }

    /// Returns how often the password was seen in breaches, unless the policy does not ask for it.
    pub(crate) async fn seen_in_breaches(
        &self,
        password: &Arc<Plaintext>,
    ) -> Result<Option<u64>, CompromisedUnavailable> {
        match &self.compromised {
            Some(source) if self.policy.rules().compromised != CompromisedRule::Off => {
                source.seen(password).await
            }
            _ => Ok(None),
        }
    }

    /// Step 6: commits the change in one transaction.
    async fn commit(
        &self,
        proved: Proved,
        hash: crate::HashedPassword,
        keep_token: Option<TokenId>,
        audit: &report::AuditContext,
    ) -> Result<Changed, ChangeError> {
        let at = self.now_in_store_precision();
        let (is_reset, by_password) = (proved.spend.is_some(), proved.password.is_some());
        let compromised = proved.becomes_compromised.then(|| "compromised".to_owned());
        let details: Vec<String> = compromised.into_iter().chain(audit.refusals_detail()).collect();
        let detail = (!details.is_empty()).then(|| details.join(","));
        let record = self.audit_record(audit, at, "ok", detail)?;
        let event = self.event(&proved.account, at, audit)?;
        let commit = Commit {
            history: self.policy.rules().history,
            unchanged_since: proved.unchanged_since,
            spend: proved.spend,
            otp: proved.otp,
            keep_token,
            deferred_event: audit.deferred_event(),
            ..Commit::new(&proved.account, proved.credential.as_ref(), hash, record, event)
        };
        match self.store.commit(&commit).await? {
            CommitOutcome::Done { version } => {
                let account = crate::Account { updated_at: at, ..proved.account };
                Ok(Changed { account, at, version })
            }
            // A concurrent change voids the reset token, and makes the old password wrong.
            CommitOutcome::Conflict if is_reset => Err(ChangeError::TokenExpired),
            CommitOutcome::Conflict if by_password => Err(ChangeError::WrongPassword),
            CommitOutcome::Conflict => Err(ChangeError::Conflict),
            CommitOutcome::TokenSpent => Err(ChangeError::TokenExpired),
            CommitOutcome::OtpSpent => Err(ChangeError::WrongOtp),
        }
    }

    /// Returns the current time in microseconds, as stores keep it, so that the returned time
    /// equals the stored time.
    pub(crate) fn now_in_store_precision(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// The reservation of an attempt.
enum Reservation {
    Made(AttemptReservation),
    /// None, because the account is locked out; a failure is reported as too many attempts.
    LockedOut {
        retry_after: Duration,
    },
}

/// The result of step 3.
pub(crate) struct Proved {
    account: crate::Account,
    credential: Option<Credential>,
    /// The current password, if it was the proof.
    password: Option<Arc<Plaintext>>,
    /// Whether the new password is the current one; `None` if the proof was a reset token.
    current_is_candidate: Option<bool>,
    spend: Option<ResetSpend>,
    otp: Option<OtpSpend>,
    /// Whether the new password is known from breaches.
    becomes_compromised: bool,
    /// As in [`Commit`].
    pub(crate) unchanged_since: Option<Timestamp>,
}

impl Proved {
    /// An account whose current password was the proof.
    fn by_password(
        account: crate::Account,
        credential: Credential,
        password: Arc<Plaintext>,
        current_is_candidate: Option<bool>,
    ) -> Self {
        let (credential, password) = (Some(credential), Some(password));
        Self { current_is_candidate, ..Self::new(account, credential, password) }
    }

    /// An account whose holder proved authority by other means than the password.
    pub(crate) fn without_password(
        found: AccountWithCredential,
        spend: Option<ResetSpend>,
    ) -> Self {
        let AccountWithCredential { account, credential, .. } = found;
        Self { spend, ..Self::new(account, credential, None) }
    }

    fn new(
        account: crate::Account,
        credential: Option<Credential>,
        password: Option<Arc<Plaintext>>,
    ) -> Self {
        Self {
            account,
            credential,
            password,
            current_is_candidate: None,
            spend: None,
            otp: None,
            becomes_compromised: false,
            unchanged_since: None,
        }
    }
}

fn path_of(proof: &Proof) -> AttemptPath {
    match proof {
        Proof::OldPassword(_) => AttemptPath::Password,
        Proof::ResetToken(_) | Proof::SignedToken { .. } => AttemptPath::Reset,
    }
}
