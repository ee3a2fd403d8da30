use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Account, AccountId, Authorization, CompromisedUnavailable, HashError, Plaintext,
    RandomnessError, StoreError, TokenDigest, TokenTimes, Violation,
};

/// A request to change one account's password.
#[derive(Debug)]
#[non_exhaustive]
pub struct Change {
    /// The caller, the account, and whether the caller may change its password.
    pub authorization: Authorization,
    /// The proof of authority over the account.
    pub proof: Proof,
    /// The new password, as received.
    pub new_password: Plaintext,
    /// A one-time password in addition to the proof. If there is one, it must be right.
    pub otp: Option<Plaintext>,
    /// Whether a one-time password is required if the account has a secret for them.
    pub requires_otp: bool,
    /// Which access tokens of the account are revoked.
    pub sessions: Sessions,
    /// The origin of the request, for the audit record.
    pub context: Context,
}

impl Change {
    /// Creates a change without a one-time password and with an empty context, that keeps the
    /// presenting session.
    pub fn new(authorization: Authorization, proof: Proof, new_password: Plaintext) -> Self {
        Self {
            authorization,
            proof,
            new_password,
            otp: None,
            requires_otp: false,
            sessions: Sessions::default(),
            context: Context::default(),
        }
    }

    /// Sets the one-time password.
    #[must_use]
    pub fn with_otp(self, otp: Option<Plaintext>) -> Self {
        Self { otp, ..self }
    }

    /// Requires a one-time password if the account has a secret for them. Otherwise, the caller
    /// decides whether to ask for one.
    #[must_use]
    pub fn requiring_otp(self) -> Self {
        Self { requires_otp: true, ..self }
    }

    /// Sets which access tokens are revoked.
    #[must_use]
    pub fn with_sessions(self, sessions: Sessions) -> Self {
        Self { sessions, ..self }
    }

    /// Sets the context for the audit record.
    #[must_use]
    pub fn with_context(self, context: Context) -> Self {
        Self { context, ..self }
    }
}

/// A proof of authority over an account.
#[derive(Debug)]
pub enum Proof {
    /// The current password.
    OldPassword(Plaintext),
    /// A reset token that repass issued.
    ResetToken(Plaintext),
    /// A reset token that another system issued and signed.
    SignedToken {
        /// The token as received.
        token: Plaintext,
        /// The verifier of its signature.
        verifier: Arc<dyn SignedTokenVerifier>,
    },
}

/// Verifies reset tokens that another system issued and signed, such as JSON Web Tokens.
pub trait SignedTokenVerifier: Send + Sync + fmt::Debug {
    /// Returns the claims of the token if its signature, issuer and audience are right. The caller
    /// checks the times.
    ///
    /// # Errors
    /// The reason for the log.
    fn verify(&self, token: &Plaintext) -> Result<SignedClaims, SignedTokenError>;
}

/// The reason why a token that another system issued is refused. It quotes nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignedTokenError {
    /// It is no token, or too long.
    #[error("the token is malformed")]
    Malformed,
    /// It is signed by another key or with another algorithm.
    #[error("no configured key verifies the signature")]
    Signature,
    /// The claim of this name is missing, of another type, or not the expected one.
    #[error("the claim `{0}` is missing or wrong")]
    Claim(&'static str),
    /// It is not valid yet (`nbf`), or says that it will be issued (`iat`), by more than
    /// [`TokenTimes::LEEWAY`].
    #[error("the token is of the future (`nbf` or `iat`); compare the clocks")]
    Early,
    /// It was issued before the last change of the password, or at the same time.
    #[error("the token was issued before the last change of the password (`iat`)")]
    BeforeChange,
    /// It was issued before all tokens of the account were last revoked, such as by a deactivation,
    /// or at the same time.
    #[error("the tokens of the account were revoked after the token was issued (`iat`)")]
    Revoked,
    /// A reset token was redeemed before, or `exp` has passed.
    #[error("the token was redeemed or has expired (`exp`)")]
    Expired,
}

/// The claims of a verified reset token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedClaims {
    /// The account it is for (`sub`).
    pub user_id: String,
    /// Digest of issuer and token id (`iss`, `jti`); its redemption is stored under this digest.
    pub digest: TokenDigest,
    /// When it is valid.
    pub times: TokenTimes,
}

