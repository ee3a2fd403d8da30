//! Web frameworks, forums and shops: Werkzeug 2.3 and Spring Security's own encoders, the test of
//! Magento's `Encryptor` and the README of magento_converter, the tests of Supabase Auth, and the examples of hashcat's modes 11, 21,
//! 2711, 2811, 3711 and 13900, whose password is `hashcat`. OpenCart's hash of a
//! character of HTML and Okta's were computed with Python's hashlib. `own_systems` has hashes of
//! more systems.

use repass_hash_families::{
    ExportedHash, Family, FormatError, ImportFormat, Projects, VerifyError, stored_text,
};

use crate::assertions::{
    assert_damaged, assert_out_of_bounds, assert_refused_when_cut_off, assert_verifies, parsed,
    verify,
};

const STAPLE: &str = "correct horse battery staple";

fn import(format: &str, hash: &str, salt: Option<&str>) -> Result<String, FormatError> {
    stored_text(&format.parse::<ImportFormat>().unwrap(), ExportedHash { hash, salt })
}

#[test]
fn spring_security_vectors_verify() {
    for (family, password, hash) in [
        (
            Family::Pbkdf2,
            "password",
            "{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3b508fbf17fa4ed4d6b99ca763d8dc",
        ),
        (
            Family::Pbkdf2,
            STAPLE,
            "{pbkdf2@SpringSecurity_v5_8}03845ed74502d5cd1f4e729645ac710a3f2f658cc01dad34cea0fa9353b78c139205bdfb1c47768a8f7864fb2800d90b",
        ),
        (
            Family::Scrypt,
            "password",
            "{scrypt}$e0801$8bWJaSu2IKSn9Z9kM+TPXfOc/9bdYSrN1oD9qfVThWEwdRTnO7re7Ei+fUZRJ68k9lTyuTeUp4of4g24hHnazw==$OAOec05+bXxvuu/1qZ6NUR+xQYvYv7BeL1QxwRpY5Pc=",
        ),
        (
            Family::SpringStandard,
            STAPLE,
            "{sha256}9ca693664dd4cfb9a585719fe73a6650bb1e05b46a4376fb0bbfa5a9e95ac5922985735891d6ee37",
        ),
        // The example of Spring Security's reference.
        (
            Family::SpringStandard,
            "password",
            "{sha256}97cde38028ad898ebc02e690819fa220e88c62e0699403e94fff291cfffaf8410849f27605abcbc0",
        ),
        // The first user of Apache Fineract.
        (
            Family::SaltedDigest,
            "password",
            "{SHA-256}{1}5787039480429368bf94732aacc771cd0a3ea02bcf504ffe1185ab94213bc63a",
        ),
        (Family::LdapDigest, STAPLE, "{ldap}{SHA}q/eq1kOINtvlJqojGr3i0O73TUI="),
        (
            Family::Bcrypt,
            STAPLE,
            "{bcrypt}$2b$05$smw.lVeITOb2B5LYUOF02uBrvnUcjvFrqgnLRe0p0be/RIOSFety2",
        ),
    ] {
        let text = import("spring", hash, None).unwrap();
        assert_eq!(parsed(&text).family(), family);
        assert!(verify(&text, password), "{hash}");
        assert!(!verify(&text, format!("{password}!")), "{hash}");
    }
    for (refused, part) in [
        ("{noop}password", "not hashed"),
        ("{pbkdf2}5d923b44", "format `pbkdf2`"),
        ("{sha256}97cde380", "spring-standard"),
        ("{custom}97cde380", "not supported"),
    ] {
        let reason = import("spring", refused, None).unwrap_err().to_string();
        assert!(reason.contains(part), "{refused}: {reason}");
    }
}

#[test]
fn java_scrypt_verifies() {
    let text = "$s0$e0801$epIxT/h6HbbwHaehFnh/bw==$7H0vsXlY8UxxyW/BWx/9GuY7jEvGjT71GFd6O4SZND0=";
    assert_verifies(Family::Scrypt, text, "secret");
    assert_refused_when_cut_off(text);
    assert_out_of_bounds(Family::Scrypt, &text.replace("e0801", "150801"), "ln", 21);
    assert_damaged(Family::Scrypt, &text.replace("e0801", "+e0801"));
}

