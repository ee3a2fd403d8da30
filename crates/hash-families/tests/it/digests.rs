//! LDAP digests and NT hashes: the vectors of passlib 1.7.4 (`tests/test_handlers.py`), including
//! those of MS-SAMR. Salted digests and some of LDAP: computed with Python's hashlib and the salt
//! `salt`. `own_systems` has hashes of OpenLDAP, 389 Directory Server, Dovecot and Samba.

use data_encoding::{BASE64, HEXLOWER};
use repass_hash_families::{
    ByteEncoding, DigestAlgorithm, ExportedHash, Family, ForeignHash, FormatError, ImportFormat,
    SaltLayout, stored_text,
};

use crate::assertions::{
    assert_damaged, assert_refused_when_cut_off, assert_unknown, assert_verifies, verify,
};

const UNICODE: &str = "t\u{e1}\u{411}\u{2113}\u{259}";
const PASSWORD: &str = "p\u{e4}ssword";

#[test]
fn ldap_vectors_verify() {
    let known = [
        ("helloworld", "{MD5}/F4DjTilcDIIVEHn/nAQsA=="),
        (UNICODE, "{MD5}BUc/ihn2aBXnN7MyZKDQsA=="),
        ("helloworld", "{SHA}at+xg6SiyUovktq1redipHiJpaE="),
        (UNICODE, "{SHA}4FmyYo46Pi3glWed6YIsHRRm4PA="),
        ("testing1234", "{SMD5}UjFY34os/pnZQ3oQOzjqGu4yeXE="),
        ("test", "{SMD5}LnuZPJhiaY95/4lmVFpg548xBsD4P4cw"),
        ("testing123", "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr"),
        ("secret", "{SSHA}0H+zTv8o4MR4H43n03eCsvw1luG8LdB7"),
        ("test", "{SSHA}P90+qijSp8MJ1tN25j5o1PflUvlqjXHOGeOckw=="),
        ("password", "{SSHA256}x1tymSTVjozxQ2PtT46ysrzhZxbcskK0o2f8hEFx7fAQQmhtDSEkJA=="),
        ("letm\u{e8}\u{ef}n", "{SSHA256}km7UjUTBZN8a+gf1ND2/qn15N7LsO/jmGYJXvyTfJKAbI0RoLWWslQ=="),
        (
            "toomanysecrets",
            "{SSHA512}wExp4xjiCHS0zidJDC4UJq9EEeIebAQPJ1PWSwfhxWjfutI9XiiKuHm2AE41cEFfK+8HyI8bh+ztbczUGsvVFIgICWWPt7qu",
        ),
        (PASSWORD, "{SHA256}NHgme1YSeRtAmIkGs6eJfrarUB4EuV7TL5nQr99mnZw="),
        (
            PASSWORD,
            "{SSHA384}J9danNErlXvUhvHyDS/9XP2qj5JNLS0TGQG606qy2jXlcSJTyREC5qb8XRBWGx+pc2FsdA==",
        ),
        ("", "{SSHA256}Y0ea1poJCyWCd+yPum+ZQZov+ySJgVEGV8lEzNEUjpdzYWx0"),
    ];
    for (password, text) in known {
        assert_verifies(Family::LdapDigest, text, password);
        assert!(verify(&text.replace("{S", "{s"), password), "the scheme in lower case");
    }
    for text in [
        "{SSHA}P90+qijSp8MJ1tN25j5o1PflUvlqjXHOGeOck",
        "{SSHA}P90+qijSp8MJ1tN25j5o1Pf=UvlqjXHOGeOckw==",
        "{SSHA}",
        "{SSHA}at+xg6SiyUovktq1redipHiJpaE=",
        "{SHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr",
        "{MD5}fc5e038d38a57032085441e7fe7010b0",
        "{SMD5}/F4DjTilcDIIVEHn/nAQsA==",
        "{SHA256}NHgme1YSeRtAmIkGs6eJfrarUB4EuV7TL5nQr99mnZw",
    ] {
        assert_damaged(Family::LdapDigest, text);
    }
    let too_long = format!("{{SSHA}}{}", BASE64.encode(&[7; 20 + 129]));
    let refused = ForeignHash::parse(&too_long).unwrap_err();
    assert!(matches!(refused, FormatError::OutOfBounds { parameter: "tag", value: 149, .. }));
    for unknown in ["{FOO}bar", "{CLEARTEXT}secret", "{SASL}user@realm", "{SSHA", "{}", "{CRYPT}ab"]
    {
        assert_unknown(unknown);
    }
}

