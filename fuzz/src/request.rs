//! A request as text: method and URI in the first line, a header in each of the next, an empty
//! line, and the body.

use http::Request;
use http::request::Parts;

/// A request; see [`crate::vendor`].
pub struct TextRequest<'a> {
    pub parts: Parts,
    pub body: &'a [u8],
}

impl<'a> TextRequest<'a> {
    /// Returns `None` for a request that no HTTP server would forward.
    pub fn parse(input: &'a [u8]) -> Option<Self> {
        let end = input.windows(2).position(|two| two == b"\n\n");
        let (head, body) = match end {
            Some(end) => (&input[..end], &input[end + 2..]),
            None => (input, &[][..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let (method, uri) = split_once(lines.next()?, b' ')?;
        let mut request = Request::builder().method(method).uri(uri);
        for line in lines {
            let (name, value) = split_once(line, b':')?;
            request = request.header(name, value.trim_ascii());
        }
        let parts = request.body(()).ok()?.into_parts().0;
        parts.uri.path().starts_with('/').then_some(Self { parts, body })
    }

    /// Returns all values of a header, joined, in lower case.
    pub fn header(&self, name: &str) -> String {
        let values = self.parts.headers.get_all(name).iter();
        let values: Vec<_> =
            values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        values.join(",").to_ascii_lowercase()
    }
}

fn split_once(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == at)?;
    Some((&text[..at], &text[at + 1..]))
}
