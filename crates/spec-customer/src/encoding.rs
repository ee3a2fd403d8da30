//! The two character encodings of ASP.NET's formatters: UTF-8 and little-endian UTF-16.

use encoding_rs::{Encoding, UTF_8, UTF_16LE};
use repass_core::Plaintext;

const UTF_16LE_MARK: [u8; 2] = [0xFF, 0xFE];

/// The character encoding of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charset {
    Utf8,
    Utf16,
}

/// The bytes are not valid text in the declared encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InvalidText;

/// A decoded body. It holds passwords, so a copy is wiped when dropped.
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    Converted(Plaintext),
}

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Converted(text) => text.expose(),
        }
    }
}

impl Charset {
    /// Returns the supported charset of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("utf-8") {
            Some(Self::Utf8)
        } else if name.eq_ignore_ascii_case("utf-16") {
            Some(Self::Utf16)
        } else {
            None
        }
    }

    /// Whether an XML declaration may use this name for the encoding.
    pub(crate) fn may_be_declared(self, name: &str) -> bool {
        let names: &[&str] = match self {
            Self::Utf8 => &["utf-8"],
            Self::Utf16 => &["utf-16", "utf-16le"],
        };
        names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Decodes JSON. A byte-order mark takes precedence over the declared charset, as in .NET's
    /// `StreamReader`.
    pub(crate) fn decode_json(self, body: &[u8]) -> Result<Text<'_>, InvalidText> {
        let (encoding, mark) = Encoding::for_bom(body).unwrap_or((self.encoding(), 0));
        decode(encoding, &body[mark..])
    }

    /// Decodes XML. A byte-order mark must agree with the declared charset.
    pub(crate) fn decode_xml(self, body: &[u8]) -> Result<Text<'_>, InvalidText> {
        match self {
            Self::Utf8 => decode(UTF_8, body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)),
            Self::Utf16 if body.starts_with(b"<\0") => decode(UTF_16LE, body),
            Self::Utf16 => decode(UTF_16LE, body.strip_prefix(&UTF_16LE_MARK).ok_or(InvalidText)?),
        }
    }

    /// Encodes an answer: UTF-8 without a byte-order mark, UTF-16 with one.
    #[cfg(any(feature = "server", test))]
    pub(crate) fn encode(self, text: String) -> Vec<u8> {
        match self {
            Self::Utf8 => text.into_bytes(),
            Self::Utf16 => UTF_16LE_MARK
                .into_iter()
                .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
                .collect(),
        }
    }

    fn encoding(self) -> &'static Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Utf16 => UTF_16LE,
        }
    }
}

fn decode<'a>(encoding: &'static Encoding, bytes: &'a [u8]) -> Result<Text<'a>, InvalidText> {
    // UTF-8 is borrowed, so that no password is copied.
    if encoding == UTF_8 {
        return std::str::from_utf8(bytes).map(Text::Borrowed).map_err(|_| InvalidText);
    }
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(|text| Text::Converted(Plaintext::new(text.into_owned())))
        .ok_or(InvalidText)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn xml_must_be_in_the_declared_charset() {
        let utf16 = Charset::Utf16.encode("<a/>".to_owned());
        assert_eq!(Charset::Utf16.decode_xml(&utf16).map(|t| t.as_str().len()), Ok(4));
        assert_eq!(Charset::Utf16.decode_xml(&utf16[2..]).map(|t| t.as_str().len()), Ok(4));
        assert!(Charset::Utf8.decode_xml(&utf16).is_err());
        assert!(Charset::Utf16.decode_xml(b"<a/>").is_err());
        assert!(Charset::Utf16.decode_xml(b"\xFE\xFF\0<\0a\0/\0>").is_err());
    }

    #[test]
    fn json_is_decoded_by_its_byte_order_mark() {
        let utf16 = Charset::Utf16.encode("{}".to_owned());
        for charset in [Charset::Utf8, Charset::Utf16] {
            assert_eq!(charset.decode_json(&utf16).map(|t| t.as_str().to_owned()), Ok("{}".into()));
            let big_endian = b"\xFE\xFF\0{\0}";
            assert_eq!(
                charset.decode_json(big_endian).map(|t| t.as_str().to_owned()),
                Ok("{}".into())
            );
        }
    }

    #[test]
    fn lone_surrogates_and_odd_bytes_are_refused() {
        for bad in [&b"\xFF\xFE\x00\xD8<\0"[..], b"\xFF\xFE<"] {
            assert!(Charset::Utf16.decode_xml(bad).is_err());
            assert!(Charset::Utf16.decode_json(bad).is_err());
        }
    }

    proptest! {
        #[test]
        fn utf_16_is_read_as_written(text in "\\PC*") {
            let bytes = Charset::Utf16.encode(text.clone());
            let read = Charset::Utf16.decode_json(&bytes).map(|read| read.as_str().to_owned());
            prop_assert_eq!(read, Ok(text));
        }
    }
}
