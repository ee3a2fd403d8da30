use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use unicode_normalization::UnicodeNormalization;

use crate::{
    Account, ChangeError, Context, Email, HashError, Plaintext, RandomnessError, Realm, StoreError,
    Violation,
};

/// The name that a user signs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInName {
    /// The user id, as received.
    UserId(String),
    /// The e-mail address, in any case.
    Email(String),
    /// The user name, in any case.
    Username(String),
}

/// The kind of a name that [`CredentialStore::find_by_name`](crate::CredentialStore::find_by_name)
/// looks up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameKind {
    /// The e-mail address.
    Email,
    /// The user name.
    Username,
}

impl NameKind {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Email, Self::Username];

    /// Returns the name of this kind that the account has, in the form of [`fold_name`].
    pub fn key(self, account: &Account) -> Option<String> {
        let name = match self {
            Self::Email => account.email.as_ref().map(Email::as_str),
            Self::Username => account.username.as_deref(),
        };
        name.map(fold_name)
    }
}

impl fmt::Display for NameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Email => "e-mail address",
            Self::Username => "user name",
        })
    }
}

/// Returns the form in which e-mail addresses and user names are compared: Normalization Form C of
/// Unicode Standard Annex #15, in lower case. `ı` and `i` stay different.
pub fn fold_name(name: &str) -> String {
    name.nfc().collect::<String>().to_lowercase()
}

/// A request to verify an account's password.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignIn {
    /// The realm of the account.
    pub realm: Realm,
    /// The name of the account.
    pub name: SignInName,
    /// The password, as received.
    pub password: Plaintext,
    /// A one-time password in addition to the password. If there is one, it must be right.
    pub otp: Option<Plaintext>,
    /// Whether the policy evaluates the right password; see [`SignedIn::violations`].
    pub evaluate: bool,
    /// The caller for the audit record, such as `key:` and an id.
    pub caller: String,
    /// The origin of the request, for the audit record.
    pub context: Context,
}

impl SignIn {
    /// Creates a request without a one-time password, of the caller `anonymous`, with an empty
    /// context.
    pub fn new(realm: Realm, name: SignInName, password: Plaintext) -> Self {
        Self {
            realm,
            name,
            password,
            otp: None,
            evaluate: false,
            caller: "anonymous".to_owned(),
            context: Context::default(),
        }
    }

    /// Sets the one-time password.
    #[must_use]
    pub fn with_otp(self, otp: Option<Plaintext>) -> Self {
        Self { otp, ..self }
    }

    /// Evaluates the right password by the policy.
    #[must_use]
    pub fn evaluated(self) -> Self {
        Self { evaluate: true, ..self }
    }

    /// Sets the caller and the context for the audit record.
    #[must_use]
    pub fn acting_for(self, caller: impl Into<String>, context: Context) -> Self {
        Self { caller: caller.into(), context, ..self }
    }
}

/// A verified password, with its account.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SignedIn {
    /// The account, which is active.
    pub account: Account,
    /// When the password was set.
    pub changed_at: Timestamp,
    /// Whether the account has a secret for time-based one-time passwords. The caller decides
    /// whether to demand one.
    pub otp_enrolled: bool,
    /// Whether a one-time password was verified too.
    pub otp_verified: bool,
    /// What the policy would refuse in this password, if it was asked to evaluate it. The history
    /// is not part of it.
    pub violations: Vec<Violation>,
    /// Whether the password has reached the [age](crate::PolicyRules::max_age) at which it expires.
    /// A password whose age is unknown, such as one that another application set in its own users
    /// table, has not.
    pub is_expired: bool,
    /// When the sign-in began. An access token for it is
    /// [issued](crate::Administration::issue_session) at this time, so that a change of the
    /// password in between revokes it.
    pub at: Timestamp,
}

/// Why a sign-in is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// The account does not exist, or the password or the one-time password is wrong. One error for
    /// all, so that callers cannot find out which accounts exist (ASVS 6.3.8).
    #[error("the account or its password is wrong")]
    InvalidCredentials,
    /// The password is right, but the account is inactive.
    #[error("the account is inactive")]
    Inactive,
    /// Too many failures: the account is locked out for now.
    #[error("too many failed attempts; try again in {} s", .retry_after.as_secs())]
    LockedOut {
        /// The recommended delay before a retry.
        retry_after: Duration,
    },
    /// The hasher is overloaded. The attempt does not count as a failure.
    #[error("too busy; try again in {} s", .retry_after.as_secs())]
    Busy {
        /// The recommended delay before a retry.
        retry_after: Duration,
    },
    /// The credential store failed.
    #[error("the credential store failed")]
    Store(#[from] StoreError),
    /// Hashing failed.
    #[error("hashing failed")]
    Hash(#[source] HashError),
    /// The random source failed.
    #[error("the random source failed")]
    Randomness(#[from] RandomnessError),
}

impl From<ChangeError> for SignInError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Inactive => Self::Inactive,
            ChangeError::TooManyAttempts { retry_after } => Self::LockedOut { retry_after },
            ChangeError::Busy { retry_after } => Self::Busy { retry_after },
            ChangeError::Store(error) => Self::Store(error),
            ChangeError::Hash(error) => Self::Hash(error),
            ChangeError::Randomness(error) => Self::Randomness(error),
            ChangeError::WrongPassword
            | ChangeError::WrongOtp
            // A sign-in has no reset token, no authorization and no new password, and requires no
            // one-time password.
            | ChangeError::OtpRequired
            | ChangeError::UnknownToken
            | ChangeError::TokenExpired
            | ChangeError::Forbidden
            | ChangeError::Conflict
            | ChangeError::CompromisedUnavailable(_)
            | ChangeError::Rejected(_) => Self::InvalidCredentials,
        }
    }
}

impl SignInError {
    /// Returns the stable code of the error: `invalid-credentials`, `inactive`, `locked`, `busy`,
    /// `store-unavailable` or `fault`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidCredentials => "invalid-credentials",
            Self::Inactive => "inactive",
            Self::LockedOut { .. } => "locked",
            Self::Busy { .. } => "busy",
            Self::Store(StoreError::Unavailable(_)) => "store-unavailable",
            Self::Store(_) | Self::Hash(_) | Self::Randomness(_) => "fault",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_in_one_normalization() {
        assert_eq!(fold_name("Pat@Example.ORG"), "pat@example.org");
        assert_eq!(fold_name("E\u{301}te\u{301}"), fold_name("été"));
        assert_ne!(fold_name("ılk"), fold_name("ilk"));
        assert_ne!(fold_name("İlk"), fold_name("ilk"));
    }
}
