use repass_core::Plaintext;
use repass_spec::form;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::{NotXml, UpdateUserPasswordRequest};
use crate::json_text;
use crate::xml::{SCHEMA_INSTANCE, text};

pub(super) const NAMESPACE: &str =
    "http://schemas.datacontract.org/2004/07/BusinessLayer.Dto.Request";
pub(super) const ROOT: &str = "UpdateUserPasswordRequest";

pub(super) fn json(request: &UpdateUserPasswordRequest) -> Plaintext {
    Plaintext::new(json_text::write(&Wire {
        user_id: request.user_id,
        old_password: request.old_password.as_ref().map(Exposed),
        new_password: request.new_password.as_ref().map(Exposed),
        ip_address: request.ip_address.as_deref(),
        user_agent: request.user_agent.as_deref(),
        permanent_session_id: request.permanent_session_id.as_deref(),
    }))
}

pub(super) fn xml(request: &UpdateUserPasswordRequest) -> Result<Plaintext, NotXml> {
    let user_id = request.user_id.to_string();
    let members = [
        ("IPAddress", request.ip_address.as_deref()),
        ("NewPassword", request.new_password.as_ref().map(Plaintext::expose)),
        ("OldPassword", request.old_password.as_ref().map(Plaintext::expose)),
        ("PermanentSessionId", request.permanent_session_id.as_deref()),
        ("UserAgent", request.user_agent.as_deref()),
        ("UserId", Some(user_id.as_str())),
    ];
    let mut xml = String::with_capacity(1024);
    xml.push_str(&format!("<{ROOT} xmlns:i=\"{SCHEMA_INSTANCE}\" xmlns=\"{NAMESPACE}\">"));
    for (name, value) in members {
        let Some(value) = value else {
            xml.push_str(&format!("<{name} i:nil=\"true\" />"));
            continue;
        };
        if value.contains('\0') {
            return Err(NotXml);
        }
        xml.push_str(&format!("<{name}>"));
        text::escape_into(&mut xml, value);
        xml.push_str(&format!("</{name}>"));
    }
    xml.push_str(&format!("</{ROOT}>"));
    Ok(Plaintext::new(xml))
}

pub(super) fn form(request: &UpdateUserPasswordRequest) -> Plaintext {
    let user_id = request.user_id.to_string();
    let members = [
        ("UserId", Some(user_id.as_str())),
        ("OldPassword", request.old_password.as_ref().map(Plaintext::expose)),
        ("NewPassword", request.new_password.as_ref().map(Plaintext::expose)),
        ("IPAddress", request.ip_address.as_deref()),
        ("UserAgent", request.user_agent.as_deref()),
        ("PermanentSessionId", request.permanent_session_id.as_deref()),
    ];
    let members = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
    form::write(&members.collect::<Vec<_>>())
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Wire<'a> {
    user_id: Uuid,
    old_password: Option<Exposed<'a>>,
    new_password: Option<Exposed<'a>>,
    #[serde(rename = "IPAddress")]
    ip_address: Option<&'a str>,
    user_agent: Option<&'a str>,
    permanent_session_id: Option<&'a str>,
}

/// A password that is written into a request.
struct Exposed<'a>(&'a Plaintext);

impl Serialize for Exposed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> UpdateUserPasswordRequest {
        UpdateUserPasswordRequest {
            user_id: Uuid::from_u128(0x1c4b0ca1_ad13_410b_a1c5_bb2065641934),
            old_password: Some("sample string 2".into()),
            new_password: Some("sample string 3".into()),
            ip_address: Some("sample string 4".into()),
            user_agent: Some("sample string 5".into()),
            permanent_session_id: None,
        }
    }

    #[test]
    fn requests_are_written_like_the_vendors_samples() {
        assert_eq!(
            sample().to_json().expose(),
            "{\"UserId\":\"1c4b0ca1-ad13-410b-a1c5-bb2065641934\",\
             \"OldPassword\":\"sample string 2\",\"NewPassword\":\"sample string 3\",\
             \"IPAddress\":\"sample string 4\",\"UserAgent\":\"sample string 5\",\
             \"PermanentSessionId\":null}"
        );
        assert_eq!(
            sample().to_xml().unwrap().expose(),
            "<UpdateUserPasswordRequest xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xmlns=\"http://schemas.datacontract.org/2004/07/BusinessLayer.Dto.Request\">\
             <IPAddress>sample string 4</IPAddress><NewPassword>sample string 3</NewPassword>\
             <OldPassword>sample string 2</OldPassword><PermanentSessionId i:nil=\"true\" />\
             <UserAgent>sample string 5</UserAgent>\
             <UserId>1c4b0ca1-ad13-410b-a1c5-bb2065641934</UserId></UpdateUserPasswordRequest>"
        );
        assert_eq!(
            sample().to_form().expose(),
            "UserId=1c4b0ca1-ad13-410b-a1c5-bb2065641934&OldPassword=sample+string+2\
             &NewPassword=sample+string+3&IPAddress=sample+string+4&UserAgent=sample+string+5"
        );
    }
}
