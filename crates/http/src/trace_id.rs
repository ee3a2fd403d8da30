use http::{HeaderMap, HeaderName};
use repass_spec::header;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Returns the trace id of a valid `traceparent` (W3C Trace Context, 3.2). Later versions may have
/// more parts at the end.
pub(crate) fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let mut parts = header::single(headers, &TRACEPARENT)?.split('-');
    let mut hex = |length| {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        parts.next().filter(|part| part.len() == length && part.bytes().all(is_hex))
    };
    let (version, trace, parent, _flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
    let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    let is_valid = version != "ff"
        && !is_zero(trace)
        && !is_zero(parent)
        && (version != "00" || parts.next().is_none());
    is_valid.then_some(trace)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_valid_header_has_a_trace_id() {
        const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(TRACEPARENT, HeaderValue::from_str(value).unwrap());
            }
            trace_id(&headers).map(ToOwned::to_owned)
        };
        let valid = format!("00-{TRACE}-00f067aa0ba902b7-01");
        for value in [valid.clone(), format!("01-{TRACE}-00f067aa0ba902b7-01-later")] {
            assert_eq!(of(&[&value]).as_deref(), Some(TRACE), "{value}");
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
