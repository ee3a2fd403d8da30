use std::time::Duration;

use jiff::Timestamp;

use crate::{AccountWithCredential, SignedTokenError};

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

    /// Checks the times for the account of the token: it must be issued after the password was set,
    /// and after all tokens of the account were last revoked
    /// ([`valid_after`](AccountWithCredential::valid_after)).
    ///
    /// `iat` has whole seconds and changes have microseconds. So a token that was issued after the
    /// change but in the same second is refused too, since it may be older than the change.
    ///
    /// # Errors
    /// When the token is of the future, has expired or was not issued after the change.
    pub fn check(
        &self,
        now: Timestamp,
        account: &AccountWithCredential,
    ) -> Result<(), SignedTokenError> {
        let latest = now.saturating_add(Self::LEEWAY).unwrap_or(Timestamp::MAX);
        // A change in the future is of a clock that ran ahead, and would void all tokens until
        // then.
        let is_before = |change: Option<Timestamp>| {
            change.is_some_and(|change| change <= latest && self.issued_at <= change)
        };
        if self.issued_at > latest || self.not_before.is_some_and(|time| time > latest) {
            Err(SignedTokenError::Early)
        } else if is_before(account.credential.as_ref().map(|own| own.changed_at)) {
            Err(SignedTokenError::BeforeChange)
        } else if is_before(account.valid_after) {
            Err(SignedTokenError::Revoked)
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
    use crate::{Account, AccountId, Credential, HashedPassword};

    #[test]
    fn a_token_of_the_second_of_the_change_is_refused_and_one_of_the_next_second_is_valid() {
        let second = |second| Timestamp::from_second(second).unwrap();
        let changed_at = Timestamp::from_microsecond(100_000_001).unwrap();
        let issued = |issued_at| TokenTimes {
            issued_at: second(issued_at),
            not_before: None,
            expires_at: second(200),
        };
        let (id, realm, user_id) = (AccountId(uuid::Uuid::nil()), "a".parse(), "pat".parse());
        let account = Account::new(id, realm.unwrap(), user_id.unwrap(), second(0));
        let fresh = AccountWithCredential::new(account, None);
        let hash = HashedPassword::from_stored("");
        let credential = Some(Credential { hash, version: 1, changed_at });
        let changed = AccountWithCredential { credential, ..fresh.clone() };
        let revoked = AccountWithCredential { valid_after: Some(changed_at), ..fresh.clone() };
        for (account, error) in
            [(changed, SignedTokenError::BeforeChange), (revoked, SignedTokenError::Revoked)]
        {
            assert_eq!(issued(100).check(second(150), &account), Err(error));
            assert_eq!(issued(101).check(second(150), &account), Ok(()));
        }
        assert_eq!(issued(100).check(second(150), &fresh), Ok(()), "there is no password yet");
    }
}
