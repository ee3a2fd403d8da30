//! Reads JSON strictly (RFC 8259), member by member. Strings stay in the type for secrets.

use std::fmt;
use std::io;
use std::marker::PhantomData;

use repass_core::Plaintext;
use serde::Serialize;
use serde::de::{
    self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess,
    SeqAccess,
};
use zeroize::Zeroizing;

/// The deepest nesting of objects and arrays that is read.
pub const MAX_DEPTH: usize = 128;

/// The reason why a body is not JSON of the expected shape. The message has the position and quotes
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// Not UTF-8.
    #[error("the body is not UTF-8 (at byte {offset})")]
    NotUtf8 {
        /// The number of valid bytes.
        offset: usize,
    },
    /// Objects and arrays nested deeper than [`MAX_DEPTH`].
    #[error("the body is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Not JSON, or not of this shape.
    #[error("the body is malformed JSON at line {line} column {column}")]
    Malformed {
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// Whether it is JSON of another shape.
        shape: bool,
    },
}

/// Reads `body` as JSON. A UTF-8 byte-order mark in front is ignored; text after the value is an
/// error.
///
/// # Errors
/// When it is not UTF-8, nested too deeply, not JSON, or of another shape.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, JsonError> {
    read_seed(body, PhantomData)
}

/// Reads `body` as a JSON object and keeps the members whose names are wanted. The others are
/// skipped: what they hold must have JSON's syntax, but may be a number out of range or half of a
/// surrogate pair.
///
/// # Errors
/// Those of [`read`].
pub fn read_members(body: &[u8], is_wanted: impl Fn(&str) -> bool) -> Result<Members, JsonError> {
    read_seed(body, MembersVisitor(is_wanted))
}

fn read_seed<'de, S: DeserializeSeed<'de>>(
    body: &'de [u8],
    seed: S,
) -> Result<S::Value, JsonError> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = std::str::from_utf8(body)
        .map_err(|error| JsonError::NotUtf8 { offset: error.valid_up_to() })?;
    if depth(body) > MAX_DEPTH {
        return Err(JsonError::TooDeep);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // serde_json's own limit is one level less than ours, and the depth is checked above.
    deserializer.disable_recursion_limit();
    let value = seed.deserialize(&mut deserializer).map_err(|error| malformed(&error))?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> JsonError {
    JsonError::Malformed { line: error.line(), column: error.column(), shape: error.is_data() }
}

/// Writes `value`, which holds secrets, as compact JSON, without leaving a copy in freed memory.
///
/// # Errors
/// When `value` cannot be written as JSON.
pub fn write_secret(value: &impl Serialize) -> Result<Plaintext, serde_json::Error> {
    // A buffer that grows is moved, and the old one is not wiped. So the length is measured first.
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *bytes, value)?;
    String::from_utf8(std::mem::take(&mut *bytes)).map(Plaintext::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        serde_json::Error::io(io::ErrorKind::InvalidData.into())
    })
}

/// Counts the bytes that are written.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns how deep objects and arrays are nested. The result is exact for JSON. For other text it
/// is never too small up to the position where a parser stops.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// One JSON value, with the distinctions that vendors' requests need. Every string is held as a
/// secret.
#[derive(Debug)]
pub enum Member {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A string.
    Text(Plaintext),
    /// An array or object, skipped.
    Composite,
}

