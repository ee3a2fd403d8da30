use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Account, AccountId, Authorization, HashError, Plaintext, RandomnessError, StoreError,
    TokenDigest, Violation,
};

/// A request to change one account's password.
#[derive(Debug)]
#[non_exhaustive]
pub struct Change {
    /// Who asks, for which account, and whether they may.
    pub authorization: Authorization,
    /// What shows authority over the account.
    pub proof: Proof,
    /// The new password, as received.
    pub new_password: Plaintext,
    /// One-time password beside the proof. Where one is given it must verify.
    pub otp: Option<Plaintext>,
    /// What becomes of the account's access tokens.
    pub sessions: Sessions,
    /// For the audit trail.
    pub context: Context,
}

impl Change {
    /// A change without a one-time password, that keeps the presenting session, from nowhere in
    /// particular.
    pub fn new(authorization: Authorization, proof: Proof, new_password: Plaintext) -> Self {
        Self {
            authorization,
            proof,
            new_password,
            otp: None,
            sessions: Sessions::default(),
            context: Context::default(),
        }
    }

    /// The same with a one-time password, where there is one.
    #[must_use]
    pub fn with_otp(self, otp: Option<Plaintext>) -> Self {
        Self { otp, ..self }
    }

    /// The same with another fate for the account's access tokens.
    #[must_use]
    pub fn with_sessions(self, sessions: Sessions) -> Self {
        Self { sessions, ..self }
    }

    /// The same with this context for the audit trail.
    #[must_use]
    pub fn with_context(self, context: Context) -> Self {
        Self { context, ..self }
    }
}

/// What shows authority over an account.
#[derive(Debug)]
pub enum Proof {
    /// The password the account has now.
    OldPassword(Plaintext),
    /// A reset token that repass issued.
    ResetToken(Plaintext),
    /// A reset token that somebody else issued and signed.
    SignedToken {
        /// The token as received.
        token: Plaintext,
        /// Who can tell whether it is genuine.
        verifier: Arc<dyn SignedTokenVerifier>,
    },
}

/// Checks reset tokens that were issued and signed elsewhere, such as JSON Web Tokens.
pub trait SignedTokenVerifier: Send + Sync + fmt::Debug {
    /// What the token says, when its signature, issuer and audience are right; else `None`.
    ///
    /// The caller of this function, which has the clock, checks the expiry.
    fn verify(&self, token: &Plaintext) -> Option<SignedClaims>;
}

/// What a genuine signed reset token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedClaims {
    /// The account it is for (`sub`).
    pub user_id: String,
    /// Digest of issuer and token id (`iss`, `jti`), by which it is redeemed once.
    pub digest: TokenDigest,
    /// Before this moment it does not count yet (`nbf`).
    pub not_before: Option<Timestamp>,
    /// From this moment on it no longer counts (`exp`).
    pub expires_at: Timestamp,
}

/// What becomes of the account's access tokens with a change (ASVS 7.4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sessions {
    /// The token that made the request stays valid, if it is the account's own; all others end.
    #[default]
    KeepPresenting,
    /// All of them end.
    EndAll,
}

/// Where a request came from and what it said of itself. Nothing is decided by it; it goes to the
/// audit trail, so it holds no secret. Texts are cut to [`Context::MAX_TEXT`] bytes, as JSON, on
/// their way there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The spec that read the request, or another way in, such as `cli`.
    pub source: String,
    /// The id that stands in the log and in the answer's `x-request-id`.
    pub request_id: Option<String>,
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
    /// The language the answer is wished for in, as the caller says (BCP 47).
    pub language: Option<String>,
}

impl Context {
    /// How many bytes of each text are kept, counted as the text stands in JSON: a control character
    /// takes six.
    pub const MAX_TEXT: usize = 512;

    /// Only a source, nothing else known.
    pub fn new(source: impl Into<String>) -> Self {
        Self { source: source.into(), ..Self::default() }
    }

