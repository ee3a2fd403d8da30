use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use repass_core::{Randomness, random_uuid};
use repass_spec::header;

use crate::panics::guard;

/// The header of a request and its response that has the request's id.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request in the log, the audit records and the response.
#[derive(Debug, Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    const MAX_LENGTH: usize = 128;

    /// Takes the id from the headers if there is one and it is valid, otherwise generates an id.
    pub fn from_headers(headers: &HeaderMap, randomness: &dyn Randomness) -> Self {
        let text = match header::single(headers, &X_REQUEST_ID).filter(|text| is_valid(text)) {
            Some(text) => text.to_owned(),
            None => generate(randomness),
        };
        // Tokens and UUIDs are valid header values, so the default is never used.
        Self(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("unnamed")))
    }

    /// Returns the id.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("unnamed")
    }

    /// Returns the id as the value of [`X_REQUEST_ID`].
    pub fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Accepts a token of RFC 9110 (5.6.2) of limited length, which is safe in a log line.
fn is_valid(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=RequestId::MAX_LENGTH).contains(&text.len()) && text.bytes().all(is_tchar)
}

fn generate(randomness: &dyn Randomness) -> String {
    static UNNAMED: AtomicU64 = AtomicU64::new(1);
    match guard(|| random_uuid(randomness)) {
        Ok(Ok(id)) => id.to_string(),
        // An id is not secret, so a counter serves if the random source fails.
        _ => format!("unnamed-{}", UNNAMED.fetch_add(1, Ordering::Relaxed)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use repass_core::{RandomnessError, SystemRandomness};
    use uuid::Uuid;

    use super::*;

    fn id_of(values: &[&[u8]], randomness: &dyn Randomness) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(X_REQUEST_ID, HeaderValue::from_bytes(value).unwrap());
        }
        RequestId::from_headers(&headers, randomness).as_str().to_owned()
    }

    #[test]
    fn a_valid_id_is_kept() {
        for id in ["a", "7d3e-XYZ_1.2~!#$%&'*+^`|", &"x".repeat(128)] {
            assert_eq!(id_of(&[id.as_bytes()], &SystemRandomness), id);
        }
    }

    #[test]
    fn an_invalid_id_is_replaced_by_a_uuid() {
        let long = "x".repeat(129);
        let bad: [&[&[u8]]; 8] = [
            &[],
            &[b""],
            &[b"a b"],
            &[b"a,b"],
            &[b"a", b"b"],
            &[b"\xE4"],
            &[b"id=\"1\""],
            &[long.as_bytes()],
        ];
        for values in bad {
            let id = id_of(values, &SystemRandomness);
            assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 4, "{values:?}");
        }
    }

    #[test]
    fn ids_are_distinct_even_if_the_random_source_fails() {
        #[derive(Debug)]
        struct Exhausted;
        impl Randomness for Exhausted {
            fn fill(&self, _: &mut [u8]) -> Result<(), RandomnessError> {
                Err(RandomnessError("none left".to_owned()))
            }
        }
        let (one, two) = (id_of(&[], &Exhausted), id_of(&[], &Exhausted));
        assert!(one.starts_with("unnamed-"));
        assert_ne!(one, two);
    }

    proptest! {
        #[test]
        fn every_id_is_valid(value in prop::collection::vec(32_u8..=255, 0..200)) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let id = id_of(&[value.as_bytes()], &SystemRandomness);
                prop_assert!(is_valid(&id));
            }
        }
    }
}
