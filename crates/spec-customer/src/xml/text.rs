//! Writes text into XML.

/// Appends `text` as element content. A character that is not allowed raw becomes a reference. So
/// does a carriage return, since a raw one would be read as a line feed.
///
/// U+0000 becomes `&#x0;` as in .NET, which strict readers refuse.
pub(crate) fn escape_into(xml: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '&' => xml.push_str("&amp;"),
            other if other != '\r' && is_character(other) => xml.push(other),
            other => xml.push_str(&format!("&#x{:X};", u32::from(other))),
        }
    }
}

/// Appends `text` as element content with every line end written as a line feed, as `XmlWriter`
/// does.
pub(crate) fn escape_lines_into(xml: &mut String, text: &str) {
    let mut pieces = text.split("\r\n").flat_map(|piece| piece.split('\r'));
    if let Some(first) = pieces.next() {
        escape_into(xml, first);
    }
    for piece in pieces {
        xml.push('\n');
        escape_into(xml, piece);
    }
}

/// Whether a character is allowed raw in a document (XML 1.0, 2.2).
pub(crate) fn is_character(character: char) -> bool {
    !matches!(character,
        '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Whether a character is white space in XML (2.3).
pub(crate) fn is_white_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}
