use serde::{Deserialize, Serialize};

use crate::encoding::Charset;
use crate::json_text;
use crate::read_error::{self, ReadError};
use crate::xml::reader::Reader;
use crate::xml::{SCHEMA_INSTANCE, XmlError, text};

const NAMESPACE: &str = "http://schemas.datacontract.org/2004/07/BusinessLayer.Dto.Response";
const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";
const ROOT: &str = "UpdateUserPasswordResponse";

/// The body of a 200 answer: `UpdateUserPasswordResponse` of the vendor's page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpdateUserPasswordResponse {
    /// `Success`: whether the password was changed.
    pub success: bool,
    /// `InvalidPassword`: whether the account or its old password was wrong. The answer is the same
    /// for both, so that accounts cannot be enumerated.
    pub invalid_password: bool,
    /// `ExceptionMessageList`: the reasons, as sentences in English. The type allows a missing list
    /// and nulls in it; repass sends neither.
    pub exception_message_list: Option<Vec<Option<String>>>,
}

impl UpdateUserPasswordResponse {
    /// Returns the answer to a change that was made.
    pub fn changed() -> Self {
        Self { success: true, invalid_password: false, exception_message_list: Some(Vec::new()) }
    }

    /// Returns the answer to a wrong account or old password.
    pub fn wrong_password() -> Self {
        Self {
            success: false,
            invalid_password: true,
            exception_message_list: Some(vec![Some(
                "The user ID or the old password is wrong.".to_owned(),
            )]),
        }
    }

    /// Returns the answer to a new password that the policy refuses, with a message for each broken
    /// rule.
    pub fn rejected(messages: impl IntoIterator<Item = String>) -> Self {
        Self {
            success: false,
            invalid_password: false,
            exception_message_list: Some(messages.into_iter().map(Some).collect()),
        }
    }

    /// Writes the answer as JSON, byte for byte as Json.NET does.
    pub fn to_json(&self) -> String {
        json_text::write(self)
    }

    /// Writes the answer as XML, byte for byte as the DataContract serializer does.
    pub fn to_xml(&self) -> String {
        let mut xml = format!(
            "<{ROOT} xmlns:i=\"{SCHEMA_INSTANCE}\" xmlns=\"{NAMESPACE}\">\
             <ExceptionMessageList xmlns:d2p1=\"{ARRAYS}\""
        );
        match self.exception_message_list.as_deref() {
            None => xml.push_str(" i:nil=\"true\" />"),
            Some([]) => xml.push_str(" />"),
            Some(messages) => {
                xml.push('>');
                messages.iter().for_each(|message| push_message(&mut xml, message.as_deref()));
                xml.push_str("</ExceptionMessageList>");
            }
        }
        xml.push_str(&format!(
            "<InvalidPassword>{}</InvalidPassword><Success>{}</Success></{ROOT}>",
            self.invalid_password, self.success
        ));
        xml
    }

    /// Reads an answer of the type that `content_type` (the header's value) names. Missing
    /// members are false or `None`.
    ///
    /// # Errors
    /// When it is of another type or shape, or malformed.
    pub fn read(content_type: &str, body: &[u8]) -> Result<Self, ReadError> {
        read_error::read(content_type, body, read_xml)
    }
}

fn push_message(xml: &mut String, message: Option<&str>) {
    match message {
        None => xml.push_str("<d2p1:string i:nil=\"true\" />"),
        Some("") => xml.push_str("<d2p1:string />"),
        Some(message) => {
            xml.push_str("<d2p1:string>");
            text::escape_lines_into(xml, message);
            xml.push_str("</d2p1:string>");
        }
    }
}

fn read_xml(document: &str, charset: Charset) -> Result<UpdateUserPasswordResponse, XmlError> {
    let mut reader = Reader::new(document, charset)?;
    if !reader.root()?.is(NAMESPACE, ROOT) {
        return Err(reader.shape());
    }
    let mut response = UpdateUserPasswordResponse::default();
    while let Some(element) = reader.child()? {
        if element.is(NAMESPACE, "ExceptionMessageList") && !reader.is_nil(&element)? {
            response.exception_message_list = Some(read_messages(&mut reader)?);
        } else if element.is(NAMESPACE, "InvalidPassword") {
            response.invalid_password = read_boolean(&mut reader)?;
        } else if element.is(NAMESPACE, "Success") {
            response.success = read_boolean(&mut reader)?;
        } else {
            reader.skip()?;
        }
    }
    reader.finish()?;
    Ok(response)
}

