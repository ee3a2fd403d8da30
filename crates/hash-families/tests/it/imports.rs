//! Imports of exports of other systems.
//!
//! Keycloak: credentials of published realm exports with their passwords. Firebase: the example of
//! the README of firebase/scrypt, and hashes created for these tests with Python's hashlib and
//! OpenSSL. better-auth: hashes of version 1.7. Django: hashes created with Django 5.2.

use data_encoding::BASE64;
use repass_hash_families::{
    DeclarationError, ExportedHash, Family, ForeignHash, FormatError, ImportFormat, Projects,
    VerifyError, stored_text,
};

use crate::assertions::{
    assert_damaged, assert_out_of_bounds, assert_refused_when_cut_off, assert_unknown,
    assert_verifies, verify,
};

fn format(name: &str, options: &[(&str, &str)]) -> ImportFormat {
    ImportFormat::from_options(name, options.iter().copied()).unwrap()
}

fn unsalted(hash: &str) -> ExportedHash<'_> {
    ExportedHash { hash, salt: None }
}

const FIREBASE: [(&str, &str); 4] =
    [("project", "shop-1"), ("rounds", "4"), ("mem-cost", "10"), ("salt-separator", "Bw==")];
const FIREBASE_SALT: Option<&str> = Some("42xEC+ixf3L2lw==");
const SIGNER_KEY: &str =
    "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";

fn projects() -> Projects {
    Projects::none().with("shop-1", BASE64.decode(SIGNER_KEY.as_bytes()).unwrap())
}

#[test]
fn the_published_hash_of_firebase_verifies() {
    let options =
        [("project", "shop-1"), ("rounds", "8"), ("mem-cost", "14"), ("salt-separator", "Bw==")];
    let hash =
        "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";
    let exported = ExportedHash { hash, salt: FIREBASE_SALT };
    let text = stored_text(&format("firebase", &options), exported).unwrap();
    let parsed = ForeignHash::parse(&text).unwrap();
    assert_eq!(parsed.family(), Family::FirebaseScrypt);
    assert_eq!(parsed.verify(b"user1password", &projects()), Ok(true));
    assert_eq!(parsed.verify(b"user1passwore", &projects()), Ok(false));
    assert!(parsed.memory_bytes() >= 16 << 20);
    // The Admin SDK uses the URL-safe alphabet.
    let url_safe = hash.replace('+', "-").replace('/', "_");
    let exported = ExportedHash { hash: &url_safe, salt: FIREBASE_SALT };
    assert_eq!(stored_text(&format("firebase", &options), exported).unwrap(), text);
}

