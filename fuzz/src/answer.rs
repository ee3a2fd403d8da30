//! Checks of every answer.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use repass_spec::Reply;
use repass_spec::bytes::Bytes;
use serde::de::IgnoredAny;

/// The longest answer, in bytes: a quoted part of the request, escaped in XML and in UTF-16.
const LONGEST: usize = 12 * 1024;

/// An answer that can be compared.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        let (parts, body) = reply.into_parts();
        Self { status: parts.status, headers: parts.headers, body }
    }
}

impl Answer {
    /// Asserts that the answer is bounded and that its body is of its declared type. Returns the
    /// body as text.
    pub fn check(&self) -> String {
        let body = &self.body;
        assert!(body.len() <= LONGEST, "an answer of {} bytes", body.len());
        let Some(content_type) = self.headers.get(CONTENT_TYPE) else {
            assert!(body.is_empty(), "a body without a type");
            return String::new();
        };
        let content_type = content_type.to_str().expect("the type is text");
        let text = if content_type.contains("utf-16") {
            let units = body.strip_prefix(b"\xFF\xFE").expect("UTF-16 begins with its mark");
            let (units, rest) = units.as_chunks();
            assert!(rest.is_empty(), "half a unit of UTF-16");
            let units: Vec<u16> = units.iter().copied().map(u16::from_le_bytes).collect();
            String::from_utf16(&units).expect("the body is UTF-16")
        } else {
            String::from_utf8(body.to_vec()).expect("the body is UTF-8")
        };
        if content_type.contains("json") {
            serde_json::from_str::<IgnoredAny>(&text).expect("the body is JSON");
        } else {
            assert!(content_type.contains("xml"), "a body of the type {content_type}");
            let xml = without_low_references(&text);
            roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{error}: {text:?}"));
        }
        text
    }
}

/// Replaces references to characters that XML 1.0 does not allow, but .NET writes and reads.
pub fn without_low_references(text: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("&#x") {
        let Some(end) = rest[start..].find(';').map(|end| start + end) else { break };
        let digits = &rest[start + 3..end];
        let is_low = u32::from_str_radix(digits, 16).is_ok_and(|code| {
            matches!(code, 0..=8 | 0xB | 0xC | 0xE..=0x1F | 0xFFFE | 0xFFFF | 0xD800..=0xDFFF)
        });
        replaced.push_str(&rest[..start]);
        replaced.push_str(if is_low { "?" } else { &rest[start..=end] });
        rest = &rest[end + 1..];
    }
    replaced + rest
}
