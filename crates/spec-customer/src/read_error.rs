use std::fmt;
use std::marker::PhantomData;

use repass_spec::json::{self, JsonError};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeOwned, MapAccess};
use serde::{Deserialize, Deserializer};

use crate::ContentFormat;
use crate::encoding::Charset;
use crate::media_type::MediaType;
use crate::xml::XmlError;

/// The reason why an answer's body cannot be read. It has the position and quotes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The content type is neither JSON nor XML.
    #[error("the answer is neither JSON nor XML")]
    MediaType,
    /// The bytes are not valid text in the declared charset.
    #[error("the answer is not in its declared encoding")]
    Encoding,
    /// It is not the expected JSON.
    #[error("the answer's JSON cannot be read")]
    Json(#[from] JsonError),
    /// It is not the expected XML.
    #[error("the answer's XML cannot be read")]
    Xml(#[from] XmlError),
}

/// Reads an answer by its content type.
pub(crate) fn read<T: DeserializeOwned>(
    content_type: &str,
    body: &[u8],
    xml: impl FnOnce(&str, Charset) -> Result<T, XmlError>,
) -> Result<T, ReadError> {
    match MediaType::parse(content_type).as_ref().and_then(ContentFormat::from_media_type) {
        Some((ContentFormat::Json, charset)) => {
            let text = charset.decode_json(body).map_err(|_| ReadError::Encoding)?;
            let Object(value) = json::read::<Object<T>>(text.as_str().as_bytes())?;
            Ok(value)
        }
        Some((ContentFormat::Xml, charset)) => {
            let text = charset.decode_xml(body).map_err(|_| ReadError::Encoding)?;
            Ok(xml(text.as_str(), charset)?)
        }
        Some((ContentFormat::Form, _)) | None => Err(ReadError::MediaType),
    }
}

/// A value that is written as an object. A derived `Deserialize` would accept an array too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}
