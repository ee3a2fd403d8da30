//! Which bodies are read, and what ASP.NET says of the others.

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use repass_spec::{header, reply};

/// Checks the media type as far as the head tells whether there is a body at all.
///
/// # Errors
/// The message of a 415.
pub(crate) fn check_head(headers: &HeaderMap) -> Result<(), String> {
    let length = header::single(headers, &CONTENT_LENGTH);
    let announced =
        headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|length| length != "0");
    check(headers, announced)
}

/// Checks the media type of a body. Without a body no type is needed.
///
/// # Errors
/// The message of a 415.
pub(crate) fn check(headers: &HeaderMap, has_body: bool) -> Result<(), String> {
    // ASP.NET takes a header that names no media type for a missing one.
    let named = header::raw_media_type(headers).filter(|text| text.parse::<mime::Mime>().is_ok());
    match named {
        Some(text) if is_supported(text) => Ok(()),
        Some(text) => Err(format!(
            "The request entity's media type '{}' is not supported for this resource.",
            reply::quoted(text)
        )),
        None if has_body => Err("The request contains an entity body but no Content-Type header. \
             The inferred media type 'application/octet-stream' is not supported for this \
             resource."
            .to_owned()),
        None => Ok(()),
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

    fn headers(entries: &[(http::HeaderName, &'static str)]) -> HeaderMap {
        entries
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn json_in_both_spellings_is_read() {
        for text in ["application/json", "text/json", "Application/JSON; charset=utf-8"] {
            assert_eq!(check(&headers(&[(CONTENT_TYPE, text)]), true), Ok(()), "{text}");
        }
    }

    #[test]
    fn other_types_are_named_as_received() {
        let error = check(&headers(&[(CONTENT_TYPE, "Text/Plain; x=y")]), true).unwrap_err();
        assert_eq!(
            error,
            "The request entity's media type 'Text/Plain' is not supported for this resource."
        );
    }

    #[test]
    fn a_body_needs_a_type() {
        let inferred = "The request contains an entity body but no Content-Type header. The \
            inferred media type 'application/octet-stream' is not supported for this resource.";
        assert_eq!(check(&headers(&[]), true).unwrap_err(), inferred);
        assert_eq!(check(&headers(&[(CONTENT_TYPE, "json")]), true).unwrap_err(), inferred);
        assert_eq!(check(&headers(&[]), false), Ok(()));
    }

    #[test]
    fn the_head_announces_a_body_by_length_or_transfer_coding() {
        assert!(check_head(&headers(&[])).is_ok());
        assert!(check_head(&headers(&[(CONTENT_LENGTH, "0")])).is_ok());
        assert!(check_head(&headers(&[(CONTENT_LENGTH, "1")])).is_err());
        assert!(check_head(&headers(&[(TRANSFER_ENCODING, "chunked")])).is_err());
    }
}
