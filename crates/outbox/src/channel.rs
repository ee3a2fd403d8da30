use std::error::Error;

use async_trait::async_trait;
use repass_core::{ClaimedEvent, ErrorChain};

/// A way to those who want to hear of events.
#[async_trait]
pub trait Channel: Send + Sync {
    /// The name under which the store remembers what this channel has delivered. It never changes,
    /// and no other channel of a dispatcher has it.
    fn name(&self) -> &'static str;

    /// Delivers an event. It may be called again with the same event, also after it succeeded: the
    /// process can die before that is noted.
    ///
    /// # Errors
    /// When the event did not get through, or nobody knows.
    async fn deliver(&self, claimed: &ClaimedEvent) -> Result<(), DeliveryError>;
}

/// An event did not get through. The message is kept with the event for operators, so it tells no
/// secret.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct DeliveryError {
    message: String,
    permanent: bool,
}

impl DeliveryError {
    /// The most bytes of a message that are kept.
    const MAX: usize = 500;

    /// For the reason `message`. Control characters are replaced, and what is too long is cut.
    pub fn new(message: impl AsRef<str>) -> Self {
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let mut message: String = message.as_ref().chars().map(clean).collect();
        message.truncate(message.floor_char_boundary(Self::MAX));
        Self { message, permanent: false }
    }

    /// For the reason `error`, with all that caused it.
    pub fn caused_by(error: &dyn Error) -> Self {
        Self::new(ErrorChain(error).to_string())
    }

    /// The same, where trying again would end no better. Such a delivery is given up at once; an
    /// operator may still have it tried again.
    #[must_use]
    pub fn permanent(self) -> Self {
        Self { permanent: true, ..self }
    }

    /// Whether trying again would end no better.
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_clean_and_bounded() {
        assert_eq!(DeliveryError::new("a\r\nb\0c").to_string(), "a  b c");
        let long = DeliveryError::new("ä".repeat(400)).to_string();
        assert_eq!(long.len(), DeliveryError::MAX);
    }

    #[test]
    fn only_what_says_so_is_permanent() {
        assert!(!DeliveryError::new("busy").is_permanent());
        let gone = DeliveryError::new("gone").permanent();
        assert_eq!((gone.is_permanent(), gone.to_string().as_str()), (true, "gone"));
    }
}
