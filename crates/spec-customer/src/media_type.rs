//! Media types in `Content-Type` and `Accept`, and the quoted-value lists of HTTP (RFC 9110, 5.6).
//!
//! The `mime` crate refuses white space before a semicolon and empty quoted strings, which RFC 9110
//! and .NET allow, and it does not read lists.

use std::borrow::Cow;

#[cfg(feature = "server")]
use http::{HeaderMap, header::CONTENT_TYPE};

use crate::encoding::Charset;

/// A media type or range, with the parameters that are used. The first of several of one name
/// counts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MediaType {
    /// Type and subtype as received.
    pub(crate) essence: String,
    /// The declared charset, if it is supported.
    pub(crate) charset: Option<Charset>,
    /// The weight (`q`); 1 if it is missing or not a number.
    pub(crate) quality: f64,
}

impl MediaType {
    /// Reads the type of a request's body. `None` if it is missing or malformed.
    #[cfg(feature = "server")]
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        repass_spec::header::single(headers, &CONTENT_TYPE).and_then(Self::parse)
    }

    /// Reads one media type. `None` when it is malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = split_outside_quotes(text, ';');
        let essence = parts.next()?.trim();
        let (main, sub) = essence.split_once('/')?;
        if !is_token(main) || !is_token(sub) {
            return None;
        }
        let (mut charset, mut quality) = (None, None);
        for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
            match parameter(part)? {
                (name, value) if name.eq_ignore_ascii_case("charset") => {
                    charset.get_or_insert(value);
                }
                (name, value) if name.eq_ignore_ascii_case("q") => {
                    quality.get_or_insert(value);
                }
                _ => {}
            }
        }
        Some(Self {
            essence: essence.to_owned(),
            charset: charset.as_deref().and_then(Charset::from_name),
            quality: weight(quality.as_deref()),
        })
    }

    /// Whether type and subtype are `essence`, in any case.
    pub(crate) fn is(&self, essence: &str) -> bool {
        self.essence.eq_ignore_ascii_case(essence)
    }
}

/// Reads the weight of a list element; 1 if it is missing or not a number.
pub(crate) fn weight(value: Option<&str>) -> f64 {
    let is_decimal = |text: &&str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    value.filter(is_decimal).and_then(|text| text.parse().ok()).unwrap_or(1.0)
}

/// Returns the non-empty elements of a comma-separated list, trimmed.
#[cfg(feature = "server")]
pub(crate) fn list(text: &str) -> impl Iterator<Item = &str> {
    split_outside_quotes(text, ',').map(str::trim).filter(|element| !element.is_empty())
}

/// Reads `name=value` or a bare `name`, the value a token or a quoted string.
pub(crate) fn parameter(text: &str) -> Option<(&str, Cow<'_, str>)> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim(), value.trim()),
        None => (text, ""),
    };
    let value = match value.strip_prefix('"') {
        Some(quoted) => Cow::Owned(unquote(quoted.strip_suffix('"')?)?),
        None if value.is_empty() || is_token(value) => Cow::Borrowed(value),
        None => return None,
    };
    is_token(name).then_some((name, value))
}

/// Whether `text` is a token (RFC 9110, 5.6.2).
pub(crate) fn is_token(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(allowed)
}

fn unquote(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.push(characters.next()?),
            '"' => return None,
            other => plain.push(other),
        }
    }
    Some(plain)
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => return !quoted && character == separator,
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_may_be_quoted_and_spaced() {
        let media = MediaType::parse("Application/XML ; Charset=\"UTF\\-16\"; x=\"a;b\"").unwrap();
        assert!(media.is("application/xml"));
        assert_eq!(media.essence, "Application/XML");
        assert_eq!(media.charset, Some(Charset::Utf16));
        let twice = MediaType::parse("a/b; charset=x; q=0.1; charset=utf-8; q=1").unwrap();
        assert_eq!((twice.charset, twice.quality), (None, 0.1));
    }

    #[test]
    fn malformed_types_are_none() {
        for bad in ["", "json", "/json", "text/", "a/b/c", "text/x; y=\"", "te xt/x", "text/x; =1"]
        {
            assert_eq!(MediaType::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_missing_or_malformed_weight_is_1() {
        for (text, weight) in [("a/b", 1.0), ("a/b;q=0.5", 0.5), ("a/b;Q=0", 0.0), ("a/b;q=x", 1.0)]
        {
            assert_eq!(MediaType::parse(text).unwrap().quality, weight, "{text}");
        }
        assert_eq!(super::weight(Some("inf")), 1.0);
    }

    #[cfg(feature = "server")]
    #[test]
    fn commas_in_quotes_do_not_split() {
        let elements: Vec<_> = list("a;x=\"1,\\\"2\" , ,b").collect();
        assert_eq!(elements, ["a;x=\"1,\\\"2\"", "b"]);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".*") {
            let _ = MediaType::parse(&text);
            let _ = split_outside_quotes(&text, ',').count();
        }
    }
}
