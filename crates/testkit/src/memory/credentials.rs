use async_trait::async_trait;
use jiff::Timestamp;

use super::{Entry, MemoryStore, State};
use repass_core::{
    AccountId, AccountWithCredential, AttemptOutcome, AttemptReservation, Commit, CommitOutcome,
    Credential, CredentialStore, FinishAttempt, HashedPassword, MAX_SAME_NAME, NameKind, OtpSpend,
    Realm, Rehash, ReserveAttempt, ReserveOutcome, ResetSpend, ResetToken, StoreError, Subject,
    otp,
};

#[async_trait]
impl CredentialStore for MemoryStore {
    async fn find(&self, subject: &Subject) -> Result<Option<AccountWithCredential>, StoreError> {
        let Some(user_id) = subject.valid_user_id() else { return Ok(None) };
        let state = self.lock();
        let id = state.names.get(&(subject.realm.clone(), user_id));
        Ok(id.and_then(|id| state.accounts.get(id)).map(Entry::with_credential))
    }

    async fn find_by_name(
        &self,
        realm: &Realm,
        kind: NameKind,
        name: &str,
    ) -> Result<Vec<AccountWithCredential>, StoreError> {
        let state = self.lock();
        let is_named = |entry: &&Entry| {
            entry.account.realm == *realm && kind.key(&entry.account).as_deref() == Some(name)
        };
        let found = state.accounts.values().filter(is_named).take(MAX_SAME_NAME);
        Ok(found.map(Entry::with_credential).collect())
    }

    async fn history(
        &self,
        account: AccountId,
        depth: usize,
    ) -> Result<Vec<HashedPassword>, StoreError> {
        let state = self.lock();
        let history = state.accounts.get(&account).map(|entry| entry.history.as_slice());
        Ok(history.unwrap_or_default().iter().take(depth).cloned().collect())
    }

    async fn reserve_attempt(
        &self,
        attempt: &ReserveAttempt<'_>,
    ) -> Result<ReserveOutcome, StoreError> {
        let ReserveAttempt { key, path, policy, now, event, .. } = *attempt;
        let mut state = self.lock();
        let before = state.attempts.get(key).copied().unwrap_or_default();
        let (after, mut reservation) = match before.reserve(key, path, policy, now) {
            Ok(reserved) => reserved,
            Err(locked_out) => return Ok(ReserveOutcome::LockedOut(locked_out)),
        };
        state.attempts.insert(key.clone(), after);
        if let Some((event, due_at)) = event.and_then(|event| event.raised_by(&reservation, policy))
        {
            state.write_event(&event, due_at);
            reservation.deferred_event = Some(event.id);
        }
        Ok(ReserveOutcome::Reserved(reservation))
    }

    async fn finish_attempt(&self, attempt: &FinishAttempt) -> Result<bool, StoreError> {
        let mut state = self.lock();
        if let Some((account, otp)) = attempt.otp {
            let entry = state.accounts.get_mut(&account);
            if !entry.is_some_and(|entry| entry.spend(otp, attempt.audit.at)) {
                return Ok(false);
            }
        }
        if let Some(reservation) = &attempt.reservation {
            state.finish(reservation, attempt.outcome, attempt.audit.at);
        }
        state.audit.push(attempt.audit.clone());
        Ok(true)
    }

    async fn delete_expired_attempts(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<(), StoreError> {
        let attempts = &mut self.lock().attempts;
        let expired = attempts.iter().filter(|(_, row)| row.expires_at.is_some_and(|at| at <= now));
        let expired: Vec<_> = expired.take(limit).map(|(key, _)| key.clone()).collect();
        for key in expired {
            attempts.remove(&key);
        }
        Ok(())
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        Ok(self.lock().commit(commit))
    }

    async fn rehash(&self, rehash: &Rehash) -> Result<bool, StoreError> {
        let mut state = self.lock();
        let entry = state.accounts.get_mut(&rehash.account).filter(|entry| entry.account.active);
        let expected = entry.and_then(|entry| entry.credential.as_mut()).filter(|own| {
            own.version == rehash.expected_version && own.hash == rehash.expected_hash
        });
        let Some(own) = expected else { return Ok(false) };
        own.hash = rehash.hash.clone();
        state.audit.push(rehash.audit.clone());
        Ok(true)
    }
}

impl State {
    fn finish(&mut self, reservation: &AttemptReservation, outcome: AttemptOutcome, at: Timestamp) {
        match outcome {
            AttemptOutcome::Failed => {
                if let Some(event) = reservation.deferred_event {
                    self.make_event_due(event, at);
                }
                return;
            }
            AttemptOutcome::Released => {
                if let Some(row) = self.attempts.get_mut(&reservation.key) {
                    *row = row.release(reservation);
                }
            }
            AttemptOutcome::Succeeded => {
                self.attempts.remove(&reservation.key);
            }
        }
        if let Some(event) = reservation.deferred_event {
            self.delete_event(event);
        }
    }

