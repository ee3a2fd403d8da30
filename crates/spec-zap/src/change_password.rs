//! The body of a request, in both of its encodings.

#[cfg(feature = "server")]
mod reading;

use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use repass_core::Plaintext;
use repass_spec::client::{self, BuildRequestError};
use repass_spec::{form, json};
use serde::Serialize;

#[cfg(feature = "server")]
pub use reading::{ChangePasswordError, Field, FieldError, Problem, SecureOtp};

use crate::{METHOD, PATH};

/// The body of a request.
#[derive(Debug)]
pub struct ChangePassword {
    /// `userId`: the account's user id. Not empty.
    pub user_id: String,
    /// `email`: the account's e-mail address, of at most 320 characters.
    pub email: String,
    /// `oldPassword`: the current password. Not empty; required from an admin too.
    pub old_password: Plaintext,
    /// `newPassword`: the new password. Not empty.
    pub new_password: Plaintext,
    /// `secureOTP`, also read as `otp`: a one-time password. Not empty.
    pub secure_otp: Option<Plaintext>,
}

impl ChangePassword {
    /// Builds a request with a JSON body to the API that is mounted at `base_url`, with the
    /// `access_token` of the user or of a site admin.
    ///
    /// # Errors
    /// When the URL is invalid, or a header cannot hold the token.
    pub fn to_request(
        &self,
        base_url: &str,
        access_token: &Plaintext,
    ) -> Result<Request<Plaintext>, BuildRequestError> {
        let headers = [
            (AUTHORIZATION, client::bearer(access_token)?),
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ];
        let body = self.to_json().map_err(BuildRequestError::body)?;
        client::request(METHOD, base_url, PATH, headers, body)
    }

    /// Returns the body as JSON (`application/json`).
    ///
    /// # Errors
    /// Those of the JSON writer. None is known.
    pub fn to_json(&self) -> Result<Plaintext, serde_json::Error> {
        json::write_secret(&Body {
            user_id: &self.user_id,
            email: &self.email,
            old_password: self.old_password.expose(),
            new_password: self.new_password.expose(),
            secure_otp: self.secure_otp.as_ref().map(Plaintext::expose),
        })
    }

    /// Returns the body as a form (`application/x-www-form-urlencoded`).
    pub fn to_form(&self) -> Plaintext {
        let mut fields = vec![
            ("userId", self.user_id.as_str()),
            ("email", &self.email),
            ("oldPassword", self.old_password.expose()),
            ("newPassword", self.new_password.expose()),
        ];
        fields.extend(self.secure_otp.as_ref().map(|otp| ("secureOTP", otp.expose())));
        form::write(&fields)
    }
}

/// The body as JSON. It borrows, so that no secret is copied.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    user_id: &'a str,
    email: &'a str,
    old_password: &'a str,
    new_password: &'a str,
    #[serde(rename = "secureOTP", skip_serializing_if = "Option::is_none")]
    secure_otp: Option<&'a str>,
}
