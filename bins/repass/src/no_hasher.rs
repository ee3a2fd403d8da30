use std::sync::Arc;

use async_trait::async_trait;
use repass_core::{HashError, HashedPassword, Hasher, NewPassword, Plaintext};

/// A hasher for commands that do not hash, as a real one allocates memory and threads when it
/// starts.
#[derive(Debug)]
pub(crate) struct NoHasher(HashedPassword);

impl NoHasher {
    pub(crate) fn new() -> Self {
        Self(HashedPassword::from_stored("none"))
    }
}

#[async_trait]
impl Hasher for NoHasher {
    async fn hash(&self, _: NewPassword) -> Result<HashedPassword, HashError> {
        Err(HashError::Stopped)
    }

    async fn verify(&self, _: Arc<Plaintext>, _: &HashedPassword) -> Result<bool, HashError> {
        Err(HashError::Stopped)
    }

    fn dummy_hash(&self) -> &HashedPassword {
        &self.0
    }
}
