#[cfg(feature = "server")]
mod reading;

use http::Request;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use repass_core::Plaintext;
use repass_spec::client::{self, BuildRequestError};
use repass_spec::json;
use serde::Serialize;

#[cfg(feature = "server")]
pub use reading::{ChangePasswordError, Field, FieldError, Problem};

use crate::site_context::X_SITE_CONTEXT;
use crate::{METHOD, PATH, SiteContext};

/// The body of a request.
#[derive(Debug)]
pub struct ChangePassword {
    /// `userId`: the account's user id. Not empty.
    pub user_id: String,
    /// `resetToken`: repass's own token, or a JSON Web Token. Not empty; one of more than 4 KiB is
    /// unknown.
    pub reset_token: Plaintext,
    /// `newPassword`: the new password. Not empty.
    pub new_password: Plaintext,
}

impl ChangePassword {
    /// Builds a request to the API that is mounted at `base_url`, with the gateway's `api_key`.
    ///
    /// # Errors
    /// When the URL is invalid, or a header cannot hold the key or the site context.
    pub fn to_request(
        &self,
        base_url: &str,
        api_key: &Plaintext,
        site: &SiteContext,
    ) -> Result<Request<Plaintext>, BuildRequestError> {
        let site = site.to_header().map_err(|error| BuildRequestError::Header(error.into()))?;
        let headers = [
            (HeaderName::from_static("x-api-key"), client::secret(api_key)?),
            (X_SITE_CONTEXT, site),
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
            reset_token: self.reset_token.expose(),
            new_password: self.new_password.expose(),
        })
    }
}

/// The body as JSON. It borrows, so that no secret is copied.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    user_id: &'a str,
    reset_token: &'a str,
    new_password: &'a str,
}
