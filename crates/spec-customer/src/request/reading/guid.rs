use uuid::Uuid;

/// Reads a GUID in any of the forms that .NET's `Guid` accepts: with hyphens (D), without (N), with
/// hyphens in braces (B) or parentheses (P), or as a struct of hexadecimal numbers (X). White space
/// around it is trimmed, and the case of digits does not matter.
pub(super) fn parse(text: &str) -> Option<Uuid> {
    let text = text.trim();
    let wrapped = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    match wrapped('{', '}').or_else(|| wrapped('(', ')')) {
        Some(inner) => hyphenated(inner).or_else(|| structure(text)),
        None if text.len() == 32 => Uuid::try_parse(text).ok(),
        None => hyphenated(text),
    }
}

fn hyphenated(text: &str) -> Option<Uuid> {
    if text.len() == 36 { Uuid::try_parse(text).ok() } else { None }
}

/// Reads `{0x1c4b0ca1,0xad13,0x410b,{0xa1,0xc5,0xbb,0x20,0x65,0x64,0x19,0x34}}`; white space is
/// allowed anywhere.
fn structure(text: &str) -> Option<Uuid> {
    let compact: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let (fields, bytes) = compact.strip_prefix('{')?.strip_suffix("}}")?.split_once(",{")?;
    let fields: Vec<&str> = fields.split(',').collect();
    let bytes = bytes.split(',').map(|byte| u8::try_from(number(byte, 2)?).ok());
    let bytes: [u8; 8] = bytes.collect::<Option<Vec<_>>>()?.try_into().ok()?;
    let &[one, two, three] = fields.as_slice() else { return None };
    let short = |field| u16::try_from(number(field, 4)?).ok();
    Some(Uuid::from_fields(number(one, 8)?, short(two)?, short(three)?, &bytes))
}

fn number(text: &str, most_digits: usize) -> Option<u32> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let plain = digits.len() <= most_digits && digits.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GUID: Uuid = Uuid::from_u128(0x1c4b0ca1_ad13_410b_a1c5_bb2065641934);

    #[test]
    fn every_form_is_read() {
        for text in [
            "1c4b0ca1-ad13-410b-a1c5-bb2065641934",
            "1C4B0CA1AD13410BA1C5BB2065641934",
            "{1c4b0ca1-ad13-410b-A1C5-bb2065641934}",
            " (1c4b0ca1-ad13-410b-a1c5-bb2065641934)\r\n",
            "{0x1c4b0ca1,0xad13,0x410b,{0xa1,0xc5,0xbb,0x20,0x65,0x64,0x19,0x34}}",
            "{0X1C4B0CA1, 0xad13, 0x410b, { 0xa1,0xc5,0xbb,0x20,0x65,0x64,0x19,0x34 } }",
        ] {
            assert_eq!(parse(text), Some(GUID), "{text}");
        }
        let short = "{0x1,0x2,0x3,{0x4,0x5,0x6,0x7,0x8,0x9,0xa,0xb}}";
        let expected = Uuid::from_u128(0x00000001_0002_0003_0405_060708090a0b);
        assert_eq!(parse(short), Some(expected));
    }

    #[test]
    fn malformed_guids_are_refused() {
        for text in [
            "",
            " ",
            "nope",
            "1c4b0ca1-ad13-410b-a1c5-bb206564193",
            "1c4b0ca1-ad13-410b-a1c5-bb206564193g",
            "{1c4b0ca1ad13410ba1c5bb2065641934}",
            "(1c4b0ca1ad13410ba1c5bb2065641934)",
            "{1c4b0ca1-ad13-410b-a1c5-bb2065641934",
            "{1c4b0ca1-ad13-410b-a1c5-bb2065641934)",
            "urn:uuid:1c4b0ca1-ad13-410b-a1c5-bb2065641934",
            "1c4b0ca1ad13-410b-a1c5-bb20656419-34",
            "{0x1c4b0ca1,0xad13,0x410b,{0xa1,0xc5,0xbb,0x20,0x65,0x64,0x19}}",
            "{0x1c4b0ca1,0xad13,0x410b,{0xa1,0xc5,0xbb,0x20,0x65,0x64,0x19,0x134}}",
            "{0x,0xad13,0x410b,{0xa1,0xc5,0xbb,0x20,0x65,0x64,0x19,0x34}}",
            "(0x1c4b0ca1,0xad13,0x410b,{0xa1,0xc5,0xbb,0x20,0x65,0x64,0x19,0x34})",
            "é234567890123456789012345678901",
            "{{1c4b0ca1-ad13-410b-a1c5-bb2065641934}}",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "[{(]?.{0,40}[)}]?") {
            let _ = parse(&text);
        }

        #[test]
        fn every_guid_is_read_in_every_form(value in any::<u128>()) {
            let guid = Uuid::from_u128(value);
            let (a, b, c, d) = guid.as_fields();
            let d: Vec<_> = d.iter().map(|byte| format!("{byte:#x}")).collect();
            for text in [
                guid.hyphenated().to_string(),
                guid.simple().to_string(),
                guid.braced().to_string(),
                format!("({})", guid.hyphenated()),
                format!("{{{a:#x},{b:#x},{c:#x},{{{}}}}}", d.join(",")),
            ] {
                prop_assert_eq!(parse(&text), Some(guid), "{}", text);
            }
        }
    }
}
