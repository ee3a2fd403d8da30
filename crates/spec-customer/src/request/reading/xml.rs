use repass_core::Plaintext;

use super::{Binding, UpdateUserPasswordRequest, guid};
use crate::encoding::Charset;
use crate::request::write::{NAMESPACE, ROOT};
use crate::xml::XmlError;
use crate::xml::reader::{Element, Reader};

/// The members in the order in which the serializer expects them.
const MEMBERS: [&str; 6] =
    ["IPAddress", "NewPassword", "OldPassword", "PermanentSessionId", "UserAgent", "UserId"];

/// Reads XML as the DataContract serializer does.
pub(super) fn read(body: &[u8], charset: Charset) -> Binding {
    match document(body, charset) {
        Ok(model) => Binding::valid(model),
        Err(_) => Binding::unreadable(),
    }
}

fn document(body: &[u8], charset: Charset) -> Result<Option<UpdateUserPasswordRequest>, XmlError> {
    let text = charset.decode_xml(body).map_err(|_| XmlError::Encoding)?;
    let mut reader = Reader::new(text.as_str(), charset)?;
    let root = reader.root()?;
    if !root.is(NAMESPACE, ROOT) || reader.is_of_other_type(&root, NAMESPACE, ROOT) {
        return Err(reader.shape());
    }
    let model = if reader.is_nil(&root)? {
        reader.skip()?;
        None
    } else {
        Some(members(&mut reader)?)
    };
    reader.finish()?;
    Ok(model)
}

/// Binds a member only if it comes after the one bound last; a member out of order is skipped.
fn members(reader: &mut Reader<'_>) -> Result<UpdateUserPasswordRequest, XmlError> {
    let mut model = UpdateUserPasswordRequest::default();
    let mut next = 0;
    while let Some(element) = reader.child()? {
        let found = (next..MEMBERS.len()).find(|member| element.is(NAMESPACE, MEMBERS[*member]));
        let Some(member) = found else {
            reader.skip()?;
            continue;
        };
        next = member + 1;
        let value = value(reader, &element)?;
        match MEMBERS[member] {
            "IPAddress" => model.ip_address = value.as_ref().map(plain),
            "NewPassword" => model.new_password = value,
            "OldPassword" => model.old_password = value,
            "PermanentSessionId" => model.permanent_session_id = value.as_ref().map(plain),
            "UserAgent" => model.user_agent = value.as_ref().map(plain),
            _ => {
                let user_id = value.and_then(|text| guid::parse(text.expose()));
                model.user_id = user_id.ok_or_else(|| reader.shape())?;
            }
        }
    }
    Ok(model)
}

fn value(reader: &mut Reader<'_>, element: &Element) -> Result<Option<Plaintext>, XmlError> {
    if reader.is_nil(element)? {
        reader.skip()?;
        Ok(None)
    } else {
        reader.text().map(Some)
    }
}

fn plain(text: &Plaintext) -> String {
    text.expose().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARKUP: &str =
        "([<>&;/ '=a-z]|<NewPassword>|</NewPassword>|<UserId/>| i:nil='true'){0,20}";

    fn model(members: &str) -> Result<UpdateUserPasswordRequest, XmlError> {
        let body = format!(
            "<{ROOT} xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xmlns=\"{NAMESPACE}\">{members}</{ROOT}>"
        );
        document(body.as_bytes(), Charset::Utf8).map(Option::unwrap)
    }

    fn new_password(members: &str) -> Option<String> {
        model(members).unwrap().new_password.map(|text| text.expose().to_owned())
    }

    #[test]
    fn the_first_duplicate_is_bound() {
        assert_eq!(
            new_password("<NewPassword>a</NewPassword><NewPassword>b</NewPassword>").unwrap(),
            "a"
        );
        let nil_first = "<NewPassword i:nil='1'/><NewPassword>b</NewPassword>";
        assert_eq!(new_password(nil_first), None);
    }

    #[test]
    fn nil_is_a_missing_password_and_an_invalid_user_id() {
        assert_eq!(new_password("<NewPassword i:nil=' true '><x>a</x></NewPassword>"), None);
        assert_eq!(new_password("<NewPassword i:nil='0'>a</NewPassword>").unwrap(), "a");
        assert_eq!(new_password("<NewPassword nil='true'>a</NewPassword>").unwrap(), "a");
        assert!(model("<NewPassword i:nil='yes'/>").is_err());
        assert!(model("<UserId i:nil='true'/>").is_err());
        assert!(model("<X i:nil='yes'/>").is_ok());
    }

    #[test]
    fn an_i_type_on_the_root_must_be_its_own_type() {
        let root = |claim: &str| {
            let body = format!(
                "<q:{ROOT} xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" \
                 xmlns:q=\"{NAMESPACE}\" i:type=\"{claim}\"/>"
            );
            document(body.as_bytes(), Charset::Utf8)
        };
        assert!(root("q:UpdateUserPasswordRequest").is_ok());
        for other in ["UpdateUserPasswordRequest", "q:Other", "p:UpdateUserPasswordRequest"] {
            assert!(root(other).is_err(), "{other}");
        }
    }

    #[test]
    fn strings_have_no_children_and_the_root_no_text() {
        for bad in [
            "<NewPassword><b/></NewPassword>",
            "<UserId>1c4b0ca1-ad13-410b-a1c5-bb2065641934<b/></UserId>",
            "<![CDATA[ ]]>",
            "x",
            "&#65;",
        ] {
            assert!(model(bad).is_err(), "{bad}");
        }
        assert!(model(" <!-- c -->\n&#32;<AAA>x<b/></AAA>").is_ok());
    }

    proptest! {
        #[test]
        fn arbitrary_members_never_panic(members in MARKUP) {
            let _ = model(&members);
        }
    }
}
