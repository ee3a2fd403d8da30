use std::borrow::Cow;
use std::collections::HashSet;
use std::rc::Rc;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use repass_core::Plaintext;
use zeroize::Zeroizing;

use super::namespaces::{Binding, Namespaces};
use super::text::{is_character, is_white_space};
use super::{MAX_DEPTH, SCHEMA_INSTANCE, XmlError, declaration, name};
use crate::encoding::Charset;

/// Reads a document node by node and refuses everything that is not well-formed.
pub(crate) struct Reader<'a> {
    events: quick_xml::Reader<&'a [u8]>,
    namespaces: Namespaces,
    charset: Charset,
    depth: usize,
    begun: bool,
    root_seen: bool,
    high_surrogate: Option<u32>,
}

/// A start tag with its names resolved.
pub(crate) struct Element {
    /// The URI of the namespace, which other names share.
    namespace: Option<Rc<str>>,
    pub(crate) local: String,
    /// The value of `i:nil`.
    nil: Option<String>,
    /// The value of `i:type`.
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "requests alone claim one"))]
    declared_type: Option<String>,
}

impl Element {
    pub(crate) fn is(&self, namespace: &str, local: &str) -> bool {
        self.namespace.as_deref().unwrap_or_default() == namespace && self.local == local
    }
}

