use std::fmt;

use repass_spec::json::JsonError;

use crate::Language;

/// Why a body is no request to change a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body is no request to change a password")]
#[non_exhaustive]
pub struct RequestError {
    /// The language that the body asks for, as far as it could be read.
    pub language: Language,
    /// What is wrong.
    #[source]
    pub problem: RequestProblem,
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestProblem {
    /// It is not JSON, or an object is something else.
    #[error(transparent)]
    Malformed(#[from] JsonError),
    /// Required members are missing, empty or of a wrong type.
    #[error("required members are missing")]
    Missing(Vec<Field>),
    /// The new password and its confirmation differ.
    #[error("the new password and its confirmation differ")]
    ConfirmationDiffers,
}

/// A required member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// The account.
    Uid,
    /// The password that the account has now.
    OldPassword,
    /// The wished-for password.
    NewPassword,
    /// The wished-for password once more.
    ConfirmPassword,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uid => "uid",
            Self::OldPassword => "oldPassword",
            Self::NewPassword => "newPassword",
            Self::ConfirmPassword => "confirmPassword",
        })
    }
}
