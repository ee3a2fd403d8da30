use http::StatusCode;
use repass_spec::client::ReadAnswerError;
use repass_spec::json;
use serde::{Deserialize, Serialize};

/// An answer of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The password was changed; or it was not, and the server is configured to answer errors that
    /// the user can correct with 200.
    Changed(AnswerBody),
    /// The password was not changed.
    Failed(AnswerBody),
}

/// The body of every answer. Only the status distinguishes success from failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerBody {
    /// Always `text`.
    pub response_type: String,
    /// A fresh identifier: a version 4 UUID, a hyphen and eight hexadecimal digits.
    pub response_id: String,
    /// The message that the bot shows; always one.
    pub response_messages: Vec<ResponseMessage>,
}

/// One message of an [`AnswerBody`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseMessage {
    /// Its text.
    pub simple_response: SimpleResponse,
}

/// The text of a [`ResponseMessage`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SimpleResponse {
    /// One or more sentences, in the language of the request.
    pub response_text: String,
}

impl Answer {
    /// Reads an answer with this status.
    ///
    /// # Errors
    /// When the body is not of this shape.
    pub fn from_response(status: StatusCode, body: &[u8]) -> Result<Self, ReadAnswerError> {
        let body = json::read(body)
            .map_err(|source| ReadAnswerError { status, source: Box::new(source) })?;
        Ok(if status.is_success() { Self::Changed(body) } else { Self::Failed(body) })
    }

    /// Returns the body of a success.
    ///
    /// # Errors
    /// The body of a failure.
    pub fn into_result(self) -> Result<AnswerBody, AnswerBody> {
        match self {
            Self::Changed(body) => Ok(body),
            Self::Failed(body) => Err(body),
        }
    }
}

impl AnswerBody {
    /// Creates an answer with one text.
    pub fn new(response_id: String, text: String) -> Self {
        Self {
            response_type: "text".to_owned(),
            response_id,
            response_messages: vec![ResponseMessage {
                simple_response: SimpleResponse { response_text: text },
            }],
        }
    }

    /// Returns the text of the first message; empty if there is none.
    pub fn text(&self) -> &str {
        self.response_messages
            .first()
            .map_or("", |message| message.simple_response.response_text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves ECOM-15.
    #[test]
    fn the_body_has_the_published_shape() {
        let answer = AnswerBody::new("id".to_owned(), "a \"b\"".to_owned());
        let body = serde_json::to_string(&answer).unwrap();
        assert_eq!(
            body,
            r#"{"responseType":"text","responseId":"id","responseMessages":[{"simpleResponse":{"responseText":"a \"b\""}}]}"#
        );
        let read = |status| Answer::from_response(status, body.as_bytes()).unwrap().into_result();
        assert_eq!(read(StatusCode::OK), Ok(answer.clone()));
        assert_eq!(read(StatusCode::FORBIDDEN), Err(answer));
    }

    #[test]
    fn other_bodies_are_errors() {
        for body in ["", "{}", "[]", r#"{"response":{}}"#] {
            let error = Answer::from_response(StatusCode::OK, body.as_bytes()).unwrap_err();
            assert_eq!(error.status, StatusCode::OK, "{body}");
        }
    }
}
