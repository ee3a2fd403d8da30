use std::fmt;

use repass_spec::reply;

use super::UpdateUserPasswordRequest;
use crate::ContentFormat;
use crate::encoding::Charset;
use crate::http_error::{ERROR, ModelState};
use crate::media_type::MediaType;

mod form;
mod guid;
mod json;
mod json_number;
mod xml;

/// The result of reading a request body.
#[derive(Debug, Default)]
pub struct Binding {
    /// The request. `None` if the body is empty, `null` or `i:nil`, or cannot be read.
    pub model: Option<UpdateUserPasswordRequest>,
    /// The errors. Members that could be read are in the model even if others could not.
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

/// The media type of the body is not supported. Displays the framework's message, with the media
/// type cut to the length that is [quoted](reply::quoted).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsupportedMediaType {
    /// Type and subtype as received; `None` if they are missing or malformed.
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
    /// Returns the format and the charset of a body of this type.
    pub(crate) fn check(content_type: Option<MediaType>) -> Result<(ContentFormat, Charset), Self> {
        let media = content_type.ok_or(Self { media_type: None })?;
        ContentFormat::from_media_type(&media).ok_or(Self { media_type: Some(media.essence) })
    }
}

/// The framework's name of the action's parameter, with which the keys of the model state begin.
const PARAMETER: &str = "request";

impl UpdateUserPasswordRequest {
    /// Reads a request body of the type that `content_type` (the header's value) names:
    /// `application/json`, `text/json`, `application/xml`, `text/xml` or
    /// `application/x-www-form-urlencoded`, in UTF-8 or, with `charset=utf-16`, little-endian
    /// UTF-16. An empty body needs no type.
    ///
    /// # Errors
    /// When the body is of another type, or has none. Errors of the body itself are in the
    /// binding's model state, since parts of it may be readable.
    pub fn read(content_type: Option<&str>, body: &[u8]) -> Result<Binding, UnsupportedMediaType> {
        let content = UnsupportedMediaType::check(content_type.and_then(MediaType::parse));
        Self::read_as(&content, body)
    }

    /// Reads a request body of a type that was checked before.
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
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use repass_core::Plaintext;
    use uuid::Uuid;

    use super::*;
    use crate::NotXml;

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
    fn an_empty_body_needs_no_type() {
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
    fn u0000_cannot_be_written_as_xml() {
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
