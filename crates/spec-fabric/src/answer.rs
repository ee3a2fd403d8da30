use std::fmt;

use http::StatusCode;
use repass_spec::client::ReadAnswerError;
use serde::{Deserialize, Serialize};

use crate::FabricUser;

/// An answer of the API.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// The password was changed. Holds the user's record.
    Changed(Box<FabricUser>),
    /// The password was not changed.
    Failed(FabricError),
}

/// The error object: `{"error":"…","code":"…","message":"…"}`.
///
/// The gateway in front of the API, which refuses an unknown `x-api-key`, sends only a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FabricError {
    /// The reason phrase of the status, such as `Bad Request`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The reason for programs, such as `VERIFY_TOKEN_FAILED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The reason for people.
    #[serde(default)]
    pub message: String,
}

impl Answer {
    /// Reads an answer with this status.
    ///
    /// # Errors
    /// When the body is not of a known shape.
    pub fn from_response(status: StatusCode, body: &[u8]) -> Result<Self, ReadAnswerError> {
        let read = if status.is_success() {
            serde_json::from_slice(body).map(|user| Self::Changed(Box::new(user)))
        } else {
            serde_json::from_slice(body).map(Self::Failed)
        };
        read.map_err(|source| ReadAnswerError { status, source: source.into() })
    }

    /// Returns the user's record of a success.
    ///
    /// # Errors
    /// The error object of a failure.
    pub fn into_result(self) -> Result<FabricUser, FabricError> {
        match self {
            Self::Changed(user) => Ok(*user),
            Self::Failed(error) => Err(error),
        }
    }
}

impl FabricError {
    /// Creates an error of the API itself.
    pub fn new(error: &str, code: &str, message: impl Into<String>) -> Self {
        Self { error: Some(error.to_owned()), code: Some(code.to_owned()), message: message.into() }
    }

    /// Creates an error of the gateway.
    pub fn from_gateway(message: &str) -> Self {
        Self { error: None, code: None, message: message.to_owned() }
    }
}

impl fmt::Display for FabricError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FabricError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_user_or_an_error() {
        let user =
            Answer::from_response(StatusCode::OK, br#"{"userId":"u","isActive":true}"#).unwrap();
        assert_eq!(user.into_result().unwrap().user_id.as_deref(), Some("u"));

        let body = br#"{"error":"Not Found","code":"USER_NOT_FOUND","message":"User not found."}"#;
        let error =
            Answer::from_response(StatusCode::NOT_FOUND, body).unwrap().into_result().unwrap_err();
        assert_eq!(error, FabricError::new("Not Found", "USER_NOT_FOUND", "User not found."));
        assert_eq!(serde_json::to_vec(&error).unwrap(), body);

        let body = br#"{"message":"Forbidden"}"#;
        let error =
            Answer::from_response(StatusCode::FORBIDDEN, body).unwrap().into_result().unwrap_err();
        assert_eq!(error, FabricError::from_gateway("Forbidden"));
        assert_eq!(serde_json::to_vec(&error).unwrap(), body);

        assert!(Answer::from_response(StatusCode::OK, b"<html>").is_err());
        assert!(Answer::from_response(StatusCode::OK, b"[]").is_err());
    }
}
