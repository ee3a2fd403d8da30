//! The media type and charset of an answer, as in `DefaultContentNegotiator` of ASP.NET Web API 2.

use http::header::{ACCEPT, ACCEPT_CHARSET, HeaderName};
use http::{HeaderMap, StatusCode};
use repass_spec::{Reply, header, reply};

use crate::encoding::Charset;
use crate::media_type::{self, MediaType};
use crate::{HttpError, UpdateUserPasswordResponse};

const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// The largest number of elements of `Accept` or `Accept-Charset` that are read. Browsers send
/// fewer than ten. The framework has no limit, but negotiation is part of every answer, including
/// errors.
const MAX_ELEMENTS: usize = 32;

/// A body that can be sent as JSON or XML.
pub(crate) trait Document {
    fn to_json(&self) -> String;
    fn to_xml(&self) -> String;
}

impl Document for HttpError {
    fn to_json(&self) -> String {
        self.to_json()
    }

    fn to_xml(&self) -> String {
        self.to_xml()
    }
}

impl Document for UpdateUserPasswordResponse {
    fn to_json(&self) -> String {
        self.to_json()
    }

    fn to_xml(&self) -> String {
        self.to_xml()
    }
}

/// The format of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    media: Media,
    charset: Charset,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Media {
    ApplicationJson,
    TextJson,
    ApplicationXml,
    TextXml,
}

/// The media types of each formatter, the formatters in the order in which ties are decided.
const FORMATTERS: [[Media; 2]; 2] =
    [[Media::ApplicationJson, Media::TextJson], [Media::ApplicationXml, Media::TextXml]];

impl Format {
    /// Chooses the format of the answer to a request with these headers and a body of this type.
    pub(crate) fn negotiate(headers: &HeaderMap, content_type: Option<&MediaType>) -> Self {
        Self {
            media: media(headers, content_type),
            charset: preferred_charset(headers)
                .or_else(|| content_type?.charset)
                .unwrap_or(Charset::Utf8),
        }
    }

    /// Returns the answer.
    pub(crate) fn reply(self, status: StatusCode, document: &impl Document) -> Reply {
        let text = match self.media {
            Media::ApplicationJson | Media::TextJson => document.to_json(),
            Media::ApplicationXml | Media::TextXml => document.to_xml(),
        };
        reply::new(status, self.content_type(), self.charset.encode(text))
    }

    fn content_type(self) -> &'static str {
        match (self.media, self.charset) {
            (Media::ApplicationJson, Charset::Utf8) => "application/json; charset=utf-8",
            (Media::ApplicationJson, Charset::Utf16) => "application/json; charset=utf-16",
            (Media::TextJson, Charset::Utf8) => "text/json; charset=utf-8",
            (Media::TextJson, Charset::Utf16) => "text/json; charset=utf-16",
            (Media::ApplicationXml, Charset::Utf8) => "application/xml; charset=utf-8",
            (Media::ApplicationXml, Charset::Utf16) => "application/xml; charset=utf-16",
            (Media::TextXml, Charset::Utf8) => "text/xml; charset=utf-8",
            (Media::TextXml, Charset::Utf16) => "text/xml; charset=utf-16",
        }
    }
}

impl Media {
    fn essence(self) -> &'static str {
        match self {
            Self::ApplicationJson => "application/json",
            Self::TextJson => "text/json",
            Self::ApplicationXml => "application/xml",
            Self::TextXml => "text/xml",
        }
    }
}

/// How exactly an element of `Accept` names a media type, the most exact first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Range {
    Literal,
    Subtypes,
    All,
}

fn range(accepted: &MediaType) -> Range {
    if accepted.is("*/*") {
        Range::All
    } else if accepted.essence.ends_with("/*") {
        Range::Subtypes
    } else {
        Range::Literal
    }
}

fn accepts(accepted: &MediaType, media: Media) -> bool {
    match range(accepted) {
        Range::All => true,
        Range::Literal => accepted.is(media.essence()),
        Range::Subtypes => {
            main_type(&accepted.essence).eq_ignore_ascii_case(main_type(media.essence()))
        }
    }
}

fn main_type(essence: &str) -> &str {
    essence.split('/').next().unwrap_or_default()
}