enum Node<'a> {
    Start(Element),
    End,
    /// Raw text: line ends are as received.
    Text(Cow<'a, str>),
    /// Raw text of a CDATA section.
    Section(Cow<'a, str>),
    /// The character of a reference.
    Character(char),
    EndOfDocument,
}

impl<'a> Reader<'a> {
    /// Creates a reader of `document`, which was received in `charset`, without its byte-order
    /// mark.
    pub(crate) fn new(document: &'a str, charset: Charset) -> Result<Self, XmlError> {
        let valid: usize =
            document.chars().take_while(|c| is_character(*c)).map(char::len_utf8).sum();
        // quick-xml would ignore a second byte-order mark.
        if valid < document.len() || document.starts_with('\u{FEFF}') {
            return Err(XmlError::Malformed { offset: valid as u64 });
        }
        let mut events = quick_xml::Reader::from_str(document);
        events.config_mut().enable_all_checks(true);
        events.config_mut().expand_empty_elements = true;
        Ok(Self {
            events,
            namespaces: Namespaces::new(),
            charset,
            depth: 0,
            begun: false,
            root_seen: false,
            high_surrogate: None,
        })
    }

    /// Reads up to and including the root's start tag.
    pub(crate) fn root(&mut self) -> Result<Element, XmlError> {
        match self.next()? {
            Node::Start(root) => Ok(root),
            _ => Err(self.malformed()),
        }
    }

    /// Reads the next child's start tag, or `None` at the end tag of the open element. Text between
    /// elements is an error.
    pub(crate) fn child(&mut self) -> Result<Option<Element>, XmlError> {
        loop {
            match self.next()? {
                Node::Start(element) => return Ok(Some(element)),
                Node::End => return Ok(None),
                Node::Text(text) if text.chars().all(is_white_space) => {}
                Node::Character(character) if is_white_space(character) => {}
                _ => return Err(self.shape()),
            }
        }
    }

    /// Reads the text of the open element, and its end tag.
    pub(crate) fn text(&mut self) -> Result<Plaintext, XmlError> {
        let mut content = Zeroizing::new(String::new());
        loop {
            match self.next()? {
                Node::Text(raw) | Node::Section(raw) => {
                    make_room(&mut content, raw.len());
                    push_normalized(&mut content, &raw);
                }
                Node::Character(character) => {
                    make_room(&mut content, character.len_utf8());
                    content.push(character);
                }
                Node::End => return Ok(Plaintext::new(std::mem::take(&mut *content))),
                Node::Start(_) | Node::EndOfDocument => return Err(self.shape()),
            }
        }
    }

    /// Skips the rest of the open element.
    pub(crate) fn skip(&mut self) -> Result<(), XmlError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// Reads what follows the root: comments and white space.
    pub(crate) fn finish(mut self) -> Result<(), XmlError> {
        match self.next()? {
            Node::EndOfDocument => Ok(()),
            _ => Err(self.malformed()),
        }
    }

    /// Whether the element just started is null by `i:nil`.
    pub(crate) fn is_nil(&self, element: &Element) -> Result<bool, XmlError> {
        match element.nil.as_deref().map(|value| value.trim_matches(is_white_space)) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(self.shape()),
        }
    }

    /// Whether the element just started has an `i:type` other than this one.
    #[cfg(feature = "server")]
    pub(crate) fn is_of_other_type(&self, element: &Element, namespace: &str, name: &str) -> bool {
        let Some(declared) = element.declared_type.as_deref().filter(|name| !name.is_empty())
        else {
            return false;
        };
        self.resolve_element(declared)
            .is_none_or(|(own, local)| own.map_or("", |own| &own.uri) != namespace || local != name)
    }

    /// Returns the error for XML of another shape.
    pub(crate) fn shape(&self) -> XmlError {
        XmlError::Shape { offset: self.events.buffer_position() }
    }

    fn malformed(&self) -> XmlError {
        XmlError::Malformed { offset: self.events.buffer_position() }
    }

    fn next(&mut self) -> Result<Node<'a>, XmlError> {
        loop {
            let first = !std::mem::replace(&mut self.begun, true);
            let event = self.events.read_event().map_err(|_| self.malformed())?;
            if self.high_surrogate.is_some() && !matches!(event, Event::GeneralRef(_)) {
                return Err(self.malformed());
            }
            match event {
                Event::Decl(declaration) if first => self.declaration(&declaration)?,
                Event::Comment(_) => {}
                Event::Start(tag) => return self.open(&tag).map(Node::Start),
                Event::End(_) => {
                    self.depth = self.depth.checked_sub(1).ok_or_else(|| self.malformed())?;
                    self.namespaces.leave(self.depth);
                    return Ok(Node::End);
                }
                Event::Text(text) if self.depth > 0 => {
                    let raw = text.into_inner();
                    // Only a CDATA section may end with this (2.4).
                    let ends_section = raw.contains("]]>");
                    return if ends_section { Err(self.malformed()) } else { Ok(Node::Text(raw)) };
                }
                Event::Text(text) if text.chars().all(is_white_space) => {}
                Event::CData(section) if self.depth > 0 => {
                    return Ok(Node::Section(section.into_inner()));
                }
                Event::GeneralRef(reference) if self.depth > 0 => {
                    if let Some(character) = self.reference(&reference)? {
                        return Ok(Node::Character(character));
                    }
                }
                Event::Eof if self.depth == 0 && self.root_seen => return Ok(Node::EndOfDocument),
                _ => return Err(self.malformed()),
            }
        }
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), XmlError> {
        declaration::check(declaration, self.charset)?.ok_or_else(|| self.malformed())
    }

    fn open(&mut self, tag: &BytesStart<'_>) -> Result<Element, XmlError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(XmlError::TooDeep);
        }
        if self.depth == 1 && std::mem::replace(&mut self.root_seen, true) {
            return Err(self.malformed());
        }
        self.element(tag).ok_or_else(|| self.malformed())
    }

    /// Checks a start tag and adds its namespaces. `None` if it is malformed.
    fn element(&mut self, tag: &BytesStart<'_>) -> Option<Element> {
        let raw = tag.attributes_raw();
        if !name::is_qualified(tag.name().as_ref()) || raw.contains('<') || !is_spaced(raw) {
            return None;
        }
        let mut plain = Vec::new();
        // quick-xml refuses two attributes of the same name.
        for attribute in tag.attributes() {
            let attribute = attribute.ok()?;
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).ok()?;
            if !name::is_qualified(attribute.key.as_ref()) {
                return None;
            }
            match attribute.key.as_namespace_binding() {
                Some(prefix) => self.namespaces.declare(prefix, &value, self.depth)?,
                None => plain.push((attribute.key.0, value)),
            }
        }
        let (mut nil, mut declared_type) = (None, None);
        let mut seen = HashSet::with_capacity(plain.len());
        for (name, value) in plain {
            let (namespace, local) = self.resolve_attribute(name)?;
            if !seen.insert((namespace.map(|namespace| namespace.number), local)) {
                return None;
            }
            match local {
                _ if namespace.is_none_or(|own| *own.uri != *SCHEMA_INSTANCE) => {}
                "nil" => nil = Some(value.into_owned()),
                "type" => declared_type = Some(value.into_owned()),
                _ => {}
            }
        }
        let (namespace, local) = self.resolve_element(tag.name().0)?;
        let namespace = namespace.map(|namespace| Rc::clone(&namespace.uri));
        Some(Element { namespace, local: local.to_owned(), nil, declared_type })
    }

    /// Returns namespace and local name of an element. `None` if its prefix is not bound.
    fn resolve_element<'n>(&self, name: &'n str) -> Option<(Option<&Binding>, &'n str)> {
        match name.split_once(':') {
            Some(_) => self.resolve_attribute(name),
            None => Some((self.namespaces.find(None), name)),
        }
    }

    /// Returns namespace and local name of an attribute, which without a prefix has no namespace.
    fn resolve_attribute<'n>(&self, name: &'n str) -> Option<(Option<&Binding>, &'n str)> {
        match name.split_once(':') {
            Some((prefix, local)) => Some((Some(self.namespaces.find(Some(prefix))?), local)),
            None => Some((None, name)),
        }
    }

    /// Returns the character of a reference. `None` for the first half of a surrogate pair, which
    /// .NET allows as two references.
    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<Option<char>, XmlError> {
        let Some(number) = reference.strip_prefix('#') else {
            let entity = resolve_predefined_entity(reference).and_then(|text| text.chars().next());
            return match (entity, self.high_surrogate) {
                (Some(character), None) => Ok(Some(character)),
                _ => Err(self.malformed()),
            };
        };
        let code = code_point(number).ok_or_else(|| self.malformed())?;
        match (self.high_surrogate.take(), code) {
            (None, 0xD800..=0xDBFF) => {
                self.high_surrogate = Some(code);
                Ok(None)
            }
            (Some(high), 0xDC00..=0xDFFF) => {
                let pair = 0x1_0000 + ((high - 0xD800) << 10) + (code - 0xDC00);
                char::from_u32(pair).map(Some).ok_or_else(|| self.malformed())
            }
            // A reference may be to any character except U+0000, even to one that is not allowed
            // raw.
            (None, 1..) => char::from_u32(code).map(Some).ok_or_else(|| self.malformed()),
            _ => Err(self.malformed()),
        }
    }
}

