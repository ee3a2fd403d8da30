use std::time::Duration;

use jiff::Timestamp;

use crate::SignedTokenError;

/// The times of a token that another system issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenTimes {
    /// When the token was issued (`iat`). It is invalid if the password was changed then or later.
    pub issued_at: Timestamp,
    /// The token is invalid before this time (`nbf`).
    pub not_before: Option<Timestamp>,
    /// The token is invalid from this time on (`exp`).
    pub expires_at: Timestamp,
}

impl TokenTimes {
    /// How far the clock of the issuer may be ahead: `nbf` and `iat` count from this long before.
    /// An expiry is exact.
    pub const LEEWAY: Duration = Duration::from_secs(60);

    /// Checks the times for an account that changed at `changed_at`, so that older tokens are
    /// invalid: its password was set, or its tokens were revoked.
    ///
    /// `iat` has whole seconds and `changed_at` microseconds. So a token that was issued after the
    /// change but in the same second is refused too, since it may be older than the change.
    ///
    /// # Errors
    /// When the token is of the future, has expired or was not issued after the change.
    pub fn check(
        &self,
        now: Timestamp,
        changed_at: Option<Timestamp>,
    ) -> Result<(), SignedTokenError> {
        let latest = now.saturating_add(Self::LEEWAY).unwrap_or(Timestamp::MAX);
        // A change in the future is of a clock that ran ahead, and would void all tokens until
        // then.
        let changed_at = changed_at.filter(|changed_at| *changed_at <= latest);
        if self.issued_at > latest || self.not_before.is_some_and(|time| time > latest) {
            Err(SignedTokenError::Early)
        } else if changed_at.is_some_and(|changed_at| self.issued_at <= changed_at) {
            Err(SignedTokenError::BeforeChange)
        } else if now >= self.expires_at {
            Err(SignedTokenError::Expired)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_the_second_of_the_change_is_refused_and_one_of_the_next_second_is_valid() {
        let second = |second| Timestamp::from_second(second).unwrap();
        let changed_at = Timestamp::from_microsecond(100_000_001).unwrap();
        let issued = |issued_at| TokenTimes {
            issued_at: second(issued_at),
            not_before: None,
            expires_at: second(200),
        };
        let check = |issued_at| issued(issued_at).check(second(150), Some(changed_at));
        assert_eq!(check(100), Err(SignedTokenError::BeforeChange));
        assert_eq!(check(101), Ok(()));
        assert_eq!(issued(100).check(second(150), None), Ok(()), "there is no password yet");
    }
}
