//! Stored hashes that other systems wrote, each with its password.

use std::sync::Arc;

use data_encoding::BASE64;
use repass_core::serde_json::{self, Value};
use repass_core::{
    Argon2idHasher, HashProfile, HashedPassword, Hasher, HasherOptions, Plaintext, Projects,
    SystemRandomness,
};
use repass_hash_families::{ExportedHash, FormatError, ImportFormat, stored_text};

const VECTORS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/stored_hashes.jsonl"));

/// The signer key of the project `demo`.
const SIGNER_KEY: &str =
    "YE0dO4bwD4JnJafh6lZZfkp1MtKzuKAXQcDCJNJNyeCHairWHKENOkbh3dzwaCdizzOspwr/FITUVlnOAwPKyw==";

fn cases() -> impl Iterator<Item = Value> {
    VECTORS.lines().map(|line| serde_json::from_str(line).unwrap())
}

/// Returns the hash to store, or the reason why the import refuses it.
fn imported(case: &Value) -> Result<HashedPassword, String> {
    let format = case["hash_format"].as_str().unwrap_or("self-describing");
    let (name, options) = format.split_once(':').unwrap_or((format, ""));
    let options = options.split(',').filter_map(|option| option.split_once('='));
    let format = ImportFormat::from_options(name, options).unwrap();
    let (hash, salt) = (case["hash"].as_str().unwrap(), case["hash_salt"].as_str());
    let text = stored_text(&format, ExportedHash { hash, salt });
    let hash = HashedPassword::from_stored(text.map_err(|error: FormatError| error.to_string())?);
    hash.check().map_err(|error| error.to_string())?;
    Ok(hash)
}

/// Proves H1, H2.
#[tokio::test(flavor = "multi_thread")]
async fn h2_hashes_in_every_spelling_are_verified() {
    let key = BASE64.decode(SIGNER_KEY.as_bytes()).unwrap();
    let options = HasherOptions {
        profile: HashProfile::INSECURE_FOR_TESTS,
        projects: Arc::new(Projects::none().with("demo", key)),
        ..HasherOptions::default()
    };
    let hasher = Argon2idHasher::start(&options, Arc::new(SystemRandomness)).unwrap();
    let mut verified = 0;
    for case in cases().filter(|case| case["must"] == "verify") {
        let hash = imported(&case).unwrap_or_else(|reason| panic!("{case}: {reason}"));
        for (end, is_right) in [("", true), ("!", false)] {
            let password = format!("{}{end}", case["password"].as_str().unwrap());
            // bcrypt reads 72 bytes.
            if is_right || password.len() <= 72 {
                let result = hasher.verify(Arc::new(Plaintext::new(password)), &hash).await;
                assert_eq!(result.unwrap(), is_right, "{case}");
            }
        }
        if let Some(typed) = case["typed_first"].as_str() {
            let is_kept = !hash.determines(&Plaintext::from(typed));
            assert!(is_kept, "{case}: a hash of what was typed must not replace it");
        }
        verified += 1;
    }
    assert!(verified > 50, "{verified}");
    hasher.shutdown().await;
}