/// Which access tokens of the account a change revokes (ASVS 7.4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sessions {
    /// All but the token that was presented with the request. A presented token of another issuer
    /// is not kept, since it is older than the change.
    #[default]
    KeepPresenting,
    /// All.
    EndAll,
}

/// The origin of a request, for audit records and events. It affects no decision, and contains no
/// secret. The engine cuts each text to [`Context::MAX_TEXT`] bytes of JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The spec that read the request, or another source such as `cli`.
    pub source: String,
    /// The request id, as in the log and in the response's `x-request-id`.
    pub request_id: Option<String>,
    /// The place of the request in a trace (`traceparent` of W3C Trace Context), as the caller says.
    pub traceparent: Option<String>,
    /// Address of the peer of the connection.
    pub peer: Option<String>,
    /// The end user's address, as the caller says.
    pub ip_address: Option<String>,
    /// The end user's browser, as the caller says.
    pub user_agent: Option<String>,
    /// The end user's session, as the caller says.
    pub session: Option<String>,
    /// The channel the request came through, as the caller says.
    pub channel: Option<String>,
    /// The end user's name, as the caller says.
    pub display_name: Option<String>,
    /// The requested language of the response, as the caller says (BCP 47).
    pub language: Option<String>,
}

impl Context {
    /// The most bytes of each text as JSON, in which a control character takes six.
    pub const MAX_TEXT: usize = 512;

    /// Creates a context with a source only.
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), ..Self::default() }
    }

    /// Cuts each text to [`MAX_TEXT`](Self::MAX_TEXT) bytes, at a character boundary.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let texts = [
            &mut self.request_id,
            &mut self.traceparent,
            &mut self.peer,
            &mut self.ip_address,
            &mut self.user_agent,
            &mut self.session,
            &mut self.channel,
            &mut self.display_name,
            &mut self.language,
        ];
        for text in texts.into_iter().flatten() {
            truncate_as_json(text, Self::MAX_TEXT);
        }
        self
    }
}

/// Cuts `text` so that it takes at most `most` bytes as JSON (RFC 8259, 7), at a character
/// boundary.
fn truncate_as_json(text: &mut String, most: usize) {
    let mut room = most;
    let end = text.char_indices().find_map(|(at, c)| {
        let takes = match c {
            '"' | '\\' => 2,
            c if c < ' ' => 6,
            c => c.len_utf8(),
        };
        room.checked_sub(takes).map_or(Some(at), |left| {
            room = left;
            None
        })
    });
    text.truncate(end.unwrap_or(text.len()));
}

/// A durable change.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// The account after the change.
    pub account: Account,
    /// When it was changed.
    pub at: Timestamp,
    /// The credential's new version.
    pub version: i64,
}

/// The outcome of a change, with its account.
#[derive(Debug)]
#[non_exhaustive]
pub struct ChangeOutcome {
    /// The account that the request named, if it was found.
    pub account: Option<AccountId>,
    /// Whether the old password is not accepted until a reset or an unlock, as after
    /// [`max_failures`](crate::LockoutPolicy::max_failures). The error then has `max_delay` as the
    /// delay before a retry.
    pub locked_until_reset: bool,
    /// The outcome.
    pub result: Result<Changed, ChangeError>,
}

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The old password is wrong, the account does not exist or is inactive, or its password was
    /// changed concurrently. One error for all, so that callers cannot find out which accounts
    /// exist (ASVS 6.3.8).
    #[error("the account or its current password is wrong")]
    WrongPassword,
    /// The one-time password is wrong, used up, or the account has none.
    #[error("the one-time password is wrong")]
    WrongOtp,
    /// The proof is right, but the change [requires](Change::requires_otp) a one-time password and
    /// has none. Not a failure.
    #[error("a one-time password is required")]
    OtpRequired,
    /// The reset token is unknown or of another account, or the account does not exist.
    #[error("the reset token is not known for this account")]
    UnknownToken,
    /// The reset token has expired or was redeemed.
    #[error("the reset token has expired or was redeemed")]
    TokenExpired,
    /// The reset token is right, but the account is inactive.
    #[error("the account is inactive")]
    Inactive,
    /// The password was set concurrently, or the account was deleted or deactivated, while an
    /// operator set the password. Not a failure. A proof is wrong after such a change, so a change
    /// with a proof is refused with [`WrongPassword`](Self::WrongPassword) or
    /// [`TokenExpired`](Self::TokenExpired).
    #[error("the account was changed meanwhile")]
    Conflict,
    /// The caller is not authorized to change this account's password.
    #[error("the caller may not change this password")]
    Forbidden,
    /// The proof was right, but the policy refuses the new password. Contains all violations.
    #[error("the new password breaks {} of the policy's rules", .0.len())]
    Rejected(Vec<Violation>),
    /// Too many failures: the account is locked out for now.
    #[error("too many failed attempts; try again in {} s", .retry_after.as_secs())]
    TooManyAttempts {
        /// The recommended delay before a retry.
        retry_after: Duration,
    },
    /// The hasher is overloaded. The attempt does not count as a failure.
    #[error("too busy; try again in {} s", .retry_after.as_secs())]
    Busy {
        /// The recommended delay before a retry.
        retry_after: Duration,
    },
    /// Whether the new password is known from breaches cannot be looked up.
    #[error("the compromised passwords cannot be looked up")]
    CompromisedUnavailable(#[from] CompromisedUnavailable),
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

impl From<HashError> for ChangeError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => Self::Busy { retry_after },
            other => Self::Hash(other),
        }
    }
}

