//! Names in XML 1.0 (fifth edition, 2.3) with namespaces, and .NET's way to write any text as one.

/// Whether `text` is a name with at most one prefix.
pub(crate) fn is_qualified(text: &str) -> bool {
    match text.split_once(':') {
        Some((prefix, local)) => is_local(prefix) && is_local(local),
        None => is_local(text),
    }
}

/// Writes any text as a local name, like `XmlConvert.EncodeLocalName`: a character that a name
/// cannot contain becomes `_xHHHH_`.
pub(crate) fn encode_local(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let looks_escaped = character == '_' && escaped(&text[at..]).is_some();
        let fits = if at == 0 { is_start(character) } else { is_part(character) };
        if fits && !looks_escaped {
            name.push(character);
        } else if u32::from(character) > 0xFFFF {
            name.push_str(&format!("_x{:08X}_", u32::from(character)));
        } else {
            name.push_str(&format!("_x{:04X}_", u32::from(character)));
        }
    }
    name
}

/// Reads a name that [`encode_local`] wrote.
pub(crate) fn decode_local(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let (character, length) = escaped(rest).unwrap_or((first, first.len_utf8()));
        text.push(character);
        rest = &rest[length..];
    }
    text
}

/// Returns the character of an `_xHHHH_` at the beginning, and the length of that escape.
fn escaped(text: &str) -> Option<(char, usize)> {
    let digits = text.strip_prefix("_x")?;
    let (digits, _) = digits.split_once('_')?;
    let plausible = matches!(digits.len(), 4 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let code = plausible.then(|| u32::from_str_radix(digits, 16).ok()).flatten()?;
    Some((char::from_u32(code)?, digits.len() + "_x_".len()))
}

fn is_local(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(is_start) && characters.all(is_part)
}

fn is_start(character: char) -> bool {
    matches!(character,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
        | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}'
        | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

fn is_part(character: char) -> bool {
    is_start(character)
        || matches!(character,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn qualified_names_have_at_most_one_prefix() {
        for good in ["a", "a:b", "_a-1.é", "d2p1:string"] {
            assert!(is_qualified(good), "{good}");
        }
        for bad in ["", ":", ":a", "a:", "a:b:c", "1a", "a/", "a<", "-a", "a:1"] {
            assert!(!is_qualified(bad), "{bad}");
        }
    }

    #[test]
    fn model_state_keys_become_names_as_in_dot_net() {
        assert_eq!(encode_local("request.UserId"), "request.UserId");
        assert_eq!(encode_local("request.x[0]"), "request.x_x005B_0_x005D_");
        assert_eq!(encode_local("_x0041_"), "_x005F_x0041_");
        assert_eq!(encode_local("1"), "_x0031_");
    }

    proptest! {
        #[test]
        fn any_text_is_read_from_its_name_as_written(text in ".+") {
            let name = encode_local(&text);
            prop_assert!(is_local(&name), "{}", name);
            prop_assert_eq!(decode_local(&name), text);
        }
    }
}
