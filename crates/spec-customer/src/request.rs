use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use repass_core::Plaintext;
use repass_spec::client::{self, BuildRequestError};
use uuid::Uuid;

use crate::{ContentFormat, METHOD, PATH};

#[cfg(feature = "server")]
mod reading;
mod write;

#[cfg(feature = "server")]
pub use reading::{Binding, UnsupportedMediaType};

/// The header of the API key.
pub(crate) const API_KEY: &str = "x-api-key";

/// The request body: `UpdateUserPasswordRequest` of the vendor's page.
///
/// A missing member is `None`; a missing user id is all zeros. The server treats a missing password
/// as an empty one.
#[derive(Debug, Default)]
pub struct UpdateUserPasswordRequest {
    /// `UserId`: the account. All zeros if missing, which no account has.
    pub user_id: Uuid,
    /// `OldPassword`: the current password.
    pub old_password: Option<Plaintext>,
    /// `NewPassword`: the new password.
    pub new_password: Option<Plaintext>,
    /// `IPAddress`: the end user's address. For the audit trail only.
    pub ip_address: Option<String>,
    /// `UserAgent`: the end user's browser. For the audit trail only.
    pub user_agent: Option<String>,
    /// `PermanentSessionId`: the end user's session. For the audit trail only.
    pub permanent_session_id: Option<String>,
}

/// The credential that a client presents if the server requires one.
#[derive(Debug)]
pub enum ClientCredential {
    /// A key, in the header `x-api-key`.
    ApiKey(Plaintext),
    /// An access token, in `Authorization: Bearer`.
    AccessToken(Plaintext),
}

/// A member contains U+0000, which XML cannot express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("U+0000 cannot be written as XML")]
pub struct NotXml;

impl UpdateUserPasswordRequest {
    /// Builds a request to the API that is mounted at `base_url`, with the credential that it
    /// requires, if any. The answer is in the format of the request, and in JSON for a form.
    ///
    /// # Errors
    /// When the URL is invalid, a header cannot hold the credential, or XML cannot hold a member.
    pub fn to_request(
        &self,
        base_url: &str,
        format: ContentFormat,
        credential: Option<&ClientCredential>,
    ) -> Result<http::Request<Plaintext>, BuildRequestError> {
        let (body, accept) = match format {
            ContentFormat::Json => (self.to_json(), format),
            ContentFormat::Xml => (self.to_xml().map_err(BuildRequestError::body)?, format),
            ContentFormat::Form => (self.to_form(), ContentFormat::Json),
        };
        let media_type = |format: ContentFormat| HeaderValue::from_static(format.media_type());
        let credential = match credential {
            None => None,
            Some(ClientCredential::ApiKey(key)) => {
                Some((HeaderName::from_static(API_KEY), client::secret(key)?))
            }
            Some(ClientCredential::AccessToken(token)) => {
                Some((AUTHORIZATION, client::bearer(token)?))
            }
        };
        let headers = [(CONTENT_TYPE, media_type(format)), (ACCEPT, media_type(accept))];
        client::request(METHOD, base_url, PATH, headers.into_iter().chain(credential), body)
    }

    /// Writes the request as JSON, in UTF-8 (`application/json`).
    pub fn to_json(&self) -> Plaintext {
        write::json(self)
    }

    /// Writes the request as XML in the shape of the vendor's sample, in UTF-8
    /// (`application/xml`), with the members in the order that readers require.
    ///
    /// # Errors
    /// When a member contains U+0000.
    pub fn to_xml(&self) -> Result<Plaintext, NotXml> {
        write::xml(self)
    }

    /// Writes the request as a form (`application/x-www-form-urlencoded`). Readers treat
    /// empty and blank members of a form as missing.
    pub fn to_form(&self) -> Plaintext {
        write::form(self)
    }
}