fn read_messages(reader: &mut Reader<'_>) -> Result<Vec<Option<String>>, XmlError> {
    let mut messages = Vec::new();
    while let Some(element) = reader.child()? {
        if !element.is(ARRAYS, "string") {
            reader.skip()?;
        } else if reader.is_nil(&element)? {
            reader.skip()?;
            messages.push(None);
        } else {
            messages.push(Some(reader.text()?.expose().to_owned()));
        }
    }
    Ok(messages)
}

fn read_boolean(reader: &mut Reader<'_>) -> Result<bool, XmlError> {
    match reader.text()?.expose().trim() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(reader.shape()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// XML changes only line ends.
    fn normalized(mut response: UpdateUserPasswordResponse) -> UpdateUserPasswordResponse {
        for message in response.exception_message_list.iter_mut().flatten().flatten() {
            *message = message.replace("\r\n", "\n").replace('\r', "\n");
        }
        response
    }

    prop_compose! {
        fn responses()(
            success in any::<bool>(),
            invalid_password in any::<bool>(),
            exception_message_list in
                prop::option::of(prop::collection::vec(prop::option::of("[^\0]{0,8}"), 0..4)),
        ) -> UpdateUserPasswordResponse {
            UpdateUserPasswordResponse { success, invalid_password, exception_message_list }
        }
    }

    #[test]
    fn empty_and_null_messages_are_read_as_written() {
        let response = UpdateUserPasswordResponse {
            exception_message_list: Some(vec![None, Some(String::new())]),
            ..Default::default()
        };
        assert!(
            response.to_xml().contains("<d2p1:string i:nil=\"true\" /><d2p1:string /></Exc"),
            "{}",
            response.to_xml()
        );
        let read = UpdateUserPasswordResponse::read("text/xml", response.to_xml().as_bytes());
        assert_eq!(read, Ok(response));
    }

    #[test]
    fn the_vendors_indented_sample_is_read() {
        let sample = "<UpdateUserPasswordResponse \
            xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" \
            xmlns=\"http://schemas.datacontract.org/2004/07/BusinessLayer.Dto.Response\">\n  \
            <ExceptionMessageList \
            xmlns:d2p1=\"http://schemas.microsoft.com/2003/10/Serialization/Arrays\">\n    \
            <d2p1:string>sample string 1</d2p1:string>\n  </ExceptionMessageList>\n  \
            <InvalidPassword>true</InvalidPassword>\n  <Success>true</Success>\n\
            </UpdateUserPasswordResponse>";
        let response = UpdateUserPasswordResponse::read("text/xml", sample.as_bytes()).unwrap();
        assert!(response.success && response.invalid_password);
        let messages = response.exception_message_list.unwrap();
        assert_eq!(messages, [Some("sample string 1".to_owned())]);
    }

    #[test]
    fn other_types_and_shapes_are_errors() {
        let read = UpdateUserPasswordResponse::read;
        assert_eq!(read("text/html", b"<a/>"), Err(ReadError::MediaType));
        assert!(matches!(read("text/xml", b"<a/>"), Err(ReadError::Xml(XmlError::Shape { .. }))));
        assert!(matches!(read("text/json", b"[]"), Err(ReadError::Json(_))));
        assert_eq!(read("text/json", b"\xFF"), Err(ReadError::Encoding));
    }

    proptest! {
        #[test]
        fn json_is_read_as_written(response in responses()) {
            let json = response.to_json();
            prop_assert_eq!(
                UpdateUserPasswordResponse::read("application/json", json.as_bytes()),
                Ok(response)
            );
        }

        #[test]
        fn xml_is_read_as_written(response in responses()) {
            let xml = response.to_xml();
            prop_assert_eq!(
                UpdateUserPasswordResponse::read("application/xml", xml.as_bytes()),
                Ok(normalized(response))
            );
        }

        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..256)) {
            for content_type in ["application/json", "text/xml", "text/xml; charset=utf-16"] {
                let _ = UpdateUserPasswordResponse::read(content_type, &body);
            }
        }
    }
}
