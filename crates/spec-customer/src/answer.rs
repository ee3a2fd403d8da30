use http::StatusCode;
use repass_spec::client::ReadAnswerError;

use crate::{HttpError, UpdateUserPasswordResponse};

/// An answer of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The password was changed.
    Changed(UpdateUserPasswordResponse),
    /// The password was not changed, for a reason that the user can correct.
    NotChanged(UpdateUserPasswordResponse),
    /// The password was not changed, and the status is not 200.
    Failed(HttpError),
}

impl Answer {
    /// Reads an answer with this status, in JSON or XML.
    ///
    /// # Errors
    /// When the body is not of a known shape.
    pub fn from_response(status: StatusCode, body: &[u8]) -> Result<Self, ReadAnswerError> {
        let content_type = content_type(body);
        let answer = if status == StatusCode::OK {
            UpdateUserPasswordResponse::read(content_type, body).map(|response| {
                if response.success { Self::Changed(response) } else { Self::NotChanged(response) }
            })
        } else {
            HttpError::read(content_type, body).map(Self::Failed)
        };
        answer.map_err(|error| ReadAnswerError { status, source: error.into() })
    }

    /// Returns the body of a success.
    ///
    /// # Errors
    /// Any other answer, unchanged.
    pub fn into_result(self) -> Result<UpdateUserPasswordResponse, Self> {
        if let Self::Changed(response) = self { Ok(response) } else { Err(self) }
    }
}

/// Returns the type of an answer from its first bytes. UTF-16 always begins with a byte-order mark,
/// which in JSON takes precedence over the charset.
fn content_type(body: &[u8]) -> &'static str {
    match body {
        [0xFF, 0xFE, b'<', ..] => "application/xml; charset=utf-16",
        [b'<', ..] | [0xEF, 0xBB, 0xBF, b'<', ..] => "application/xml",
        _ => "application/json",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves E12.
    #[cfg(feature = "server")]
    #[test]
    fn e12_the_client_reads_the_servers_answers() {
        use http::header::{ACCEPT, ACCEPT_CHARSET};
        use http::{HeaderMap, HeaderValue};

        use crate::negotiation::Format;

        let response = UpdateUserPasswordResponse::changed();
        let error = HttpError::new("m");
        for (accept, charset) in [
            ("application/json", "utf-8"),
            ("application/json", "utf-16"),
            ("text/xml", "utf-8"),
            ("text/xml", "utf-16"),
        ] {
            let headers = [(ACCEPT, accept), (ACCEPT_CHARSET, charset)]
                .map(|(name, value)| (name, HeaderValue::from_static(value)));
            let format = Format::negotiate(&HeaderMap::from_iter(headers), None);
            let read = |reply: repass_spec::Reply| {
                Answer::from_response(reply.status(), reply.body()).unwrap()
            };
            let ok = StatusCode::OK;
            let wrong = UpdateUserPasswordResponse::wrong_password();
            assert_eq!(read(format.reply(ok, &response)).into_result(), Ok(response.clone()));
            let not_changed = read(format.reply(ok, &wrong)).into_result();
            assert_eq!(not_changed, Err(Answer::NotChanged(wrong)));
            let failed = read(format.reply(StatusCode::BAD_REQUEST, &error)).into_result();
            assert_eq!(failed, Err(Answer::Failed(error.clone())));
        }
    }

    /// Proves E12.
    #[test]
    fn e12_other_answers_are_errors() {
        for body in ["", "[]", "<html></html>", "busy"] {
            for status in [StatusCode::OK, StatusCode::BAD_GATEWAY] {
                let error = Answer::from_response(status, body.as_bytes()).unwrap_err();
                assert_eq!(error.status, status, "{body}");
            }
        }
    }
}
