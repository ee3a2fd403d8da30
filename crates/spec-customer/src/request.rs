use std::fmt;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use repass_core::Plaintext;
use repass_spec::client::{self, BuildRequestError};
use repass_spec::reply;
use uuid::Uuid;

use crate::encoding::Charset;
use crate::http_error::{ERROR, ModelState};
use crate::media_type::MediaType;
use crate::spec::API_KEY;
use crate::{ContentFormat, METHOD, PATH};

mod form;
mod guid;
mod json;
mod json_number;
mod write;
mod xml;

/// The request body: `UpdateUserPasswordRequest` of the vendor's page.
///
/// What a request does not hold is `None`, apart from the user id, which is then all zeros. The
/// server takes a missing and an empty password as one and the same.
#[derive(Debug, Default)]
pub struct UpdateUserPasswordRequest {
    /// `UserId`: the account. All zeros when missing, which is no account's.
    pub user_id: Uuid,
    /// `OldPassword`: the password the account has now.
    pub old_password: Option<Plaintext>,
    /// `NewPassword`: the one wished for.
    pub new_password: Option<Plaintext>,
    /// `IPAddress`: the end user's address. For the audit trail only.
    pub ip_address: Option<String>,
    /// `UserAgent`: the end user's browser. For the audit trail only.
    pub user_agent: Option<String>,
    /// `PermanentSessionId`: the end user's session. For the audit trail only.
    pub permanent_session_id: Option<String>,
}

/// What a client presents, where the server asks for it.
#[derive(Debug)]
pub enum ClientCredential {
    /// A key, in the header `x-api-key`.
    ApiKey(Plaintext),
    /// An access token, in `Authorization: Bearer`.
    AccessToken(Plaintext),
}

/// What was made of a request body.
#[derive(Debug, Default)]
pub struct Binding {
    /// What the body says. `None` when it says nothing (an empty body, `null`, `i:nil`) or cannot
    /// be read at all.
    pub model: Option<UpdateUserPasswordRequest>,
    /// What is wrong with it; empty when nothing is. Members that could be read stand in the model
    /// even if others could not.
    pub model_state: ModelState,
}

impl Binding {
    fn valid(model: Option<UpdateUserPasswordRequest>) -> Self {
        Self { model, model_state: ModelState::default() }
    }

    fn unreadable() -> Self {
        let mut model_state = ModelState::default();
        model_state.add(PARAMETER, ERROR);
        Self { model: None, model_state }
    }
}

/// The body is of a media type that is not read. Displayed as the framework words it, the media type
/// as far as it is [quoted](reply::quoted).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedMediaType {
    /// Type and subtype as received; `None` when there is none, or a malformed one.
    pub media_type: Option<String>,
}

impl fmt::Display for UnsupportedMediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.media_type {
            Some(media_type) => write!(
                f,
                "The request entity's media type '{}' is not supported for this resource.",
                reply::quoted(media_type)
            ),
            None => f.write_str(
                "The request contains an entity body but no Content-Type header. The inferred \
                 media type 'application/octet-stream' is not supported for this resource.",
            ),
        }
    }
}

impl std::error::Error for UnsupportedMediaType {}

impl UnsupportedMediaType {
    /// Returns the format and the charset of a body of that type.
    pub(crate) fn check(content_type: Option<MediaType>) -> Result<(ContentFormat, Charset), Self> {
        let media = content_type.ok_or(Self { media_type: None })?;
        ContentFormat::of(&media).ok_or(Self { media_type: Some(media.essence) })
    }
}

/// A member holds U+0000, which XML cannot express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("U+0000 cannot be written as XML")]
pub struct NotXml;

/// What the framework calls the action's parameter, in front of the keys of the model state.
const PARAMETER: &str = "request";

impl UpdateUserPasswordRequest {
    /// Reads a request body of the type that `content_type` (the header's value) names:
    /// `application/json`, `text/json`, `application/xml`, `text/xml` or
    /// `application/x-www-form-urlencoded`, in UTF-8 or, with `charset=utf-16`, little-endian
    /// UTF-16. An empty body needs no type.
    ///
    /// # Errors
    /// When the body is of another type, or has none. That the body itself is no good is no error
    /// here but stands in the binding's model state, since parts of it may be readable.
    pub fn read(content_type: Option<&str>, body: &[u8]) -> Result<Binding, UnsupportedMediaType> {
        let content = UnsupportedMediaType::check(content_type.and_then(MediaType::parse));
        Self::read_as(&content, body)
    }