#[test]
fn nt_hashes_verify() {
    let known: [(&[u8], &str); 5] = [
        (b"OLDPASSWORD", "6677b2c394311355b54f25eec5bfacf5"),
        (b"NEWPASSWORD", "256781a62031289d3c2c98c14f1efc8c"),
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"tigger", "b7e0ea9fbffcf6dd83086e905089effd"),
        (b"\xc3\xbc\xc3\xbc", "cc1260adb6985ca749f150c7e0b22063"),
    ];
    for (password, hash) in known {
        for hash in [hash.to_owned(), hash.to_ascii_uppercase()] {
            let exported = ExportedHash { hash: &hash, salt: None };
            let text = stored_text(&ImportFormat::NtHash, exported).unwrap();
            assert_eq!(text, format!("$3$${}", hash.to_ascii_lowercase()));
            assert_verifies(Family::NtHash, &text, password);
            assert_refused_when_cut_off(&text);
            // The family of bare digits is ambiguous.
            assert_unknown(&hash);
        }
    }
    assert!(verify("$3$$7f8fe03093cc84b267b109625f6bbf4b", "passphrase"));
    assert!(!verify("$3$$cc1260adb6985ca749f150c7e0b22063", b"\xfc\xfc"), "no UTF-8");
    for text in ["$3$$7f8fe03093cc84b267b109625f6bbfxb", "$3$7f8fe03093cc84b267b109625f6bbf4b"] {
        assert_damaged(Family::NtHash, text);
    }
    let salted = ExportedHash { hash: "6677b2c394311355b54f25eec5bfacf5", salt: Some("x") };
    assert!(matches!(stored_text(&ImportFormat::NtHash, salted), Err(FormatError::Export { .. })));
}

/// Digests of [`PASSWORD`] and the salt `salt`: the salt first, and the salt last.
const DIGESTS: [(DigestAlgorithm, [&str; 2]); 4] = [
    (
        DigestAlgorithm::Md5,
        ["eab0a408420f4b8a0fef8b03356228fb", "48821374dbee0092102a7f4157adba90"],
    ),
    (
        DigestAlgorithm::Sha1,
        ["659300c06fd0790609170cc728ce169cab66f3fd", "903247e379b8afbe953739e1612f837d80166cef"],
    ),
    (
        DigestAlgorithm::Sha256,
        [
            "ea2b11b852d53f56fcab0e6f2e8444fa89437e36c944cbb2933668e9752513b8",
            "eebd07b8d6aeec5541eeba010c8dad085b3d2dfb695a98155626bc24d3a4f04d",
        ],
    ),
    (
        DigestAlgorithm::Sha512,
        [
            "0bd82b725fd69f01e71ddb51dacd3acfc623249c4863945282ff494ef149e7d2d3b37347cf9bdab5b99eea09f112b1ff91cf217e0756e9cdbeeacb82d267cbfd",
            "f289b12af1553ca793c83494492b55f68ff14802dfb9a34e4558ab5901788b25e6c0c5eb5c393b3c583c82fcfc7aed14709fa411003b0ac8c4204acb4653d184",
        ],
    ),
];

