//! The one way to change a password.

mod prove;
mod refusals;
mod rehash;
mod report;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use prove::HashMatch;
pub(crate) use refusals::Refusals;

use crate::clock::until;
use crate::{
    AccountWithCredential, AttemptKey, AttemptPath, AttemptReservation, Change, ChangeError,
    ChangeOutcome, Changed, Clock, Commit, CommitOutcome, Credential, CredentialStore, ErrorChain,
    Hasher, InstallationKey, LockoutPolicy, NewPassword, OtpSpend, Plaintext, Policy,
    PolicyContext, Proof, Randomness, ReserveAttempt, ReserveOutcome, ResetSpend, Sessions,
    TokenId, TokenStore,
};

/// Changes passwords: finds the account, reserves an attempt, verifies the proof, evaluates the new
/// password, hashes it and commits, in this order.
///
/// A stored hash that is not as the hasher makes them now is replaced on the way: by the change
/// itself, and, where the policy refuses that, by a fresh hash of the old password, which was right, if
/// the stored hash [determines](Hasher::determines) it.
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
}

impl PasswordChangeService {
    /// Changes the password, or says why not. When it returns `Ok` the change is durable; every try
    /// leaves an audit record (ASVS 16.3.1), but for repeated refusals of an account that is locked
    /// out: one record counts them. Where the hasher is [overloaded](Hasher::overloaded)
    /// nothing is tried: the answer is [`ChangeError::Busy`] before anything is looked at, so that more
    /// requests than can be served take next to nothing from those that are.
    ///
    /// # Errors
    /// See [`ChangeError`]. A refusal by the policy spends no token and counts as no failure.
    pub(crate) async fn change(&self, change: Change) -> ChangeOutcome {
        if let Some(retry_after) = self.hasher.overloaded() {
            return ChangeOutcome { account: None, result: Err(ChangeError::Busy { retry_after }) };
        }
        let mut audit = report::AuditContext::new(&change);
        let result = self.run(change, &mut audit).await;
        let account = audit.account;
        let result = match result {
            Ok(changed) => Ok(changed),
            Err(error) => Err(self.finish(audit, error).await),
        };
        ChangeOutcome { account, result }
    }

