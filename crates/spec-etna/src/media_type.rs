//! The media types that are read, and ASP.NET's messages about others.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use repass_spec::{header, reply};

/// The media type of the body, from the head.
pub(crate) enum MediaType {
    /// A supported type.
    Json,
    /// Another type, with the message of the 415.
    Unsupported(String),
    /// No type. `has_body` is whether the head announces a body.
    Missing { has_body: bool },
}

impl MediaType {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        // ASP.NET treats a malformed header as a missing one.
        match header::raw_media_type(headers).filter(|text| text.parse::<mime::Mime>().is_ok()) {
            Some(text) if is_supported(text) => Self::Json,
            Some(text) => Self::Unsupported(format!(
                "The request entity's media type '{}' is not supported for this resource.",
                reply::quoted(text)
            )),
            None => {
                let length = header::single(headers, &CONTENT_LENGTH);
                let has_body = headers.contains_key(TRANSFER_ENCODING)
                    || length.is_some_and(|length| length != "0");
                Self::Missing { has_body }
            }
        }
    }

    /// Checks that a body has a supported type. There is a body if the head announces one or
    /// `has_body`.
    ///
    /// # Errors
    /// The message of a 415.
    pub(crate) fn check(&self, has_body: bool) -> Result<(), &str> {
        match self {
            Self::Unsupported(message) => Err(message),
            Self::Missing { has_body: announced } if has_body || *announced => {
                Err("The request contains an entity body but no Content-Type header. The inferred \
                     media type 'application/octet-stream' is not supported for this resource.")
            }
            _ => Ok(()),
        }
    }
}

fn is_supported(text: &str) -> bool {
    ["application/json", "text/json"].iter().any(|known| text.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::CONTENT_TYPE;

    use super::*;

    fn check(headers: &[(http::HeaderName, &'static str)], has_body: bool) -> Result<(), String> {
        let value = |value| HeaderValue::from_static(value);
        let headers = headers.iter().map(|(name, text)| (name.clone(), value(text))).collect();
        MediaType::from_headers(&headers).check(has_body).map_err(str::to_owned)
    }

    /// Proves ETNA-6.
    #[test]
    fn both_json_types_are_supported() {
        for text in ["application/json", "text/json", "Application/JSON; charset=utf-8"] {
            assert_eq!(check(&[(CONTENT_TYPE, text)], true), Ok(()), "{text}");
        }
    }

    #[test]
    fn other_types_are_named_as_received() {
        let error = check(&[(CONTENT_TYPE, "Text/Plain; x=y")], true).unwrap_err();
        assert_eq!(
            error,
            "The request entity's media type 'Text/Plain' is not supported for this resource."
        );
    }

    /// Proves ETNA-6, ETNA-21.
    #[test]
    fn a_body_needs_a_type() {
        let inferred = "The request contains an entity body but no Content-Type header. The \
            inferred media type 'application/octet-stream' is not supported for this resource.";
        assert_eq!(check(&[], true).unwrap_err(), inferred);
        assert_eq!(check(&[(CONTENT_TYPE, "json")], true).unwrap_err(), inferred);
        assert_eq!(check(&[], false), Ok(()));
    }

    #[test]
    fn the_head_announces_a_body_by_length_or_transfer_coding() {
        assert!(check(&[], false).is_ok());
        assert!(check(&[(CONTENT_LENGTH, "0")], false).is_ok());
        assert!(check(&[(CONTENT_LENGTH, "1")], false).is_err());
        assert!(check(&[(TRANSFER_ENCODING, "chunked")], false).is_err());
    }
}
