//! What tests say of a text.

use repass_hash_families::{Family, ForeignHash, FormatError, Projects};

/// Whether `password` is right for `text`.
pub(crate) fn verdict(text: &str, password: impl AsRef<[u8]>) -> bool {
    let hash = ForeignHash::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    hash.verify(password.as_ref(), &Projects::none())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// `text` is of `family`, `password` is right for it, and passwords near it are wrong.
pub(crate) fn verifies(family: Family, text: &str, password: impl AsRef<[u8]>) {
    let password = password.as_ref();
    let hash = ForeignHash::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(hash.family(), family, "{text}");
    assert!(verdict(text, password), "{text}");
    let mut first_changed = password.to_vec();
    match first_changed.first_mut() {
        Some(byte) => *byte ^= 1,
        None => first_changed.push(b'x'),
    }
    assert!(!verdict(text, &first_changed), "{text}: another first byte");
    if !password.is_empty() {
        assert!(!verdict(text, ""), "{text}: nothing");
    }
    if (1..72).contains(&password.len()) {
        assert!(!verdict(text, &password[..password.len() - 1]), "{text}: cut off");
        assert!(!verdict(text, [password, b"x"].concat()), "{text}: one byte more");
    }
    // No salt or tag where someone might print it.
    let shown = format!("{hash:?}");
    assert!(shown.starts_with(&format!("ForeignHash({family} ")), "{shown}");
    let last = text.trim_end_matches('=').rsplit(['$', '}', ':']).next().unwrap();
    assert!(!shown.contains(last), "{shown}");
}

/// Every part of `text` from its beginning that is not all of it is refused.
pub(crate) fn refused_when_cut_off(text: &str) {
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let refused = ForeignHash::parse(&text[..end]);
        assert!(refused.is_err(), "cut off at {end}: {text}");
    }
}

/// `text` is taken for one of `family`, and damaged.
pub(crate) fn damaged(family: Family, text: &str) {
    match ForeignHash::parse(text) {
        Err(FormatError::Damaged { family: named, .. }) => assert_eq!(named, family, "{text}"),
        Err(FormatError::OutOfBounds { family: named, parameter, .. }) => {
            assert_eq!(named, family, "{text}");
            assert!(["salt", "tag"].contains(&parameter), "{text}: {parameter}");
        }
        other => panic!("{text}: {other:?}"),
    }
}

/// `text` asks for `value` of `parameter`, which is out of bounds.
pub(crate) fn out_of_bounds(family: Family, text: &str, parameter: &str, value: u64) {
    match ForeignHash::parse(text) {
        Err(FormatError::OutOfBounds { family: f, parameter: p, value: v, bounds }) => {
            assert_eq!((f, p, v), (family, parameter, value), "{text}");
            assert!(!bounds.contains(&value));
        }
        other => panic!("{text}: {other:?}"),
    }
}
