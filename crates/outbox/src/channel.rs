use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use repass_core::{ClaimedEvent, ErrorChain};

/// Delivers events to one receiver.
#[async_trait]
pub trait Channel: Send + Sync {
    /// The name under which the store records this channel's deliveries. It must never change and
    /// must be unique in a dispatcher.
    fn name(&self) -> &'static str;

    /// Delivers an event. The dispatcher may deliver an event again after a success, if the process
    /// ends before the success is recorded.
    ///
    /// # Errors
    /// If the event was not delivered, or the outcome is unknown.
    async fn deliver(&self, claimed: &ClaimedEvent) -> Result<(), DeliveryError>;
}

/// A failed delivery. The message is stored with the event for operators and must not contain a
/// secret.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct DeliveryError {
    message: String,
    permanent: bool,
    retry_after: Duration,
}

impl DeliveryError {
    /// Maximum length of a message, in bytes.
    const MAX_LENGTH: usize = 500;

    /// Creates an error from a message. Control characters become spaces, and a long message is
    /// cut.
    pub fn new(message: impl AsRef<str>) -> Self {
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let mut message: String = message.as_ref().chars().map(clean).collect();
        message.truncate(message.floor_char_boundary(Self::MAX_LENGTH));
        Self { message, permanent: false, retry_after: Duration::ZERO }
    }

    /// Creates an error from another error and its causes.
    pub fn from_error(error: &dyn Error) -> Self {
        Self::new(ErrorChain(error).to_string())
    }

    /// Marks the failure as permanent: the delivery is given up without further tries. Operators
    /// can still retry it.
    #[must_use]
    pub fn permanent(self) -> Self {
        Self { permanent: true, ..self }
    }

    /// Sets the delay that the receiver asked for. The dispatcher waits as long, but not longer
    /// than [`DispatcherOptions::longest_wait`](crate::DispatcherOptions::longest_wait).
    #[must_use]
    pub fn with_retry_after(self, retry_after: Duration) -> Self {
        Self { retry_after, ..self }
    }

    /// The delay that the receiver asked for; zero if none.
    pub fn retry_after(&self) -> Duration {
        self.retry_after
    }

    /// Whether a retry is pointless.
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_no_control_characters_and_a_maximum_length() {
        assert_eq!(DeliveryError::new("a\r\nb\0c").to_string(), "a  b c");
        let long = DeliveryError::new("ä".repeat(400)).to_string();
        assert_eq!(long.len(), DeliveryError::MAX_LENGTH);
    }

    #[test]
    fn an_error_is_permanent_only_if_marked() {
        assert!(!DeliveryError::new("busy").is_permanent());
        let gone = DeliveryError::new("gone").permanent();
        assert_eq!((gone.is_permanent(), gone.to_string().as_str()), (true, "gone"));
    }
}