fn media(headers: &HeaderMap, content_type: Option<&MediaType>) -> Media {
    let accepted = accepted(headers);
    let asks_for_anything = match accepted.as_slice() {
        [] => true,
        [only] => only.is("*/*"),
        _ => false,
    };
    if asks_for_anything && is_script_request(headers) {
        return Media::ApplicationJson;
    }
    best_accepted(&accepted)
        .or_else(|| {
            let known = FORMATTERS.into_iter().flatten();
            known.into_iter().find(|media| content_type.is_some_and(|own| own.is(media.essence())))
        })
        .unwrap_or(Media::ApplicationJson)
}

fn is_script_request(headers: &HeaderMap) -> bool {
    header::single(headers, &REQUESTED_WITH)
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("XMLHttpRequest"))
}

/// Returns the best match of all formatters: the highest weight, then the most exact, then the
/// first formatter.
fn best_accepted(accepted: &[MediaType]) -> Option<Media> {
    let offers = FORMATTERS.iter().filter_map(|formatter| {
        accepted.iter().filter(|element| element.quality > 0.0).find_map(|element| {
            let media = formatter.iter().copied().find(|media| accepts(element, *media))?;
            Some((range(element), element.quality, media))
        })
    });
    let mut offers: Vec<_> = offers.collect();
    offers.sort_by(|one, two| two.1.total_cmp(&one.1).then(one.0.cmp(&two.0)));
    offers.first().map(|(_, _, media)| *media)
}

/// Returns the elements of `Accept`, sorted by weight and then by exactness.
fn accepted(headers: &HeaderMap) -> Vec<MediaType> {
    let mut elements = elements(headers, &ACCEPT, MediaType::parse);
    elements
        .sort_by(|one, two| two.quality.total_cmp(&one.quality).then(range(one).cmp(&range(two))));
    elements
}

/// Reads the elements of a list, each once. As in .NET, a header line with a malformed element is
/// ignored. At most [`MAX_ELEMENTS`] of all lines are read.
fn elements<'a, T>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    read: impl Fn(&'a str) -> Option<T>,
) -> Vec<T> {
    let mut left = MAX_ELEMENTS;
    let mut all = Vec::new();
    for line in headers.get_all(name) {
        let Ok(line) = line.to_str() else { continue };
        let elements = media_type::list(line).take(left).inspect(|_| left -= 1);
        if let Some(elements) = elements.map(&read).collect::<Option<Vec<_>>>() {
            all.extend(elements);
        }
    }
    all
}

/// Returns the supported charset that `Accept-Charset` prefers.
fn preferred_charset(headers: &HeaderMap) -> Option<Charset> {
    let mut elements = elements(headers, &ACCEPT_CHARSET, weighted);
    elements.sort_by(|one, two| two.1.total_cmp(&one.1).then((one.0 == "*").cmp(&(two.0 == "*"))));
    elements.into_iter().filter(|(_, weight)| *weight > 0.0).find_map(|(name, _)| {
        if name == "*" { Some(Charset::Utf8) } else { Charset::from_name(name) }
    })
}

