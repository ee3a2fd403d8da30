use serde::{Deserialize, Serialize};

/// What a success says, as the vendor's page has it.
pub const CHANGED: &str = "Password updated successfully";

/// What a fault of the server says, as the vendor's page has it, spelling included.
pub const FAULT: &str = "An error occured while processing the request";

/// The body of every answer, good or bad: `{"success":bool,"data":"…"}`.
///
/// The page's table calls the text `message`, but its sample, and the vendor's other answers, call
/// it `data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether the password was changed.
    pub success: bool,
    /// A sentence for a person: [`CHANGED`], or why it was not.
    pub data: String,
}

impl Answer {
    /// The answer to a change that was made.
    pub fn changed() -> Self {
        Self { success: true, data: CHANGED.to_owned() }
    }

    /// The answer to a request that changed nothing.
    pub fn failure(data: impl Into<String>) -> Self {
        Self { success: false, data: data.into() }
    }

    /// The text of a success.
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
        let answer: Answer = serde_json::from_str(sample).unwrap();
        assert_eq!(answer, Answer::changed());
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"success":true,"data":"Password updated successfully"}"#
        );
    }

    #[test]
    fn failures_are_errors_to_a_client() {
        let answer: Answer =
            serde_json::from_str(r#"{"success":false,"data":"Unauthorized"}"#).unwrap();
        assert_eq!(answer.into_result(), Err("Unauthorized".to_owned()));
    }
}