#[test]
fn supabase_vectors_verify() {
    let text = "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw==";
    assert!(verify(text, "mytestpassword"));
    assert!(!verify(text, "not_mytestpassword"));
    assert_eq!(parsed(text).family(), Family::SupabaseScrypt);
    assert!(!format!("{:?}", parsed(text)).contains("ou9tdYTG"), "the key is secret");
    assert!(!parsed(text).determines(b"mytestpassword\0"));
    assert_refused_when_cut_off(text);
    for (from, to) in [("v=1", "v=2"), ("n=14", "n=99"), ("p=1", "p=256"), ("Bw==", "B!w==")] {
        let changed = text.replace(from, to);
        assert!(repass_hash_families::ForeignHash::parse(&changed).is_err(), "{to}");
    }
}

#[test]
fn werkzeug_hmacs_verify() {
    for hash in [
        "sha256$JDsqYlAE9yb5G2Aw$3553b3c2998783803072921af95f654fa5f784f0796172e93fe0860b43fc3082",
        "md5$caRA6gdhhZi4SpRl$0f2281a5506fd45e6037ae5d9e40e2dd",
        "sha512$2l4kjFfFekphkCq7$c18af39e8a2a69b11b1fe79991340d436142118e7153d21cd87d0368a75bf694768c8b5d2bff30db0d810d6d50409fe88bf4b7a6cbff9051332f5afc68291fc1",
    ] {
        let text = import("werkzeug", hash, None).unwrap();
        assert_verifies(Family::HmacDigest, &text, "p\u{e4}ssword");
        assert_refused_when_cut_off(&text);
        let reason = import("self-describing", hash, None).unwrap_err().to_string();
        assert!(reason.contains("`django` or `werkzeug`"), "{reason}");
    }
    assert!(import("werkzeug", "plain$$secret", None).is_err());
}

#[test]
fn forums_and_shops_verify() {
    for (format, family, hash, salt) in [
        (
            "vbulletin",
            Family::VBulletin,
            "bf366348c53ddcfbd16e63edfdd1eee6",
            Some("181264250056774603641874043270"),
        ),
        ("mybb", Family::MyBb, "8d2129083ef35f4b365d5d87487e1207", Some("47204")),
        (
            "opencart",
            Family::OpenCart,
            "6e36dcfc6151272c797165fce21e68e7c7737e40",
            Some("472433673"),
        ),
        (
            "joomla",
            Family::SaltedDigest,
            "19e0e8d91c722e7091ca7a6a6fb0f4fa:54718031842521651757785603028777",
            None,
        ),
        ("magento", Family::SaltedDigest, "374996a5e8a5e57fd97d893f7df79824:36", None),
        (
            "self-describing",
            Family::MediaWiki,
            ":B:56668501:0ce106caa70af57fd525aeaf80ef2898",
            None,
        ),
        ("self-describing", Family::MediaWiki, ":A:8743b52063cd84097a65d1633f5c74f5", None),
    ] {
        let text = import(format, hash, salt).unwrap();
        assert_verifies(family, &text, "hashcat");
        assert_refused_when_cut_off(&text);
    }
    for hash in [
        "67a1e09bb1f83f5007dc119c14d663aa:salt:0",
        "13601bda4ea78e55a07b98866d2be6be0744e3866f13c00c811cab608a28f322:salt:1",
    ] {
        let text = import("magento", hash, None).unwrap();
        assert_verifies(Family::SaltedDigest, &text, "password");
    }
    // Verified by repass-core. The expected text is that of magento_converter.
    let hash = "ab5ebf8d273b085b6a60336198e0a5a2090fdc3e0606a678315c7274ab06e046:5PiKJRn28bBKoFMopMaaKuV47aJ6GzVg";
    let phc = "$argon2id$v=19$m=65536,t=2,p=1$NVBpS0pSbjI4YkJLb0ZNbw$q16/jSc7CFtqYDNhmOClogkP3D4GBqZ4MVxydKsG4EY";
    for version in ["2", "3_32_2_67108864"] {
        assert_eq!(import("magento", &format!("{hash}:{version}"), None).as_deref(), Ok(phc));
    }
    for (version, part) in [
        ("1:2", "password reset"),
        ("4", "password reset"),
        ("3_32_2", "3_32_2_67108864"),
        ("3_16_2_67108864", "3_32_2_67108864"),
    ] {
        let reason = import("magento", &format!("{hash}:{version}"), None).unwrap_err().to_string();
        assert!(reason.contains(part), "{version}: {reason}");
    }
    // Without a salt, 0:1 would be read as a digest of the password alone.
    let digest = hash.split(':').next().unwrap();
    for version in ["0:1", "2"] {
        assert!(import("magento", &format!("{digest}::{version}"), None).is_err(), "{version}");
    }
}

