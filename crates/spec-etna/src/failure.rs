use http::StatusCode;
use repass_spec::client::ReadAnswerError;
use repass_spec::json;
#[cfg(feature = "server")]
use repass_spec::{Reply, reply};
use serde::{Deserialize, Serialize};

use crate::ModelState;

/// An answer of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The password was changed.
    Changed,
    /// The password was not changed.
    Failed(Failure),
}

impl Answer {
    /// Reads an answer with this status.
    ///
    /// # Errors
    /// When it is neither an empty success nor one of the known failures.
    pub fn from_response(status: StatusCode, body: &[u8]) -> Result<Self, ReadAnswerError> {
        if status.is_success() && body.is_empty() {
            return Ok(Self::Changed);
        }
        json::read(body)
            .map(Self::Failed)
            .map_err(|error| ReadAnswerError { status, source: error.into() })
    }

    /// Returns nothing for a success.
    ///
    /// # Errors
    /// The body of a failure.
    pub fn into_result(self) -> Result<(), Failure> {
        match self {
            Self::Changed => Ok(()),
            Self::Failed(failure) => Err(failure),
        }
    }
}

/// The body of an answer other than success, whose body is empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Failure {
    /// The request was refused before the operation began: 400, 401, 404, 405, 415, 422.
    Http(HttpError),
    /// The operation failed: 400, 408, 409, 413, 429.
    Operation(OperationError),
    /// The server failed: 500, 503.
    Fault(Fault),
    /// The application is not known: 403.
    ApplicationKey(ApplicationKeyError),
}

/// ASP.NET's error body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpError {
    /// The error, for a developer.
    #[serde(rename = "Message")]
    pub message: String,
    /// The errors of each member; not on the wire if empty.
    #[serde(rename = "ModelState", default, skip_serializing_if = "ModelState::is_empty")]
    pub model_state: ModelState,
}

/// The error body of ETNA's own operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationError {
    /// All errors, one sentence each.
    #[serde(rename = "Errors")]
    pub errors: Vec<String>,
    /// The status of the answer.
    #[serde(rename = "StatusCode")]
    pub status_code: u16,
    /// Always `false`.
    #[serde(rename = "IsSucceed")]
    pub is_succeed: bool,
}

/// The body of an answer to a server failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// A fixed sentence.
    pub message: String,
    /// A fixed sentence.
    pub error: String,
}

/// The body of an answer to a missing or unknown `Et-App-Key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationKeyError {
    /// A fixed sentence.
    pub error: String,
}

#[cfg(feature = "server")]
impl Failure {
    pub(crate) fn reply(&self, status: StatusCode) -> Reply {
        reply::json(status, "application/json; charset=utf-8", self)
    }

    pub(crate) fn http(message: impl Into<String>) -> Self {
        Self::Http(HttpError { message: message.into(), model_state: ModelState::default() })
    }

    pub(crate) fn denied() -> Self {
        Self::http("Authorization has been denied for this request.")
    }

    /// The misspelling "occured" is the vendor's.
    pub(crate) fn invalid(model_state: ModelState) -> Self {
        let message = "Validation error occured while processing entity".to_owned();
        Self::Http(HttpError { message, model_state })
    }

    pub(crate) fn operation(status: StatusCode, errors: Vec<String>) -> Self {
        Self::Operation(OperationError { errors, status_code: status.as_u16(), is_succeed: false })
    }

    pub(crate) fn fault() -> Self {
        Self::Fault(Fault {
            message: "An error occurred while processing your request".to_owned(),
            error: "Unexpected server error".to_owned(),
        })
    }

    pub(crate) fn application_key() -> Self {
        Self::ApplicationKey(ApplicationKeyError {
            error: "Application key is not defined or does not exist".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves E12.
    #[cfg(feature = "server")]
    #[test]
    fn e12_the_client_reads_the_servers_answers() {
        let mut state = ModelState::default();
        state.add("userPassword.Password".to_owned(), "Password is required");
        let failures = [
            Failure::denied(),
            Failure::invalid(state),
            Failure::operation(StatusCode::CONFLICT, vec!["One.".to_owned(), "Two.".to_owned()]),
            Failure::fault(),
            Failure::application_key(),
        ];
        for failure in failures {
            let reply = failure.reply(StatusCode::BAD_REQUEST);
            let answer = Answer::from_response(reply.status(), reply.body()).unwrap();
            assert_eq!(answer.into_result(), Err(failure));
        }
    }

    /// Proves E12.
    #[test]
    fn e12_other_answers_are_errors() {
        let success = Answer::from_response(StatusCode::OK, b"").unwrap();
        assert_eq!(success.into_result(), Ok(()));
        for body in ["", "{}", "[]", r#"{"message":"x"}"#, "<html>"] {
            let error =
                Answer::from_response(StatusCode::BAD_GATEWAY, body.as_bytes()).unwrap_err();
            assert_eq!(error.status, StatusCode::BAD_GATEWAY, "{body}");
        }
        assert!(Answer::from_response(StatusCode::OK, b"<html>").is_err());
    }
}