    async fn run(
        &self,
        change: Change,
        audit: &mut report::AuditContext,
    ) -> Result<Changed, ChangeError> {
        let Change { authorization, proof, otp, new_password, sessions, .. } = change;
        if !authorization.is_allowed() {
            return Err(ChangeError::Forbidden);
        }
        let (caller, subject) = (authorization.caller(), authorization.subject());
        let candidate = Arc::new(new_password);

        let found = self.find(subject).await?;
        audit.account = found.as_ref().map(|found| found.account.id);
        audit.is_inactive = found.as_ref().is_some_and(|found| !found.account.active);
        let key = self.attempt_key(found.as_ref(), subject);
        audit.attempt_key = Some(key.clone());

        self.forget_attempts().await;
        audit.reservation =
            Some(self.reserve(&key, path_of(&proof), otp.is_some(), found.as_ref(), audit).await?);
        if let Some(Reservation::Made(_)) = audit.reservation {
            audit.refused_before = self.refusals.take(&key);
        }
        let proved = self.prove(found, proof, otp.as_ref(), &candidate).await?;
        let password = match self.accept(&proved, candidate).await {
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
                sessions == Sessions::KeepPresenting && token.account == proved.account.id
            })
            .map(|token| token.id);
        self.commit(proved, hash, keep_token, audit).await
    }

    /// Step 1: the account, when realm, user id and (where named) e-mail address agree.
    async fn find(
        &self,
        subject: &crate::Subject,
    ) -> Result<Option<AccountWithCredential>, ChangeError> {
        let found = self.store.find(subject).await?;
        Ok(found.filter(|found| {
            subject.email.as_deref().is_none_or(|email| found.account.has_email(email))
        }))
    }

    fn attempt_key(
        &self,
        found: Option<&AccountWithCredential>,
        subject: &crate::Subject,
    ) -> AttemptKey {
        match found {
            Some(found) => AttemptKey::account(found.account.id),
            None => AttemptKey::unknown(subject, &self.key),
        }
    }

    /// Has the store delete expired rows of attempts, with the first try and then with every 64th. A
    /// try makes one row at most, so more are deleted than can have come since, and strangers cannot
    /// make them grow without end. Whom the try is for does not matter, or the time taken would tell
    /// known identifiers from unknown ones.
    async fn forget_attempts(&self) {
        const EVERY: u64 = 64;
        const AT_MOST: usize = 128;
        if !self.tries.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVERY) {
            return;
        }
        if let Err(error) = self.store.delete_expired_attempts(self.clock.now(), AT_MOST).await {
            tracing::warn!(error = %ErrorChain(&error), "expired attempts could not be deleted");
        }
    }

    /// Step 2: an attempt is reserved before anything is verified.
    ///
    /// An account that is locked out takes no further attempt, with one exception: a reset token by itself
    /// is verified all the same, and only a wrong one is refused. Nobody guesses 256 bits, and otherwise
    /// a sender of wrong tokens could keep the holder of the right one from using it.
    async fn reserve(
        &self,
        key: &AttemptKey,
        path: AttemptPath,
        with_otp: bool,
        found: Option<&AccountWithCredential>,
        audit: &report::AuditContext,
    ) -> Result<Reservation, ChangeError> {
        let now = self.now_in_store_precision();
        let event =
            found.map(|found| self.lockout_event(&found.account, now, audit)).transpose()?;
        let attempt = ReserveAttempt::new(key, path, &self.lockout, now).with_event(event.as_ref());
        let locked_out = match self.store.reserve_attempt(&attempt).await? {
            ReserveOutcome::Reserved(reservation) => return Ok(Reservation::Made(reservation)),
            ReserveOutcome::LockedOut(locked_out) => locked_out,
        };
        let retry_after = locked_out.until.map_or(self.lockout.max_delay(), |at| until(now, at));
        if path == AttemptPath::Reset && !with_otp {
            Ok(Reservation::LockedOut { retry_after })
        } else {
            Err(ChangeError::TooManyAttempts { retry_after })
        }
    }

    /// Step 4: the policy evaluates the new password with everything that is known.
    async fn accept(
        &self,
        proved: &Proved,
        candidate: Arc<Plaintext>,
    ) -> Result<NewPassword, ChangeError> {
        let verifiable = candidate.byte_len() <= Plaintext::MAX_PASSWORD_BYTES;
        let is_current = self.policy.rules().refuse_current
            && match (&proved.current_is_candidate, &proved.credential) {
                (Some(same), _) => *same,
                (None, Some(credential)) if verifiable => {
                    self.matches(&candidate, &credential.hash).await? == HashMatch::Match
                }
                (None, _) => false,
            };
        let mut is_reused = false;
        let history = self.policy.rules().history;
        if history > 0 && verifiable && !is_current {
            for earlier in self.store.history(proved.account.id, history).await? {
                if self.matches(&candidate, &earlier).await? == HashMatch::Match {
                    is_reused = true;
                    break;
                }
            }
        }
        let context = PolicyContext { words: (&proved.account).into(), is_current, is_reused };
        self.policy.accept(candidate, &context).map_err(ChangeError::Rejected)
    }

    /// Step 6: all or nothing.
    async fn commit(
        &self,
        proved: Proved,
        hash: crate::HashedPassword,
        keep_token: Option<TokenId>,
        audit: &report::AuditContext,
    ) -> Result<Changed, ChangeError> {
        let at = self.now_in_store_precision();
        let is_reset = proved.spend.is_some();
        let record = self.audit_record(audit, at, "ok", audit.told_of_refusals())?;
        let event = self.event(&proved.account, at, is_reset, audit)?;
        let commit = Commit {
            history: self.policy.rules().history,
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
            // To a reset token a change that came first means that it is void.
            CommitOutcome::Conflict if is_reset => Err(ChangeError::TokenExpired),
            CommitOutcome::Conflict => Err(ChangeError::WrongPassword),
            CommitOutcome::TokenSpent => Err(ChangeError::TokenExpired),
            CommitOutcome::OtpSpent => Err(ChangeError::WrongOtp),
        }
    }

    /// Stores keep microseconds; what is answered must be what a later look finds.
    fn now_in_store_precision(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// What was reserved for an attempt.
enum Reservation {
    Made(AttemptReservation),
    /// Nothing, since the account is locked out; a failure is answered by that.
    LockedOut {
        retry_after: Duration,
    },
}

/// What step 3 established.
struct Proved {
    account: crate::Account,
    credential: Option<Credential>,
    /// The current password, where that was the proof.
    password: Option<Arc<Plaintext>>,
    /// Whether the candidate is the current password, where the proof was the current password.
    current_is_candidate: Option<bool>,
    spend: Option<ResetSpend>,
    otp: Option<OtpSpend>,
}

fn path_of(proof: &Proof) -> AttemptPath {
    match proof {
        Proof::OldPassword(_) => AttemptPath::Password,
        Proof::ResetToken(_) | Proof::SignedToken { .. } => AttemptPath::Reset,
    }
}
