use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use repass_core::Plaintext;
use repass_spec::client::{self, BuildRequestError};
use repass_spec::json;
use serde::{Serialize, Serializer};

use crate::{METHOD, PATH};

#[cfg(feature = "server")]
mod reading;

/// A request, without its nesting on the wire.
#[derive(Debug)]
pub struct PasswordChange {
    /// `conversationRequest.userInfo.uid`, else `conversationRequest.userInfo.uuid`, else `uuid`:
    /// the account's user id. A number is converted to text.
    pub user_id: String,
    /// `…accountInfo.oldPassword`: the current password.
    pub old_password: Plaintext,
    /// `…accountInfo.newPassword`: the new password.
    pub new_password: Plaintext,
    /// `…accountInfo.confirmPassword`: the new password again.
    pub confirm_password: Plaintext,
    /// `languageCode`, else `queryInfo.languageCode`: the language of the answer, such as `en-US`.
    pub language: Option<String>,
    /// `conversationRequest.channel`: the chat platform.
    pub channel: Option<String>,
    /// `conversationRequest.userInfo.first_name`.
    pub first_name: Option<String>,
    /// `conversationRequest.userInfo.last_name`.
    pub last_name: Option<String>,
    /// `conversationRequest.userInfo.username`: the user's name on the chat platform.
    pub username: Option<String>,
}

impl PasswordChange {
    /// Creates a request to change the password of `user_id` from `old` to `new`, without optional
    /// members.
    pub fn new(user_id: impl Into<String>, old: Plaintext, new: Plaintext) -> Self {
        Self {
            user_id: user_id.into(),
            old_password: old,
            confirm_password: Plaintext::from(new.expose()),
            new_password: new,
            language: None,
            channel: None,
            first_name: None,
            last_name: None,
            username: None,
        }
    }

    /// Builds a request to the API that is mounted at `base_url`, with the bot's `service_key`.
    ///
    /// # Errors
    /// When the URL is invalid, or a header cannot hold the key.
    pub fn to_request(
        &self,
        base_url: &str,
        service_key: &Plaintext,
    ) -> Result<Request<Plaintext>, BuildRequestError> {
        let headers = [
            (AUTHORIZATION, client::bearer(service_key)?),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ];
        let body = self.to_body().map_err(BuildRequestError::body)?;
        client::request(METHOD, base_url, PATH, headers, body)
    }

    /// Returns the body as compact JSON, in the order of the vendor's sample.
    ///
    /// # Errors
    /// Those of the JSON writer. None is known.
    pub fn to_body(&self) -> Result<Plaintext, serde_json::Error> {
        use Outgoing::{Object, Text};

        let account = [
            ("oldPassword", Text(self.old_password.expose())),
            ("newPassword", Text(self.new_password.expose())),
            ("confirmPassword", Text(self.confirm_password.expose())),
        ];
        json::write_secret(&Object(&[
            ("response", Object(&[])),
            (
                "conversationRequest",
                Object(&[
                    (
                        "userInfo",
                        Object(&[
                            ("uid", Text(&self.user_id)),
                            ("last_name", self.last_name.as_deref().into()),
                            ("first_name", self.first_name.as_deref().into()),
                            ("username", self.username.as_deref().into()),
                        ]),
                    ),
                    ("channel", self.channel.as_deref().into()),
                ]),
            ),
            ("languageCode", self.language.as_deref().into()),
            (
                "queryInfo",
                Object(&[
                    ("interestType", Text("change-password")),
                    (
                        "parameters",
                        Object(&[("params", Object(&[("accountInfo", Object(&account))]))]),
                    ),
                ]),
            ),
        ]))
    }
}

/// A JSON value to be written. It borrows, so that no secret is copied.
enum Outgoing<'a> {
    /// A string.
    Text(&'a str),
    /// A member that is left out.
    Missing,
    /// An object, its members in order.
    Object(&'a [(&'static str, Outgoing<'a>)]),
}

impl<'a> From<Option<&'a str>> for Outgoing<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Missing, Self::Text)
    }
}

impl Serialize for Outgoing<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Missing => serializer.serialize_unit(),
            Self::Object(members) => serializer.collect_map(
                members
                    .iter()
                    .filter(|(_, value)| !matches!(value, Self::Missing))
                    .map(|(name, value)| (name, value)),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_members_are_not_written() {
        let body = PasswordChange::new("5", "old".into(), "new".into()).to_body().unwrap();
        assert_eq!(
            body.expose(),
            r#"{"response":{},"conversationRequest":{"userInfo":{"uid":"5"}},"queryInfo":{"interestType":"change-password","parameters":{"params":{"accountInfo":{"oldPassword":"old","newPassword":"new","confirmPassword":"new"}}}}}"#
        );
    }
}