/// Hashes of Magento 2, from the README of magento_converter and by the `Encryptor` of Magento 2.4,
/// one with the short salt of Magento 1; and by the `PasswordFactory` of MediaWiki 1.39.
#[tokio::test(flavor = "multi_thread")]
async fn the_argon2_of_magento_and_mediawiki_is_verified() {
    let options =
        HasherOptions { profile: HashProfile::INSECURE_FOR_TESTS, ..HasherOptions::default() };
    let hasher = Argon2idHasher::start(&options, Arc::new(SystemRandomness)).unwrap();
    for (format, password, hash) in [
        (
            "magento",
            "Password@",
            "ab5ebf8d273b085b6a60336198e0a5a2090fdc3e0606a678315c7274ab06e046:5PiKJRn28bBKoFMopMaaKuV47aJ6GzVg:3_32_2_67108864",
        ),
        (
            "magento",
            "p\u{e4}ssw\u{f6}rd",
            "df8b369162893fe057619a40c98ee19ebded80e7f1098f7117112f30fbac76ac:mXiwpc3rlMxhgy6oWzmCNHiwdBAk3aEh:3_32_2_67108864",
        ),
        (
            "magento",
            "p\u{e4}ssw\u{f6}rd",
            "251bdca528ddd28adc4f0bbb84dbad58df742e453330f6f494441b4f4f8930a0:S1YlZKEMY8EvHKFD:2",
        ),
        (
            "magento",
            "correct horse battery staple",
            "d1ffa030269183b9b1069f2b7cef27d22574903712d6582eadb12640401cea54:Zq:2",
        ),
        (
            "self-describing",
            "p\u{e4}ssw\u{f6}rd",
            ":argon2:$argon2id$v=19$m=256,t=2,p=1$Ly9QN2NURUcwd2FrZjhDUA$GlQ6DKvQOCffPackwn/HDEYxtanqO5Gzu8XsUNEWndA",
        ),
        (
            "self-describing",
            "p\u{e4}ssw\u{f6}rd",
            ":argon2:$argon2i$v=19$m=256,t=2,p=1$TGxEUHY4L1ZRSGd2WUo4Yg$LQI+BUaPbsbDSlumvn/Wx7WNPU5CqWq+Jjj5tlGNfu8",
        ),
    ] {
        let case = serde_json::json!({ "hash": hash, "hash_format": format });
        let hash = imported(&case).unwrap();
        for (typed, is_right) in [(password, true), ("Password", false)] {
            let result = hasher.verify(Arc::new(Plaintext::from(typed)), &hash).await;
            assert_eq!(result.unwrap(), is_right, "{typed}");
        }
    }
    hasher.shutdown().await;
}

/// Proves H3.
#[test]
fn h3_a_refusal_says_what_the_text_looks_like() {
    let refused: Vec<_> = cases().filter(|case| case["must"] == "refuse-at-import").collect();
    for case in &refused {
        let reason = imported(case).expect_err(&case.to_string());
        assert!(reason.len() > 50, "{case}: {reason}");
        for part in case["hash"].as_str().unwrap().split(['$', '}', '"', ',']) {
            assert!(part.len() < 20 || !reason.contains(part), "{case}: {reason}");
        }
    }
    for (hash, part) in [
        ("72d4a5a5b605c53ae1ac478d9a4977d7", "MD5 or an NT hash; declare the format"),
        ("{noop}correct horse battery staple", "a password that is not hashed"),
        (" $2b$05$abcdefghijklmnopqrstuu", "white space"),
        ("rl.3StKT.4T8M", "the traditional crypt(3); declare the format `crypt`"),
        ("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "declare the format `mysql`"),
        ("{pbkdf2@SpringSecurity_v5_8}03845ed7", "declare the format `spring`"),
        ("{PBKDF2}$1$abcdefgh$5000$96e65151", "`dovecot`"),
        (
            "{sha256}9ca693664dd4cfb9a585719fe73a6650bb1e05b46a4376fb0bbfa5a9e95ac5922985735891d6ee37",
            "`spring`",
        ),
        ("argon2$argon2id$v=19$m=8", "`django`"),
        ("{\"secretData\":{}}", "`keycloak`"),
        ("wllR8sZD4d6v50Z7L5QIm5Lfb1I=", "a digest in Base64"),
        ("$argon2id$v=19$m=256,t=2$c29tZXNhbHQ$nf65EOgLrQM", "the costs of the Argon2 string"),
        ("$argon2id$v=19$m=256,t=2,p=1$c2Fs$nf65EOgLrQM", "the salt of the Argon2 string"),
    ] {
        let reason = imported(&serde_json::json!({ "hash": hash })).unwrap_err();
        assert!(reason.contains(part), "{hash}: {reason}");
    }
}
