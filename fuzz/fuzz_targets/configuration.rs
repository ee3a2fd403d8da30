//! A configuration file, with its URLs, durations and addresses: no error contains a value, and what
//! `repassd config show` prints is TOML that prints the same again.
#![cfg_attr(feature = "libfuzzer", no_main)]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use repass_config::Vendors;
use repass_fuzz::secrets::MARK;
use tempfile::NamedTempFile;

static VENDORS: LazyLock<Vendors> = LazyLock::new(Vendors::bundled);

static FILE: LazyLock<NamedTempFile> =
    LazyLock::new(|| NamedTempFile::new().expect("a temporary file can be made"));

fn check(input: &[u8]) {
    fs::write(FILE.path(), input).expect("the temporary file can be written");
    match repass_config::load(FILE.path(), &VENDORS) {
        Ok(_) => assert_shown(FILE.path()),
        Err(error) => assert!(
            !has_marked_values_only(input) || !error.to_string().contains(MARK),
            "the error contains a secret: {error}"
        ),
    }
    let _ = repass_config::load_shared(FILE.path(), &VENDORS);
}

fn assert_shown(file: &Path) {
    let shown = repass_config::show(file, &VENDORS).expect("the file has no mistakes");
    fs::write(file, &shown).expect("the temporary file can be written");
    // A hidden value may be invalid in its place.
    if let Ok(again) = repass_config::show(file, &VENDORS) {
        assert_eq!(shown, again);
    }
}

/// Returns whether the mark of secrets is only in URLs and at the beginning of values.
fn has_marked_values_only(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input);
    text.match_indices(MARK).all(|(at, _)| {
        let before = &text[..at];
        before.ends_with("= \"") || before.ends_with("://user:")
    })
}

repass_fuzz::target!(check);