impl Member {
    /// Returns the text if it is a string.
    pub fn into_text(self) -> Option<Plaintext> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> de::Visitor<'de> for MemberVisitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Member, E> {
        Ok(Member::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Member, E> {
        Ok(Member::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Member, E> {
        Ok(Member::Number(value.into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Member, E> {
        Ok(Member::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Member, E> {
        serde_json::Number::from_f64(value)
            .map(Member::Number)
            .ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Member, E> {
        Ok(Member::Text(Plaintext::from(value)))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Member, E> {
        Ok(Member::Text(Plaintext::new(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Member, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Member::Composite)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Member, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Composite)
    }
}

/// The wanted members of a JSON object in the order received, with duplicates. Each vendor has its
/// own rule for names and duplicates.
#[derive(Debug)]
pub struct Members(Vec<(String, Member)>);

impl Members {
    /// Removes all members of that name in any case and returns the last one, as ASP.NET does.
    pub fn take_last_ignoring_case(&mut self, name: &str) -> Option<Member> {
        self.take_last(|own| own.eq_ignore_ascii_case(name))
    }

    /// Removes all members of exactly that name and returns the last one.
    pub fn take_last_exact(&mut self, name: &str) -> Option<Member> {
        self.take_last(|own| own == name)
    }

    /// Returns the members that are left, in the order received.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.0.iter().map(|(name, member)| (name.as_str(), member))
    }

    fn take_last(&mut self, is_named: impl Fn(&str) -> bool) -> Option<Member> {
        let last = self.0.iter().rposition(|(name, _)| is_named(name))?;
        let (_, member) = self.0.remove(last);
        self.0.retain(|(name, _)| !is_named(name));
        Some(member)
    }
}

struct MembersVisitor<F>(F);

impl<'de, F: Fn(&str) -> bool> DeserializeSeed<'de> for MembersVisitor<F> {
    type Value = Members;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Members, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: Fn(&str) -> bool> de::Visitor<'de> for MembersVisitor<F> {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = entries.next_key::<String>()? {
            if self.0(&name) {
                members.push((name, entries.next_value()?));
            } else {
                entries.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn members(body: &[u8]) -> Result<Members, JsonError> {
        read_members(body, |_| true)
    }

    fn nested(levels: usize) -> Vec<u8> {
        format!("{{\"x\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1)).into_bytes()
    }

    /// Proves RFC 8259.
    #[test]
    fn only_rfc_8259_is_read() {
        assert!(members(b"\xEF\xBB\xBF{\"a\":1}").is_ok());
        let malformed: [&[u8]; 9] = [
            b"",
            b"{\"a\":1,}",
            b"{\"a\":1} x",
            b"{\"a\":1}{}",
            b"// c\n{}",
            b"{'a':1}",
            b"{a:1}",
            b"{\"a\":\"\xFF\"}",
            b"{\"a\":\"\\ud800\"}",
        ];
        for body in malformed {
            assert!(members(body).is_err(), "{}", String::from_utf8_lossy(body));
        }
    }

    /// Proves W12.
    #[test]
    fn w12_what_an_unknown_member_holds_is_skipped() {
        let only_a = |body: &str| read_members(body.as_bytes(), |name| name == "a");
        for value in ["1e999", "\"\\ud800\"", "[1e999]", "{\"\\ud800\":1}"] {
            let members = only_a(&format!("{{\"x\":{value},\"a\":1}}")).unwrap();
            assert_eq!(members.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a"], "{value}");
        }
        for malformed in ["{\"x\":1e}", "{\"x\":\"\\u\"}", "{\"\\ud800\":1}", "{\"a\":1e999}"] {
            assert!(only_a(malformed).is_err(), "{malformed}");
        }
    }

    #[test]
    fn the_message_has_the_position_and_quotes_nothing() {
        let error = members(b"{\n \"password\": \"hunter2\",\n}").unwrap_err();
        assert_eq!(error.to_string(), "the body is malformed JSON at line 3 column 1");
        let error = members(b"\"hunter2\"").unwrap_err();
        assert!(matches!(error, JsonError::Malformed { shape: true, .. }));
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn nesting_is_read_to_128_levels() {
        assert!(members(&nested(128)).is_ok());
        assert_eq!(members(&nested(129)).unwrap_err(), JsonError::TooDeep);
        assert!(members(br#"{"a":"[[[[\"[[[["}"#).is_ok());
    }

    #[test]
    fn secrets_are_written_as_json() {
        let body = write_secret(&serde_json::json!({ "password": "a\"ä" })).unwrap();
        assert_eq!(body.expose(), r#"{"password":"a\"ä"}"#);
    }

    #[test]
    fn the_last_duplicate_counts() {
        let mut members = members(br#"{"A":1,"a":"two","b":3}"#).unwrap();
        let text = members.take_last_ignoring_case("A").and_then(Member::into_text).unwrap();
        assert_eq!(text.expose(), "two");
        assert!(members.take_last_ignoring_case("a").is_none());
        assert!(matches!(members.take_last_exact("b"), Some(Member::Number(_))));
        assert!(members.take_last_exact("B").is_none());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..512)) {
            let _ = members(&body);
        }

        #[test]
        fn only_bodies_within_the_depth_limit_are_read(levels in 2_usize..400) {
            prop_assert_eq!(members(&nested(levels)).is_ok(), levels <= MAX_DEPTH);
        }
    }
}