/// OpenCart 1.5 to 3 replaces characters in all fields of a form.
///
/// Proves H1.
#[test]
fn h1_opencart_determines_no_text_with_characters_of_html() {
    // sha1(salt . sha1(salt . sha1('a&amp;b')))
    let text =
        import("opencart", "764bec659dcf277b066e91807ed7678cea8e03c7", Some("abcdefghi")).unwrap();
    assert!(verify(&text, "a&b") && verify(&text, "a&amp;b"));
    assert!(!parsed(&text).determines(b"a&b") && parsed(&text).determines(b"ab"));
}

/// A hash of Symfony's `MessageDigestPasswordHasher`.
#[test]
fn symfony_digests_verify() {
    let options = "symfony:algorithm=sha512,iterations=5000";
    let text = import(
        options,
        "YHH/j8vRCco5bnJtN/fCYB/0BjGB90holzSNI4n2ktX/FIp/NHlMhU3KAIZwHKyUAbieTAMALonJcNTNOKo8dg==",
        Some("somesalt"),
    )
    .unwrap();
    assert_verifies(Family::Symfony, &text, "p\u{e4}ssword");
    assert_refused_when_cut_off(&text);
    let slow = text.replace("i=5000", "i=1000001");
    assert_out_of_bounds(Family::Symfony, &slow, "iterations", 1_000_001);
}

/// Meteor hashes the SHA-256 in hexadecimal. The hash is of a test of Rocket.Chat.
#[test]
fn meteor_hashes_verify() {
    let text =
        import("meteor", "$2b$10$LNYaqDreDE7tt9EVEeaS9uw.C3hic9hcqFfIocMBPTMxJaDCC6QWW", None)
            .unwrap();
    assert_eq!(parsed(&text).family(), Family::BcryptSha256);
    assert!(verify(&text, "password") && !verify(&text, "Password"));
    assert!(import("meteor", "$argon2id$v=19$m=8", None).is_err());
}

/// A hash of Symfony's `Pbkdf2PasswordHasher`.
#[test]
fn pbkdf2_with_declared_parameters_verifies() {
    let options = "pbkdf2:algorithm=sha512,iterations=1000,digest=base64,salt=text";
    let text = import(
        options,
        "padoNmAz80jNPduk4v51UUliUPG5LRP4vjnvvPacYgSZu530u+FfPA==",
        Some("somesalt"),
    )
    .unwrap();
    assert_verifies(Family::Pbkdf2, &text, "p\u{e4}ssword");
}

#[test]
fn dovecot_hashes_verify() {
    for (family, hash) in [
        (
            Family::Pbkdf2,
            "{PBKDF2}$1$SY6Rz2b7KWu5fvrj$5000$b0d7efdf19cd5ca3e824ef3dcc7ca34311bbca40",
        ),
        (
            Family::LdapDigest,
            "{SHA256}c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a",
        ),
        (
            Family::LdapDigest,
            "{SHA256.hex}c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a",
        ),
        (Family::LdapDigest, "{SHA1}q/eq1kOINtvlJqojGr3i0O73TUI="),
        (Family::LdapDigest, "{SSHA}1hlaZXLALjsoT1U5Zd6b3rR0RmEpkq1sBLa3lQ=="),
        (Family::LdapDigest, "{SSHA.b64}1hlaZXLALjsoT1U5Zd6b3rR0RmEpkq1sBLa3lQ=="),
    ] {
        let text = import("dovecot", hash, None).unwrap();
        assert_eq!(parsed(&text).family(), family);
        assert!(verify(&text, STAPLE), "{hash}");
        assert!(!verify(&text, "another"), "{hash}");
    }
    let md5 = import("dovecot", "{MD5}$1$SuMrG47N$ymvzYjr7QcEQjaK5m1PGx1", None).unwrap();
    assert!(verify(&md5, "test"));
    let hexadecimal = import("dovecot", "{MD5}fc5e038d38a57032085441e7fe7010b0", None).unwrap();
    assert!(verify(&hexadecimal, "helloworld"));
    assert!(import("dovecot", "{MD5}fc5e038d38a5", None).is_err());
    assert!(import("dovecot", "{PLAIN}secret", None).is_err());
}

