use http::StatusCode;
use repass_spec::client::ReadAnswerError;
use serde::{Deserialize, Serialize};

/// The text of a success, as on the vendor's page.
pub const CHANGED: &str = "Password updated successfully";

/// The text of a server failure, in the spelling of the vendor's page.
pub const FAULT: &str = "An error occured while processing the request";

/// The body of every answer: `{"success":bool,"data":"…"}`.
///
/// The table of the vendor's page names the text `message`, but its sample and the vendor's other
/// answers name it `data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether the password was changed.
    pub success: bool,
    /// A sentence for the user: [`CHANGED`], or the reason of the failure.
    pub data: String,
}

impl Answer {
    /// Returns the answer to a change that was made.
    pub fn changed() -> Self {
        Self { success: true, data: CHANGED.to_owned() }
    }

    /// Returns the answer to a request that changed nothing.
    pub fn failure(data: impl Into<String>) -> Self {
        Self { success: false, data: data.into() }
    }

    /// Reads an answer with this status.
    ///
    /// # Errors
    /// When the body is not of this shape, or it reports a success and the status does not.
    pub fn from_response(status: StatusCode, body: &[u8]) -> Result<Self, ReadAnswerError> {
        let refused = |source| ReadAnswerError { status, source };
        let answer: Self = serde_json::from_slice(body).map_err(|error| refused(error.into()))?;
        if answer.success && !status.is_success() {
            return Err(refused("the body reports a success, the status does not".into()));
        }
        Ok(answer)
    }

    /// Returns the text of a success.
    ///
    /// # Errors
    /// The text of a failure.
    pub fn into_result(self) -> Result<String, String> {
        if self.success { Ok(self.data) } else { Err(self.data) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_sample_is_read_and_written() {
        let sample =
            "{\n    \"success\": true,\n    \"data\": \"Password updated successfully\"\n}";
        let answer = Answer::from_response(StatusCode::OK, sample.as_bytes()).unwrap();
        assert_eq!(answer, Answer::changed());
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"success":true,"data":"Password updated successfully"}"#
        );
    }

    #[test]
    fn a_failure_is_an_error_of_into_result() {
        let body = br#"{"success":false,"data":"Unauthorized"}"#;
        let answer = Answer::from_response(StatusCode::UNAUTHORIZED, body).unwrap();
        assert_eq!(answer.into_result(), Err("Unauthorized".to_owned()));
    }

    /// Proves E12.
    #[test]
    fn e12_other_answers_are_errors() {
        for body in ["<html>", "{}", r#"{"success":true,"data":"Password updated successfully"}"#] {
            let error = Answer::from_response(StatusCode::BAD_GATEWAY, body.as_bytes());
            assert_eq!(error.unwrap_err().status, StatusCode::BAD_GATEWAY, "{body}");
        }
    }
}
