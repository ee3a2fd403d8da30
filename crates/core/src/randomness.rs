use std::fmt;

/// Where random bytes come from. A parameter, so that tests can be repeated exactly.
pub trait Randomness: Send + Sync + fmt::Debug {
    /// Fills `bytes` with cryptographically secure random bytes.
    ///
    /// # Errors
    /// When the source has none to give; nothing secret may be made then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError>;
}

/// The random source failed.
#[derive(Debug, thiserror::Error)]
#[error("no random bytes available: {0}")]
pub struct RandomnessError(pub String);

/// The random source of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    #[allow(clippy::disallowed_methods)] // the one place that may ask the machine
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        getrandom::fill(bytes).map_err(|error| RandomnessError(error.to_string()))
    }
}

/// A fresh random (version 4) UUID, for identifiers.
///
/// # Errors
/// When the source has no bytes to give.
pub fn random_uuid(randomness: &dyn Randomness) -> Result<uuid::Uuid, RandomnessError> {
    let mut bytes = [0; 16];
    randomness.fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}
