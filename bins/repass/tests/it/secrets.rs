//! No secret is stored in plaintext or printed by any command but the one that issues it (ASVS
//! 14.2.1, 16.2.5).

use data_encoding::BASE32_NOPAD;

use crate::test_context::{PASSWORD, TestContext};

const OTHER: &str = "another entirely fine sentence";

/// Proves ASVS 6.5.2, ASVS 16.2.5.
#[test]
fn secrets_are_in_no_file_and_in_no_other_output() {
    let test = TestContext::with_pat();
    let pat = ["--user-id", "pat"];
    let issue = |arguments: &[&str], member: &str| {
        let issued = test.json(arguments, "");
        issued[member].as_str().unwrap().to_owned()
    };
    let key = issue(&["key", "issue", "--kind", "api", "--name", "gateway"], "key");
    let token = issue(&["token", "issue", "--user-id", "pat", "--lifetime", "1h"], "token");
    let reset = issue(&[&["reset", "issue"], &pat[..]].concat(), "token");
    let uri = issue(&[&["otp", "enroll"], &pat[..]].concat(), "uri");
    let code = issue(&[&["otp", "issue"], &pat[..]].concat(), "code");
    let base32 = uri.split_once("secret=").unwrap().1.split('&').next().unwrap().to_owned();
    let raw = BASE32_NOPAD.decode(base32.as_bytes()).unwrap();
    assert_eq!(raw.len(), 20);

    let mut printed = String::new();
    let both = format!("{PASSWORD}\n{OTHER}\n");
    for (arguments, stdin) in [
        (["account", "list"].as_slice(), ""),
        (&["account", "show", "--user-id", "pat"], ""),
        (&["key", "list"], ""),
        (&["password", "change", "--user-id", "pat"], &both),
        // Fails, since the password is already changed.
        (&["password", "change", "--user-id", "pat"], &both),
        (&["password", "check"], PASSWORD),
        (&["account", "add", "--user-id", "pat"], PASSWORD),
        (&["account", "deactivate", "--user-id", "pat"], ""),
        (&["audit", "list"], ""),
    ] {
        for form in [[].as_slice(), &["--json"]] {
            let run = test.run_with(&[arguments, form].concat(), stdin);
            assert!([0, 1].contains(&run.status), "{}", run.stderr);
            printed.push_str(&run.stdout);
            printed.push_str(&run.stderr);
        }
    }

    let mut stored = Vec::new();
    for file in std::fs::read_dir(test.folder.path()).unwrap() {
        stored.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let contains = |bytes: &[u8]| stored.windows(bytes.len()).any(|window| window == bytes);
    assert!(contains(b"pat@example.org"), "the database is not among the files");
    for secret in [PASSWORD, OTHER, &key, &token, &reset, &uri, &base32, &code] {
        assert!(!contains(secret.as_bytes()), "stored: {secret}");
        assert!(!printed.contains(secret), "printed: {secret}");
    }
    assert!(!contains(&raw), "the OTP secret is stored in plaintext");
}
