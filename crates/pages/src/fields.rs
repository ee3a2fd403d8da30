//! Reads forms.

use percent_encoding::percent_decode;
use repass_core::Plaintext;
use zeroize::Zeroize;

/// The fields of a form, as `application/x-www-form-urlencoded` (WHATWG URL, 5.1).
#[derive(Default)]
pub(crate) struct Fields(Vec<(String, Plaintext)>);

/// The body is no form: it is not UTF-8, or contains a NUL, which no keyboard writes and databases
/// refuse.
pub(crate) struct Malformed;

impl Fields {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Vec::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let value = pair.get(at + 1..).unwrap_or_default();
            fields.push((decode(&pair[..at])?, Plaintext::new(decode(value)?)));
        }
        Ok(Self(fields))
    }

    /// Takes the value of a field, whole; empty if there is none.
    pub(crate) fn take_secret(&mut self, name: &str) -> Plaintext {
        let found = self.0.iter_mut().find(|(own, _)| own == name);
        found.map_or_else(empty, |(_, value)| std::mem::replace(value, empty()))
    }

    /// Returns whether the field is missing or has no value.
    pub(crate) fn is_empty(&self, name: &str) -> bool {
        !self.0.iter().any(|(own, value)| own == name && !value.is_empty())
    }

    /// Returns the value of a field without white space around it.
    pub(crate) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value.expose().trim())
    }
}

fn empty() -> Plaintext {
    Plaintext::new(String::new())
}

fn decode(text: &[u8]) -> Result<String, Malformed> {
    // A vector that grows leaves copies of a password behind.
    let mut decoded = Vec::with_capacity(text.len());
    for (at, part) in text.split(|byte| *byte == b'+').enumerate() {
        if at > 0 {
            decoded.push(b' ');
        }
        decoded.extend(percent_decode(part));
    }
    let text = String::from_utf8(decoded).map_err(|error| {
        error.into_bytes().zeroize();
        Malformed
    })?;
    if text.contains('\0') { Err(Malformed) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_secrets_are_not() {
        let Ok(mut fields) = Fields::parse(b"username=+Pat%40x.org%20%20&a=+%C3%A9%2B+&a=2&b")
        else {
            panic!("no form");
        };
        assert_eq!(fields.text("username"), "Pat@x.org");
        assert_eq!(fields.take_secret("a").expose(), " é+ ");
        assert!(fields.take_secret("a").is_empty() && fields.take_secret("b").is_empty());
        assert_eq!(fields.text("c"), "");
    }

    #[test]
    fn other_encodings_and_nul_are_refused() {
        for body in ["a=%00", "a%00=1", "a=%E9", "a=%C3"] {
            assert!(Fields::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Fields::parse(b"a=\xe9").is_err());
        assert!(Fields::parse(b"").is_ok() && Fields::parse(b"a=%zz").is_ok());
    }
}
