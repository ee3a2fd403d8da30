//! JSON as Json.NET writes it: compact, with U+0085, U+2028 and U+2029 escaped in addition to the
//! characters that RFC 8259 requires.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Writes `value`, whose keys are strings, as compact JSON.
pub(crate) fn write(value: &impl Serialize) -> String {
    // A buffer that grows leaves a copy of a password in freed memory.
    let mut bytes = Vec::with_capacity(1024);
    let mut serializer = Serializer::with_formatter(&mut bytes, JsonNet);
    match value.serialize(&mut serializer) {
        // Writing to a buffer cannot fail, and the keys are strings.
        Ok(()) => String::from_utf8(bytes).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

struct JsonNet;

impl Formatter for JsonNet {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        for piece in fragment.split_inclusive(['\u{85}', '\u{2028}', '\u{2029}']) {
            let (plain, escape) = match piece.chars().next_back() {
                Some('\u{85}') => (&piece[..piece.len() - 2], "\\u0085"),
                Some('\u{2028}') => (&piece[..piece.len() - 3], "\\u2028"),
                Some('\u{2029}') => (&piece[..piece.len() - 3], "\\u2029"),
                _ => (piece, ""),
            };
            writer.write_all(plain.as_bytes())?;
            writer.write_all(escape.as_bytes())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn line_separators_are_escaped() {
        assert_eq!(write(&"a\u{2028}\u{85}é\u{2029}/'<"), "\"a\\u2028\\u0085é\\u2029/'<\"");
    }

    proptest! {
        #[test]
        fn json_is_read_as_written(text in ".*") {
            prop_assert_eq!(serde_json::from_str::<String>(&write(&text)).unwrap(), text);
        }
    }
}
