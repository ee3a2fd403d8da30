use std::fmt;

use serde::de::{self, MapAccess};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::encoding::Charset;
use crate::json_text;
use crate::read_error::{self, ReadError};
use crate::xml::reader::Reader;
use crate::xml::{XmlError, name, text};

/// The framework's message in place of any detail.
#[cfg(feature = "server")]
pub(crate) const ERROR: &str = "An error has occurred.";

/// The body of every answer other than 200: the framework's `HttpError`, without its members of
/// detail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HttpError {
    /// `Message`: what went wrong, in English.
    pub message: String,
    /// `ModelState`: the errors of each part of the request.
    #[serde(skip_serializing_if = "ModelState::is_empty")]
    pub model_state: ModelState,
}

/// Messages about parts of a request, such as `request.UserId`, in the order of each part's first
/// error; at most [`MAX_MESSAGES`](Self::MAX_MESSAGES) in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelState(Vec<(String, Vec<String>)>);

impl ModelState {
    /// The largest number of messages. The framework has no limit, but a body of 64 KiB can have
    /// thousands of errors.
    pub const MAX_MESSAGES: usize = 32;

    /// Whether there is no error.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a message about the part of this name, unless there are
    /// [`MAX_MESSAGES`](Self::MAX_MESSAGES) already.
    pub fn add(&mut self, key: &str, message: impl Into<String>) {
        if self.iter().map(|(_, messages)| messages.len()).sum::<usize>() >= Self::MAX_MESSAGES {
            return;
        }
        match self.0.iter_mut().find(|(own, _)| own == key) {
            Some((_, messages)) => messages.push(message.into()),
            None => self.0.push((key.to_owned(), vec![message.into()])),
        }
    }

    /// Returns the parts with their messages.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(key, messages)| (key.as_str(), messages.as_slice()))
    }
}

impl HttpError {
    /// Creates an error with only a message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), model_state: ModelState::default() }
    }

    /// Creates the error for a request that cannot be read.
    pub fn invalid(model_state: ModelState) -> Self {
        Self { message: "The request is invalid.".to_owned(), model_state }
    }

    /// Writes the error as JSON, byte for byte as Json.NET does.
    pub fn to_json(&self) -> String {
        json_text::write(self)
    }

    /// Writes the error as XML, byte for byte as the framework does. Several messages about one
    /// part are joined by a space.
    pub fn to_xml(&self) -> String {
        let mut xml = "<Error>".to_owned();
        push_element(&mut xml, "Message", &self.message);
        if !self.model_state.is_empty() {
            xml.push_str("<ModelState>");
            for (key, messages) in self.model_state.iter() {
                push_element(&mut xml, &name::encode_local(key), &messages.join(" "));
            }
            xml.push_str("</ModelState>");
        }
        xml.push_str("</Error>");
        xml
    }

    /// Reads an error of the type that `content_type` (the header's value) names. From XML each
    /// part has one message, since XML joins them.
    ///
    /// # Errors
    /// When it is of another type or shape, or malformed.
    pub fn read(content_type: &str, body: &[u8]) -> Result<Self, ReadError> {
        read_error::read(content_type, body, read_xml)
    }
}

fn push_element(xml: &mut String, name: &str, content: &str) {
    if content.is_empty() {
        xml.push_str(&format!("<{name} />"));
        return;
    }
    xml.push_str(&format!("<{name}>"));
    text::escape_lines_into(xml, content);
    xml.push_str(&format!("</{name}>"));
}

fn read_xml(document: &str, charset: Charset) -> Result<HttpError, XmlError> {
    let mut reader = Reader::new(document, charset)?;
    if !reader.root()?.is("", "Error") {
        return Err(reader.shape());
    }
    let mut error = HttpError::default();
    while let Some(element) = reader.child()? {
        if element.is("", "Message") {
            error.message = reader.text()?.expose().to_owned();
        } else if element.is("", "ModelState") {
            while let Some(part) = reader.child()? {
                let message = reader.text()?.expose().to_owned();
                error.model_state.add(&name::decode_local(&part.local), message);
            }
        } else {
            reader.skip()?;
        }
    }
    reader.finish()?;
    Ok(error)
}

impl Serialize for ModelState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for ModelState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ModelStateVisitor)
    }
}

struct ModelStateVisitor;

impl<'de> de::Visitor<'de> for ModelStateVisitor {
    type Value = ModelState;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lists of messages by part of the request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut parts: A) -> Result<ModelState, A::Error> {
        let mut model_state = ModelState::default();
        while let Some((key, messages)) = parts.next_entry::<String, Vec<String>>()? {
            messages.into_iter().for_each(|message| model_state.add(&key, message));
        }
        Ok(model_state)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn errors()(
            message in "[^\0\r]{0,12}",
            parts in prop::collection::vec(("[^\0]{1,6}", "[^\0\r]{0,8}"), 0..4),
        ) -> HttpError {
            let mut error = HttpError::new(message);
            parts.iter().for_each(|(key, message)| error.model_state.add(key, message.as_str()));
            error
        }
    }

    #[test]
    fn several_messages_of_a_part_are_joined_in_xml() {
        let mut model_state = ModelState::default();
        for (key, message) in [("request.x[0]", "a"), ("request", "b"), ("request.x[0]", "<c>")] {
            model_state.add(key, message);
        }
        let error = HttpError::invalid(model_state);
        assert_eq!(
            error.to_json(),
            "{\"Message\":\"The request is invalid.\",\
             \"ModelState\":{\"request.x[0]\":[\"a\",\"<c>\"],\"request\":[\"b\"]}}"
        );
        assert_eq!(
            error.to_xml(),
            "<Error><Message>The request is invalid.</Message><ModelState>\
             <request.x_x005B_0_x005D_>a &lt;c&gt;</request.x_x005B_0_x005D_>\
             <request>b</request></ModelState></Error>"
        );
    }

    /// Proves W2.
    #[test]
    fn w2_messages_are_at_most_32() {
        let mut model_state = ModelState::default();
        for number in 0..100 {
            model_state.add(&format!("request.{}", number / 2), "a");
        }
        assert_eq!(model_state.iter().count(), ModelState::MAX_MESSAGES / 2);
        assert!(model_state.iter().all(|(_, messages)| messages.len() == 2));
    }

    #[test]
    fn members_of_detail_are_ignored() {
        let json = br#"{"Message":"m","MessageDetail":"d","StackTrace":null}"#;
        let xml = b"<Error><Message>m</Message><MessageDetail>d</MessageDetail></Error>";
        assert_eq!(HttpError::read("text/json", json), Ok(HttpError::new("m")));
        assert_eq!(HttpError::read("text/xml", xml), Ok(HttpError::new("m")));
    }

    proptest! {
        #[test]
        fn json_is_read_as_written(error in errors()) {
            let read = HttpError::read("application/json", error.to_json().as_bytes());
            prop_assert_eq!(read, Ok(error));
        }

        #[test]
        fn xml_is_read_as_written(error in errors()) {
            let mut joined = HttpError::new(error.message.clone());
            for (key, messages) in error.model_state.iter() {
                joined.model_state.add(key, messages.join(" "));
            }
            let read = HttpError::read("application/xml", error.to_xml().as_bytes());
            prop_assert_eq!(read, Ok(joined));
        }

        #[test]
        fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..256)) {
            for content_type in ["application/json", "text/xml", "text/xml; charset=utf-16"] {
                let _ = HttpError::read(content_type, &body);
            }
        }
    }
}