/// Whether white space follows every quoted value of a tag except the last (XML 1.0, 3.1).
pub(super) fn is_spaced(attributes: &str) -> bool {
    let mut quote = None;
    let mut characters = attributes.chars().peekable();
    while let Some(character) = characters.next() {
        match quote {
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(open) if open == character => {
                quote = None;
                if characters.peek().is_some_and(|next| !is_white_space(*next)) {
                    return false;
                }
            }
            _ => {}
        }
    }
    true
}

fn code_point(number: &str) -> Option<u32> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    let plain = digits.chars().all(|digit| digit.is_digit(radix));
    plain.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
}

/// Makes room for `more` bytes. A string that grows by itself leaves a copy in freed memory, and it
/// may be a password.
fn make_room(content: &mut Zeroizing<String>, more: usize) {
    let length = content.len() + more;
    if length > content.capacity() {
        let mut larger = Zeroizing::new(String::with_capacity(length.max(2 * content.capacity())));
        larger.push_str(content);
        *content = larger;
    }
}

/// Appends text with its line ends converted to line feeds (XML 1.0, 2.11).
fn push_normalized(content: &mut String, raw: &str) {
    let mut characters = raw.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\r' {
            characters.next_if_eq(&'\n');
            content.push('\n');
        } else {
            content.push(character);
        }
    }
}

#[cfg(test)]
mod tests;
