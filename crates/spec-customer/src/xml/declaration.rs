use quick_xml::events::BytesDecl;
use quick_xml::events::attributes::Attributes;

use super::XmlError;
use super::reader::is_spaced;
use crate::encoding::Charset;

/// Version, encoding and `standalone`. A declaration with more attributes is malformed.
const MAX_ATTRIBUTES: usize = 3;

/// Checks an XML declaration: version 1.0, then optionally the encoding of the document, then
/// optionally `standalone`. `None` if it is malformed.
pub(super) fn check(declaration: &BytesDecl<'_>, charset: Charset) -> Result<Option<()>, XmlError> {
    let raw: &str = declaration;
    let Some(attributes) = attributes(raw) else { return Ok(None) };
    let mut attributes = attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    if attributes.next() != Some(("version", "1.0")) {
        return Ok(None);
    }
    let mut next = attributes.next();
    if let Some(("encoding", name)) = next {
        if !charset.may_be_declared(name) {
            return Err(XmlError::Encoding);
        }
        next = attributes.next();
    }
    if let Some(("standalone", "yes" | "no")) = next {
        next = attributes.next();
    }
    Ok(next.is_none().then_some(()))
}

fn attributes(raw: &str) -> Option<Vec<(String, String)>> {
    if !is_spaced(raw) {
        return None;
    }
    Attributes::new(raw, "xml".len())
        .take(MAX_ATTRIBUTES + 1)
        .map(|attribute| {
            let attribute = attribute.ok()?;
            Some((attribute.key.as_ref().to_owned(), attribute.value.into_owned()))
        })
        .collect()
}