    /// Reads a request body of a type that was looked at before.
    pub(crate) fn read_as(
        content: &Result<(ContentFormat, Charset), UnsupportedMediaType>,
        body: &[u8],
    ) -> Result<Binding, UnsupportedMediaType> {
        if body.is_empty() {
            return Ok(Binding::default());
        }
        let (format, charset) = content.clone()?;
        Ok(match format {
            ContentFormat::Json => json::read(body, charset),
            ContentFormat::Xml => xml::read(body, charset),
            ContentFormat::Form => form::read(body),
        })
    }

    /// Makes a request to the API that is mounted at `base_url`, with what it asks for, if anything.
    /// The answer comes in the format of the request, and in JSON to a form.
    ///
    /// # Errors
    /// When the URL is invalid, a header cannot hold the credential, or XML a member.
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
    /// (`application/xml`). The order of the members matters to readers, and is right.
    ///
    /// # Errors
    /// When a member holds U+0000.
    pub fn to_xml(&self) -> Result<Plaintext, NotXml> {
        write::xml(self)
    }

    /// Writes the request as a form (`application/x-www-form-urlencoded`). A form cannot tell a
    /// missing member from an empty or blank one; readers take all of them as missing.
    pub fn to_form(&self) -> Plaintext {
        write::form(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPES: [&str; 3] =
        ["application/json", "application/xml", "application/x-www-form-urlencoded"];

    prop_compose! {
        fn text()(text in prop::option::of("[^\0]{0,12}")) -> Option<String> {
            text
        }
    }

    prop_compose! {
        fn requests()(
            user_id in any::<u128>(),
            texts in prop::array::uniform5(text()),
        ) -> UpdateUserPasswordRequest {
            let [old, new, ip_address, user_agent, permanent_session_id] = texts;
            UpdateUserPasswordRequest {
                user_id: Uuid::from_u128(user_id),
                old_password: old.map(Plaintext::new),
                new_password: new.map(Plaintext::new),
                ip_address,
                user_agent,
                permanent_session_id,
            }
        }
    }

    fn members(request: &UpdateUserPasswordRequest) -> (Uuid, [Option<&str>; 5]) {
        let texts = [
            request.old_password.as_ref().map(Plaintext::expose),
            request.new_password.as_ref().map(Plaintext::expose),
            request.ip_address.as_deref(),
            request.user_agent.as_deref(),
            request.permanent_session_id.as_deref(),
        ];
        (request.user_id, texts)
    }

    fn read(content_type: &str, body: &Plaintext) -> UpdateUserPasswordRequest {
        let body = body.expose().as_bytes();
        let binding = UpdateUserPasswordRequest::read(Some(content_type), body).unwrap();
        assert!(binding.model_state.is_empty(), "{:?}", binding.model_state);
        binding.model.unwrap()
    }

    #[test]
    fn an_empty_body_of_any_type_holds_nothing() {
        for content_type in TYPES.into_iter().map(Some).chain([None, Some("text/plain")]) {
            let binding = UpdateUserPasswordRequest::read(content_type, b"").unwrap();
            assert!(binding.model.is_none() && binding.model_state.is_empty());
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let body = br#"{"OldPassword":"hunter2","NewPassword":"hunter3"}"#;
        let binding = UpdateUserPasswordRequest::read(Some("text/json"), body).unwrap();
        assert!(!format!("{binding:?}").contains("hunter"));
    }

    #[test]
    fn u0000_is_no_xml() {
        let request = UpdateUserPasswordRequest {
            new_password: Some(Plaintext::from("a\0b")),
            ..Default::default()
        };
        assert_eq!(request.to_xml().unwrap_err(), NotXml);
        assert_eq!(members(&read(TYPES[0], &request.to_json())), members(&request));
    }

    proptest! {
        #[test]
        fn json_is_read_as_written(request in requests()) {
            let read = read(TYPES[0], &request.to_json());
            prop_assert_eq!(members(&read), members(&request));
        }

        #[test]
        fn xml_is_read_as_written(request in requests()) {
            let read = read(TYPES[1], &request.to_xml().unwrap());
            prop_assert_eq!(members(&read), members(&request));
        }

        #[test]
        fn forms_are_read_as_written(request in requests()) {
            let (user_id, texts) = members(&request);
            let texts = texts.map(|text| text.filter(|text| !text.trim().is_empty()));
            let read = read(TYPES[2], &request.to_form());
            prop_assert_eq!(members(&read), (user_id, texts));
        }

        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..256)) {
            for content_type in TYPES {
                let _ = UpdateUserPasswordRequest::read(Some(content_type), &body);
                let utf16 = format!("{content_type}; charset=utf-16");
                let _ = UpdateUserPasswordRequest::read(Some(&utf16), &body);
            }
        }
    }
}