#[test]
fn salted_digests_verify_in_each_layout_and_encoding() {
    for (algorithm, [first, last]) in DIGESTS {
        for (layout, hash) in [(SaltLayout::SaltFirst, first), (SaltLayout::SaltLast, last)] {
            let base64 = BASE64.encode(&HEXLOWER.decode(hash.as_bytes()).unwrap());
            let uppercase = hash.to_ascii_uppercase();
            let written = [
                (hash, ByteEncoding::Hexadecimal, "salt", ByteEncoding::Text),
                (&uppercase, ByteEncoding::Hexadecimal, "73616C74", ByteEncoding::Hexadecimal),
                (&base64, ByteEncoding::Base64, "c2FsdA==", ByteEncoding::Base64),
                (
                    base64.trim_end_matches('='),
                    ByteEncoding::Base64,
                    "c2FsdA",
                    ByteEncoding::Base64,
                ),
            ];
            let mut texts = Vec::new();
            for (hash, digest, salt, salt_encoding) in written {
                let format = ImportFormat::SaltedDigest {
                    algorithm,
                    layout: Some(layout),
                    digest,
                    salt: salt_encoding,
                };
                let exported = ExportedHash { hash, salt: Some(salt) };
                texts.push(stored_text(&format, exported).unwrap());
            }
            texts.dedup();
            assert_eq!(texts.len(), 1, "all encodings are stored as the same text");
            assert_verifies(Family::SaltedDigest, &texts[0], PASSWORD);
            assert_refused_when_cut_off(&texts[0]);
            let other = match layout {
                SaltLayout::SaltFirst => texts[0].replace("salt-first", "salt-last"),
                _ => texts[0].replace("salt-last", "salt-first"),
            };
            assert!(!verify(&other, PASSWORD));
        }
    }
}

#[test]
fn digests_without_a_salt_verify() {
    let format = |algorithm| ImportFormat::SaltedDigest {
        algorithm,
        layout: None,
        digest: ByteEncoding::Hexadecimal,
        salt: ByteEncoding::Text,
    };
    // MD5 (RFC 1321) and SHA-1 (FIPS 180) of `abc`.
    for (algorithm, hash) in [
        (DigestAlgorithm::Md5, "900150983cd24fb0d6963f7d28e17f72"),
        (DigestAlgorithm::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
    ] {
        let text = stored_text(&format(algorithm), ExportedHash { hash, salt: None }).unwrap();
        assert!(text.starts_with(&format!("$unsalted-{algorithm}$")));
        assert_verifies(Family::SaltedDigest, &text, "abc");
        assert_refused_when_cut_off(&text);
    }
    // The length must be that of the algorithm.
    let hash = "900150983cd24fb0d6963f7d28e17f72";
    let wrong = stored_text(&format(DigestAlgorithm::Sha1), ExportedHash { hash, salt: None });
    assert!(matches!(wrong, Err(FormatError::OutOfBounds { parameter: "tag", value: 16, .. })));
}

#[test]
fn damaged_salted_digests_are_refused() {
    for text in [
        "$salted-md5$layout=salt-first$$6rCkCEIPS4oP74sDNWIo+w",
        "$salted-md5$layout=around$c2FsdA$6rCkCEIPS4oP74sDNWIo+w",
        "$salted-md5$salt-first$c2FsdA$6rCkCEIPS4oP74sDNWIo+w",
        "$salted-md5$layout=salt-first$c2FsdA$6rCkCEIPS4oP74sDNWIo+w==",
        "$salted-md4$layout=salt-first$c2FsdA$6rCkCEIPS4oP74sDNWIo+w",
        "$salted-md5$6rCkCEIPS4oP74sDNWIo+w",
        "$unsalted-md5$layout=salt-first$c2FsdA$6rCkCEIPS4oP74sDNWIo+w",
        "$unsalted-sha1$6rCkCEIPS4oP74sDNWIo+w",
    ] {
        assert_damaged(Family::SaltedDigest, text);
    }
}