impl ChangeError {
    /// Returns the stable code of the error, for the log and audit records.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong-password",
            Self::WrongOtp => "wrong-otp",
            Self::OtpRequired => "otp-required",
            Self::UnknownToken => "unknown-token",
            Self::TokenExpired => "token-expired",
            Self::Inactive => "inactive",
            Self::Conflict => "conflict",
            Self::Forbidden => "forbidden",
            Self::Rejected(_) => "rejected",
            Self::TooManyAttempts { .. } => "too-many-attempts",
            Self::Busy { .. } => "busy",
            Self::CompromisedUnavailable(_) => "compromised-unavailable",
            Self::Store(StoreError::Unavailable(_)) => "store-unavailable",
            Self::Store(_) | Self::Hash(_) | Self::Randomness(_) => "fault",
        }
    }

    /// Returns a retry delay if the service is unavailable (status 503). Returns `None` for a
    /// locked-out account, since the service itself is available.
    pub const fn unavailable(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } => Some(*retry_after),
            Self::Store(StoreError::Unavailable(_)) | Self::CompromisedUnavailable(_) => {
                Some(Duration::from_secs(1))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_texts_are_cut_at_a_character_boundary() {
        let mut context = Context::new("customer");
        context.user_agent = Some("ä".repeat(300));
        let bounded = context.bounded();
        assert_eq!(bounded.user_agent.unwrap().len(), 512);
    }

    /// Each error with its code, and its retry delay in seconds if the status is 503.
    #[test]
    fn each_error_has_a_stable_code_and_only_an_unavailable_service_is_503() {
        let retry_after = Duration::from_secs(7);
        let unavailable = StoreError::Unavailable("no connection".into());
        for (error, code, seconds) in [
            (ChangeError::WrongPassword, "wrong-password", None),
            (ChangeError::WrongOtp, "wrong-otp", None),
            (ChangeError::OtpRequired, "otp-required", None),
            (ChangeError::UnknownToken, "unknown-token", None),
            (ChangeError::TokenExpired, "token-expired", None),
            (ChangeError::Inactive, "inactive", None),
            (ChangeError::Conflict, "conflict", None),
            (ChangeError::Forbidden, "forbidden", None),
            (ChangeError::Rejected(vec![Violation::Common]), "rejected", None),
            (ChangeError::TooManyAttempts { retry_after }, "too-many-attempts", None),
            (HashError::Busy { retry_after }.into(), "busy", Some(7)),
            (HashError::Stopped.into(), "fault", None),
            (unavailable.into(), "store-unavailable", Some(1)),
            (StoreError::Damaged("row".to_owned()).into(), "fault", None),
            (RandomnessError("none".to_owned()).into(), "fault", None),
        ] {
            assert_eq!(error.code(), code);
            assert_eq!(error.unavailable(), seconds.map(Duration::from_secs), "{code}");
        }
    }

    /// Proves A2.
    #[test]
    fn a2_texts_are_bounded_as_json() {
        let texts = ["\u{1}".repeat(600), "\"\\".repeat(300), "é🔑a".repeat(200), " ".repeat(600)];
        for text in texts {
            let context = Context { user_agent: Some(text), ..Context::default() };
            let kept = serde_json::to_string(&context.bounded().user_agent).unwrap();
            assert!((500..=Context::MAX_TEXT + 2).contains(&kept.len()), "{}", kept.len());
        }
    }
}
