use std::fmt;

use repass_core::Plaintext;
use repass_spec::json::{self, Member};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use super::{Binding, PARAMETER, UpdateUserPasswordRequest, guid, json_number};
use crate::encoding::Charset;
use crate::http_error::ERROR;

/// Reads JSON as Json.NET does, but strictly by RFC 8259, and accepts only strings as passwords.
pub(super) fn read(body: &[u8], charset: Charset) -> Binding {
    let Ok(text) = charset.decode_json(body) else { return Binding::unreadable() };
    let text = text.as_str();
    // Only one byte-order mark is allowed, and the decoder has removed it.
    if text.starts_with('\u{FEFF}') {
        return Binding::unreadable();
    }
    if text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
        return Binding::default();
    }
    match json::read::<Option<Body>>(text.as_bytes()) {
        Ok(Some(Body(binding))) => binding,
        Ok(None) => Binding::default(),
        Err(_) => Binding::unreadable(),
    }
}

struct Body(Binding);

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> de::Visitor<'de> for BodyVisitor {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an UpdateUserPasswordRequest")
    }

    /// Binds members in the order received, so a later duplicate replaces an earlier one. Each
    /// invalid one adds an entry under the name in the request.
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Body, A::Error> {
        let mut binding = Binding::valid(Some(UpdateUserPasswordRequest::default()));
        while let Some(name) = members.next_key::<String>()? {
            let model = binding.model.get_or_insert_default();
            let is = |member: &str| name.eq_ignore_ascii_case(member);
            let bound = if is("UserId") {
                let member = members.next_value::<Member>()?;
                let user_id = member.into_text().and_then(|text| guid::parse(text.expose()));
                user_id.map(|user_id| model.user_id = user_id)
            } else if is("OldPassword") {
                password(members.next_value()?).map(|text| model.old_password = text)
            } else if is("NewPassword") {
                password(members.next_value()?).map(|text| model.new_password = text)
            } else if is("IPAddress") {
                text(&mut members)?.map(|text| model.ip_address = text)
            } else if is("UserAgent") {
                text(&mut members)?.map(|text| model.user_agent = text)
            } else if is("PermanentSessionId") {
                text(&mut members)?.map(|text| model.permanent_session_id = text)
            } else {
                members.next_value::<IgnoredAny>()?;
                Some(())
            };
            if bound.is_none() {
                binding.model_state.add(&format!("{PARAMETER}.{name}"), ERROR);
            }
        }
        Ok(Body(binding))
    }
}

fn password(member: Member) -> Option<Option<Plaintext>> {
    match member {
        Member::Text(text) => Some(Some(text)),
        Member::Null => Some(None),
        _ => None,
    }
}

/// Reads a member that is not a secret and converts numbers and booleans. It reads the raw text, so
/// that no digits of a number are lost.
fn text<'de, A: MapAccess<'de>>(members: &mut A) -> Result<Option<Option<String>>, A::Error> {
    let raw = members.next_value::<Box<RawValue>>()?;
    Ok(match raw.get() {
        "null" => Some(None),
        "true" => Some(Some("True".to_owned())),
        "false" => Some(Some("False".to_owned())),
        text if text.starts_with('"') => {
            Some(Some(serde_json::from_str(text).map_err(de::Error::custom)?))
        }
        composite if composite.starts_with(['{', '[']) => None,
        number => json_number::to_text(number).map(Some),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(body: &str) -> Vec<String> {
        let binding = read(body.as_bytes(), Charset::Utf8);
        binding.model_state.iter().map(|(key, _)| key.to_owned()).collect()
    }

    #[test]
    fn numbers_and_booleans_become_text_where_no_password_is_expected() {
        let body =
            br#"{"IPAddress":12345678901234567890123,"UserAgent":true,"PermanentSessionId":-1.50}"#;
        let model = read(body, Charset::Utf8).model.unwrap();
        assert_eq!(model.ip_address.as_deref(), Some("12345678901234567890123"));
        assert_eq!(model.user_agent.as_deref(), Some("True"));
        assert_eq!(model.permanent_session_id.as_deref(), Some("-1.5"));
    }

    #[test]
    fn passwords_are_never_converted() {
        for value in ["1", "true", "[]", "{}", "1.5", "false"] {
            let body = format!("{{\"OldPassword\":{value},\"newPassword\":{value}}}");
            assert_eq!(keys(&body), ["request.OldPassword", "request.newPassword"], "{value}");
        }
    }

    #[test]
    fn every_invalid_member_has_an_entry_and_the_others_are_bound() {
        let body = br#"{"UserAgent":["x"],"UserId":5,"OldPassword":"old","UserId":null}"#;
        let binding = read(body, Charset::Utf8);
        assert_eq!(binding.model.unwrap().old_password.unwrap().expose(), "old");
        let entries: Vec<_> = binding.model_state.iter().map(|(k, m)| (k, m.len())).collect();
        assert_eq!(entries, [("request.UserAgent", 1), ("request.UserId", 2)]);
    }

    #[test]
    fn a_body_that_is_not_an_object_is_one_error() {
        for body in [
            "[]",
            "true",
            "5",
            "\"x\"",
            "{} {}",
            "\u{FEFF}\u{FEFF}{}",
            "{\"IPAddress\":\"\\ud800\"}",
        ] {
            assert_eq!(keys(body), ["request"], "{body}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_white_space_are_an_empty_body() {
        let binding = read("\u{FEFF} \r\n".as_bytes(), Charset::Utf8);
        assert!(binding.model.is_none() && binding.model_state.is_empty());
    }

    proptest! {
        #[test]
        fn arbitrary_members_never_panic(
            name in "(?i:userid|oldpassword|ipaddress|x)",
            value in "[-0-9.eE\\[\\]{}\"\\\\a-z]{0,20}",
        ) {
            let _ = read(format!("{{\"{name}\":{value}}}").as_bytes(), Charset::Utf8);
        }
    }
}