/// Created with Python's hashlib and the description of Okta's API.
#[test]
fn okta_hashes_verify() {
    for (family, json) in [
        (
            Family::Bcrypt,
            r#"{"algorithm":"BCRYPT","workFactor":5,"salt":"abcdefghijklmnopqrstuu","value":"FiPhXf1sVd3pCCRO.uVh34H/qI/ZsuS"}"#,
        ),
        (
            Family::SaltedDigest,
            r#"{"algorithm":"SHA-512","salt":"AQJzYWx0","saltOrder":"PREFIX","value":"bT7SRSM2S4Ua4RyjPA7KXg/JKgsULFt50vDYQmVDLwBmWSicOpAxUsaBt4Uvbj0is9cTZZ9FhIbdH0Ugj6QK5w=="}"#,
        ),
        (
            Family::SaltedDigest,
            r#"{"algorithm":"SHA-1","salt":"AQJzYWx0","saltOrder":"POSTFIX","value":"hSkkF6WkpbQ5VuNqLdIp9bmtPlk="}"#,
        ),
        (
            Family::Pbkdf2,
            r#"{"algorithm":"PBKDF2","iterationCount":1000,"keySize":64,"digestAlgorithm":"SHA512_HMAC","salt":"AQJzYWx0","value":"294VqCeteP6S2f/rr/BN2mHwcEKaxBLbQQnYoIelA0KHVvcrhYwcSqOsVbjOilyDIGl5z8s50MiB6HDjMMYLUA=="}"#,
        ),
    ] {
        let text = import("okta", json, None).unwrap();
        assert_eq!(parsed(&text).family(), family);
        assert!(verify(&text, STAPLE) && !verify(&text, "another"), "{json}");
        let reason = import("self-describing", json, None).unwrap_err().to_string();
        assert!(reason.contains("`keycloak` or `okta`"), "{reason}");
    }
    for (json, part) in [
        ("{}", "credentials.password.hash"),
        (r#"{"algorithm":"SCRYPT","value":"MARK"}"#, "none of BCRYPT"),
        (r#"{"algorithm":"SHA-1","salt":"AQID","value":"MARK"}"#, "saltOrder"),
        (r#"{"algorithm":"PBKDF2","value":"MARK"}"#, "digestAlgorithm"),
    ] {
        let reason = import("okta", json, None).unwrap_err().to_string();
        assert!(reason.contains(part) && !reason.contains("MARK"), "{reason}");
    }
}

/// A hash of `Devise::Encryptor`, which hashes the password with the pepper behind it.
#[test]
fn devise_needs_its_pepper() {
    let hash = "$2a$04$teeWh8/QTBBj85DCC1f3TunDOoA.lh5yFloCA6PWm6VwoLoXJDRMG";
    let text = import("devise:pepper=rails", hash, None).unwrap();
    let hash = parsed(&text);
    assert_eq!(hash.family(), Family::Devise);
    let with = |pepper| Projects::none().with_pepper("rails", pepper).unwrap();
    assert_eq!(hash.verify(STAPLE.as_bytes(), &with("abc0123456789def")), Ok(true));
    assert_eq!(hash.verify(b"another", &with("abc0123456789def")), Ok(false));
    assert_eq!(hash.verify(STAPLE.as_bytes(), &with("another")), Ok(false));
    let unknown = hash.verify(STAPLE.as_bytes(), &Projects::none());
    assert_eq!(unknown, Err(VerifyError::UnknownPepper { pepper: "rails".to_owned() }));
    assert!(hash.determines(STAPLE.as_bytes()) && !hash.determines(&[b'x'; 72]));
    assert_refused_when_cut_off(&text);
}
