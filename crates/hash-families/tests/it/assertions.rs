//! Assertions about stored hashes.

use repass_hash_families::{Family, ForeignHash, FormatError, Projects};

/// Parses a valid hash.
pub(crate) fn parsed(text: &str) -> ForeignHash {
    ForeignHash::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Whether the hash `text` is of `password`.
pub(crate) fn verify(text: &str, password: impl AsRef<[u8]>) -> bool {
    let hash = parsed(text);
    hash.verify(password.as_ref(), &Projects::none())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Asserts that `text` is a hash of `family` and `password`, and not of similar passwords.
pub(crate) fn assert_verifies(family: Family, text: &str, password: impl AsRef<[u8]>) {
    let password = password.as_ref();
    let hash = parsed(text);
    assert_eq!(hash.family(), family, "{text}");
    assert!(verify(text, password), "{text}");
    let mut first_changed = password.to_vec();
    match first_changed.first_mut() {
        Some(byte) => *byte ^= 1,
        None => first_changed.push(b'x'),
    }
    assert!(!verify(text, &first_changed), "{text}: another first byte");
    if !password.is_empty() {
        assert!(!verify(text, ""), "{text}: nothing");
    }
    if (1..72).contains(&password.len()) {
        assert!(!verify(text, &password[..password.len() - 1]), "{text}: cut off");
        assert!(!verify(text, [password, b"x"].concat()), "{text}: one byte more");
    }
    // `Debug` must not print the salt or the tag.
    let shown = format!("{hash:?}");
    assert!(shown.starts_with(&format!("ForeignHash({family} ")), "{shown}");
    let last = text.trim_end_matches('=').rsplit(['$', '}', ':']).next().unwrap();
    assert!(!shown.contains(last), "{shown}");
}

/// Asserts that `text` is of no known family.
pub(crate) fn assert_unknown(text: &str) {
    let error = ForeignHash::parse(text).err();
    assert!(matches!(error, Some(FormatError::Unknown | FormatError::Resembles(_))), "{text}");
}

/// Asserts that every proper prefix of `text` is refused.
pub(crate) fn assert_refused_when_cut_off(text: &str) {
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let refused = ForeignHash::parse(&text[..end]);
        assert!(refused.is_err(), "cut off at {end}: {text}");
    }
}

/// Asserts that `text` is detected as of `family` and refused as damaged.
pub(crate) fn assert_damaged(family: Family, text: &str) {
    match ForeignHash::parse(text) {
        Err(FormatError::Damaged { family: named, .. }) => assert_eq!(named, family, "{text}"),
        Err(FormatError::OutOfBounds { family: named, parameter, .. }) => {
            assert_eq!(named, family, "{text}");
            assert!(["salt", "tag"].contains(&parameter), "{text}: {parameter}");
        }
        other => panic!("{text}: {other:?}"),
    }
}

/// Asserts that `text` is refused since `parameter` has `value`.
pub(crate) fn assert_out_of_bounds(family: Family, text: &str, parameter: &str, value: u64) {
    match ForeignHash::parse(text) {
        Err(FormatError::OutOfBounds { family: f, parameter: p, value: v, bounds }) => {
            assert_eq!((f, p, v), (family, parameter, value), "{text}");
            assert!(!bounds.contains(&value));
        }
        other => panic!("{text}: {other:?}"),
    }
}
