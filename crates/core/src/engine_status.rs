use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Counts of an [`Engine`](crate::Engine) and its clones since it was built, for metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineStatus {
    /// Comparisons of a password with a stored hash, including hashes of the history and the dummy
    /// hash, by [family](crate::HashedPassword::family) and result: `match`, `mismatch`, or
    /// `unverifiable` for a hash that is unsupported or corrupt.
    pub verifications: BTreeMap<(&'static str, &'static str), u64>,
    /// Violations of the policy by new passwords, by [code](crate::Violation::code).
    pub violations: BTreeMap<&'static str, u64>,
    /// Failures that locked out an account, or an identifier without an account.
    pub lockouts: u64,
    /// Stored hashes that were replaced by a new hash of the same password.
    pub rehashes: u64,
}

#[derive(Default)]
pub(crate) struct Counters(Mutex<EngineStatus>);

impl Counters {
    pub(crate) fn count(&self, count: impl FnOnce(&mut EngineStatus)) {
        count(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn status(&self) -> EngineStatus {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
