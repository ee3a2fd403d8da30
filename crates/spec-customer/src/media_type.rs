//! Media types in `Content-Type` and `Accept`, and the quoted-value lists of HTTP (RFC 9110, 5.6).
//!
//! The `mime` crate refuses white space before a semicolon and empty quoted strings, both of which
//! RFC 9110 allows and .NET takes; and it does not read lists. Hence this small reader.

use crate::encoding::Charset;

/// A media type or range with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MediaType {
    /// Type and subtype as received.
    pub(crate) essence: String,
    parameters: Vec<(String, String)>,
}

impl MediaType {
    /// Reads one media type. `None` when it is malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = split_outside_quotes(text, ';');
        let essence = parts.next()?.trim();
        let (main, sub) = essence.split_once('/')?;
        if !is_token(main) || !is_token(sub) {
            return None;
        }
        let parameters = parts
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(parameter)
            .collect::<Option<_>>()?;
        Some(Self { essence: essence.to_owned(), parameters })
    }

    /// Whether type and subtype are these, in any case.
    pub(crate) fn is(&self, essence: &str) -> bool {
        self.essence.eq_ignore_ascii_case(essence)
    }

    /// The value of a parameter, its name in any case.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The charset named, when it is a supported one.
    pub(crate) fn charset(&self) -> Option<Charset> {
        Charset::named(self.parameter("charset")?)
    }

    /// The weight (`q`), 1 where none is given or it is no number.
    pub(crate) fn quality(&self) -> f64 {
        quality(self.parameter("q"))
    }
}

/// Reads the weight of a list element: 1 where none is given or it is no number.
pub(crate) fn quality(value: Option<&str>) -> f64 {
    let is_decimal = |text: &&str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    value.filter(is_decimal).and_then(|text| text.parse().ok()).unwrap_or(1.0)
}

/// The non-empty elements of a comma-separated list, trimmed.
pub(crate) fn list(text: &str) -> impl Iterator<Item = &str> {
    split_outside_quotes(text, ',').map(str::trim).filter(|element| !element.is_empty())
}

/// Reads `name=value` or a bare `name`, the value a token or a quoted string.
pub(crate) fn parameter(text: &str) -> Option<(String, String)> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim(), value.trim()),
        None => (text, ""),
    };
    let value = match value.strip_prefix('"') {
        Some(quoted) => unquote(quoted.strip_suffix('"')?)?,
        None if value.is_empty() || is_token(value) => value.to_owned(),
        None => return None,
    };
    is_token(name).then(|| (name.to_owned(), value))
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
        assert_eq!(media.charset(), Some(Charset::Utf16));
        assert_eq!(media.parameter("X"), Some("a;b"));
    }

    #[test]
    fn malformed_types_are_none() {
        for bad in ["", "json", "/json", "text/", "a/b/c", "text/x; y=\"", "te xt/x", "text/x; =1"]
        {
            assert_eq!(MediaType::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn weights() {
        for (text, weight) in [("a/b", 1.0), ("a/b;q=0.5", 0.5), ("a/b;Q=0", 0.0), ("a/b;q=x", 1.0)]
        {
            assert_eq!(MediaType::parse(text).unwrap().quality(), weight, "{text}");
        }
        assert_eq!(quality(Some("inf")), 1.0);
    }

    #[test]
    fn commas_in_quotes_do_not_split() {
        let elements: Vec<_> = list("a;x=\"1,\\\"2\" , ,b").collect();
        assert_eq!(elements, ["a;x=\"1,\\\"2\"", "b"]);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".*") {
            let _ = MediaType::parse(&text);
            let _ = list(&text).count();
        }
    }
}