#[test]
fn a_firebase_hash_needs_the_signer_key_of_its_project() {
    let known = [
        (
            "p\u{e4}ssword",
            "KQPsvED2CV0bwpoa/EwWf/I6wi4aFdD6ioCh+UZ6ky26qt7F67GWf6muPoe4X99j3MPxJV5bYRc+kYtBiAy2+w==",
        ),
        (
            "",
            "L5s0pnndS3O5pBP7f8SSe/l9j5P4VhcB0vwzsBoK4ZNTeNBy7IKh+Cebdsg6iyO7FwGQ0nhIHKGHVuHh1zck9Q==",
        ),
    ];
    for (password, hash) in known {
        let exported = ExportedHash { hash, salt: FIREBASE_SALT };
        let text = stored_text(&format("firebase", &FIREBASE), exported).unwrap();
        let parsed = ForeignHash::parse(&text).unwrap();
        assert_eq!(parsed.verify(password.as_bytes(), &projects()), Ok(true));
        assert_eq!(parsed.verify(b"other", &projects()), Ok(false));
        let unknown = VerifyError::UnknownProject { project: "shop-1".to_owned() };
        let elsewhere = Projects::none().with("shop-2", vec![7; 64]);
        assert_eq!(parsed.verify(password.as_bytes(), &elsewhere), Err(unknown));
        // With a wrong key, verification fails without an error.
        for key in [vec![7; 64], vec![7; 63], Vec::new()] {
            let other_key = projects().with("shop-1", key);
            assert_eq!(parsed.verify(password.as_bytes(), &other_key), Ok(false));
        }
    }
    assert_eq!(format!("{:?}", projects()), r#"{"shop-1"}"#);
}

#[test]
fn damaged_firebase_hashes_and_costs_out_of_bounds_are_refused() {
    let end = "42xEC+ixf3L2lwc$KQPsvED2CV0bwpoa/EwWf/I6wi4aFdD6ioCh+UZ6ky26qt7F67GWf6muPoe4X99j3MPxJV5bYRc+kYtBiAy2+w";
    assert!(
        ForeignHash::parse(&format!("$firebase-scrypt$ln=10,r=4,project=shop-1${end}")).is_ok()
    );
    for costs in
        ["ln=10,r=4", "ln=10,r=4,project=", "ln=10,r=4,project=a b", "ln=10,project=a,r=4", "r=4"]
    {
        assert_damaged(Family::FirebaseScrypt, &format!("$firebase-scrypt${costs}${end}"));
    }
    let text = format!("$firebase-scrypt$ln=21,r=4,project=a${end}");
    assert_out_of_bounds(Family::FirebaseScrypt, &text, "ln", 21);
    let too_costly =
        [("project", "a"), ("rounds", "8"), ("mem-cost", "19"), ("salt-separator", "")];
    let hash =
        "KQPsvED2CV0bwpoa/EwWf/I6wi4aFdD6ioCh+UZ6ky26qt7F67GWf6muPoe4X99j3MPxJV5bYRc+kYtBiAy2+w==";
    let refused =
        stored_text(&format("firebase", &too_costly), ExportedHash { hash, salt: FIREBASE_SALT });
    assert!(matches!(refused, Err(FormatError::OutOfBounds { .. })), "{refused:?}");
    let missing = stored_text(&format("firebase", &FIREBASE), unsalted(hash));
    assert!(matches!(missing, Err(FormatError::Export { .. })));
}

#[test]
fn better_auth_hashes_verify() {
    let known = [
        (
            "p\u{e4}ssword",
            "173c1bbae627ae9ab9cca1d4d4e0bdc8:4ce77e5e05f8b5bfc0e305263a5a37f31030d1b61109dd6657ae64dc2229208b878d45afece4b5e08f9a50a95f1bf2d99ee1a1b18f433acb397f522751d2151e",
        ),
        (
            "\u{212b}ngstr\u{f6}m \u{fb01}",
            "9ee9085ae70edee37bbff4e5be001476:90b61da57b850284c5f3f02f047bc13bd982fab53e838732bfd5c0527ba895375bb1c85ee2e3e9d48b33e8eba903d7a0466cde616fba8a8aa098b15ca347be62",
        ),
    ];
    for (password, hash) in known {
        let text = stored_text(&format("better-auth", &[]), unsalted(hash)).unwrap();
        assert!(text.starts_with("$better-auth$ln=14,r=16,p=1$"));
        assert_eq!(ForeignHash::parse(&text).unwrap().family(), Family::BetterAuth);
        assert!(verify(&text, password));
        assert!(!verify(&text, "password"));
        assert!(!verify(&text, b"p\xe4ssword"), "no UTF-8");
        // The exported text is not self-describing.
        assert_unknown(hash);
        for damaged in [&hash[1..], &hash[..hash.len() - 1], &hash.replace(':', ""), "", ":"] {
            assert!(
                stored_text(&format("better-auth", &[]), unsalted(damaged)).is_err(),
                "{damaged}"
            );
        }
    }
    // Lucia's salts are letters and digits. Before `s2:`, r was 8.
    let of_lucia = "Q7vXb2kLz0aWp9Rt:7343d300bfd88c67ade94c317070596a62990ebb0976a98a1cd7a4d15f151c440ba28430294f2e04a22a787ffa6e89c98488f922f1f553dd95a8294906f19c62";
    let text = stored_text(&format("better-auth", &[]), unsalted(of_lucia)).unwrap();
    assert!(text.starts_with("$better-auth$ln=14,r=8,p=1$"));
    let text = stored_text(&format("better-auth", &[]), unsalted(&format!("s2:{of_lucia}")));
    assert!(text.unwrap().starts_with("$better-auth$ln=14,r=16,p=1$"));
    // Passwords that are equal in NFKC are equal.
    let text = stored_text(&format("better-auth", &[]), unsalted(known[1].1)).unwrap();
    assert!(verify(&text, "A\u{30a}ngstro\u{308}m fi"));
}

#[test]
fn keycloak_credentials_verify() {
    let known = [
        (
            "RdaRfqP7Y89vy2",
            r#"{"secretData":{"value":"ZXVC08Hf4jBOoYzVoNWYjQijsMC2oc/OUa9LciiIJ/1XHPF/qPiY1DqwLLDN2hYFmf/1kApkveD8/Pr7GVqjgw==","salt":"Td6XuopYK6JNfUnIlqYMOQ==","additionalParameters":{}},"credentialData":{"hashIterations":27500,"algorithm":"pbkdf2-sha256","additionalParameters":{}}}"#,
        ),
        (
            "admin",
            r#"{"type":"password","secretData":"{\"value\":\"31MudlHfx763mvpL+ZJU/etLgu2qFt0NpX+xyK0f8MCxOagc5N5+LCLQ/lUx8PJA6+eflW/eRQcnqGR7L8qb7w==\",\"salt\":\"SWU35ecF1zm/VYEcvzdNJg==\"}","credentialData":"{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\"}"}"#,
        ),
        (
            "user1",
            r#"{"id":"4e67ce9c-1ddc-45db-b36e-db50ee1f4d9e","type":"password","userLabel":"My password","createdDate":1740654903754,"secretData":"{\"value\":\"9qur72LAICdhFeb2SpkJt2jbOYaxJ44g9T+E7bmJXxI=\",\"salt\":\"AGHjXoWftkFxnk/dcZRNnA==\",\"additionalParameters\":{}}","credentialData":"{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}"}"#,
        ),
    ];
    for (password, json) in known {
        let text = stored_text(&format("keycloak", &[]), unsalted(json)).unwrap();
        assert!(text.starts_with("$pbkdf2-sha256$i=27500,l="), "{text}");
        assert_verifies(Family::Pbkdf2, &text, password);
        for (from, to) in
            [("password", "otp"), ("27500", "0"), ("sha256", "md5"), ("value", "v"), ("==", "=!")]
        {
            let changed = json.replace(from, to);
            if changed != json {
                assert!(
                    stored_text(&format("keycloak", &[]), unsalted(&changed)).is_err(),
                    "{changed}"
                );
            }
        }
        assert!(stored_text(&format("keycloak", &[]), unsalted(&json[1..])).is_err());
    }
}

#[test]
fn keycloaks_argon2_becomes_a_phc_string() {
    let json = r#"{"type":"password","secretData":"{\"value\":\"BruFLfFkjH/8erZ26NnrbkOrWiZuQyDRCHD9o0R6Scg=\",\"salt\":\"Cf9AYCE5pAbb4CKEF0GUTA==\",\"additionalParameters\":{}}","credentialData":"{\"hashIterations\":5,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],\"memory\":[\"7168\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}"}"#;
    let text = stored_text(&format("keycloak", &[]), unsalted(json)).unwrap();
    assert_eq!(
        text,
        "$argon2id$v=19$m=7168,t=5,p=1$Cf9AYCE5pAbb4CKEF0GUTA$BruFLfFkjH/8erZ26NnrbkOrWiZuQyDRCHD9o0R6Scg"
    );
    assert_eq!(ForeignHash::parse(&text).unwrap_err(), FormatError::Argon2);
    for (from, to) in
        [("1.3", "2.0"), (r#"[\"id\"]"#, r#"[\"x\"]"#), ("7168", "-1"), ("memory", "m")]
    {
        let changed = json.replace(from, to);
        let refused = stored_text(&format("keycloak", &[]), unsalted(&changed));
        assert!(matches!(refused, Err(FormatError::Damaged { .. })), "{changed}: {refused:?}");
    }
}

#[test]
fn old_django_digests_are_imported() {
    let django = format("django", &[]);
    let md5 = "md5$seasalt$3f86d0d3d465b7b458c231bf3555c0e3";
    assert_unknown(md5);
    let text = stored_text(&django, unsalted(md5)).unwrap();
    assert_verifies(Family::SaltedDigest, &text, "l\u{e8}tmein");
    // Digests of `abc` from RFC 1321 and FIPS 180.
    for hash in [
        "900150983cd24fb0d6963f7d28e17f72",
        "md5$$900150983cd24fb0d6963f7d28e17f72",
        "sha1$$a9993e364706816aba3e25717850c26c9cd0d89d",
    ] {
        assert_verifies(
            Family::SaltedDigest,
            &stored_text(&django, unsalted(hash)).unwrap(),
            "abc",
        );
    }
    let argon2 =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    assert_eq!(stored_text(&django, unsalted(&format!("argon2{argon2}"))).unwrap(), argon2);
    let pbkdf2 = "pbkdf2_sha1$1000$seasalt$ljleU4wBmTtz/MoG5YTwxpM0d7I=";
    assert_eq!(stored_text(&django, unsalted(pbkdf2)).unwrap(), pbkdf2);
    for unusable in ["!", "", "!Qj5p6FcEdGTLxTbiEyQfC4LUuaEy7cCLYIEEs1ST", "md5$a$b$c", "md5$a$zz"]
    {
        assert!(stored_text(&django, unsalted(unusable)).is_err(), "{unusable}");
    }
}

#[test]
fn self_describing_texts_are_stored_unchanged_or_refused() {
    let format = format("self-describing", &[]);
    let texts = [
        "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "{CRYPT}$1$SuMrG47N$ymvzYjr7QcEQjaK5m1PGx1",
        "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==",
    ];
    for text in texts {
        assert_eq!(stored_text(&format, unsalted(text)).unwrap(), text);
        assert_refused_when_cut_off(text);
    }
    let refused = stored_text(&format, unsalted("5f4dcc3b5aa765d61d8327deb882cf99"));
    assert!(matches!(refused, Err(FormatError::Resembles(_))));
    let salted = ExportedHash { hash: texts[0], salt: Some("x") };
    assert!(matches!(stored_text(&format, salted), Err(FormatError::Export { .. })));
    let long = "x".repeat(9000);
    assert!(matches!(stored_text(&format, unsalted(&long)), Err(FormatError::TooLong { .. })));
    assert_eq!(format!("{:?}", unsalted("secret")), "ExportedHash(..)");
}

#[test]
fn invalid_names_and_options_are_refused() {
    let declare = |name: &str, options: &[(&'static str, &'static str)]| {
        ImportFormat::from_options(name, options.iter().copied())
    };
    assert!(matches!(declare("md5", &[]), Err(DeclarationError::UnknownFormat { .. })));
    assert!(matches!(
        declare("nt", &[("salt", "x")]),
        Err(DeclarationError::UnknownOption { option, .. }) if option == "salt"
    ));
    assert!(matches!(
        declare("salted-digest", &[("algorithm", "md5")]),
        Err(DeclarationError::Missing { option: "layout", .. })
    ));
    assert!(matches!(
        declare("salted-digest", &[("algorithm", "md4"), ("layout", "none")]),
        Err(DeclarationError::Value { option: "algorithm", .. })
    ));
    assert!(matches!(
        declare("salted-digest", &[("layout", "none"), ("layout", "none")]),
        Err(DeclarationError::Repeated(option)) if option == "layout"
    ));
    assert!(matches!(
        declare("firebase", &[("project", "a$b"), ("rounds", "8")]),
        Err(DeclarationError::Value { option: "project", .. })
    ));
    for name in ["self-describing", "django", "nt", "better-auth", "keycloak", "aspnet-membership"]
    {
        assert!(declare(name, &[]).is_ok(), "{name}");
    }
    let format = declare("salted-digest", &[("algorithm", "sha256"), ("layout", "salt-last")]);
    let hash = "eebd07b8d6aeec5541eeba010c8dad085b3d2dfb695a98155626bc24d3a4f04d";
    let text = stored_text(&format.unwrap(), ExportedHash { hash, salt: Some("salt") }).unwrap();
    assert!(verify(&text, "p\u{e4}ssword"));
}
