use std::fmt;

/// The source of random bytes; a parameter, so that tests can be repeated exactly.
pub trait Randomness: Send + Sync + fmt::Debug {
    /// Fills `bytes` with cryptographically secure random bytes.
    ///
    /// # Errors
    /// When the source fails.
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
    #[allow(clippy::disallowed_methods)] // the only use of the system's source
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        getrandom::fill(bytes).map_err(|error| RandomnessError(error.to_string()))
    }
}

/// Generates a random (version 4) UUID.
///
/// # Errors
/// When the source fails.
pub fn random_uuid(randomness: &dyn Randomness) -> Result<uuid::Uuid, RandomnessError> {
    let mut bytes = [0; 16];
    randomness.fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

/// Returns a UUID of version 7 (RFC 9562, 5.7). It begins with the time in milliseconds, so that new
/// rows are next to each other in the indexes of a database.
///
/// # Errors
/// When the source fails.
pub(crate) fn time_ordered_uuid(
    at: jiff::Timestamp,
    randomness: &dyn Randomness,
) -> Result<uuid::Uuid, RandomnessError> {
    let mut bytes = [0; 10];
    randomness.fill(&mut bytes)?;
    let milliseconds = u64::try_from(at.as_millisecond()).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(milliseconds, &bytes).into_uuid())
}
