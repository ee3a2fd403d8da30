use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use validator::Validate;

use super::Changer;
use crate::{
    AttemptRules, Clock, CredentialStore, Hasher, InstallationKey, InvalidPolicy, Policy,
    Randomness, RandomnessError, SystemClock, SystemRandomness, TokenStore,
};

/// Puts a [`Changer`] together. What is not said is the safe default: the NIST policy, the attempt
/// rules of NIST, the machine's clock and random source.
#[must_use]
pub struct ChangerBuilder {
    store: Arc<dyn CredentialStore>,
    hasher: Arc<dyn Hasher>,
    tokens: Option<Arc<dyn TokenStore>>,
    policy: Policy,
    attempts: AttemptRules,
    key: Option<Arc<InstallationKey>>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

/// The parts make no changer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidChanger {
    /// The attempt rules are out of bounds.
    #[error("the attempt rules are out of bounds: {0}")]
    Attempts(#[from] validator::ValidationErrors),
    /// The policy can accept nothing, or remembers more than can be.
    #[error(transparent)]
    Policy(#[from] InvalidPolicy),
    /// No random bytes for a key.
    #[error("no random bytes for an installation key")]
    Randomness(#[from] RandomnessError),
}

impl ChangerBuilder {
    pub(super) fn new(store: Arc<dyn CredentialStore>, hasher: Arc<dyn Hasher>) -> Self {
        Self {
            store,
            hasher,
            tokens: None,
            policy: Policy::default(),
            attempts: AttemptRules::default(),
            key: None,
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
        }
    }

    /// Where reset tokens and one-time passwords are looked up. Without it none is ever right.
    pub fn tokens(mut self, tokens: Arc<dyn TokenStore>) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// The policy for new passwords.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The numbers of the throttling.
    pub fn attempts(mut self, attempts: AttemptRules) -> Self {
        self.attempts = attempts;
        self
    }

    /// The installation's key. Without it a random one is made, which serves one process and no
    /// one-time passwords that were enrolled before.
    pub fn installation_key(mut self, key: Arc<InstallationKey>) -> Self {
        self.key = Some(key);
        self
    }

    /// Where the time comes from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where random bytes come from.
    pub fn randomness(mut self, randomness: Arc<dyn Randomness>) -> Self {
        self.randomness = randomness;
        self
    }

    /// The finished changer.
    ///
    /// # Errors
    /// When the attempt rules are out of bounds, or the policy can accept nothing.
    pub fn build(self) -> Result<Changer, InvalidChanger> {
        self.attempts.validate()?;
        self.policy.check()?;
        let key = match self.key {
            Some(key) => key,
            None => Arc::new(InstallationKey::generate(&*self.randomness)?),
        };
        Ok(Changer {
            store: self.store,
            tokens: self.tokens,
            hasher: self.hasher,
            policy: self.policy,
            attempts: self.attempts,
            key,
            clock: self.clock,
            randomness: self.randomness,
            tries: AtomicU64::new(0),
        })
    }
}
