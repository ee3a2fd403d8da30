use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use repass_core::Plaintext;
use repass_spec::client::{self, BuildRequestError};
use repass_spec::json;
use serde::Serialize;

use crate::{METHOD, User, path};

#[cfg(feature = "server")]
mod reading;

/// The header of the application's key.
pub(crate) const APP_KEY: &str = "et-app-key";

/// The body of a request: the old password, and the new one twice.
///
/// Member names are read in any case; the last of several members of one name counts.
#[derive(Debug)]
pub struct UserPassword {
    /// `OldPassword`: the current password. Not blank.
    pub old_password: Plaintext,
    /// `Password` and `PasswordConfirm`: the new password. Not blank.
    pub password: Plaintext,
}

impl UserPassword {
    /// Creates a request to change `old` to `new`.
    pub fn new(old: Plaintext, new: Plaintext) -> Self {
        Self { old_password: old, password: new }
    }

    /// Builds a request to the API that is mounted at `base_url`, to change the password of `user`,
    /// who holds `access_token`. `app_key` is the key of the application.
    ///
    /// # Errors
    /// When the URL is invalid, or a header cannot hold the key or the token.
    pub fn to_request(
        &self,
        base_url: &str,
        user: User,
        app_key: &Plaintext,
        access_token: &Plaintext,
    ) -> Result<http::Request<Plaintext>, BuildRequestError> {
        let headers = [
            (HeaderName::from_static(APP_KEY), client::secret(app_key)?),
            (AUTHORIZATION, client::bearer(access_token)?),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ];
        let body = self.to_body().map_err(BuildRequestError::body)?;
        client::request(METHOD, base_url, &path(user), headers, body)
    }

    /// Returns the body as compact JSON.
    ///
    /// # Errors
    /// Those of the JSON writer. None is known.
    pub fn to_body(&self) -> Result<Plaintext, serde_json::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body<'a> {
            old_password: &'a str,
            password: &'a str,
            password_confirm: &'a str,
        }
        let password = self.password.expose();
        let old_password = self.old_password.expose();
        json::write_secret(&Body { old_password, password, password_confirm: password })
    }
}