    /// The same with every text cut to [`MAX_TEXT`](Self::MAX_TEXT) bytes, at a character boundary.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let texts = [
            &mut self.request_id,
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

/// Cuts `text` so that it takes at most `most` bytes as JSON (RFC 8259, 7), at a character boundary.
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

/// A change that was made and is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// The account as it is after the change.
    pub account: Account,
    /// When it was changed.
    pub at: Timestamp,
    /// The credential's new version.
    pub version: i64,
}

/// What became of a change, and of whose.
#[derive(Debug)]
#[non_exhaustive]
pub struct ChangeOutcome {
    /// The account that the request named, if it was found.
    pub account: Option<AccountId>,
    /// What became of it.
    pub result: Result<Changed, ChangeError>,
}

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The old password is wrong, or there is no such account, or it is inactive, or another change
    /// won the race. One answer for all, so that no account can be found out (ASVS 6.3.8).
    #[error("the account or its current password is wrong")]
    WrongPassword,
    /// The one-time password is wrong, used up, or the account has none.
    #[error("the one-time password is wrong")]
    WrongOtp,
    /// The reset token is unknown, or of another account, or there is no such account.
    #[error("the reset token is not known for this account")]
    UnknownToken,
    /// The reset token was right once, but has expired or been redeemed.
    #[error("the reset token has expired or was redeemed")]
    TokenExpired,
    /// The reset token is right, but the account is inactive.
    #[error("the account is inactive")]
    Inactive,
    /// The caller may not change this account's password, whatever the proof.
    #[error("the caller may not change this password")]
    Forbidden,
    /// The proof was right, but the policy refuses the new password. All broken rules are here.
    #[error("the new password breaks {} of the policy's rules", .0.len())]
    Rejected(Vec<Violation>),
    /// Too many failures: the account is locked out for now.
    #[error("too many failed attempts; try again in {} s", .retry_after.as_secs())]
    TooManyAttempts {
        /// After how long trying again can make sense.
        retry_after: Duration,
    },
    /// No room to hash at the moment. Nothing was tried, and nothing reserved.
    #[error("too busy; try again in {} s", .retry_after.as_secs())]
    Busy {
        /// After how long trying again can make sense.
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

impl From<HashError> for ChangeError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => Self::Busy { retry_after },
            other => Self::Hash(other),
        }
    }
}

impl ChangeError {
    /// The outcome in one word, for log and audit trail. Stable.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong-password",
            Self::WrongOtp => "wrong-otp",
            Self::UnknownToken => "unknown-token",
            Self::TokenExpired => "token-expired",
            Self::Inactive => "inactive",
            Self::Forbidden => "forbidden",
            Self::Rejected(_) => "rejected",
            Self::TooManyAttempts { .. } => "too-many-attempts",
            Self::Busy { .. } => "busy",
            Self::Store(StoreError::Unavailable(_)) => "store-unavailable",
            Self::Store(_) | Self::Hash(_) | Self::Randomness(_) => "fault",
        }
    }

    /// When the service itself cannot serve just now (an answer of 503): after how long to try
    /// again. Too many attempts is not such a case, since the account is locked out then.
    pub const fn unavailable(&self) -> Option<Duration> {
        match self {
            Self::Busy { retry_after } => Some(*retry_after),
            Self::Store(StoreError::Unavailable(_)) => Some(Duration::from_secs(1)),
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

    /// Every error with its code, and after how many seconds to try again where the answer is 503.
    #[test]
    fn each_error_has_a_stable_code_and_503_is_for_the_service_alone() {
        let retry_after = Duration::from_secs(7);
        let unavailable = StoreError::Unavailable("no connection".into());
        for (error, code, seconds) in [
            (ChangeError::WrongPassword, "wrong-password", None),
            (ChangeError::WrongOtp, "wrong-otp", None),
            (ChangeError::UnknownToken, "unknown-token", None),
            (ChangeError::TokenExpired, "token-expired", None),
            (ChangeError::Inactive, "inactive", None),
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
