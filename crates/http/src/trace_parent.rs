use http::{HeaderMap, HeaderName};
use repass_spec::header;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The place of a request in a trace: a valid `traceparent` (W3C Trace Context, 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent(String);

impl TraceParent {
    /// Takes the header, if there is one and it is valid. A later version may have more parts at
    /// the end; as the standard demands, it becomes version 00 with the flag `sampled` only.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut parts = header::single(headers, &TRACEPARENT)?.split('-');
        let mut hex = |length| {
            let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            parts.next().filter(|part| part.len() == length && part.bytes().all(is_hex))
        };
        let (version, trace, parent, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
        let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
        let is_valid = version != "ff"
            && !is_zero(trace)
            && !is_zero(parent)
            && (version != "00" || parts.next().is_none());
        let sampled = u8::from_str_radix(flags, 16).ok()? & 1;
        is_valid.then(|| Self(format!("00-{trace}-{parent}-{sampled:02x}")))
    }

    /// Returns the value of the header for requests that this one causes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the id of the trace: 32 hexadecimal digits.
    pub fn trace_id(&self) -> &str {
        &self.0[3..35]
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_valid_header_is_taken() {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(TRACEPARENT, HeaderValue::from_str(value).unwrap());
            }
            TraceParent::from_headers(&headers).map(|own| own.as_str().to_owned())
        };
        let valid = format!("00-{TRACE}-00f067aa0ba902b7-01");
        for value in [valid.clone(), format!("01-{TRACE}-00f067aa0ba902b7-ff-later")] {
            assert_eq!(of(&[&value]), Some(valid.clone()), "{value}");
        }
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[&valid, &valid]), None);
        for value in [
            "".to_owned(),
            format!("{valid}-more"),
            valid.replacen("00", "ff", 1),
            valid.to_uppercase(),
            valid.replace(TRACE, &TRACE[1..]),
            valid.replace(TRACE, &"0".repeat(32)),
            valid.replace("00f067aa0ba902b7", &"0".repeat(16)),
            valid.replace("-01", ""),
            valid.replace("-01", "-0g"),
        ] {
            assert_eq!(of(&[&value]), None, "{value}");
        }
    }
}
