//! XML as the DataContract serializer reads and writes it.
//!
//! quick-xml does the tokenizing. It is lenient by design, so [`reader`] adds the checks of XML 1.0
//! and of the serializer's reader.

mod declaration;
pub(crate) mod name;
mod namespaces;
pub(crate) mod reader;
pub(crate) mod text;

/// The XML Schema instance namespace, which `nil` and `type` belong to.
pub(crate) const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The deepest nesting of elements that is read.
pub(crate) const MAX_DEPTH: usize = 128;

/// The reason why a document cannot be read. It has the position and quotes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// The bytes are not valid text in the declared charset, or the XML declaration contradicts it.
    #[error("the document is not in its declared encoding")]
    Encoding,
    /// Not XML 1.0 with namespaces, or with a document type or processing instructions.
    #[error("the document is malformed XML before byte {offset}")]
    Malformed {
        /// The number of bytes of UTF-8 that were read.
        offset: u64,
    },
    /// Elements nested deeper than 128.
    #[error("the document is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// XML, but of another shape.
    #[error("the document is XML of another shape before byte {offset}")]
    Shape {
        /// The number of bytes of UTF-8 that were read.
        offset: u64,
    },
}