fn weighted(element: &str) -> Option<(&str, f64)> {
    let (name, weight) = match element.split_once(';') {
        Some((name, parameter)) => (name.trim(), Some(media_type::parameter(parameter.trim())?)),
        None => (element, None),
    };
    if weight.as_ref().is_some_and(|(name, _)| !name.eq_ignore_ascii_case("q")) {
        return None;
    }
    let weight = media_type::weight(weight.as_ref().map(|(_, value)| value.as_ref()));
    media_type::is_token(name).then_some((name, weight))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use http::HeaderValue;
    use http::header::CONTENT_TYPE;
    use proptest::prelude::*;

    use super::*;

    fn negotiate(headers: &HeaderMap) -> Format {
        Format::negotiate(headers, MediaType::from_headers(headers).as_ref())
    }

    fn content_type(headers: &[(HeaderName, &'static str)]) -> &'static str {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        negotiate(&map).content_type()
    }

    #[test]
    fn the_weight_takes_precedence_over_exactness() {
        for (accept, expected) in [
            ("application/xml;q=0.5, */*;q=0.9", "application/json; charset=utf-8"),
            ("application/xml;q=0.5, */*;q=0.1", "application/xml; charset=utf-8"),
            ("*/*, text/xml", "text/xml; charset=utf-8"),
            ("text/*;q=0.3, application/xml;q=0.2", "text/json; charset=utf-8"),
            ("TEXT/XML", "text/xml; charset=utf-8"),
        ] {
            assert_eq!(content_type(&[(ACCEPT, accept)]), expected, "{accept}");
        }
    }

    #[test]
    fn a_malformed_line_is_ignored_and_others_are_read() {
        let mirrored = [(CONTENT_TYPE, "text/xml"), (ACCEPT, "json, application/json")];
        assert_eq!(content_type(&mirrored), "text/xml; charset=utf-8");
        let second = [(ACCEPT, "json"), (ACCEPT, "application/xml")];
        assert_eq!(content_type(&second), "application/xml; charset=utf-8");
    }

    #[test]
    fn the_charset_is_the_accepted_one_or_that_of_the_request() {
        for (accepted, expected) in [
            ("utf-16;q=0, *", "application/json; charset=utf-8"),
            ("latin1, UTF-16;q=0.1", "application/json; charset=utf-16"),
            ("*, utf-16", "application/json; charset=utf-16"),
            ("utf-8", "application/json; charset=utf-8"),
            ("latin1", "application/json; charset=utf-16"),
        ] {
            let request = (CONTENT_TYPE, "application/json; charset=utf-16");
            assert_eq!(content_type(&[request, (ACCEPT_CHARSET, accepted)]), expected);
        }
    }

    /// Returns a list of `count` elements and then `last`.
    fn long_list(element: &str, count: usize, last: &str) -> HeaderValue {
        HeaderValue::from_str(&(format!("{element},").repeat(count) + last)).unwrap()
    }

    /// Proves W2.
    #[test]
    fn w2_only_32_elements_of_a_list_are_read() {
        for (before, is_read) in [(31, true), (32, false), (2_000, false)] {
            let negotiated = |name, element, last| {
                let mut headers = HeaderMap::new();
                headers.insert(name, long_list(element, before, last));
                negotiate(&headers).content_type()
            };
            let xml = negotiated(ACCEPT, "a/b;q=0.5", "text/xml");
            assert_eq!(xml.starts_with("text/xml"), is_read, "{before}");
            let utf_16 = negotiated(ACCEPT_CHARSET, "latin1", "utf-16");
            assert_eq!(utf_16.ends_with("utf-16"), is_read, "{before}");
            // A malformed element invalidates its line only if it is read.
            let malformed = negotiated(ACCEPT, "text/xml", "x");
            assert_eq!(malformed.starts_with("text/xml"), !is_read, "{before}");
        }
    }

    /// Proves W2.
    #[test]
    fn w2_the_limit_is_for_all_lines_together() {
        let mut headers = HeaderMap::new();
        for (element, count) in [("a/b", 20), ("c/d", 10)] {
            headers.append(ACCEPT, long_list(element, count, ""));
        }
        headers.append(ACCEPT, HeaderValue::from_static(" , text/json, text/xml, ,text/plain"));
        headers.append(ACCEPT, HeaderValue::from_static("application/json"));
        let accepted = accepted(&headers);
        assert_eq!(accepted.len(), MAX_ELEMENTS);
        assert_eq!(accepted.last().unwrap().essence, "text/xml");
    }

    /// Proves W2.
    #[test]
    fn w2_each_element_is_read_once() {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT, long_list("a/b", 10, ""));
        headers.append(ACCEPT, long_list("a/b", 2_000, ""));
        let read = Cell::new(0);
        elements(&headers, &ACCEPT, |element| {
            read.set(read.get() + 1);
            MediaType::parse(element)
        });
        assert_eq!(read.get(), MAX_ELEMENTS);
    }

    proptest! {
        #[test]
        fn arbitrary_headers_never_panic(accept in prop::collection::vec(32_u8..=255, 0..80)) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&accept) {
                for name in [ACCEPT, ACCEPT_CHARSET, CONTENT_TYPE, REQUESTED_WITH] {
                    headers.insert(name, value.clone());
                }
            }
            let _ = negotiate(&headers);
        }
    }
}
