//! `account import`: the stored hashes.

use repass_core::Normalization;

use crate::import::{ARGON2, BCRYPT};
use crate::test_context::TestContext;

#[test]
fn hashes_of_declared_formats_are_stored_with_their_format() {
    let test = TestContext::new();
    // Of "password": the SHA-1 of the password behind the salt "salt", and the NT hash.
    let salted = "59b3e8d637cf97edbe2384cf59cb7453dfe30789";
    let text = format!(
        "user_id,password_hash,hash_salt,hash_format\n\
         salted,{salted},salt,\n\
         nt,8846F7EAEE8FB117AD06BDD830B7586C,,nt\n\
         bcrypt,{BCRYPT},,self-describing\n\
         none,,,\n"
    );
    let format = "salted-digest:algorithm=sha1,layout=salt-first";
    let run = test.import("users.csv", text, &["--hash-format", format]).succeeded();
    assert_eq!(run.stdout, "4 rows: 4 added, 0 present, 0 refused\n");
    let salted = test.hash("default", "salted");
    assert!(salted.starts_with("$salted-sha1$layout=salt-first$"), "{salted}");
    assert_eq!(test.hash("default", "nt"), "$3$$8846f7eaee8fb117ad06bdd830b7586c");
    assert_eq!(test.hash("default", "bcrypt"), BCRYPT);
    assert_eq!(test.found("default", "none").unwrap().credential, None);

    let bad = test.import("users.csv", "user_id\nx\n", &["--hash-format", "md5"]);
    bad.failed(2, &["--hash-format", "unknown import format `md5`", "salted-digest"]);
}

#[test]
fn a_hash_that_is_costly_to_verify_is_imported_only_if_that_is_allowed() {
    let test = TestContext::new();
    let costly = BCRYPT.replacen("$12$", "$16$", 1).replacen("$05$", "$16$", 1);
    assert!(costly.contains("$16$"), "{BCRYPT}");
    let text = format!("user_id,password_hash\npat,{costly}\n");
    let refused = test.import("users.csv", &text, &[]);
    assert_eq!(refused.status, 1);
    for part in ["users.csv:2: ", "cost=16", "import --allow-costly"] {
        assert!(refused.stderr.contains(part), "{}", refused.stderr);
    }
    assert_eq!(test.found("default", "pat"), None);
    test.import("users.csv", &text, &["--allow-costly"]).succeeded();
    assert_eq!(test.hash("default", "pat"), costly);
}

/// Proves NIST 3.1.1.2 normalization.
#[test]
fn a_hash_has_the_normalization_of_its_row() {
    let test = TestContext::new();
    let text = format!(
        "user_id,password_hash,hash_normalization\n\
         nfc,\"{ARGON2}\",nfc\nnone,\"{ARGON2}\",none\nsilent,\"{ARGON2}\",\nbad,\"{ARGON2}\",nfkc\n"
    );
    let run = test.import("users.csv", text, &[]);
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("hash_normalization must be none or nfc"), "{}", run.stderr);
    for (user_id, expected) in [
        ("nfc", Normalization::Nfc),
        ("none", Normalization::AsReceived),
        ("silent", Normalization::AsReceived),
    ] {
        let found = test.found("default", user_id).unwrap();
        assert_eq!(found.credential.unwrap().hash.normalization(), expected, "{user_id}");
    }
    assert_eq!(test.found("default", "bad"), None);
}

/// A server does not start if a stored hash needs an unknown key.
#[test]
fn a_hash_with_an_unknown_pepper_key_is_refused() {
    let test = TestContext::new();
    // The key id is "k1".
    let peppered = ARGON2.replace("p=1", "p=1,keyid=azE");
    let text = format!("user_id,password_hash\npat,\"{peppered}\"\n");
    let refused = test.import("users.csv", &text, &[]);
    assert_eq!(refused.status, 1);
    let reason = "needs the pepper key k1, which is not configured";
    assert!(refused.stderr.contains(reason), "{}", refused.stderr);
    assert_eq!(test.found("default", "pat"), None);
    let key = data_encoding::BASE64.encode(&[7; 32]);
    std::fs::write(test.folder.path().join("k1.key"), key).unwrap();
    let run = test.import("users.csv", &text, &["--pepper-key", "k1=k1.key"]).succeeded();
    assert_eq!(run.stdout, "1 row: 1 added, 0 present, 0 refused\n");
    assert_eq!(test.hash("default", "pat"), peppered);
}