    /// Checks every condition before it writes anything, so that a refused change writes nothing.
    fn commit(&mut self, commit: &Commit) -> CommitOutcome {
        if !commit.spend.is_none_or(|spend| self.is_unspent(commit, spend)) {
            return CommitOutcome::TokenSpent;
        }
        let Some(entry) = self.accounts.get_mut(&commit.account) else {
            return CommitOutcome::Conflict;
        };
        let updated_at = entry.account.updated_at;
        if !entry.account.active
            || entry.version() != commit.expected_version
            || commit.unchanged_since.is_some_and(|time| time != updated_at)
        {
            return CommitOutcome::Conflict;
        }
        if !commit.otp.is_none_or(|otp| entry.is_unused(otp, commit.at)) {
            return CommitOutcome::OtpSpent;
        }

        let version = commit.expected_version + 1;
        entry.change(commit, version);
        self.void_reset_tokens(commit.account, commit.at);
        if let Some(ResetSpend::Signed { digest, expires_at }) = commit.spend {
            let redeemed = ResetToken {
                digest,
                account: commit.account,
                issued_at: commit.at,
                expires_at,
                spent_at: Some(commit.at),
            };
            self.reset_tokens.insert(digest, redeemed);
        }
        self.revoke_access_tokens(commit.account, commit.keep_token, commit.at);
        self.attempts.remove(&commit.clear);
        self.audit.push(commit.audit.clone());
        if let Some(event) = commit.deferred_event {
            self.delete_event(event);
        }
        self.write_event(&commit.event, commit.event.at);
        CommitOutcome::Done { version }
    }

    fn is_unspent(&self, commit: &Commit, spend: ResetSpend) -> bool {
        match spend {
            ResetSpend::Issued(digest) => self.reset_tokens.get(&digest).is_some_and(|token| {
                token.account == commit.account
                    && token.spent_at.is_none()
                    && commit.at < token.expires_at
            }),
            ResetSpend::Signed { digest, .. } => !self.reset_tokens.contains_key(&digest),
        }
    }
}

impl Entry {
    fn version(&self) -> i64 {
        self.credential.as_ref().map_or(0, |credential| credential.version)
    }

    fn is_unused(&self, spend: OtpSpend, now: Timestamp) -> bool {
        match spend {
            OtpSpend::Step(step) => {
                self.otp.sealed_secret.is_some() && otp::is_unused(step, self.otp.last_step)
            }
            OtpSpend::Code(digest) => {
                self.otp.code.is_some_and(|(own, expires_at)| own == digest && now < expires_at)
            }
        }
    }

    fn change(&mut self, commit: &Commit, version: i64) {
        let credential = Credential { hash: commit.hash.clone(), version, changed_at: commit.at };
        if let Some(before) = self.credential.replace(credential) {
            self.history.insert(0, before.hash);
        }
        self.history.truncate(commit.history);
        self.account.updated_at = self.account.updated_at.max(commit.at);
        if let Some(otp) = commit.otp {
            self.spend(otp, commit.at);
        }
    }

    /// Spends a one-time password. Returns whether it was unused.
    fn spend(&mut self, spend: OtpSpend, now: Timestamp) -> bool {
        let is_unused = self.is_unused(spend, now);
        match spend {
            OtpSpend::Step(step) if is_unused => self.otp.last_step = Some(step),
            OtpSpend::Code(_) if is_unused => self.otp.code = None,
            _ => {}
        }
        is_unused
    }

    pub(super) fn with_credential(&self) -> AccountWithCredential {
        AccountWithCredential {
            account: self.account.clone(),
            credential: self.credential.clone(),
            valid_after: self.revocation.map(|(at, _)| at),
            otp: Some(self.otp.clone()),
        }
    }
}
