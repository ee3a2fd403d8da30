use repass_spec::json::{self, JsonError};
use serde::{Deserialize, Serialize};

/// The body of every answer. Whether it is a success, only the status tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Always `text`.
    pub response_type: String,
    /// A fresh identifier: a version 4 UUID, a hyphen and eight hexadecimal digits.
    pub response_id: String,
    /// What the bot shows, one message.
    pub response_messages: Vec<ResponseMessage>,
}

/// One message of an [`Answer`].
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
    /// A sentence, or several, in the language asked for.
    pub response_text: String,
}

impl Answer {
    /// An answer of one text.
    pub fn new(response_id: String, text: String) -> Self {
        Self {
            response_type: "text".to_owned(),
            response_id,
            response_messages: vec![ResponseMessage {
                simple_response: SimpleResponse { response_text: text },
            }],
        }
    }

    /// Reads the body of an answer.
    ///
    /// # Errors
    /// When it is not JSON, or of another shape.
    pub fn from_body(body: &[u8]) -> Result<Self, JsonError> {
        json::read(body)
    }

    /// The text of the first message; empty when there is none.
    pub fn text(&self) -> &str {
        self.response_messages
            .first()
            .map_or("", |message| message.simple_response.response_text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_is_the_published_one() {
        let answer = Answer::new("id".to_owned(), "a \"b\"".to_owned());
        let body = serde_json::to_string(&answer).unwrap();
        assert_eq!(
            body,
            r#"{"responseType":"text","responseId":"id","responseMessages":[{"simpleResponse":{"responseText":"a \"b\""}}]}"#
        );
        assert_eq!(Answer::from_body(body.as_bytes()), Ok(answer));
    }

    #[test]
    fn other_bodies_are_no_answer() {
        for body in ["", "{}", "[]", r#"{"response":{}}"#] {
            assert!(Answer::from_body(body.as_bytes()).is_err(), "{body}");
        }
    }
}
