//! Reads and writes `application/x-www-form-urlencoded` as the URL standard defines it. Any value
//! may be a password, so no copy of one is left in freed memory.

use form_urlencoded::Serializer;
use percent_encoding::percent_decode;
use repass_core::Plaintext;
use zeroize::Zeroizing;

/// One field of a form.
#[derive(Debug)]
pub struct Field {
    /// The decoded name.
    pub name: String,
    /// The decoded value.
    pub value: Plaintext,
    /// Whether name and value were UTF-8. Otherwise U+FFFD stands for the bytes that are not, so
    /// that different values can look the same.
    pub is_utf8: bool,
}

/// Returns the fields of a form in the order received.
pub fn read(body: &[u8]) -> impl Iterator<Item = Field> {
    body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut parts = pair.splitn(2, |byte| *byte == b'=').map(decode);
        let (name, is_name_utf8) = parts.next().unwrap_or_default();
        let (value, is_value_utf8) = parts.next().unwrap_or((String::new(), true));
        Field { name, value: Plaintext::new(value), is_utf8: is_name_utf8 && is_value_utf8 }
    })
}

/// Returns the decoded text, and whether it is UTF-8. The buffers do not grow, since a buffer that
/// grows is moved and leaves a copy.
fn decode(encoded: &[u8]) -> (String, bool) {
    let mut decoded = Zeroizing::new(Vec::with_capacity(encoded.len()));
    for (at, part) in encoded.split(|byte| *byte == b'+').enumerate() {
        decoded.extend((at > 0).then_some(b' '));
        decoded.extend(percent_decode(part));
    }
    let mut is_utf8 = true;
    let mut text = String::with_capacity(decoded.len() * char::REPLACEMENT_CHARACTER.len_utf8());
    for chunk in decoded.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
            is_utf8 = false;
        }
    }
    (text, is_utf8)
}

/// Writes a form.
pub fn write(fields: &[(&str, &str)]) -> Plaintext {
    // Each byte takes at most three, as in `%C3`.
    let length = fields.iter().map(|(name, value)| 3 * (name.len() + value.len()) + 2).sum();
    Plaintext::new(Serializer::new(String::with_capacity(length)).extend_pairs(fields).finish())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Proves K3.
        #[test]
        fn k3_forms_are_read_as_by_the_url_standard_without_growing(body in "([a&=+%]|%[0-9A-F]{2}|é){0,40}") {
            let standard: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            let fields: Vec<_> = read(body.as_bytes()).collect();
            let values = fields.iter().map(|field| (field.name.clone(), field.value.expose().to_owned()));
            prop_assert_eq!(values.collect::<Vec<_>>(), standard);
            for part in body.split(['&', '=']) {
                let (text, is_utf8) = decode(part.as_bytes());
                prop_assert!(text.capacity() <= 3 * part.len());
                prop_assert_eq!(is_utf8, percent_decode(part.as_bytes()).decode_utf8().is_ok());
            }
        }

        #[test]
        fn forms_are_read_as_written(value in ".*") {
            let form = write(&[("a b", &value), ("é", "")]);
            let fields: Vec<_> = read(form.expose().as_bytes()).collect();
            prop_assert_eq!((&*fields[0].name, fields[0].value.expose()), ("a b", &*value));
            prop_assert_eq!((&*fields[1].name, fields[1].is_utf8), ("é", true));
        }
    }
}
