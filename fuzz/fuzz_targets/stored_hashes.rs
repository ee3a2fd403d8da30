//! Stored hashes: a stored text; or, in several lines, a format with its options, an exported hash
//! and its salt, such as
//!
//! ```text
//! salted-digest algorithm=sha256 layout=salt-first
//! 5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8
//! salt
//! ```
#![cfg_attr(feature = "libfuzzer", no_main)]

use std::time::Duration;

use repass_core::HashedPassword;
use repass_hash_families::{
    ExportedHash, Family, ForeignHash, ImportFormat, Projects, VerifyError, stored_text,
};

fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some((declaration, rest)) = text.split_once('\n') else { return check_stored(text) };
    let (hash, salt) = match rest.split_once('\n') {
        Some((hash, salt)) => (hash, Some(salt)),
        None => (rest, None),
    };
    let mut words = declaration.split(' ');
    let name = words.next().unwrap_or_default();
    let options = words.map(|option| option.split_once('=').unwrap_or((option, "")));
    let Ok(format) = ImportFormat::from_options(name, options) else { return };
    if let Ok(stored) = stored_text(&format, ExportedHash { hash, salt }) {
        if Family::detect(&stored) != Some(Family::Argon2) {
            assert!(ForeignHash::parse(&stored).is_ok(), "imported and not read: {stored:?}");
        }
        check_stored(&stored);
    }
}

fn check_stored(text: &str) {
    let stored = HashedPassword::from_stored(text);
    let _ = format!("{stored:?}");
    let checked = stored.check();
    if let Err(error) = &checked {
        assert!(error.is_unverifiable(), "{error}");
    }
    let Some(hash) = parsed(text, checked.is_ok()) else { return };
    // A stored hash is the same text when exported and imported again.
    let exported = ExportedHash { hash: text, salt: None };
    assert_eq!(stored_text(&ImportFormat::SelfDescribing, exported).as_deref(), Ok(text));
    if is_cheap(&hash) {
        let projects = Projects::none().with("p", vec![7; 64]).with_pepper("p", "pepper");
        let projects = projects.expect("a valid name");
        for password in [&b""[..], b"password", "p\u{e4}\u{df}\0w".as_bytes(), &[0xFF; 73]] {
            let _ = hash.determines(password);
            match hash.verify(password, &projects) {
                Ok(_)
                | Err(VerifyError::UnknownProject { .. } | VerifyError::UnknownPepper { .. }) => {}
                Err(error) => panic!("{hash:?} {text:?}: {error}"),
            }
        }
    }
}

/// Asserts that both readers accept the same stored hashes, except Argon2, which only one of them
/// reads.
fn parsed(text: &str, is_good: bool) -> Option<ForeignHash> {
    let (family, parsed) = (Family::detect(text), ForeignHash::parse(text));
    if family == Some(Family::Argon2) {
        assert!(parsed.is_err(), "{text:?}");
        return None;
    }
    assert_eq!(parsed.is_ok(), is_good, "{text:?}");
    let hash = parsed.ok()?;
    assert_eq!(Some(hash.family()), family);
    let again = ForeignHash::parse(text).map(|again| format!("{again:?}"));
    assert_eq!(again, Ok(format!("{hash:?}")));
    Some(hash)
}

/// Whether a verification takes few milliseconds. The estimate is for the longest password, where
/// md5-crypt and SHA-crypt take much longer than for those here.
fn is_cheap(hash: &ForeignHash) -> bool {
    let most = match hash.family() {
        Family::Md5Crypt | Family::ShaCrypt => Duration::from_millis(20),
        _ => Duration::from_millis(2),
    };
    hash.estimated_time() <= most
}

repass_fuzz::target!(check);
